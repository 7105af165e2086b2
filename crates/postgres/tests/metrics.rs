//! What is counted and measured, and what of it is told to the crate `metrics`.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its own functions")]

use std::{collections::BTreeMap, time::Duration};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use sea_orm::ConnectionTrait;
use taskmaster_embedded::{TestServer, TestServerSettings};
use taskmaster_models::{NewTask, TaskFilter};
use taskmaster_postgres::{Database, PgStore, PoolStatus, config::DatabaseConfig};
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;

async fn connect(url: &str, change: impl FnOnce(&mut DatabaseConfig)) -> Database {
    let mut config = DatabaseConfig::from_url(url).unwrap();
    config.pool.min = 0;
    change(&mut config);
    Database::connect(config).await.unwrap()
}

#[tokio::test]
async fn fault_19_averages_are_of_those_that_succeeded_and_units_of_work_are_counted() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| {}).await;
    let store = PgStore::new(database.clone());
    let task = NewTask::new("first");
    store.tasks().create(&task).await.unwrap();
    store.tasks().create(&NewTask::new("second")).await.unwrap();
    for _ in 0..3 {
        store.tasks().create(&task).await.unwrap_err();
    }
    let unit = store.begin().await.unwrap();
    unit.tasks().create(&NewTask::new("third")).await.unwrap();
    unit.commit().await.unwrap();
    store.begin().await.unwrap().rollback().await.unwrap();
    database.execute_unprepared("SELECT 1").await.unwrap();

    let metrics = database.metrics();
    let create = &metrics.calls["task.create"];
    assert_eq!((create.succeeded(), create.failed(), create.total()), (3, 3, 6));
    assert_eq!(create.errors, BTreeMap::from([("23505".to_owned(), 3)]));
    assert_eq!(create.success_rate(), Some(0.5));
    assert_eq!(create.duration.count(), 3);
    assert_eq!(create.duration.mean(), Some(create.duration.sum() / 3));
    assert_eq!(create.execute.count(), 6, "the server worked for those that failed, too");
    assert_eq!(create.wait.count(), 5, "within a unit of work there is a connection already");
    for (name, count) in [("begin", 2), ("commit", 1), ("rollback", 1)] {
        assert_eq!(metrics.calls[&*format!("unit_of_work.{name}")].succeeded(), count, "{name}");
    }
    assert_eq!(metrics.calls["statement"].succeeded(), 1);
    let all = metrics.all_calls();
    assert_eq!((all.total(), all.failed()), (11, 3));
    assert!(metrics.pool.create.count() >= 1 && metrics.pool.used.count() >= 8, "{:?}", metrics.pool);
    let json = serde_json::json!(metrics);
    assert_eq!(json["calls"]["task.create"]["errors"]["23505"], 3);
    assert!(json["calls"]["task.create"]["duration"]["p99"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn a_wait_in_vain_is_a_timeout_and_its_time_is_no_time_of_the_server() {
    let server = migrated_database().await;
    let change = |config: &mut DatabaseConfig| {
        config.pool.max = 1;
        config.pool.acquire_timeout = Duration::from_millis(50);
    };
    let database = connect(&server.url(), change).await;
    let store = PgStore::new(database.clone());
    let unit = store.begin().await.unwrap();
    let error = store.tasks().count(&TaskFilter::default()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");

    let metrics = database.metrics();
    let PoolStatus { in_use, max, .. } = metrics.pool.status;
    assert_eq!((in_use, max, metrics.pool.timeouts), (1, 1, 1));
    let count = &metrics.calls["task.count"];
    assert_eq!(count.errors, BTreeMap::from([("unavailable".to_owned(), 1)]));
    assert_eq!((count.wait.count(), count.dial.count(), count.execute.count()), (1, 0, 0));
    assert!(count.wait.max() >= Duration::from_millis(50), "{:?}", count.wait);
    unit.rollback().await.unwrap();
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_cancelled_and_its_connection_given_up() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| {}).await;
    let sleep = database.execute_unprepared("SELECT pg_sleep(60)");
    let in_vain = tokio::time::timeout(Duration::from_millis(50), sleep).await;
    assert!(in_vain.is_err());
    let metrics = database.metrics();
    assert_eq!(metrics.calls["statement"].errors, BTreeMap::from([("cancelled".to_owned(), 1)]));
    assert!(metrics.calls["statement"].duration.count() == 0);
    while database.metrics().pool.dropped.get("cancelled") != Some(&1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_was_tried_again_is_counted_and_no_error() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |_| {}).await;
    let database = connect(&server.url(), |_| {}).await;
    let store = PgStore::new(database.clone());
    store.tasks().count(&TaskFilter::default()).await.unwrap();
    admin
        .execute_unprepared(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
    store.tasks().count(&TaskFilter::default()).await.unwrap();
    let metrics = database.metrics();
    let count = &metrics.calls["task.count"];
    assert_eq!((count.succeeded(), count.failed()), (2, 0));
    // On a machine that is so busy that the connection was idle for long, it was tried before.
    let unresponsive = metrics.pool.dropped.get("unresponsive").copied().unwrap_or_default();
    assert_eq!(count.retries + unresponsive, 1, "{metrics:?}");
    assert_eq!(count.dial.count(), 1, "another connection was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_cannot_be_made_are_counted_by_what_prevents_it() {
    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    let admin = connect(&server.url(), |_| {}).await;
    admin.execute_unprepared("CREATE ROLE app LOGIN").await.unwrap();
    let database = connect(&server.url(), |config| config.user = "app".to_owned()).await;
    let unit = PgStore::new(database.clone()).begin().await.unwrap();
    admin.execute_unprepared("ALTER ROLE app NOLOGIN").await.unwrap();

    assert!(PgStore::new(database.clone()).begin().await.is_err());
    let metrics = database.metrics();
    let forbidden = BTreeMap::from([("28000".to_owned(), 1)]);
    assert_eq!(metrics.pool.failures, forbidden);
    assert_eq!(metrics.calls["unit_of_work.begin"].errors, forbidden);
    unit.rollback().await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_longer_than_the_threshold_makes_a_call_slow() {
    let server = migrated_database().await;
    let slow = connect(&server.url(), |config| config.logging.slow_query = Some(Duration::ZERO)).await;
    let never = connect(&server.url(), |config| config.logging.slow_query = None).await;
    for database in [&slow, &never] {
        PgStore::new(database.clone()).tasks().count(&TaskFilter::default()).await.unwrap();
    }
    assert_eq!(slow.metrics().calls["task.count"].slow, 1);
    assert_eq!(slow.metrics().all_calls().slow_rate(), Some(1.0));
    assert_eq!(never.metrics().calls["task.count"].slow, 0);
}

/// What was told to the crate `metrics`: name, labels in order, value.
fn told(recorder: &DebuggingRecorder) -> BTreeMap<String, DebugValue> {
    let snapshot = recorder.snapshotter().snapshot().into_vec();
    let told = snapshot.into_iter().map(|(key, _, _, value)| {
        let key = key.key();
        let mut labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        labels.retain(|label| !label.starts_with("db.namespace="));
        (format!("{} {}", key.name(), labels.join(" ")), value)
    });
    told.collect()
}

fn samples(told: &BTreeMap<String, DebugValue>, name: &str) -> usize {
    match told.get(name) {
        Some(DebugValue::Histogram(values)) => values.len(),
        other => panic!("{name} is {other:?} of {told:#?}"),
    }
}

// A test has one thread, and the recorder is this thread's.
#[tokio::test]
async fn everything_is_told_by_the_names_of_opentelemetry() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.logging.slow_query = Some(Duration::ZERO)).await;
    let recorder = DebuggingRecorder::new();
    let guard = metrics::set_default_local_recorder(&recorder);
    let store = PgStore::new(database.clone());
    let task = NewTask::new("first");
    store.tasks().create(&task).await.unwrap();
    store.tasks().create(&task).await.unwrap_err();
    store.begin().await.unwrap().rollback().await.unwrap();
    database.record_gauges();
    assert!(database.expecting_migrations("schema_migrations", ["later"]).health().await.is_up());
    drop(guard);

    let told = told(&recorder);
    let create = "db.system.name=postgresql db.operation.name=create db.collection.name=tasks";
    assert_eq!(samples(&told, &format!("db.client.operation.duration {create}")), 1);
    assert_eq!(samples(&told, &format!("db.client.operation.duration {create} error.type=23505")), 1);
    for phase in ["wait", "execute"] {
        assert_eq!(
            samples(&told, &format!("taskmaster.db.operation.phase.duration {create} phase={phase}")),
            2
        );
    }
    let begin = "db.client.operation.duration db.system.name=postgresql db.operation.name=begin";
    assert_eq!(samples(&told, begin), 1);
    assert_eq!(told[&format!("taskmaster.db.operation.slow {create}")], DebugValue::Counter(2));
    let pool = "db.system.name=postgresql db.client.connection.pool.name=primary";
    assert_eq!(samples(&told, &format!("db.client.connection.wait_time {pool}")), 3);
    assert_eq!(samples(&told, &format!("db.client.connection.use_time {pool}")), 3);
    let gauge = |name: &str| match told.get(name) {
        Some(DebugValue::Gauge(value)) => value.0.to_string(),
        other => panic!("{name} is {other:?} of {told:#?}"),
    };
    assert_eq!(gauge(&format!("db.client.connection.max {pool}")), "10");
    assert_eq!(gauge(&format!("db.client.connection.count {pool} db.client.connection.state=idle")), "1");
    assert_eq!(gauge(&format!("db.client.connection.count {pool} db.client.connection.state=used")), "0");
    assert_eq!(gauge("taskmaster.db.up db.system.name=postgresql"), "1");
    assert_eq!(gauge("taskmaster.db.migrations.pending db.system.name=postgresql"), "1");
    // Nobody follows this server, so nobody can be behind.
    assert_eq!(gauge("taskmaster.db.replication.lag db.system.name=postgresql"), "NaN");
}
