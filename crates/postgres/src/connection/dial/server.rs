//! What a server is, asked once in one round trip, and whether it will do.

use std::sync::atomic::Ordering;

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, AssertSqlSafe, PgConnection, Row as _, postgres::PgRow},
};
use taskmaster_repository::{RepositoryError, Result};

use super::{Dialer, Link, ServerCertificate, session};
use crate::{
    connection::config::{Host, Target},
    error::from_db,
};

/// The oldest server that the schema works on, as `server_version_num` has it.
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

/// Looks at the server and makes the link, if the server will do.
pub(super) async fn look(
    mut conn: PgConnection,
    host: &Host,
    certificate: Option<ServerCertificate>,
    dialer: &Dialer,
) -> Result<Link> {
    let config = &dialer.config;
    // The server has told its version without being asked. An old one might not understand the question.
    conn.server_version_num().map_or(Ok(()), check_version)?;
    let failed =
        |error: sqlx::Error| from_db("connection", DbErr::Query(RuntimeErr::SqlxError(error.into())));
    let row = ask(&mut conn, dialer).await.map_err(failed)?;
    let pid: i32 = row.try_get("pid").map_err(failed)?;
    let is_standby = row.try_get("is_standby").map_err(failed)?;
    let is_read_only = row.try_get("is_read_only").map_err(failed)?;
    let encoding: String = row.try_get("encoding").map_err(failed)?;
    let version: i32 = row.try_get("version").map_err(failed)?;
    let slots: i32 = row.try_get("slots").map_err(failed)?;

    let server_version = version.unsigned_abs();
    check_version(server_version)?;
    check_encoding(&encoding)?;
    check_role(config.target, is_standby, is_read_only)?;
    let is_pooled = config.pool.behind_pooler;
    Ok(Link {
        conn,
        host: host.clone(),
        backend_pid: (!is_pooled).then_some(pid),
        server_version,
        is_standby,
        is_read_only,
        slots: (!is_pooled).then(|| u32::try_from(slots).unwrap_or(0)),
        certificate,
    })
}

/// Puts the question. Behind a pooler it is the first occasion to see whether the server can look after its clients.
async fn ask(conn: &mut PgConnection, dialer: &Dialer) -> std::result::Result<PgRow, sqlx::Error> {
    if dialer.config.pool.behind_pooler && dialer.watches_clients() {
        let text = format!("SET LOCAL {} = '1s'; {LOOK}", session::WATCH);
        match sqlx::raw_sql(AssertSqlSafe(text)).fetch_one(&mut *conn).await {
            Err(error) if session::cannot_watch(&error) => {
                dialer.watches_clients.store(false, Ordering::Relaxed);
            }
            answered => return answered,
        }
    }
    sqlx::raw_sql(LOOK).fetch_one(conn).await
}

fn check_version(version: u32) -> Result<()> {
    if version >= OLDEST_SERVER {
        return Ok(());
    }
    Err(RepositoryError::Refused {
        reason: format!("the server is PostgreSQL {}; use PostgreSQL 14 or later", version / 10_000),
        source: "the server is too old".into(),
    })
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
    let source = "the server has another role than target_session_attrs demands".into();
    Err(RepositoryError::Unavailable { reason: reason.to_owned(), source })
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
