use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};

use crate::record::statement;
use crate::{MigrateError, Target};

/// Something that a schema holds and that can be dropped by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaObject {
    /// Its kind in lower case, for example `table` or `view`.
    pub kind: String,
    /// Its name as SQL, quoted where needed, with schema and argument types.
    pub name: String,
}

/// The kinds in an order in which they can be dropped: what may depend on others comes first.
const KINDS: [&str; 7] =
    ["view", "materialized view", "foreign table", "table", "sequence", "routine", "type"];

/// Everything in schema $1 but what belongs to an extension, to a column or to another object.
const OBJECTS: &str = r"
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                      WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type' ELSE 'table' END AS kind,
       format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                      AND (d.deptype = 'e' OR c.relkind = 'S' AND d.deptype IN ('a', 'i')))
UNION ALL
SELECT 'routine', format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = $1
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                      AND d.deptype IN ('e', 'i'))
UNION ALL
SELECT 'type', format('%I.%I', n.nspname, t.typname)
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 WHERE n.nspname = $1 AND t.typtype IN ('d', 'e', 'r')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid
                      AND d.deptype IN ('e', 'i'))
 ORDER BY 1, 2";

impl Target {
    /// What [`fresh`](Self::fresh) would drop: everything in the schema but what belongs to an extension.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn objects(&self) -> Result<Vec<SchemaObject>, MigrateError> {
        let statement =
            Statement::from_sql_and_values(DbBackend::Postgres, OBJECTS, [self.schema.as_str().into()]);
        let mut objects = Vec::new();
        for row in self.db.query_all_raw(statement).await? {
            objects.push(SchemaObject { kind: row.try_get_by_index(0)?, name: row.try_get_by_index(1)? });
        }
        Ok(objects)
    }

    /// Drops everything in the schema, whatever made it, and applies all migrations. The schema itself stays, with its
    /// owner and its grants. Returns the names of the migrations.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up). When something outside the schema depends on what is in it, nothing is dropped.
    pub async fn fresh(&self) -> Result<Vec<String>, MigrateError> {
        self.require_writable()?;
        self.locked(async {
            self.drop_objects().await?;
            self.apply(None).await
        })
        .await
    }

    async fn drop_objects(&self) -> Result<(), MigrateError> {
        let mut by_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for SchemaObject { kind, name } in self.objects().await? {
            by_kind.entry(kind).or_default().push(name);
        }
        let transaction = self.db.begin().await?;
        for kind in KINDS {
            if let Some(names) = by_kind.remove(kind) {
                // All of one kind at once, since they may depend on one another.
                transaction.execute_raw(statement(&format!("DROP {kind} {}", names.join(", ")))).await?;
            }
        }
        Ok(transaction.commit().await?)
    }
}
