use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, Statement};

use crate::MigrateError;
use crate::catalogue::{SqlMigration, catalogue};
use crate::target::{Target, statement};

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
    /// Reads both tables, and needs no right but to read them; a table that is not there holds nothing. Refuses tables
    /// of these names that another program has made.
    pub(crate) async fn records(&self) -> Result<Records, MigrateError> {
        let mut records = Records::new();
        let [has_applied, has_details] = self.has_own_tables().await?;
        if has_applied {
            for row in self.db.query_all_raw(statement("SELECT version FROM seaql_migrations")).await? {
                records.entry(row.try_get_by_index(0)?).or_default().counts_as_applied = true;
            }
        }
        if has_details {
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

    /// Returns the answer to a query for one condition.
    pub(crate) async fn holds(&self, query: Statement) -> Result<bool, MigrateError> {
        let row = self.db.query_one_raw(query).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
    }
}

impl Record {
    /// Returns `true` if it was applied from other files than those with this checksum.
    pub(crate) fn is_changed(&self, checksum: &str) -> bool {
        self.counts_as_applied
            && self.details.as_ref().is_some_and(|details| details.checksum.as_deref() != Some(checksum))
    }
}

/// Returns `true` if the migration is applied.
pub(crate) fn is_applied(records: &Records, migration: &SqlMigration) -> bool {
    records.get(migration.name).is_some_and(|record| record.counts_as_applied)
}

/// Returns the names of the migrations that are not applied, oldest first.
pub(crate) fn pending(records: &Records) -> Vec<&'static str> {
    catalogue().iter().filter(|migration| !is_applied(records, migration)).map(|it| it.name).collect()
}
