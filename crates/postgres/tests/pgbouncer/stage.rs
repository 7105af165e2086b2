//! A server of a test's own with a pooler in front of it.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use taskmaster_embedded::{TestPooler, TestServer, TestServerSettings};
use taskmaster_postgres::{
    Database,
    config::{DatabaseConfig, Host},
};
use taskmaster_repository::RepositoryError;

/// Longest wait for anything; only a failing test ever waits so long.
const LIMIT: Duration = Duration::from_mins(1);

/// A migrated server, and the pooler.
pub(crate) struct Stage {
    // The pooler goes first, so that it logs no server that is gone.
    pub(crate) pooler: TestPooler,
    pub(crate) server: TestServer,
}

impl Stage {
    /// A server whose pooler has so many of its sessions for all clients.
    pub(crate) async fn with_sessions(sessions: &str) -> Self {
        Self::set(&[("default_pool_size", sessions)]).await
    }

    /// A server whose pooler has these settings. It tries again every second to reach a server that has gone.
    pub(crate) async fn set(settings: &[(&str, &str)]) -> Self {
        let server = TestServer::launch(TestServerSettings::new()).unwrap();
        taskmaster_migration::up(&server.url(), None).await.unwrap();
        let (dir, port) = (server.socket_dir().display().to_string(), server.port().to_string());
        let way = [("host", dir.as_str()), ("port", port.as_str()), ("user", "postgres")];
        let settings = [&[("server_login_retry", "1")], settings].concat();
        Self { pooler: TestPooler::launch(&way, &settings).unwrap(), server }
    }

    /// The way through the pooler.
    pub(crate) fn way(&self) -> DatabaseConfig {
        way_through(&self.pooler, "postgres")
    }

    pub(crate) async fn connect(&self) -> Database {
        Database::connect(self.way()).await.unwrap()
    }

    /// A connection past the pooler.
    pub(crate) async fn beside(&self) -> Database {
        Database::connect(DatabaseConfig::from_url(&self.server.url()).unwrap()).await.unwrap()
    }
}

/// The way to a database through a pooler.
pub(crate) fn way_through(pooler: &TestPooler, database: &str) -> DatabaseConfig {
    let socket = pooler.socket_dir().to_str().unwrap();
    let mut config = DatabaseConfig::new(socket, database, "postgres");
    config.hosts = vec![Host { name: socket.to_owned(), port: pooler.port() }];
    config.pool.behind_pooler = true;
    config
}

/// The only value that a query answers, as text.
pub(crate) async fn ask(conn: &impl ConnectionTrait, query: &str) -> Result<String, DbErr> {
    let statement = Statement::from_string(DbBackend::Postgres, query);
    conn.query_one_raw(statement).await?.unwrap().try_get_by_index(0)
}

/// Waits until a query answers this.
pub(crate) async fn await_answer(conn: &impl ConnectionTrait, query: &str, answer: &str) {
    let begin = Instant::now();
    loop {
        let last = ask(conn, query).await;
        if last.as_deref() == Ok(answer) {
            return;
        }
        assert!(begin.elapsed() < LIMIT, "waited in vain for {answer}: {query} answers {last:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Tries again what passes by itself, until it works.
pub(crate) async fn eventually<T>(mut work: impl AsyncFnMut() -> Result<T, RepositoryError>) -> T {
    let begin = Instant::now();
    loop {
        match work().await {
            Ok(value) => return value,
            Err(error) => {
                let passes = matches!(error, RepositoryError::Unavailable { .. });
                assert!(passes && begin.elapsed() < LIMIT, "{error:?}");
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
