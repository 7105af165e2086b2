//! One connection: to which host, how, and what it is then.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{
        Connection, PgConnection,
        postgres::{PgConnectOptions, PgSslMode},
    },
};
use secrecy::ExposeSecret as _;
use taskmaster_repository::{RepositoryError, Result};

use super::config::{DatabaseConfig, Host};
use crate::error::from_db;

/// Makes connections.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    config: Arc<DatabaseConfig>,
}

/// A connection that was just made.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) conn: PgConnection,
    pub(crate) host: Host,
}

impl Dialer {
    pub(crate) fn new(config: Arc<DatabaseConfig>) -> Self {
        Self { config }
    }

    /// Connects to the first host that will do.
    pub(crate) async fn dial(&self) -> Result<Link> {
        let mut failure = None;
        for host in &self.config.hosts {
            match self.dial_host(host).await {
                Ok(link) => return Ok(link),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| RepositoryError::Backend { source: "no host is configured".into() }))
    }

    async fn dial_host(&self, host: &Host) -> Result<Link> {
        let config = &self.config;
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&host.name)
            .port(host.port)
            .username(&config.user)
            .database(&config.database)
            .application_name(&config.application_name)
            .ssl_mode(PgSslMode::Disable)
            .options([
                ("statement_timeout", milliseconds(config.timeouts.statement)),
                ("lock_timeout", milliseconds(config.timeouts.lock)),
                ("idle_in_transaction_session_timeout", milliseconds(config.timeouts.idle_in_transaction)),
            ]);
        if let Some(password) = &config.password {
            options = options.password(password.expose_secret());
        }
        if let Some(schema) = &config.schema {
            options = options.options([("search_path", schema)]);
        }
        let conn = PgConnection::connect_with(&options)
            .await
            .map_err(|error| from_db("connection", DbErr::Conn(RuntimeErr::SqlxError(error.into()))))?;
        Ok(Link { conn, host: host.clone() })
    }
}

fn milliseconds(duration: Duration) -> String {
    duration.as_millis().to_string()
}
