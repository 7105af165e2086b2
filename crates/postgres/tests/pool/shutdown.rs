//! The end: who may finish, who is cut, and what is told about it.

use std::time::Duration;

use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use taskmaster_embedded::{Stop, TestServer, TestServerSettings};
use taskmaster_models::{NewTask, TaskFilter, TaskPatch};
use taskmaster_postgres::{Database, PgStore, config::DatabaseConfig};
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;

use super::{ask, connect, until};

const LONG: Duration = Duration::from_mins(10);

fn named(config: &mut DatabaseConfig) {
    "ending".clone_into(&mut config.application_name);
}

/// How many sessions of the pool there are.
const SESSIONS: &str = "SELECT count(*)::text FROM pg_stat_activity \
                        WHERE datname = current_database() AND application_name = 'ending'";

async fn refuses(store: &dyn Store) {
    let error = store.tasks().count(&TaskFilter::default()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("shutting down"), "{error}");
    assert!(store.begin().await.is_err());
}

#[tokio::test]
async fn what_runs_may_finish_and_nothing_new_begins() {
    let server = migrated_database().await;
    let database = connect(&server.url(), named).await;
    let store = PgStore::new(database.clone());
    let uow = store.begin().await.unwrap();
    uow.tasks().create(&NewTask::new("a")).await.unwrap();
    let ending = tokio::spawn({
        let database = database.clone();
        async move { database.shutdown(LONG).await }
    });
    while store.tasks().count(&TaskFilter::default()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    refuses(&store).await;
    // What was begun before goes on.
    uow.tasks().create(&NewTask::new("b")).await.unwrap();
    uow.commit().await.unwrap();
    let report = ending.await.unwrap();
    assert_eq!((report.cut, report.server_told), (vec![], true));
    let after = Database::connect(DatabaseConfig::from_url(&server.url()).unwrap()).await.unwrap();
    assert_eq!(PgStore::new(after.clone()).tasks().count(&TaskFilter::default()).await.unwrap(), 2);
    until(&after, SESSIONS, "0").await;
}

#[tokio::test]
async fn what_is_not_done_by_the_deadline_is_cut_on_the_server_and_named() {
    let server = migrated_database().await;
    let database = connect(&server.url(), named).await;
    let other = Database::connect(DatabaseConfig::from_url(&server.url()).unwrap()).await.unwrap();
    let task = PgStore::new(other.clone()).tasks().create(&NewTask::new("a")).await.unwrap();
    let holder = PgStore::new(other.clone()).begin().await.unwrap();
    let patch = TaskPatch { priority: Some(1), ..TaskPatch::default() };
    holder.tasks().update(task.id, &patch).await.unwrap();
    let waiting = tokio::spawn({
        let (store, patch) = (PgStore::new(database.clone()), patch.clone());
        async move { store.tasks().update(task.id, &patch).await }
    });
    let waits = "SELECT count(*)::text FROM pg_stat_activity \
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until(&other, waits, "1").await;
    // A unit of work that somebody has forgotten.
    let forgotten = PgStore::new(database.clone()).begin().await.unwrap();
    forgotten.tasks().create(&NewTask::new("never kept")).await.unwrap();

    let report = database.shutdown(Duration::from_millis(50)).await;

    let mut cut: Vec<_> = report.cut.iter().map(|held| held.call).collect();
    cut.sort_unstable();
    assert_eq!(cut, ["task.create", "task.update"]);
    assert!(report.server_told);
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, RepositoryError::Timeout { .. }), "{error:?}");
    until(&other, SESSIONS, "0").await;
    assert!(forgotten.commit().await.is_err());
    holder.commit().await.unwrap();
    assert_eq!(PgStore::new(other.clone()).tasks().count(&TaskFilter::default()).await.unwrap(), 1);
}

#[tokio::test]
async fn whoever_waits_for_a_connection_is_refused_at_the_deadline() {
    let server = migrated_database().await;
    let mut config = DatabaseConfig::from_url(&server.url()).unwrap();
    config.pool.min = 0;
    config.pool.max = 1;
    let database = Database::connect(config).await.unwrap();
    let held = PgStore::new(database.clone()).begin().await.unwrap();
    let waiting = tokio::spawn({
        let store = PgStore::new(database.clone());
        async move { store.tasks().count(&TaskFilter::default()).await }
    });
    while database.status().waiting == 0 {
        tokio::task::yield_now().await;
    }
    database.shutdown(Duration::from_millis(10)).await;
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error:?}");
    drop(held);
}

#[tokio::test]
async fn behind_a_pooler_nobody_can_be_told_what_to_cut_and_the_report_says_so() {
    let server = migrated_database().await;
    let other = connect(&server.url(), |config| config.pool.max = 1).await;
    let database = connect(&server.url(), |config| config.pool.behind_pooler = true).await;
    let waits = "SELECT count(*)::text FROM pg_locks \
                 WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                 AND NOT granted";
    let holder = other.begin().await.unwrap();
    holder.execute_unprepared("SELECT pg_advisory_xact_lock(7)").await.unwrap();
    let call = tokio::spawn({
        let database = database.clone();
        async move { database.execute_unprepared("SELECT pg_advisory_xact_lock(7)").await.is_ok() }
    });
    until(&holder, waits, "1").await;
    let report = database.shutdown(Duration::from_millis(50)).await;
    assert_eq!((report.cut.len(), report.server_told), (1, false));
    assert_eq!(ask(&holder, waits).await, "1", "it runs on");
    call.abort();
}

#[tokio::test]
async fn it_can_be_asked_for_by_many_and_again() {
    let server = migrated_database().await;
    let database = connect(&server.url(), named).await;
    let reports = futures::future::join_all((0..5).map(|_| database.shutdown(LONG))).await;
    assert!(reports.iter().all(|report| *report == reports[0]));
    assert_eq!(database.shutdown(LONG).await, reports[0]);
    refuses(&PgStore::new(database.clone())).await;
}

#[tokio::test]
async fn a_dead_server_holds_it_up_no_longer_than_the_deadline_and_a_little() {
    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    let database = connect(&server.url(), named).await;
    let (tell, begun) = tokio::sync::oneshot::channel();
    let asleep = tokio::spawn({
        let database = database.clone();
        async move {
            let transaction = database.begin().await.unwrap();
            tell.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(transaction);
        }
    });
    begun.await.unwrap();
    server.stop(Stop::Immediate).unwrap();
    let report = database.shutdown(Duration::from_millis(10)).await;
    assert_eq!(report.cut.len(), 1);
    assert!(!report.server_told);
    asleep.abort();
}
