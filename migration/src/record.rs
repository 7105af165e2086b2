use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::catalogue::catalogue;
use crate::{MigrateError, Target};

/// What the database says about one migration. Two tables tell of it: `seaql_migrations`, by which sea-orm-migration decides
/// what is pending, and `schema_migrations`, which has the rest.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) counts_as_applied: bool,
    pub(crate) details: Option<Details>,
}

#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) checksum: Option<String>,
    pub(crate) applied_at: Option<String>,
    pub(crate) duration_ms: Option<i64>,
}

/// All records by the name of the migration.
pub(crate) type Records = BTreeMap<String, Record>;

impl Target {
    /// Reads both tables, and needs no right but to read them; a table that is not there holds nothing.
    pub(crate) async fn records(&self) -> Result<Records, MigrateError> {
        let mut records = Records::new();
        if self.has_table("seaql_migrations").await? {
            for row in self.db.query_all_raw(statement("SELECT version FROM seaql_migrations")).await? {
                records.entry(row.try_get_by_index(0)?).or_default().counts_as_applied = true;
            }
        }
        if self.has_table("schema_migrations").await? {
            let sql = r#"SELECT version, checksum, duration_ms,
                                to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                           FROM schema_migrations"#;
            for row in self.db.query_all_raw(statement(sql)).await? {
                let details = Details {
                    checksum: row.try_get_by_index(1)?,
                    duration_ms: row.try_get_by_index(2)?,
                    applied_at: row.try_get_by_index(3)?,
                };
                records.entry(row.try_get_by_index(0)?).or_default().details = Some(details);
            }
        }
        Ok(records)
    }

    /// Refuses a schema that a newer program has migrated, and one whose migrations have been edited since.
    pub(crate) fn check(&self, records: &Records) -> Result<(), MigrateError> {
        let known = |version: &str| catalogue().iter().find(|migration| migration.name == version);
        let unknown: Vec<&str> =
            records.keys().map(String::as_str).filter(|version| known(version).is_none()).collect();
        if !unknown.is_empty() {
            return Err(MigrateError::SchemaNewer {
                schema: self.schema.clone(),
                versions: unknown.join(", "),
            });
        }
        let changed: Vec<&str> = records
            .iter()
            .filter(|(version, record)| known(version).is_some_and(|it| record.is_changed(&it.checksum())))
            .map(|(version, _)| version.as_str())
            .collect();
        if !changed.is_empty() {
            return Err(MigrateError::Changed { schema: self.schema.clone(), versions: changed.join(", ") });
        }
        Ok(())
    }

    async fn has_table(&self, name: &str) -> Result<bool, MigrateError> {
        let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   WHERE n.nspname = $1 AND c.relname = $2)";
        let values = [self.schema.as_str().into(), name.into()];
        let row =
            self.db.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
    }
}

impl Record {
    /// Whether it was applied from other files than those with this checksum.
    pub(crate) fn is_changed(&self, checksum: &str) -> bool {
        self.counts_as_applied
            && self.details.as_ref().is_some_and(|details| details.checksum.as_deref() != Some(checksum))
    }
}

pub(crate) fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}
