//! The migrations that are part of this program.

use std::time::Instant;

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
use sha2::{Digest, Sha256};

use crate::error::describe;
use crate::split::{Piece, statements};

/// First line of an `up.sql` whose statements, and those of its `down.sql`, must not run in a transaction.
const NO_TRANSACTION: &str = "-- transaction: none";

static CATALOGUE: &[SqlMigration] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// All migrations of this program, oldest first.
pub(crate) fn catalogue() -> &'static [SqlMigration] {
    CATALOGUE
}

/// The names of all migrations, oldest first.
pub fn names() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().map(|migration| migration.name)
}

/// A hash over the names and files of all migrations: 16 hexadecimal digits that differ when the schema they make may
/// differ. Fit for naming a template database.
#[must_use]
pub fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for migration in CATALOGUE {
        hash.update(migration.name);
        hash.update(migration.checksum());
    }
    hex(&hash.finalize()[..8])
}

/// All migrations, for the tools of sea-orm-migration. Those know neither locks nor checksums: to migrate a database that
/// others use, call [`up`](crate::up) or [`Target::up`](crate::Target::up).
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        CATALOGUE.iter().map(|migration| Box::new(*migration) as _).collect()
    }
}

/// A folder of `migrations/`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SqlMigration {
    pub(crate) name: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
}

impl SqlMigration {
    pub(crate) fn checksum(&self) -> String {
        checksum(self.up, self.down)
    }

    pub(crate) fn description(&self) -> String {
        description(self.name)
    }

    pub(crate) fn runs_in_transaction(&self) -> bool {
        self.up.lines().next().map(str::trim_end) != Some(NO_TRANSACTION)
    }

    pub(crate) fn is_empty(&self) -> bool {
        statements(self.up).is_empty()
    }

    async fn run(&self, manager: &SchemaManager<'_>, file: &str, sql: &str) -> Result<(), DbErr> {
        for Piece { line, sql } in statements(sql) {
            manager.get_connection().execute_unprepared(sql).await.map_err(|error| {
                DbErr::Migration(format!("{}/{file}, line {line}: {}", self.name, describe(&error)))
            })?;
        }
        Ok(())
    }
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for SqlMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let start = Instant::now();
        self.run(manager, "up.sql", self.up).await?;
        let duration = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
        tracing::info!("applied {} in {duration} ms", self.name);
        // A migration without a transaction may have been recorded here and then cut off before the record that
        // sea-orm-migration keeps: it runs again.
        let sql = "INSERT INTO schema_migrations (version, description, checksum, duration_ms) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (version) DO UPDATE SET description = excluded.description, \
                   applied_at = excluded.applied_at, checksum = excluded.checksum, duration_ms = excluded.duration_ms";
        let values = [self.name.into(), self.description().into(), self.checksum().into(), duration.into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        manager.get_connection().execute_raw(statement).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The row goes first, since the first migration drops the table that it is in.
        let sql = "DELETE FROM schema_migrations WHERE version = $1";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [self.name.into()]);
        manager.get_connection().execute_raw(statement).await?;
        self.run(manager, "down.sql", self.down).await?;
        tracing::info!("took back {}", self.name);
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(self.runs_in_transaction())
    }
}

/// SHA-256 of both files, in hexadecimal digits. How a checkout ends its lines makes no difference.
pub(crate) fn checksum(up: &str, down: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(up.replace("\r\n", "\n"));
    hash.update([0]);
    hash.update(down.replace("\r\n", "\n"));
    hex(&hash.finalize())
}

/// `m20261122_000004_tasks` is "tasks".
pub(crate) fn description(name: &str) -> String {
    name.splitn(3, '_').last().unwrap_or(name).replace('_', " ")
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_and_nothing_else_decide_the_checksum() {
        assert_eq!(checksum("a\nb", "c"), checksum("a\r\nb", "c"));
        assert_ne!(checksum("a", "bc"), checksum("ab", "c"));
        assert_ne!(checksum("a", "b"), checksum("a", "c"));
        assert_eq!(checksum("a", "b").len(), 64);
    }

    #[test]
    fn only_the_first_line_switches_the_transaction_off() {
        let migration = |up| SqlMigration { name: "m20270101_000001_x", up, down: "" };
        assert!(!migration("-- transaction: none\r\nSELECT 1").runs_in_transaction());
        assert!(migration("SELECT 1;\n-- transaction: none").runs_in_transaction());
        assert!(migration("").runs_in_transaction());
    }

    #[test]
    fn a_migration_is_described_by_the_words_of_its_name() {
        assert_eq!(description("m20261122_000001_schema_migrations"), "schema migrations");
    }
}
