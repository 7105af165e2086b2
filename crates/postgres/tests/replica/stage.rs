//! A primary and a replica of the test's own.

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx::{self, AssertSqlSafe, Connection, PgConnection};
use taskmaster_embedded::{TestServer, TestServerSettings};
use taskmaster_models::{NewTask, Task, TaskId};
use taskmaster_postgres::{
    Database, PgStore,
    config::{DatabaseConfig, Host, ReplicaConfig},
};
use taskmaster_repository::Repositories as _;
use taskmaster_testkit::standby_of;

/// The longest wait for anything; only a failing test ever waits so long.
const LIMIT: Duration = Duration::from_mins(1);

/// How far a replica may be behind where that is not what the test is about.
pub(crate) const FAR: Duration = Duration::from_hours(1);

pub(crate) struct Stage {
    pub(crate) primary: Arc<TestServer>,
    pub(crate) replica: Arc<TestServer>,
}

impl Stage {
    /// `None` where there can be no replica.
    pub(crate) async fn set() -> Option<Self> {
        Self::set_with(TestServerSettings::new()).await
    }

    pub(crate) async fn set_with(settings: TestServerSettings) -> Option<Self> {
        let launch = || TestServer::launch(settings).unwrap();
        let primary = Arc::new(tokio::task::spawn_blocking(launch).await.unwrap());
        taskmaster_migration::up(&primary.url(), None).await.unwrap();
        let followed = Arc::clone(&primary);
        let follow = move || standby_of(&followed);
        let replica = tokio::task::spawn_blocking(follow).await.unwrap()?;
        Some(Self { primary, replica: Arc::new(replica) })
    }

    pub(crate) fn config(&self, max_lag: Duration) -> DatabaseConfig {
        let host = |server: &TestServer| Host {
            name: server.socket_dir().to_str().unwrap().to_owned(),
            port: server.port(),
        };
        let mut config = DatabaseConfig::new("", "postgres", "postgres");
        config.hosts = vec![host(&self.primary)];
        config.replica = Some(ReplicaConfig { hosts: vec![host(&self.replica)], max: 4, max_lag });
        config
    }

    /// A database whose reads go to the replica by now.
    pub(crate) async fn database(&self, max_lag: Duration) -> Database {
        let database = Database::connect(self.config(max_lag)).await.unwrap();
        reads_come_to_the_replica(&database).await;
        database
    }

    /// Keeps the replica as it is: what is written from now on is not known there.
    pub(crate) async fn pause(&self) {
        say(&self.replica, "SELECT pg_wal_replay_pause()").await;
        // Only then it is sure that nothing more is replayed.
        let state = "SELECT pg_get_wal_replay_pause_state() = 'paused'";
        until("the replica is paused", async || ask::<bool>(&self.replica, state).await).await;
    }

    pub(crate) async fn resume(&self) {
        say(&self.replica, "SELECT pg_wal_replay_resume()").await;
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let held = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let held = tokio::time::timeout(LIMIT, held).await;
    assert!(held.is_ok(), "waited in vain until {what}");
}

/// Reads by this handle until a replica has answered.
pub(crate) async fn reads_come_to_the_replica(database: &Database) {
    let store = PgStore::new(database.clone());
    let before = reads(database);
    until("a read goes to the replica", async || {
        find(&store, TaskId::new()).await;
        reads(database) > before
    })
    .await;
}

/// How many reads the replica has answered.
pub(crate) fn reads(database: &Database) -> u64 {
    database.metrics().replicas[0].reads
}

pub(crate) async fn create(store: &PgStore, title: &str) -> TaskId {
    store.tasks().create(&NewTask::new(title)).await.unwrap().id
}

pub(crate) async fn find(store: &PgStore, id: TaskId) -> Option<Task> {
    store.tasks().find_by_id(id).await.unwrap()
}

pub(crate) async fn say(server: &TestServer, sql: &str) {
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

pub(crate) async fn ask<T>(server: &TestServer, sql: &str) -> T
where
    T: sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres> + Send + Unpin,
{
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
}
