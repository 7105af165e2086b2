//! The pool on a real server: who gets a connection, in which state, for how long, and what is done when it breaks.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

mod cancellation;
mod connections;
mod retrying;
mod shutdown;

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use taskmaster_postgres::{Database, config::DatabaseConfig};

/// The server's process.
const PID: &str = "SELECT pg_backend_pid()::text";

/// Ends all other sessions in this database.
const KILL_OTHERS: &str = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity \
                           WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Connects with what is configured, changed like this. Nothing is kept open that nobody uses.
async fn connect(url: &str, change: impl FnOnce(&mut DatabaseConfig)) -> Database {
    let mut config = DatabaseConfig::from_url(url).unwrap();
    config.pool.min = 0;
    change(&mut config);
    Database::connect(config).await.unwrap()
}

/// The one value that a statement returns, as text.
async fn ask(conn: &impl ConnectionTrait, sql: &str) -> String {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    conn.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Waits until a statement returns this.
async fn until(conn: &impl ConnectionTrait, sql: &str, expected: &str) {
    while ask(conn, sql).await != expected {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
