//! Bulk writes and streams, where a connection, a snapshot or a number of rows matters.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use futures::{FutureExt, TryStreamExt};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use taskmaster_models::{Actor, MetricFilter, MetricType, NewMetric, NewTask, PageRequest, TaskFilter};
use taskmaster_postgres::{Pg, PgStore};
use taskmaster_repository::{Repositories, Store, bulk_create};
use taskmaster_testkit::migrated_database;

fn titled(number: usize) -> Vec<NewTask> {
    (0..number).map(|n| NewTask::new(format!("Task {n}"))).collect()
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn fault_25_a_hundred_thousand_tasks_go_in_at_once_and_each_leaves_its_trail() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().acting_as(&Actor::user("importer")).unwrap();
    let new = titled(100_000);
    let mut told = Vec::new();

    let written = bulk_create(&*store, &new, |progress| told.push(progress.written)).await.unwrap();

    assert_eq!(written, 100_000);
    assert_eq!(told, (1..=20).map(|step| step * 5_000).collect::<Vec<_>>());
    assert_eq!(number(&db, "SELECT count(*) FROM tasks").await, 100_000);
    let trail =
        "SELECT count(DISTINCT entity_id) FROM audit_logs WHERE user_id = 'importer' AND action = 'create'";
    assert_eq!(number(&db, trail).await, 100_000);
    let transactions = "SELECT count(DISTINCT transaction_id) FROM audit_logs";
    assert_eq!(number(&db, transactions).await, 1);
}

#[tokio::test]
async fn fault_25_a_hundred_thousand_metrics_go_in_with_one_statement_and_come_back_as_a_stream() {
    let database = migrated_database().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let new: Vec<_> =
        (0..100_000).map(|n| NewMetric::new(MetricType::Query, "find_by_ms", f64::from(n) / 8.0)).collect();
    assert_eq!(store.metrics().record_many(&new).await.unwrap(), 100_000);
    let found = store.metrics().statistics(&MetricFilter::default()).await.unwrap();
    assert_eq!((found.total, found.max), (100_000, Some(12_499.875)));

    let filter = MetricFilter::default();
    let mut stream = store.metrics().stream(&filter, PageRequest::default().limit(1000).ascending());
    let mut expected = new.iter().map(|new| new.id);
    while let Some(metric) = stream.try_next().await.unwrap() {
        assert_eq!(Some(metric.id), expected.next());
    }
    assert_eq!(expected.next(), None);
}

#[tokio::test]
async fn a_bulk_write_that_is_dropped_leaves_no_row_and_no_connection_behind() {
    let database = migrated_database().await;
    let mut options = ConnectOptions::new(database.url());
    options.max_connections(1);
    let store = Pg::new(Database::connect(options).await.unwrap());
    let new = titled(10_000);
    for _ in 0..2 {
        let (told, first_step) = futures::channel::oneshot::channel();
        let mut told = Some(told);
        let writing = bulk_create(&store, &new, move |_| {
            told.take().map(|told| told.send(()));
        });
        futures::select_biased! {
            _ = first_step.fuse() => {}
            written = writing.boxed().fuse() => panic!("{written:?} though nobody waited for it"),
        }
        assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
    }
    assert_eq!(bulk_create(&store, &new, |_| {}).await.unwrap(), 10_000);
}

#[tokio::test]
async fn a_stream_holds_no_connection_between_two_pages() {
    let database = migrated_database().await;
    let mut options = ConnectOptions::new(database.url());
    options.max_connections(1);
    let store = Pg::new(Database::connect(options).await.unwrap());
    store.tasks().bulk_create(&titled(10)).await.unwrap();
    let filter = TaskFilter::default();
    let mut streams: Vec<_> =
        (0..3).map(|_| store.tasks().stream(&filter, PageRequest::default().limit(2))).collect();
    for _ in 0..10 {
        for stream in &mut streams {
            let task = stream.try_next().await.unwrap().unwrap();
            assert!(store.tasks().find_by_id(task.id).await.unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn a_stream_within_a_repeatable_read_is_one_snapshot() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    db.execute_unprepared(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = %L', \
         current_database(), 'repeatable read'); END $$",
    )
    .await
    .unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    store.tasks().bulk_create(&titled(250)).await.unwrap();
    let filter = TaskFilter::default();
    let order = PageRequest::default().limit(100).ascending();

    let uow = store.begin().await.unwrap();
    let mut within = uow.tasks().stream(&filter, order.clone());
    let mut without = store.tasks().stream(&filter, order);
    assert!(within.try_next().await.unwrap().is_some() && without.try_next().await.unwrap().is_some());
    store.tasks().create(&NewTask::new("Ahead")).await.unwrap();

    assert_eq!(within.try_collect::<Vec<_>>().await.unwrap().len(), 249);
    assert_eq!(without.try_collect::<Vec<_>>().await.unwrap().len(), 250);
    uow.commit().await.unwrap();
}
