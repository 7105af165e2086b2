//! Calls that nobody waits for any more, and calls whose time is up.

use std::time::Duration;

use sea_orm::{ConnectionTrait, TransactionSession as _, TransactionTrait as _};
use taskmaster_models::{NewTask, TaskFilter, TaskPatch};
use taskmaster_postgres::{PgStore, within};
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;
use tokio::time::timeout;

use super::{PID, ask, connect, until};

/// How many other sessions run a statement.
const RUNNING: &str = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() \
                       AND backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()";

fn priority(priority: i32) -> TaskPatch {
    TaskPatch { priority: Some(priority), ..TaskPatch::default() }
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_ends_on_the_server_and_its_connection_is_not_used_again() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.pool.max = 1).await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let pid = ask(&database, PID).await;
    {
        let asleep = database.execute_unprepared("SELECT pg_sleep(600)");
        tokio::pin!(asleep);
        tokio::select! {
            ended = &mut asleep => panic!("{ended:?}"),
            () = until(&admin, RUNNING, "1") => {}
        }
    }
    // The pool has room for one connection, so this waits until that one is done for.
    assert_ne!(ask(&database, PID).await, pid);
    until(&admin, RUNNING, "0").await;
}

#[tokio::test]
async fn a_storm_of_dropped_calls_overruns_neither_the_server_nor_the_pool() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.pool.max = 1).await;
    let database = connect(&server.url(), |config| {
        config.pool.max = 4;
        config.application_name = "storm".to_owned();
    })
    .await;
    for _ in 0..10 {
        let calls =
            (0..8).map(|_| timeout(Duration::from_millis(20), ask(&database, "SELECT pg_sleep(600)::text")));
        futures::future::join_all(calls).await;
        let open = "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'storm'";
        // Four of the pool, and two that cancel.
        assert!(ask(&admin, open).await.parse::<u32>().unwrap() <= 6);
    }
    assert_eq!(ask(&database, "SELECT 'it works'").await, "it works");
    until(&admin, RUNNING, "0").await;
}

#[tokio::test]
async fn a_write_whose_time_is_up_says_that_its_outcome_is_unknown_and_ends_on_the_server() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 3).await;
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let holder = store.begin().await.unwrap();
    holder.tasks().update(task.id, &priority(1)).await.unwrap();

    let late = within(Duration::from_millis(200), store.tasks().update(task.id, &priority(2))).await;

    let error = late.unwrap_err();
    assert!(matches!(error, RepositoryError::Timeout { .. }) && error.is_outcome_unknown(), "{error:?}");
    assert!(error.to_string().contains("whether the write has taken place is not known"), "{error}");
    until(&database, RUNNING, "0").await;
    holder.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap().unwrap().priority, 1);
}

#[tokio::test]
async fn a_read_whose_time_is_up_has_no_outcome_to_know() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.timeouts.call = Duration::from_millis(200)).await;
    let admin = connect(&server.url(), |config| config.pool.max = 1).await;
    let lock = admin.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let error = PgStore::new(database.clone()).tasks().count(&TaskFilter::default()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Timeout { .. }) && !error.is_outcome_unknown(), "{error:?}");
    lock.rollback().await.unwrap();
    assert_eq!(PgStore::new(database.clone()).tasks().count(&TaskFilter::default()).await.unwrap(), 0);
}

#[tokio::test]
async fn the_time_of_a_call_is_also_up_while_it_waits_for_a_connection() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let store = PgStore::new(database.clone());
    let uow = store.begin().await.unwrap();
    let new = NewTask::new("a");
    let error = within(Duration::from_millis(50), store.tasks().create(&new)).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Timeout { .. }), "{error:?}");
    assert!(!error.is_outcome_unknown(), "it was never sent");
    uow.rollback().await.unwrap();
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_deadline_only_ever_shortens() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.timeouts.call = Duration::from_millis(100)).await;
    let asleep = within(Duration::from_mins(10), database.execute_unprepared("SELECT pg_sleep(600)"));
    assert!(asleep.await.is_err());
    let inner =
        async { within(Duration::from_mins(10), database.execute_unprepared("SELECT pg_sleep(600)")).await };
    assert!(within(Duration::from_millis(10), inner).await.is_err());
}

#[tokio::test]
async fn a_unit_of_work_dropped_in_mid_statement_lets_go_of_its_locks() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 3).await;
    let store = PgStore::new(database.clone());
    let (a, b) = (NewTask::new("a"), NewTask::new("b"));
    store.tasks().bulk_create(&[a.clone(), b.clone()]).await.unwrap();
    let holder = store.begin().await.unwrap();
    holder.tasks().update(b.id, &priority(1)).await.unwrap();

    let dropped = store.begin().await.unwrap();
    dropped.tasks().update(a.id, &priority(2)).await.unwrap();
    timeout(Duration::from_millis(100), dropped.tasks().update(b.id, &priority(2))).await.unwrap_err();
    drop(dropped);

    assert_eq!(store.tasks().update(a.id, &priority(3)).await.unwrap().version, 2);
    holder.rollback().await.unwrap();
    assert_eq!(store.tasks().update(b.id, &priority(3)).await.unwrap().version, 2);
}

#[tokio::test]
async fn a_unit_of_work_in_which_the_time_was_up_rolls_back_at_once() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 2).await;
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let holder = store.begin().await.unwrap();
    holder.tasks().update(task.id, &priority(1)).await.unwrap();

    let uow = store.begin().await.unwrap();
    let lost = uow.tasks().create(&NewTask::new("lost")).await.unwrap();
    let late = within(Duration::from_millis(100), uow.tasks().update(task.id, &priority(2))).await;
    assert!(matches!(late, Err(RepositoryError::Timeout { .. })), "{late:?}");
    // The statement still waits for the holder's lock; a rollback on its connection would, too.
    timeout(Duration::from_mins(1), uow.rollback()).await.unwrap().unwrap();

    holder.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(lost.id).await.unwrap(), None);
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap().unwrap().priority, 1);
}

#[tokio::test]
async fn a_write_whose_time_is_up_before_it_begins_is_not_sent() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let store = PgStore::new(database.clone());
    store.tasks().create(&NewTask::new("in time")).await.unwrap();
    let pid = ask(&database, PID).await;
    let new = NewTask::new("too late");
    let late = within(Duration::ZERO, store.tasks().create(&new)).await;
    let error = late.unwrap_err();
    assert!(matches!(error, RepositoryError::Timeout { .. }) && !error.is_outcome_unknown(), "{error:?}");
    // The same session does what comes later, so whatever was sent before has ended.
    assert_eq!(ask(&database, PID).await, pid);
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_commit_whose_time_is_up_before_it_begins_is_not_sent() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let uow = PgStore::new(database.clone()).begin().await.unwrap();
    uow.tasks().create(&NewTask::new("a")).await.unwrap();
    let error = within(Duration::ZERO, uow.commit()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Timeout { .. }) && !error.is_outcome_unknown(), "{error:?}");
    assert_eq!(PgStore::new(database.clone()).tasks().count(&TaskFilter::default()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_transaction_in_which_the_time_was_up_cannot_be_committed_whether_the_statement_was_sent_or_not() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 3).await;
    database.execute_unprepared("CREATE TABLE t (i int)").await.unwrap();
    let insert = "INSERT INTO t VALUES (1)";
    let holder = database.begin().await.unwrap();
    let transaction = database.begin().await.unwrap();
    let unsent = database.begin().await.unwrap();
    unsent.execute_unprepared(insert).await.unwrap();
    within(Duration::ZERO, unsent.execute_unprepared(insert)).await.unwrap_err();
    let error = unsent.commit().await.unwrap_err().to_string();
    assert!(error.contains("nothing of it was kept"), "{error}");
    holder.execute_unprepared("LOCK TABLE t").await.unwrap();
    within(Duration::from_millis(100), transaction.execute_unprepared(insert)).await.unwrap_err();
    holder.rollback().await.unwrap();
    let error = transaction.execute_unprepared(insert).await.unwrap_err().to_string();
    assert!(error.contains("nothing of it is kept"), "{error}");
    transaction.commit().await.unwrap_err();
    assert_eq!(ask(&database, "SELECT count(*)::text FROM t").await, "0");
}

#[tokio::test]
async fn a_unit_of_work_whose_statement_was_dropped_cannot_be_committed() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 3).await;
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let holder = store.begin().await.unwrap();
    holder.tasks().update(task.id, &priority(1)).await.unwrap();
    let uow = store.begin().await.unwrap();
    timeout(Duration::from_millis(100), uow.tasks().update(task.id, &priority(7))).await.unwrap_err();
    holder.rollback().await.unwrap();
    let error = uow.commit().await.unwrap_err();
    assert!(error.to_string().contains("nothing of it is kept"), "{error}");
    assert!(!error.is_outcome_unknown(), "{error:?}");
    // Waits for the lock of whoever would still keep it.
    assert_eq!(store.tasks().update(task.id, &priority(3)).await.unwrap().version, 2);
}

#[tokio::test]
async fn a_limit_without_end_is_none() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| ()).await;
    assert_eq!(within(Duration::MAX, ask(&database, "SELECT 'it works'")).await, "it works");
    database.shutdown(Duration::MAX).await;
}
