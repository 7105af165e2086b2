//! The tables of one schema, read from PostgreSQL's catalogs.
//!
//! The catalogs show every table to every role; `information_schema` would hide keys from a role that may only read.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, PgPool, Row};

use crate::types::{Found, Type};

/// Tables and enums of a schema, in the order of their names.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) tables: Vec<Table>,
    /// Names of the enums with their labels in PostgreSQL's order.
    pub(crate) enums: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// PostgreSQL's letter, such as `r` for a table and `v` for a view.
    pub(crate) kind: String,
    pub(crate) columns: Vec<Column>,
    /// The columns of the primary key, none for a relation without one.
    pub(crate) primary_key: Vec<String>,
    /// Unique indexes on plain columns of all rows, without the primary key's.
    pub(crate) unique_keys: Vec<UniqueKey>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
}

#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) not_null: bool,
    /// Computed by PostgreSQL, so that no client may write it.
    pub(crate) generated: bool,
    /// Numbered by PostgreSQL when a row gives no value.
    pub(crate) auto_increment: bool,
    pub(crate) col_type: Type,
}

#[derive(Debug, Clone)]
pub(crate) struct UniqueKey {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct ForeignKey {
    pub(crate) columns: Vec<String>,
    /// Of the same schema when `schema` is none.
    pub(crate) table: String,
    pub(crate) schema: Option<String>,
    pub(crate) to: Vec<String>,
    pub(crate) on_update: &'static str,
    pub(crate) on_delete: &'static str,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns `true` if no two rows have the same values of `columns`.
    pub(crate) fn is_unique(&self, columns: &[String]) -> bool {
        let within = |key: &[String]| !key.is_empty() && key.iter().all(|column| columns.contains(column));
        within(&self.primary_key) || self.unique_keys.iter().any(|key| within(&key.columns))
    }

    /// The word that a reader knows this kind of relation by.
    pub(crate) fn noun(&self) -> &'static str {
        match self.kind.as_str() {
            "v" => "view",
            "m" => "materialized view",
            "f" => "foreign table",
            _ => "table",
        }
    }
}

/// The schemas that a caller may mean.
pub(crate) async fn schema_names(pool: &PgPool) -> Result<Vec<String>> {
    let names = "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1";
    Ok(sqlx::query_scalar(names).fetch_all(pool).await?)
}

/// The schema that unqualified names mean on this connection.
pub(crate) async fn current_schema(pool: &PgPool) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("SELECT pg_catalog.current_schema()::text").fetch_one(pool).await?)
}

/// Reads a schema in one snapshot.
pub(crate) async fn read(pool: &PgPool, schema: &str) -> Result<Schema> {
    let mut connection = pool.acquire().await?;
    let mut transaction =
        connection.begin_with("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
    // Types of this schema are then spelled without its name, as the entities name no schema.
    sqlx::query("SELECT pg_catalog.set_config('search_path', pg_catalog.quote_ident($1), true)")
        .bind(schema)
        .execute(&mut *transaction)
        .await?;

    let enums = enums(&mut transaction, schema).await?;
    let mut tables = tables(&mut transaction, schema).await?;
    columns(&mut transaction, schema, &mut tables).await?;
    unique_keys(&mut transaction, schema, &mut tables).await?;
    foreign_keys(&mut transaction, schema, &mut tables).await?;
    transaction.rollback().await?;
    Ok(Schema { tables: tables.into_values().collect(), enums })
}

async fn enums(connection: &mut PgConnection, schema: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let mut enums = BTreeMap::<String, Vec<String>>::new();
    let labels = "SELECT t.typname::text AS name, e.enumlabel::text AS label
        FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = $1 ORDER BY t.typname, e.enumsortorder";
    for row in rows(connection, labels, schema).await? {
        enums.entry(row.try_get("name")?).or_default().push(row.try_get("label")?);
    }
    Ok(enums)
}

/// Partitions are left to the table that they are part of.
async fn tables(connection: &mut PgConnection, schema: &str) -> Result<BTreeMap<String, Table>> {
    let relations = "SELECT c.relname::text AS name, c.relkind::text AS kind
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition";
    let mut tables = BTreeMap::new();
    for row in rows(connection, relations, schema).await? {
        let name: String = row.try_get("name")?;
        let table = Table {
            name: name.clone(),
            kind: row.try_get("kind")?,
            columns: Vec::new(),
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            foreign_keys: Vec::new(),
        };
        tables.insert(name, table);
    }
    Ok(tables)
}

/// A domain counts as the type that it is made from. Types are spelled without a length, since a cast to `bit(3)` would
/// cut longer values silently.
async fn columns(
    connection: &mut PgConnection,
    schema: &str,
    tables: &mut BTreeMap<String, Table>,
) -> Result<()> {
    let columns = "WITH RECURSIVE base AS (
            SELECT oid AS type, oid AS base, -1 AS modifier, false AS not_null
            FROM pg_catalog.pg_type WHERE typtype <> 'd'
            UNION ALL
            SELECT d.oid, b.base, CASE WHEN d.typtypmod >= 0 THEN d.typtypmod ELSE b.modifier END,
                d.typnotnull OR b.not_null
            FROM pg_catalog.pg_type d JOIN base b ON b.type = d.typbasetype WHERE d.typtype = 'd'
        )
        SELECT c.relname::text AS table_name, a.attname::text AS name, a.attnotnull OR b.not_null AS not_null,
            a.attgenerated <> '' AS generated,
            a.attidentity <> ''
                OR coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\\(', false) AS auto_increment,
            CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE b.modifier END AS modifier,
            t.typname::text AS type_name, t.typtype::text AS type_kind, tn.nspname::text AS type_schema,
            t.typcategory = 'A' AND t.typelem <> 0 AS is_array,
            e.typname::text AS element_name, e.typtype::text AS element_kind, en.nspname::text AS element_schema,
            pg_catalog.format_type(t.oid, -1) AS spelled
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN base b ON b.type = a.atttypid
        JOIN pg_catalog.pg_type t ON t.oid = b.base
        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
        LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
        LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE n.nspname = $1 AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attrelid, a.attnum";
    for row in rows(connection, columns, schema).await? {
        let Some(table) = tables.get_mut(&row.try_get::<String, _>("table_name")?) else { continue };
        let is_array: bool = row.try_get("is_array")?;
        let (name, kind, type_schema) = if is_array {
            ("element_name", "element_kind", "element_schema")
        } else {
            ("type_name", "type_kind", "type_schema")
        };
        let found = Found {
            name: row.try_get(name)?,
            kind: row.try_get(kind)?,
            schema: row.try_get(type_schema)?,
            modifier: row.try_get("modifier")?,
            is_array,
            spelled: row.try_get("spelled")?,
        };
        table.columns.push(Column {
            name: row.try_get("name")?,
            not_null: row.try_get("not_null")?,
            generated: row.try_get("generated")?,
            auto_increment: row.try_get("auto_increment")?,
            col_type: Type::of(&found, schema),
        });
    }
    Ok(())
}

async fn unique_keys(
    connection: &mut PgConnection,
    schema: &str,
    tables: &mut BTreeMap<String, Table>,
) -> Result<()> {
    let indexes =
        "SELECT c.relname::text AS table_name, x.relname::text AS name, i.indisprimary AS is_primary,
            ARRAY(
                SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, position)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                WHERE k.position <= i.indnkeyatts ORDER BY k.position
            ) AS columns
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
        ORDER BY x.relname";
    for row in rows(connection, indexes, schema).await? {
        let Some(table) = tables.get_mut(&row.try_get::<String, _>("table_name")?) else { continue };
        let columns: Vec<String> = row.try_get("columns")?;
        if row.try_get("is_primary")? {
            table.primary_key = columns;
        } else {
            table.unique_keys.push(UniqueKey { name: row.try_get("name")?, columns });
        }
    }
    Ok(())
}

async fn foreign_keys(
    connection: &mut PgConnection,
    schema: &str,
    tables: &mut BTreeMap<String, Table>,
) -> Result<()> {
    let keys = "SELECT c.relname::text AS table_name, r.relname::text AS target,
            nullif(rn.nspname, n.nspname)::text AS target_schema,
            k.confupdtype::text AS on_update, k.confdeltype::text AS on_delete,
            ARRAY(
                SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(number, position)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.position
            ) AS columns,
            ARRAY(
                SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(number, position)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.position
            ) AS target_columns
        FROM pg_catalog.pg_constraint k
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
        JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
        WHERE n.nspname = $1 AND k.contype = 'f' AND k.conparentid = 0
        ORDER BY k.conname";
    for row in rows(connection, keys, schema).await? {
        let Some(table) = tables.get_mut(&row.try_get::<String, _>("table_name")?) else { continue };
        table.foreign_keys.push(ForeignKey {
            columns: row.try_get("columns")?,
            table: row.try_get("target")?,
            schema: row.try_get("target_schema")?,
            to: row.try_get("target_columns")?,
            on_update: action(row.try_get("on_update")?)?,
            on_delete: action(row.try_get("on_delete")?)?,
        });
    }
    Ok(())
}

/// SeaORM's name of what a foreign key does.
fn action(letter: &str) -> Result<&'static str> {
    Ok(match letter {
        "a" => "NoAction",
        "r" => "Restrict",
        "c" => "Cascade",
        "n" => "SetNull",
        "d" => "SetDefault",
        other => {
            return Err(anyhow::anyhow!("PostgreSQL has a foreign key action `{other}` that is not known"));
        }
    })
}

async fn rows(connection: &mut PgConnection, sql: &'static str, schema: &str) -> Result<Vec<PgRow>> {
    let query = sqlx::query(AssertSqlSafe(sql)).bind(schema);
    query.fetch_all(connection).await.context("cannot read PostgreSQL's catalogs")
}
