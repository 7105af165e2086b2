//! Who gets a connection, and in which state.

use std::time::Duration;

use sea_orm::{ConnectionTrait, TransactionError, TransactionSession, TransactionTrait};
use taskmaster_models::{NewTask, TaskFilter};
use taskmaster_postgres::{Database, PgStore, PoolStatus, config::DatabaseConfig, connection::ErrorKind};
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;

use super::{KILL_OTHERS, PID, ask, connect, until};

/// Waits until the pool is like this.
async fn settles(database: &Database, is_so: impl Fn(PoolStatus) -> bool) {
    while !is_so(database.status()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn fault_05_killed_idle_connections_cost_no_reader_an_error_and_the_pool_works_again_at_once() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.pool.max = 1).await;
    let database = connect(&server.url(), |config| config.pool.max = 5).await;
    let store = PgStore::new(database.clone());
    let mut units = Vec::new();
    for _ in 0..5 {
        units.push(store.begin().await.unwrap());
    }
    for unit in units {
        unit.rollback().await.unwrap();
    }
    assert_eq!(database.status(), PoolStatus { size: 5, idle: 5, in_use: 0, waiting: 0, max: 5 });

    assert_eq!(ask(&admin, KILL_OTHERS).await, "5");

    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
    for n in 0..10 {
        store.tasks().create(&NewTask::new(format!("task {n}"))).await.unwrap();
    }
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 10);
}

#[tokio::test]
async fn fault_15_a_wait_for_a_connection_ends_and_names_who_holds_them() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| {
        config.pool.max = 1;
        config.pool.acquire_timeout = Duration::from_millis(100);
    })
    .await;
    let store = PgStore::new(database.clone());
    let uow = store.begin().await.unwrap();
    uow.tasks().create(&NewTask::new("a")).await.unwrap();

    let error = store.tasks().count(&TaskFilter::default()).await.unwrap_err();

    let told = error.to_string();
    assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
    assert!(told.contains("1 in use: task.create for ") && told.contains("larger pool"), "{told}");
    uow.commit().await.unwrap();
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 1);
}

#[tokio::test]
async fn fault_15_a_rollback_that_fails_hides_no_error_and_gives_no_broken_connection_back() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let ended: Result<(), _> = database
        .transaction(|transaction| {
            Box::pin(async move {
                let _ = transaction.execute_unprepared("SELECT pg_terminate_backend(pg_backend_pid())").await;
                Err("what went wrong first".to_owned())
            })
        })
        .await;
    let Err(TransactionError::Transaction(error)) = ended else { panic!("{ended:?}") };
    assert_eq!(error, "what went wrong first");
    assert_eq!(ask(&database, "SELECT 'it works'").await, "it works");
}

#[tokio::test]
async fn fault_16_what_somebody_sets_is_gone_when_the_next_one_has_the_connection() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let pid = ask(&database, PID).await;
    let touches = [
        "SET statement_timeout = '77ms'",
        "SET lock_timeout = '1ms'",
        "SET search_path = pg_catalog",
        "SET default_transaction_isolation = serializable",
        "CREATE TEMP TABLE tasks (id int)",
        "SELECT pg_advisory_lock(7)",
        "SET statement_timeout = '77ms'; SELECT 1/0",
    ];
    let as_it_was = "SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), \
                            current_setting('search_path'), current_setting('default_transaction_isolation'), \
                            to_regclass('pg_temp.tasks'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'))";
    let before = ask(&database, as_it_was).await;
    assert!(before.starts_with("1min 30s"), "{before}");
    for touch in touches {
        let _ = database.execute_unprepared(touch).await;
        assert_eq!(ask(&database, as_it_was).await, before, "after {touch}");
        for keep in [true, false] {
            let transaction = database.begin().await.unwrap();
            let _ = transaction.execute_unprepared(touch).await;
            let _ = if keep { transaction.commit().await } else { transaction.rollback().await };
            assert_eq!(ask(&database, as_it_was).await, before, "after {touch} in a transaction");
        }
        let transaction = database.begin().await.unwrap();
        let _ = transaction.execute_unprepared(touch).await;
        drop(transaction);
        assert_eq!(
            ask(&database, as_it_was).await,
            before,
            "after {touch} in a transaction that was dropped"
        );
    }
    assert_eq!(ask(&database, PID).await, pid, "it is the same session all the time");
}

#[tokio::test]
async fn as_many_connections_as_configured_are_kept_open_and_the_others_closed() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| {
        config.pool.min = 2;
        config.pool.max = 6;
        config.pool.idle_timeout = Duration::from_millis(100);
    })
    .await;
    settles(&database, |status| status.size == 2 && status.idle == 2).await;
    let mut units = Vec::new();
    for _ in 0..6 {
        units.push(PgStore::new(database.clone()).begin().await.unwrap());
    }
    assert_eq!(database.status(), PoolStatus { size: 6, idle: 0, in_use: 6, waiting: 0, max: 6 });
    drop(units);
    settles(&database, |status| status.size == 2 && status.idle == 2).await;
    assert_eq!(ask(&database, "SELECT 'it works'").await, "it works");
}

#[tokio::test]
async fn a_connection_is_replaced_when_it_is_old() {
    let server = migrated_database().await;
    let database =
        connect(&server.url(), |config| config.pool.max_lifetime = Duration::from_millis(200)).await;
    let first = ask(&database, PID).await;
    while ask(&database, PID).await == first {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_pool_larger_than_the_server_is_refused_with_the_numbers() {
    let server = migrated_database().await;
    let mut config = DatabaseConfig::from_url(&server.url()).unwrap();
    config.pool.max = 9_999;
    let error = Database::connect(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error:?}");
    let told = error.to_string();
    assert!(
        told.contains("9999 connections, and the server has ") && told.contains("smaller pool"),
        "{told}"
    );
}

#[tokio::test]
async fn who_holds_a_connection_for_long_is_told() {
    let server = migrated_database().await;
    let database =
        connect(&server.url(), |config| config.pool.leak_threshold = Duration::from_millis(50)).await;
    assert_eq!(database.leaks(), []);
    let uow = PgStore::new(database.clone()).begin().await.unwrap();
    uow.tasks().create(&NewTask::new("forgotten")).await.unwrap();
    while database.leaks().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let [leak] = &database.leaks()[..] else { panic!("{:?}", database.leaks()) };
    assert_eq!(leak.call, "task.create");
    assert!(leak.held_for >= Duration::from_millis(50));
    uow.rollback().await.unwrap();
    assert_eq!(database.leaks(), []);
}

#[tokio::test]
async fn with_the_last_handle_all_connections_go() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.pool.max = 1).await;
    let database = connect(&server.url(), |config| {
        config.application_name = "short-lived".to_owned();
        config.pool.min = 3;
    })
    .await;
    let count = "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'short-lived'";
    until(&admin, count, "3").await;
    let store = PgStore::new(database.clone());
    drop(database);
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
    drop(store);
    until(&admin, count, "0").await;
}

#[tokio::test]
async fn fault_19_connecting_in_vain_leaves_no_connection_behind() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.pool.max = 1).await;
    for _ in 0..5 {
        let mut config = DatabaseConfig::from_url(&server.url()).unwrap();
        config.application_name = "in-vain".to_owned();
        config.pool.max = 9_999;
        Database::connect(config).await.unwrap_err();
    }
    let count = "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'in-vain'";
    until(&admin, count, "0").await;
}

#[tokio::test]
async fn a_savepoint_that_is_dropped_undoes_what_it_did_and_no_more() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    database.execute_unprepared("CREATE TABLE steps (step text)").await.unwrap();
    let write = async |conn: &taskmaster_postgres::Transaction, step: &str| {
        conn.execute_unprepared(&format!("INSERT INTO steps VALUES ('{step}')")).await.unwrap();
    };
    let outer = database.begin().await.unwrap();
    write(&outer, "outer").await;
    let kept = outer.begin().await.unwrap();
    write(&kept, "kept").await;
    kept.commit().await.unwrap();
    let dropped = outer.begin().await.unwrap();
    write(&dropped, "dropped").await;
    let inner = dropped.begin().await.unwrap();
    write(&inner, "inner").await;
    drop(inner);
    drop(dropped);
    let failed = outer.begin().await.unwrap();
    failed.execute_unprepared("SELECT 1/0").await.unwrap_err();
    failed.rollback().await.unwrap();
    write(&outer, "last").await;
    outer.commit().await.unwrap();
    let steps = ask(&database, "SELECT string_agg(step, ' ' ORDER BY step) FROM steps").await;
    assert_eq!(steps, "kept last outer");
}

#[tokio::test]
async fn a_transaction_in_which_a_statement_failed_cannot_be_committed_in_silence() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let transaction = database.begin().await.unwrap();
    transaction.execute_unprepared("SELECT 1/0").await.unwrap_err();
    let error = transaction.commit().await.unwrap_err().to_string();
    assert!(error.contains("nothing of it was kept"), "{error}");
    assert_eq!(ask(&database, "SELECT 'it works'").await, "it works");
}

#[tokio::test]
async fn a_changed_table_costs_nobody_an_error() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let changed = connect(&server.url(), |config| config.pool.max = 1).await;
    changed.execute_unprepared("CREATE TABLE wide AS SELECT 'it works' AS a, 1 AS b").await.unwrap();
    assert_eq!(ask(&database, "SELECT * FROM wide").await, "it works");
    // PostgreSQL refuses the prepared statement from now on, each time.
    changed.execute_unprepared("ALTER TABLE wide ALTER COLUMN b TYPE bigint").await.unwrap();
    assert_eq!(ask(&database, "SELECT * FROM wide").await, "it works");
}

#[tokio::test]
async fn behind_a_pooler_each_call_brings_its_settings_and_leaves_nothing() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| {
        config.pool.max = 1;
        config.pool.behind_pooler = true;
    })
    .await;
    let settings = "SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), \
                           (SELECT count(*) FROM pg_prepared_statements))";
    assert_eq!(ask(&database, settings).await, "1min 30s 0");
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task.clone()));
    let again = NewTask { id: task.id, ..NewTask::new("a") };
    assert!(matches!(store.tasks().create(&again).await, Err(RepositoryError::Conflict { .. })));
    let uow = store.begin().await.unwrap();
    assert!(uow.tasks().delete(task.id).await.unwrap());
    uow.commit().await.unwrap();
    // After COMMIT the session is as the pooler would find it.
    let after = "COMMIT; DO $$ BEGIN ASSERT current_setting('lock_timeout') = '0'; END $$; BEGIN";
    database.execute_unprepared(after).await.unwrap();
}

#[tokio::test]
async fn a_transaction_begun_by_a_statement_ends_with_it_and_takes_no_write_of_the_next_one_along() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.pool.max = 1).await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    for (nth, begun) in ["BEGIN", "START TRANSACTION READ ONLY", "BEGIN; SELECT 1/0"].into_iter().enumerate()
    {
        let _ = database.execute_unprepared(begun).await;
        PgStore::new(database.clone()).tasks().create(&NewTask::new("acknowledged")).await.unwrap();
        let seen = PgStore::new(admin.clone()).tasks().count(&TaskFilter::default()).await.unwrap();
        assert_eq!(usize::try_from(seen), Ok(nth + 1), "after {begun}");
    }
}

#[tokio::test]
async fn what_somebody_prepares_by_a_statement_is_gone_when_the_next_one_has_the_connection() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    database.execute_unprepared("PREPARE mine AS SELECT 'of the one before'").await.unwrap();
    database.execute_unprepared("EXECUTE mine").await.unwrap_err();
}

#[tokio::test]
async fn a_savepoint_that_failed_and_was_dropped_does_not_cost_the_transaction() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let outer = database.begin().await.unwrap();
    let savepoint = outer.begin().await.unwrap();
    savepoint.execute_unprepared("SELECT 1/0").await.unwrap_err();
    drop(savepoint);
    outer.commit().await.unwrap();
}

#[tokio::test]
async fn a_savepoint_ends_with_the_one_around_it() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let outer = database.begin().await.unwrap();
    for ends in ["dropped", "committed"] {
        let around = outer.begin().await.unwrap();
        let within = around.begin().await.unwrap();
        around.commit().await.unwrap();
        if ends == "dropped" {
            drop(within);
        } else {
            assert!(within.commit().await.unwrap_err().to_string().contains("the one around it"));
        }
        outer.execute_unprepared("SELECT 1").await.unwrap();
    }
    outer.commit().await.unwrap();
}
