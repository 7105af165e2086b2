//! Whether a server can be used at all, asked once before there is a pool: a pool would go on trying until its time is up, and
//! then not say why.

use std::time::Duration;

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, Connection, PgConnection, postgres::PgConnectOptions},
};
use taskmaster_repository::{RepositoryError, Result};

use crate::error::from_db;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The oldest server that the schema works on, as `server_version_num` has it.
const OLDEST_SERVER: u32 = 140_000;

/// Connects once and looks at the server's version and the database's encoding.
pub(crate) async fn check_server(url: &str) -> Result<()> {
    // The parser's own error may quote the URL, and with it the password.
    let options: PgConnectOptions = url.parse().map_err(|_| RepositoryError::Refused {
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
    let mut connection = connection
        .map_err(|error| from_db("connection", DbErr::Conn(RuntimeErr::SqlxError(error.into()))))?;
    check_version(connection.server_version_num())?;
    let encoding: String = sqlx::query_scalar("SHOW server_encoding")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| from_db("connection", DbErr::Query(RuntimeErr::SqlxError(error.into()))))?;
    check_encoding(&encoding)?;
    // It has served; that it cannot be closed politely is no news for anybody.
    let _ = connection.close().await;
    Ok(())
}

/// A server that does not tell its version is taken for a new one.
fn check_version(version: Option<u32>) -> Result<()> {
    match version {
        Some(version) if version < OLDEST_SERVER => Err(RepositoryError::Refused {
            reason: format!("the server is PostgreSQL {}; use PostgreSQL 14 or later", version / 10_000),
            source: "the server is too old".into(),
        }),
        _ => Ok(()),
    }
}

/// In another encoding most of the world's texts could not be stored.
fn check_encoding(encoding: &str) -> Result<()> {
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(RepositoryError::Refused {
        reason: format!("the database has the encoding {encoding}; create one with ENCODING 'UTF8'"),
        source: "the database's encoding is not UTF8".into(),
    })
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

    #[test]
    fn a_database_that_cannot_hold_every_text_is_refused_by_name() {
        let error = check_encoding("LATIN1").unwrap_err().to_string();
        assert!(error.contains("LATIN1") && error.contains("UTF8"), "{error}");
        assert!(check_encoding("UTF8").is_ok());
    }
}
