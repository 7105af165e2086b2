use std::time::Duration;

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use taskmaster_connection::{
    SingleSession,
    config::{DatabaseConfig, Target as TargetSessionAttrs, TimeoutConfig},
    quote_identifier,
};

use crate::error::MigrateError;

/// A schema of a database, to be migrated or looked at.
///
/// All work is done in one session, which also holds the lock that lets only one process migrate at a time. The
/// connection must therefore not lead through a pooler in transaction mode.
#[derive(Debug)]
pub struct Target {
    session: SingleSession,
    pub(crate) db: DatabaseConnection,
    pub(crate) database: String,
    pub(crate) schema: String,
    pub(crate) server: String,
    read_only: bool,
}

impl Target {
    /// Connects to the database of this URL, and works in `schema`, or in the one in which the session would create
    /// tables, which is
    /// `public` by default. The schema need not exist yet.
    ///
    /// # Errors
    ///
    /// As [`connect_with`](Self::connect_with), and [`MigrateError::Config`] for a URL that cannot be read.
    pub async fn connect(url: &str, schema: Option<&str>) -> Result<Self, MigrateError> {
        let mut config = DatabaseConfig::from_url(url)?;
        config.timeouts = unlimited();
        if let Some(schema) = schema {
            config.schema = Some(schema.to_owned());
        }
        Self::connect_with(config).await
    }

    /// Connects as this configuration says, and works in its schema, or in the one in which the session would create
    /// tables. The schema need not exist yet. Only what the configuration says of one session counts: nothing of the
    /// pool and of replicas.
    ///
    /// # Errors
    ///
    /// [`MigrateError::InvalidSchema`], [`NoSchema`](MigrateError::NoSchema), and
    /// [`Connection`](MigrateError::Connection): the server cannot be reached within the configured time, refuses the
    /// user, has no such database, is older than PostgreSQL 14, holds no UTF-8, or has another role than the
    /// configuration demands.
    pub async fn connect_with(mut config: DatabaseConfig) -> Result<Self, MigrateError> {
        if let Some(schema) = &config.schema {
            check_schema_name(schema)?;
        }
        config.replica = None;
        if config.hosts.len() == 1 {
            // Without a choice, a server that takes no writes will do for what only reads; the rest says so itself.
            config.target = TargetSessionAttrs::Any;
        }
        let named_schema = config.schema.clone();
        let session = SingleSession::connect(config).await?;
        let db = session.connection();
        let sql = "SELECT current_database()::text, current_schema()::text, current_setting('search_path'), \
                   current_setting('transaction_read_only')::bool";
        let row = db.query_one_raw(statement(sql)).await?;
        let row =
            row.ok_or_else(|| MigrateError::Database("it does not say which database it is".to_owned()))?;
        let (database, current_schema): (String, Option<String>) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (search_path, read_only): (String, bool) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let schema = named_schema.or(current_schema).ok_or(MigrateError::NoSchema { search_path })?;

        // With standard_conforming_strings off, the backslashes of the files would mean something else.
        let set_up = format!(
            "SET search_path = {}, pg_temp; SET standard_conforming_strings = on",
            quote_identifier(&schema)
        );
        db.execute_unprepared(&set_up).await?;
        let server = session.server().host.to_string();
        Ok(Self { session, db, database, schema, server, read_only })
    }

    /// The name of the schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Host and port of the server, or its socket.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Ends the session, and waits until it has ended.
    pub async fn close(self) {
        self.session.close().await;
    }

    pub(crate) fn require_writable(&self) -> Result<(), MigrateError> {
        if self.read_only {
            return Err(MigrateError::ReadOnly { server: self.server.clone() });
        }
        Ok(())
    }
}

pub(crate) fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

/// Returns the limits of a migration where none are configured: none, since building an index may take longer than any
/// statement of a service.
#[must_use]
pub fn unlimited() -> TimeoutConfig {
    TimeoutConfig {
        call: Duration::ZERO,
        statement: Duration::ZERO,
        lock: Duration::ZERO,
        idle_in_transaction: Duration::ZERO,
    }
}

fn check_schema_name(schema: &str) -> Result<(), MigrateError> {
    let is_reserved = schema.starts_with("pg_") || schema == "information_schema";
    if schema.is_empty() || schema.len() > 63 || schema.contains('\0') || is_reserved {
        return Err(MigrateError::InvalidSchema { schema: schema.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_schema_can_have_are_refused() {
        for name in ["", "pg_temp", "information_schema", "a\0b", &"x".repeat(64)] {
            assert!(check_schema_name(name).is_err(), "{name:?}");
        }
        for name in ["public", "Größe", "a \"b\"; DROP", &"x".repeat(63)] {
            assert!(check_schema_name(name).is_ok(), "{name:?}");
        }
    }
}
