//! What is tried again, and what is not.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use sea_orm::{ConnectionTrait as _, TransactionSession as _, TransactionTrait as _};
use taskmaster_embedded::{Stop, TestServer, TestServerSettings};
use taskmaster_models::{NewTask, TaskFilter, TaskPatch};
use taskmaster_postgres::{
    Database, PgStore, config::DatabaseConfig, connection::ErrorKind, retrying, retrying_idempotent,
};
use taskmaster_repository::{Repositories, RepositoryError};
use taskmaster_testkit::migrated_database;
use tokio::sync::Barrier;

use super::{KILL_OTHERS, ask, connect, until};

/// Ends the session that waits for a lock in this database, as soon as there is one.
async fn kill_waiting(admin: &Database) {
    let kill = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity \
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while ask(admin, kill).await == "0" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn priority(priority: i32) -> TaskPatch {
    TaskPatch { priority: Some(priority), ..TaskPatch::default() }
}

#[tokio::test]
async fn units_of_work_that_lock_each_other_out_are_run_again_until_both_are_done() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| ()).await;
    let store = PgStore::new(database.clone());
    let (a, b) = (NewTask::new("a"), NewTask::new("b"));
    store.tasks().bulk_create(&[a.clone(), b.clone()]).await.unwrap();
    let both_have_one = Barrier::new(2);
    let runs = AtomicUsize::new(0);
    let work = |first, second| {
        let (store, runs, both_have_one) = (&store, &runs, &both_have_one);
        async move {
            let policy = &store.database().config().retry;
            retrying(store, policy, |uow| async move {
                uow.tasks().update(first, &priority(5)).await?;
                if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                    both_have_one.wait().await;
                }
                uow.tasks().update(second, &priority(6)).await
            })
            .await
        }
    };
    let (one, other) = tokio::join!(work(a.id, b.id), work(b.id, a.id));
    one.unwrap();
    other.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 3, "one of them was run again");
    for id in [a.id, b.id] {
        assert_eq!(store.tasks().find_by_id(id).await.unwrap().unwrap().version, 3);
    }
}

#[tokio::test]
async fn a_commit_whose_outcome_is_unknown_is_made_again_only_if_the_caller_says_so() {
    let server = migrated_database().await;
    let (database, admin) = (connect(&server.url(), |_| ()).await, connect(&server.url(), |_| ()).await);
    let store = PgStore::new(database.clone());
    let policy = &database.config().retry;
    let runs = AtomicUsize::new(0);
    let new = NewTask::new("once");
    let work = |uow: taskmaster_postgres::SharedUnitOfWork| {
        let (admin, runs, new) = (&admin, &runs, &new);
        async move {
            uow.tasks().create_missing(std::slice::from_ref(new)).await?;
            if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                ask(admin, KILL_OTHERS).await;
            }
            Ok(())
        }
    };
    let error = retrying(&store, policy, work).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error:?}");
    assert_eq!(runs.swap(0, Ordering::SeqCst), 1);
    retrying_idempotent(&store, policy, work).await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_unit_of_work_whose_connection_broke_before_the_commit_is_run_again() {
    let server = migrated_database().await;
    let (database, admin) = (connect(&server.url(), |_| ()).await, connect(&server.url(), |_| ()).await);
    let store = PgStore::new(database.clone());
    let runs = AtomicUsize::new(0);
    let (admin, counter) = (&admin, &runs);
    retrying(&store, &database.config().retry, |uow| async move {
        uow.tasks().create(&NewTask::new("a")).await?;
        if counter.fetch_add(1, Ordering::SeqCst) == 0 {
            ask(admin, KILL_OTHERS).await;
        }
        uow.tasks().create(&NewTask::new("b")).await
    })
    .await
    .unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 2);
}

#[tokio::test]
async fn what_lasts_is_not_tried_again() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| ()).await;
    let store = PgStore::new(database.clone());
    let new = NewTask::new("a");
    store.tasks().create(&new).await.unwrap();
    let runs = AtomicUsize::new(0);
    let (new, counter) = (&new, &runs);
    let error = retrying(&store, &database.config().retry, |uow| async move {
        counter.fetch_add(1, Ordering::SeqCst);
        uow.tasks().create(new).await
    })
    .await
    .unwrap_err();
    assert!(matches!(error, RepositoryError::Conflict { .. }), "{error:?}");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_read_whose_connection_is_killed_in_mid_query_is_made_again() {
    let server = migrated_database().await;
    let (database, admin) = (connect(&server.url(), |_| ()).await, connect(&server.url(), |_| ()).await);
    let lock = admin.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let killed_and_free = async {
        kill_waiting(&admin).await;
        lock.rollback().await.unwrap();
    };
    let store = PgStore::new(database.clone());
    let all = TaskFilter::default();
    let (count, ()) = tokio::join!(store.tasks().count(&all), killed_and_free);
    assert_eq!(count.unwrap(), 0);
}

#[tokio::test]
async fn a_write_whose_connection_is_killed_in_mid_query_is_not_made_again() {
    let server = migrated_database().await;
    let (database, admin) = (connect(&server.url(), |_| ()).await, connect(&server.url(), |_| ()).await);
    let store = PgStore::new(database.clone());
    let lock = admin.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let killed_and_free = async {
        kill_waiting(&admin).await;
        lock.rollback().await.unwrap();
    };
    let new = NewTask::new("a");
    let (created, ()) = tokio::join!(store.tasks().create(&new), killed_and_free);
    let error = created.unwrap_err();
    assert!(matches!(error, RepositoryError::Unavailable { .. }) && error.is_outcome_unknown(), "{error:?}");
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_write_that_was_surely_rolled_back_is_made_again() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| ()).await;
    let fails_once = "CREATE SEQUENCE tries; \
        CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            IF nextval('tries') = 1 THEN RAISE 'a concurrent change' USING ERRCODE = '40001'; END IF; RETURN NEW; \
        END $$; \
        CREATE TRIGGER fail_once BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION fail_once()";
    database.execute_unprepared(fails_once).await.unwrap();
    PgStore::new(database.clone()).tasks().create(&NewTask::new("a")).await.unwrap();
    assert_eq!(ask(&database, "SELECT last_value::text FROM tries").await, "2");
    assert_eq!(PgStore::new(database.clone()).tasks().count(&TaskFilter::default()).await.unwrap(), 1);
}

#[tokio::test]
async fn connecting_is_tried_again_until_the_server_is_up() {
    let server = std::sync::Arc::new(TestServer::launch(TestServerSettings::new()).unwrap());
    server.stop(Stop::Fast).unwrap();
    let mut config = DatabaseConfig::from_url(&server.url()).unwrap();
    config.retry.attempts = 1;
    let error = Database::connect(config.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    config.retry.attempts = 1_000;
    config.retry.max_delay = Duration::from_millis(200);
    config.pool.acquire_timeout = Duration::from_mins(1);
    let start = tokio::task::spawn_blocking({
        let server = std::sync::Arc::clone(&server);
        move || server.start().unwrap()
    });
    let database = Database::connect(config).await.unwrap();
    start.await.unwrap();
    assert_eq!(ask(&database, "SELECT 'it works'").await, "it works");
}

#[tokio::test]
async fn a_statement_of_ones_own_is_not_made_again_since_it_may_have_committed_before_it_failed() {
    let server = migrated_database().await;
    let rows = "SELECT count(*)::text FROM t";
    for behind_pooler in [false, true] {
        let database = connect(&server.url(), |config| {
            config.pool.max = 1;
            config.pool.behind_pooler = behind_pooler;
        })
        .await;
        let procedure = "DROP TABLE IF EXISTS t; CREATE TABLE t (i int); CREATE OR REPLACE PROCEDURE p() LANGUAGE plpgsql AS \
            $$ BEGIN INSERT INTO t VALUES (1); COMMIT; RAISE 'later' USING ERRCODE = '40001'; END $$";
        for statement in [
            "CALL p()",
            "INSERT INTO t VALUES (1); COMMIT; SELECT DISTINCT i FROM t FOR UPDATE",
            "INSERT INTO t VALUES (1); COMMIT; EXECUTE nothing",
            "INSERT INTO t VALUES (1); COMMIT; SELECT pg_terminate_backend(pg_backend_pid())",
        ] {
            database.execute_unprepared(procedure).await.unwrap();
            let error = database.execute_unprepared(statement).await.unwrap_err();
            // Behind a pooler it is in a transaction, where a procedure must not commit.
            let expected = if behind_pooler && statement == "CALL p()" { "0" } else { "1" };
            assert_eq!(ask(&database, rows).await, expected, "{statement}: {error}");
        }
    }
}

#[tokio::test]
async fn a_unit_of_work_that_is_still_held_hides_no_error_of_its_work() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| ()).await;
    let store = PgStore::new(database.clone());
    let held = std::sync::Mutex::new(None);
    let error = retrying(&store, &database.config().retry, |uow| {
        *held.lock().unwrap() = Some(uow);
        async move { Err::<(), _>(RepositoryError::not_found("task", 7)) }
    })
    .await
    .unwrap_err();
    assert!(matches!(error, RepositoryError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn a_changed_table_costs_no_unit_of_work_that_is_run_again() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let changed = connect(&server.url(), |config| config.pool.max = 1).await;
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let find = || {
        retrying(&store, &database.config().retry, |uow| async move { uow.tasks().find_by_id(task.id).await })
    };
    find().await.unwrap();
    let change = "DROP VIEW IF EXISTS active_tasks CASCADE; \
                  ALTER TABLE tasks ALTER COLUMN assigned_to TYPE varchar(300)";
    changed.execute_unprepared(change).await.unwrap();
    assert_eq!(find().await.unwrap().map(|found| found.id), Some(task.id));
    database.execute_unprepared("DEALLOCATE ALL").await.unwrap();
    assert_eq!(find().await.unwrap().map(|found| found.id), Some(task.id));
}

#[tokio::test]
async fn a_primary_that_takes_no_writes_any_more_is_left_for_the_one_that_does() {
    let old = TestServer::launch(TestServerSettings::new()).unwrap();
    let new = TestServer::launch(TestServerSettings::new()).unwrap();
    let mut config = DatabaseConfig::from_url(&old.url()).unwrap();
    config.hosts.extend(DatabaseConfig::from_url(&new.url()).unwrap().hosts);
    config.pool.min = 0;
    for server in [&old, &new] {
        let admin = connect(&server.url(), |_| ()).await;
        admin.execute_unprepared("CREATE TABLE t (i int)").await.unwrap();
    }
    let database = Database::connect(config).await.unwrap();
    let admin = connect(&old.url(), |config| config.pool.max = 1).await;
    admin.execute_unprepared("ALTER SYSTEM SET default_transaction_read_only = on").await.unwrap();
    old.reload().unwrap();
    until(&database, "SHOW default_transaction_read_only", "on").await;
    // This one finds out, unless a look at a session that was given back did so before.
    let _ = database.execute_unprepared("INSERT INTO t VALUES (1)").await;
    database.execute_unprepared("INSERT INTO t VALUES (2)").await.unwrap();
}
