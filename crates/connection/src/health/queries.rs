//! The queries about a server's health.

use std::time::Duration;

use sea_orm::sqlx::{self, AssertSqlSafe, PgConnection, Row as _};

use super::facts::{MigrationHealth, Replication};
use crate::{error::Result, host::quote_identifier, sqlstate};

/// The migrations that the program expects.
#[derive(Debug)]
pub(super) struct ExpectedMigrations {
    /// The table whose column `version` names those that were applied.
    pub(super) table: String,
    pub(super) names: Vec<String>,
}

/// What every server answers at once.
pub(super) struct ServerState {
    pub(super) version: u32,
    pub(super) is_standby: bool,
    pub(super) is_read_only: bool,
}

/// All questions go by the simple protocol, which prepares nothing, so a pooler does not mind.
pub(super) async fn server_state(connection: &mut PgConnection) -> Result<ServerState> {
    let sql = "SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS is_standby, \
               current_setting('transaction_read_only') = 'on' AS is_read_only";
    let row = sqlx::raw_sql(sql).fetch_one(connection).await?;
    let version: i32 = row.try_get("version")?;
    let (is_standby, is_read_only) = (row.try_get("is_standby")?, row.try_get("is_read_only")?);
    Ok(ServerState { version: version.unsigned_abs(), is_standby, is_read_only })
}

/// The version as people write it.
pub(super) fn version(number: u32) -> String {
    format!("{}.{}", number / 10_000, number % 10_000)
}

pub(super) async fn replication(connection: &mut PgConnection, is_standby: bool) -> Result<Replication> {
    if is_standby { as_standby(connection).await } else { as_primary(connection).await }
}

async fn as_standby(connection: &mut PgConnection) -> Result<Replication> {
    // Without writes nothing is replayed, and the last replay is long ago though nothing is missing. But who receives nothing
    // cannot know that nothing is missing. Whether it streams is not told to everybody; that there is a receiver is.
    let sql = "SELECT streaming, \
                      (CASE WHEN streaming AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 \
                       ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END)::float8 AS lag \
               FROM (SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming') \
                     AS streaming) AS receiver";
    let row = sqlx::raw_sql(sql).fetch_one(connection).await?;
    Ok(Replication::Standby { lag: duration(row.try_get("lag")?), streaming: row.try_get("streaming")? })
}

async fn as_primary(connection: &mut PgConnection) -> Result<Replication> {
    // Who may not read other users' statistics sees that there are standbys, and nothing of them. A backup is none.
    let sql = "SELECT count(*)::int AS standbys, pg_has_role('pg_read_all_stats', 'USAGE') AS may_see, \
                      max(CASE WHEN replay_lsn >= pg_current_wal_lsn() THEN 0 \
                          ELSE extract(epoch FROM replay_lag) END)::float8 AS lag \
               FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup'";
    let row = sqlx::raw_sql(sql).fetch_one(connection).await?;
    let standbys = usize::try_from(row.try_get::<i32, _>("standbys")?).unwrap_or(0);
    let may_see: bool = row.try_get("may_see")?;
    let lag = duration(row.try_get("lag")?);
    let unknown = match (standbys, may_see, lag) {
        (0, ..) => Some("no standby follows it"),
        (1.., false, _) => Some("the user may not see it; grant it the role pg_monitor"),
        (1.., true, None) => Some("no standby has told yet what it has replayed"),
        _ => None,
    };
    Ok(Replication::Primary { standbys, lag, unknown })
}

fn duration(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok())
}

/// Compares what was applied with what is expected.
pub(super) async fn migrations(
    connection: &mut PgConnection,
    ExpectedMigrations { table, names: expected }: &ExpectedMigrations,
) -> Result<MigrationHealth> {
    let sql = format!("SELECT version::text FROM {}", quote_identifier(table));
    let asked = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await;
    let rows = match asked {
        Ok(rows) => rows,
        // There is no such table: the schema is not there at all.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(sqlstate::UNDEFINED_TABLE) => {
            Vec::new()
        }
        Err(error) => return Err(error.into()),
    };
    let applied = rows
        .iter()
        .map(|row| row.try_get("version"))
        .collect::<std::result::Result<Vec<String>, sqlx::Error>>()?;
    let missing_in = |those: &[String], these: &[String]| -> Vec<String> {
        these.iter().filter(|name| !those.contains(name)).cloned().collect()
    };
    Ok(MigrationHealth {
        applied: applied.len(),
        pending: missing_in(&applied, expected),
        unknown: missing_in(expected, &applied),
    })
}
