//! The server's version, encoding and role, asked once in one round trip.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use sea_orm::sqlx::{self, AssertSqlSafe, PgConnection, Row as _, postgres::PgRow};
use x509_parser::parse_x509_certificate;

use super::{startup, way::Way};
use crate::{
    config::{DatabaseConfig, Target},
    error::{Error, Result},
    host::Host,
};

/// A connection that was just made.
#[derive(Debug)]
pub(crate) struct RawConnection {
    pub(crate) conn: PgConnection,
    /// The server's process, by which a statement can be cancelled. None behind a pooler, where it changes all the
    /// time.
    pub(crate) backend_pid: Option<i32>,
    pub(crate) server: ServerInfo,
    pub(super) way: Way,
}

/// A server, as one connection has found it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The host of the list that was reached.
    pub host: Host,
    /// `server_version_num`: 150004 is 15.4.
    pub version: u32,
    /// Is `true` if the server follows another one.
    pub is_standby: bool,
    /// Is `true` if a transaction that says nothing can only read: on a standby, and where it is the default.
    pub is_read_only: bool,
    /// The connections that the server has for all users but superusers. None behind a pooler, which has its own.
    pub slots: Option<u32>,
    /// The certificate that the server has shown, if the connection is encrypted.
    pub certificate: Option<ServerCertificate>,
}

/// The certificate that a server has shown. The mode of TLS decides whether it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCertificate {
    /// The subject's name.
    pub subject: String,
    /// The end of its validity.
    pub expires: DateTime<Utc>,
}

impl ServerCertificate {
    /// Reads a certificate, or returns `None` for what cannot be read.
    pub(super) fn read(certificate: &[u8]) -> Option<Self> {
        let (_, certificate) = parse_x509_certificate(certificate).ok()?;
        let expires = certificate.validity().not_after.timestamp();
        Some(Self {
            subject: certificate.subject().to_string(),
            expires: DateTime::from_timestamp(expires, 0)?,
        })
    }
}

/// The oldest server that is supported, as `server_version_num` has it.
const OLDEST_SERVER: u32 = 140_000;

/// By the simple protocol, which prepares nothing. `reserved_connections` is new in PostgreSQL 16.
const LOOK: &str = "\
    SELECT pg_backend_pid() AS pid, \
           pg_is_in_recovery() AS is_standby, \
           current_setting('transaction_read_only') = 'on' AS is_read_only, \
           current_setting('server_encoding') AS encoding, \
           current_setting('server_version_num')::int AS version, \
           current_setting('max_connections')::int \
           - current_setting('superuser_reserved_connections')::int \
           - coalesce(current_setting('reserved_connections', true)::int, 0) AS slots";

/// Asks the server, and refuses one that will not do.
pub(super) async fn check(
    mut conn: PgConnection,
    host: &Host,
    certificate: Option<ServerCertificate>,
    way: Way,
    config: &DatabaseConfig,
    watches_clients: &AtomicBool,
) -> Result<RawConnection> {
    // The server has sent its version without being asked. An old one might not understand the question.
    conn.server_version_num().map_or(Ok(()), check_version)?;
    let row = ask(&mut conn, config, watches_clients).await?;
    let (pid, version, slots): (i32, i32, i32) =
        (row.try_get("pid")?, row.try_get("version")?, row.try_get("slots")?);
    let encoding: String = row.try_get("encoding")?;
    let is_pooled = config.pool.behind_pooler;
    let server = ServerInfo {
        host: host.clone(),
        version: version.unsigned_abs(),
        is_standby: row.try_get("is_standby")?,
        is_read_only: row.try_get("is_read_only")?,
        slots: (!is_pooled).then(|| u32::try_from(slots).unwrap_or(0)),
        certificate,
    };
    check_version(server.version)?;
    check_encoding(&encoding)?;
    check_role(config.target, server.is_standby, server.is_read_only)?;
    Ok(RawConnection { conn, backend_pid: (!is_pooled).then_some(pid), server, way })
}

/// Asks the server. Behind a pooler it is the first occasion to see whether the server can watch its clients.
async fn ask(
    conn: &mut PgConnection,
    config: &DatabaseConfig,
    watches_clients: &AtomicBool,
) -> std::result::Result<PgRow, sqlx::Error> {
    if config.pool.behind_pooler && watches_clients.load(Ordering::Relaxed) {
        let text = format!("SET LOCAL {} = '1s'; {LOOK}", startup::WATCH);
        match sqlx::raw_sql(AssertSqlSafe(text)).fetch_one(&mut *conn).await {
            Err(error) if startup::cannot_watch(&error) => watches_clients.store(false, Ordering::Relaxed),
            answered => return answered,
        }
    }
    sqlx::raw_sql(LOOK).fetch_one(conn).await
}

fn check_version(version: u32) -> Result<()> {
    if version >= OLDEST_SERVER {
        return Ok(());
    }
    let reason = format!("the server is PostgreSQL {}; use PostgreSQL 14 or later", version / 10_000);
    Err(Error::misconfigured(reason, "the server is too old"))
}

/// In another encoding most of the world's texts could not be stored.
fn check_encoding(encoding: &str) -> Result<()> {
    if encoding == "UTF8" {
        return Ok(());
    }
    let reason = format!("the database has the encoding {encoding}; create one with ENCODING 'UTF8'");
    Err(Error::misconfigured(reason, "the database's encoding is not UTF8"))
}

/// A server of another role may get the right one by itself, as a standby does that is promoted.
fn check_role(target: Target, is_standby: bool, is_read_only: bool) -> Result<()> {
    let reason = match target {
        Target::ReadWrite if is_standby => {
            "the server is a standby and takes no writes; connect to the primary"
        }
        Target::ReadWrite if is_read_only => {
            "the server takes no writes, since default_transaction_read_only is on; connect to the primary"
        }
        Target::ReadOnly if !is_read_only => "the server takes writes, and one that only reads is wanted",
        _ => return Ok(()),
    };
    Err(Error::unavailable(reason, "the server has another role than target_session_attrs demands"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_older_than_14_are_refused_by_name() {
        let error = check_version(130_016).unwrap_err().to_string();
        assert!(error.contains("PostgreSQL 13") && error.contains("14 or later"), "{error}");
        assert!(check_version(140_000).is_ok());
    }

    #[test]
    fn a_database_that_cannot_hold_every_text_is_refused_by_name() {
        let error = check_encoding("LATIN1").unwrap_err().to_string();
        assert!(error.contains("LATIN1") && error.contains("UTF8"), "{error}");
        assert!(check_encoding("UTF8").is_ok());
    }

    #[test]
    fn a_server_must_have_the_role_that_is_demanded() {
        for (target, is_standby, is_read_only, will_do) in [
            (Target::Any, true, true, true),
            (Target::Any, false, false, true),
            (Target::ReadWrite, false, false, true),
            (Target::ReadWrite, false, true, false),
            (Target::ReadWrite, true, true, false),
            (Target::ReadOnly, true, true, true),
            (Target::ReadOnly, false, true, true),
            (Target::ReadOnly, false, false, false),
        ] {
            let checked = check_role(target, is_standby, is_read_only);
            assert_eq!(checked.is_ok(), will_do, "{target:?} {is_standby} {is_read_only}");
            assert!(checked.err().is_none_or(|error| error.is_retryable()));
        }
    }
}
