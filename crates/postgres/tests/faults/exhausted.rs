//! Pools and servers that are full.

use std::time::Duration;

use futures::future::{join_all, try_join_all};
use sea_orm::sqlx;
use taskmaster_embedded::TestServerSettings;
use taskmaster_models::{NewTask, TaskFilter};
use taskmaster_postgres::{Database, PgStore};
use taskmaster_repository::{Repositories as _, RepositoryError, Store as _};

use crate::stage::{LIMIT, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn fault_15_whoever_finds_the_pool_exhausted_is_told_and_served_when_there_is_room() {
    let stage = Stage::set().await;
    let mut config = stage.config();
    (config.pool.min, config.pool.max) = (0, 2);
    config.pool.acquire_timeout = Duration::from_millis(200);
    let database = Database::connect(config).await.unwrap();
    let store = PgStore::new(database.clone());
    let first = store.begin().await.unwrap();
    let second = store.begin().await.unwrap();
    first.tasks().create(&NewTask::new("by the first")).await.unwrap();

    let everything = TaskFilter::default();
    let refused = join_all((0..5).map(|_| store.tasks().count(&everything))).await;
    for answer in refused {
        let error = answer.unwrap_err();
        assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
    }
    assert!(database.health().await.connected, "health has a connection of its own");
    second.rollback().await.unwrap();
    store.tasks().create(&NewTask::new("by somebody else")).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(stage.ask("SELECT count(*) FROM tasks").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_more_callers_than_connections_are_all_served() {
    let stage = Stage::set().await;
    let mut config = stage.config();
    (config.pool.min, config.pool.max) = (0, 2);
    config.pool.acquire_timeout = Duration::from_mins(1);
    config.timeouts.call = Duration::from_mins(1);
    let database = Database::connect(config).await.unwrap();
    let store = PgStore::new(database.clone());
    let tasks: Vec<_> = (0..100).map(|number| NewTask::new(format!("{number}"))).collect();
    try_join_all(tasks.iter().map(|task| store.tasks().create(task))).await.unwrap();
    assert_eq!(stage.ask("SELECT count(*) FROM tasks").await, 100);
    assert!(stage.sessions().await.len() <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_slot_is_waited_for_and_serves_as_soon_as_there_is_one() {
    const SLOTS: usize = 8;
    let settings = TestServerSettings::new()
        .setting("max_connections", "8")
        .setting("superuser_reserved_connections", "0");
    let stage = Stage::set_with(settings).await.unwrap();
    let mut config = stage.config();
    (config.pool.min, config.pool.max) = (0, 2);
    let database = Database::connect(config).await.unwrap();
    let store = PgStore::new(database.clone());
    let unit_of_work = store.begin().await.unwrap();

    // Connections that were just closed may still have a slot, so this goes on until all others are taken.
    let mut others = Vec::new();
    let taken = async {
        while others.len() < SLOTS - 1 {
            match stage.try_connect().await {
                Ok(connection) => others.push(connection),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(LIMIT, taken).await.unwrap();
    let error = store.tasks().create(&NewTask::new("no room")).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("no connection slot left"), "{error}");
    let health = tokio::time::timeout(LIMIT, database.health()).await.unwrap();
    assert!(health.reasons.iter().any(|reason| reason.contains("no connection slot left")), "{health:?}");
    drop(others.pop());
    let mut attempts = 0;
    while let Err(error) = store.tasks().create(&NewTask::new("room")).await {
        attempts += 1;
        assert!(error.is_retryable() && attempts < 100, "{error:?}");
    }
    unit_of_work.rollback().await.unwrap();
    // A new connection might find no slot.
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM tasks").fetch_one(&mut others[0]).await.unwrap();
    assert_eq!(count, 1);
}
