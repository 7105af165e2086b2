//! Whether a server can be used at all, asked once before there is a pool: a pool would go on trying until its time is up, and
//! then not say why.

use std::time::Duration;

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{Connection, PgConnection, postgres::PgConnectOptions},
};
use taskmaster_repository::{RepositoryError, Result};

use crate::error::from_db;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The oldest server that the schema works on, as `server_version_num` has it.
const OLDEST_SERVER: u32 = 140_000;

/// Connects once and looks at the server's version.
pub(crate) async fn check_server(url: &str) -> Result<()> {
    // The parser's own error may quote the URL, and with it the password.
    let options: PgConnectOptions = url.parse().map_err(|_| RepositoryError::Unavailable {
        reason: "the URL cannot be read; write it as postgres://user:password@host:5432/database".to_owned(),
        source: "not a PostgreSQL URL".into(),
    })?;
    let connected = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
    let connection = connected.map_err(|elapsed| RepositoryError::Unavailable {
        reason: format!(
            "the server does not answer within {} s; check the host and the port",
            PATIENCE.as_secs()
        ),
        source: Box::new(elapsed),
    })?;
    let connection = connection
        .map_err(|error| from_db("connection", DbErr::Conn(RuntimeErr::SqlxError(error.into()))))?;
    check_version(connection.server_version_num())?;
    // It has served; that it cannot be closed politely is no news for anybody.
    let _ = connection.close().await;
    Ok(())
}

/// A server that does not tell its version is taken for a new one.
fn check_version(version: Option<u32>) -> Result<()> {
    match version {
        Some(version) if version < OLDEST_SERVER => Err(RepositoryError::Unavailable {
            reason: format!("the server is PostgreSQL {}; use PostgreSQL 14 or later", version / 10_000),
            source: "the server is too old".into(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_older_than_14_are_refused_by_name() {
        let error = check_version(Some(130_016)).unwrap_err().to_string();
        assert!(error.contains("PostgreSQL 13") && error.contains("14 or later"), "{error}");
        assert!(check_version(Some(140_000)).is_ok());
        assert!(check_version(None).is_ok());
    }
}
