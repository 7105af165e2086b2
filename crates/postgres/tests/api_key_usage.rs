//! Uses of API keys on PostgreSQL: none is lost, none is counted twice, and no call waits for another one's write.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, Statement};
use secrecy::SecretString;
use taskmaster_models::{ApiKey, ApiKeyId, ApiKeyPatch, Environment, KeyVerdict, NewApiKey, Service};
use taskmaster_postgres::{Pg, PgStore};
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;
use tokio::time::timeout;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn new_key(name: &str) -> NewApiKey {
    NewApiKey { created_at: at(0), ..NewApiKey::new(name, Service::Codegen, Environment::Production) }
}

async fn is_valid(store: &dyn Store, key: &SecretString, now: i64) -> bool {
    let verdict = store.api_keys().verify(key, &[], at(now)).await.unwrap();
    matches!(verdict, KeyVerdict::Valid(_))
}

async fn stored(store: &dyn Store, id: ApiKeyId) -> ApiKey {
    store.api_keys().find_by_id(id).await.unwrap().unwrap()
}

/// How often a key was used, and when last.
async fn used(store: &dyn Store, id: ApiKeyId) -> (i32, Option<i64>) {
    let ApiKey { usage_count, last_used_at, .. } = stored(store, id).await;
    (usage_count, last_used_at.map(|time| (time - at(0)).num_seconds()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_verifications_are_one_write_a_minute_and_all_counted() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let issued = store.api_keys().create(&new_key("hot")).await.unwrap();
    let key = Arc::new(issued.key);
    let work = |worker: i64| {
        let (store, key) = (store.clone(), Arc::clone(&key));
        tokio::spawn(async move {
            for n in 0..2_000 {
                // 150 seconds in all, each worker a little ahead of the one before.
                assert!(is_valid(&store, &key, n * 148 / 2_000 + worker % 3).await);
            }
        })
    };
    for worker in (0..50).map(work).collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let writes = async || {
        let sql = "SELECT count(*) AS writes FROM audit_logs \
                   WHERE entity_type = 'api_key' AND action = 'update' AND new_values ? 'usage_count'";
        let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
        row.try_get::<i64>("", "writes").unwrap()
    };
    let in_time = writes().await;
    assert!((1..=3).contains(&in_time), "{in_time} writes in 150 seconds");
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 1);
    assert_eq!(writes().await, in_time + 1);
    let hot = stored(&store, issued.api_key.id).await;
    assert_eq!((hot.usage_count, hot.last_used_at), (100_000, Some(at(149))));
    assert_eq!(hot.version, 1);
}

#[tokio::test]
async fn a_use_that_cannot_be_written_down_fails_no_call_and_is_not_lost() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let issued = store.api_keys().create(&new_key("ci")).await.unwrap();
    let broken = "ALTER TABLE api_keys ADD CONSTRAINT broken CHECK (usage_count = 0)";
    db.execute_unprepared(broken).await.unwrap();
    for now in [0, 60, 61] {
        assert!(is_valid(&store, &issued.key, now).await);
    }
    assert!(matches!(store.api_keys().flush_usage().await, Err(RepositoryError::Conflict { .. })));
    db.execute_unprepared("ALTER TABLE api_keys DROP CONSTRAINT broken").await.unwrap();
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 1);
    let key = stored(&store, issued.api_key.id).await;
    assert_eq!((key.usage_count, key.last_used_at), (3, Some(at(61))));
}

#[tokio::test]
async fn a_use_count_stays_at_its_greatest_number() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let issued = store.api_keys().create(&new_key("ci")).await.unwrap();
    db.execute_unprepared("UPDATE api_keys SET usage_count = 2147483646").await.unwrap();
    for now in [0, 60, 120] {
        assert!(is_valid(&store, &issued.key, now).await);
    }
    assert_eq!(stored(&store, issued.api_key.id).await.usage_count, i32::MAX);
}

#[tokio::test]
async fn a_use_whose_call_was_given_up_is_not_lost() {
    let database = migrated_database().await;
    let mut options = ConnectOptions::new(database.url());
    options.max_connections(1).sqlx_logging(false);
    let store = Pg::new(Database::connect(options).await.unwrap());
    let id = store.api_keys().create(&new_key("ci")).await.unwrap().api_key.id;
    let uow = store.begin().await.unwrap();
    let given_up = Duration::from_millis(50);
    let use_it = timeout(given_up, store.api_keys().record_usage(id, at(0))).await;
    assert!(use_it.is_err(), "it waits for the one connection");
    store.api_keys().record_usage(id, at(1)).await.unwrap();
    assert!(timeout(given_up, store.api_keys().flush_usage()).await.is_err());
    uow.rollback().await.unwrap();
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 1);
    assert_eq!(used(&store, id).await, (2, Some(1)));
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 0);
}

#[tokio::test]
async fn no_call_waits_for_a_unit_of_work_that_writes_its_key() {
    let database = migrated_database().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let issued = store.api_keys().create(&new_key("busy")).await.unwrap();
    let gone = store.api_keys().create(&new_key("gone")).await.unwrap().api_key.id;
    let free = store.api_keys().create(&new_key("free")).await.unwrap().api_key.id;
    let id = issued.api_key.id;
    let uow = store.begin().await.unwrap();
    let patch = ApiKeyPatch { name: Some("renamed".to_owned()), ..ApiKeyPatch::default() };
    uow.api_keys().update(id, &patch).await.unwrap();
    uow.api_keys().delete(gone).await.unwrap();

    let soon = Duration::from_secs(5);
    assert!(timeout(soon, is_valid(&store, &issued.key, 0)).await.unwrap());
    for (id, now) in [(id, 60), (gone, 1), (free, 1), (free, 2)] {
        timeout(soon, store.api_keys().record_usage(id, at(now))).await.unwrap().unwrap();
    }
    assert_eq!(timeout(soon, store.api_keys().flush_usage()).await.unwrap().unwrap(), 1);
    assert_eq!((used(&store, free).await, used(&store, id).await), ((2, Some(2)), (0, None)));
    uow.commit().await.unwrap();
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 1, "the deleted key is forgotten");
    assert_eq!(used(&store, id).await, (2, Some(60)));
    assert_eq!(stored(&store, id).await.name, "renamed");
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 0);
}

#[tokio::test]
async fn the_last_use_of_two_processes_is_the_later_one() {
    let database = migrated_database().await;
    let [ahead, behind] =
        [PgStore::connect(&database.url()).await.unwrap(), PgStore::connect(&database.url()).await.unwrap()];
    let id = ahead.api_keys().create(&new_key("ci")).await.unwrap().api_key.id;
    ahead.api_keys().record_usage(id, at(100)).await.unwrap();
    ahead.api_keys().flush_usage().await.unwrap();
    behind.api_keys().record_usage(id, at(7)).await.unwrap();
    behind.api_keys().flush_usage().await.unwrap();
    assert_eq!(used(&ahead, id).await, (2, Some(100)));
}
