//! Tells Taskmaster's tables of migrations from those of other programs.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{MigrateError, Target};

/// The columns that are read of each table, with their types as [`COLUMNS`] lists them.
const OWN: [(&str, &[&str]); 2] = [
    ("seaql_migrations", &["version text", "applied_at bigint"]),
    (
        "schema_migrations",
        &[
            "version text",
            "description text",
            "applied_at timestamptz",
            "checksum text",
            "duration_ms bigint",
        ],
    ),
];

/// The columns of relation $2 of schema $1, or nothing when there is none. What cannot be read has no columns.
const COLUMNS: &str = "
SELECT array_to_string(ARRAY(
           SELECT a.attname || ' ' || CASE a.atttypid
                      WHEN 'pg_catalog.varchar'::regtype THEN 'text'
                      WHEN 'pg_catalog.timestamptz'::regtype THEN 'timestamptz'
                      ELSE pg_catalog.format_type(a.atttypid, NULL) END
             FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            ORDER BY a.attnum), ',')
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relname = $2";

impl Target {
    /// Returns for each table of [`OWN`] `true` if the schema has it. Refuses tables that lack the columns of ours.
    pub(crate) async fn has_own_tables(&self) -> Result<[bool; 2], MigrateError> {
        let mut has = [false; 2];
        for (has, (table, own)) in has.iter_mut().zip(OWN) {
            let values = [self.schema.as_str().into(), table.into()];
            let query = Statement::from_sql_and_values(DbBackend::Postgres, COLUMNS, values);
            let Some(row) = self.db.query_one_raw(query).await? else { continue };
            let columns: String = row.try_get_by_index(0)?;
            let columns: Vec<&str> = columns.split(',').collect();
            if own.iter().any(|column| !columns.contains(column)) {
                let owner = owner_of(table, &columns);
                return Err(MigrateError::ForeignTable { schema: self.schema.clone(), table, owner });
            }
            *has = true;
        }
        Ok(has)
    }
}

/// Returns the program that makes a table with these columns.
fn owner_of(table: &str, columns: &[&str]) -> &'static str {
    match columns {
        _ if table != "schema_migrations" => "another program",
        ["version text"] => "Rails (ActiveRecord) or dbmate",
        ["version bigint", "dirty boolean"] | ["dirty boolean", "version bigint"] => "golang-migrate",
        ["version bigint", second] if second.starts_with("inserted_at ") => "Ecto",
        _ => "another program",
    }
}

#[cfg(test)]
mod tests {
    use super::owner_of;

    #[test]
    fn the_program_is_told_by_the_columns_of_its_table() {
        assert_eq!(owner_of("schema_migrations", &["version text"]), "Rails (ActiveRecord) or dbmate");
        assert_eq!(owner_of("schema_migrations", &["version bigint", "dirty boolean"]), "golang-migrate");
        assert_eq!(
            owner_of("schema_migrations", &["version bigint", "inserted_at timestamp without time zone"]),
            "Ecto"
        );
        for columns in [&[""][..], &["version bigint"], &["id integer", "version text"]] {
            assert_eq!(owner_of("schema_migrations", columns), "another program");
        }
        assert_eq!(owner_of("seaql_migrations", &["version text"]), "another program");
    }
}
