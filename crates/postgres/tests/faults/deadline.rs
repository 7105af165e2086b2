//! Statements that take too long.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait as _, DbBackend, Statement,
    sqlx::{self, PgConnection},
};
use taskmaster_models::NewTask;
use taskmaster_postgres::{Database, PgStore, config::DatabaseConfig, within};
use taskmaster_repository::{Repositories as _, RepositoryError, Store as _};

use crate::stage::Stage;

const RUNNING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'taskmaster' AND state = 'active'";

async fn tell(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

/// One write that would have to wait for a lock, and one afterwards.
async fn is_given_up(stage: &Stage, config: DatabaseConfig, limit: Option<Duration>) {
    let database = Database::connect(config).await.unwrap();
    let store = PgStore::new(database.clone());
    let mut other = stage.connect().await;
    tell(&mut other, "BEGIN; LOCK TABLE tasks").await;

    let slow = NewTask::new("too slow");
    let create = store.tasks().create(&slow);
    let answer = match limit {
        Some(limit) => within(limit, create).await,
        None => create.await,
    };
    let error = answer.unwrap_err();
    assert!(matches!(error, RepositoryError::Timeout { .. }), "{error:?}");

    assert!(database.health().await.is_up(), "health waits for no lock");
    stage.await_count(0, RUNNING).await;
    tell(&mut other, "ROLLBACK").await;
    store.tasks().create(&NewTask::new("in time")).await.unwrap();
    assert_eq!(stage.ask("SELECT count(*) FROM tasks WHERE title = 'too slow'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_past_its_own_deadline_ends_here_and_on_the_server() {
    let stage = Stage::set().await;
    is_given_up(&stage, stage.config(), Some(Duration::from_millis(300))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_past_the_deadline_of_all_calls_ends_here_and_on_the_server() {
    let stage = Stage::set().await;
    let mut config = stage.config();
    config.timeouts.call = Duration::from_secs(1);
    is_given_up(&stage, config, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_past_its_limit_is_ended_by_the_server() {
    let stage = Stage::set().await;
    let mut config = stage.config();
    config.timeouts.statement = Duration::from_millis(500);
    is_given_up(&stage, config, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_a_lock_past_its_limit_is_ended_by_the_server() {
    let stage = Stage::set().await;
    let mut config = stage.config();
    config.timeouts.lock = Duration::from_millis(500);
    is_given_up(&stage, config, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_16_a_call_with_a_shorter_deadline_leaves_none_to_the_next_one() {
    let stage = Stage::set().await;
    let mut config = stage.config();
    (config.pool.min, config.pool.max) = (0, 1);
    config.timeouts.statement = Duration::from_secs(42);
    let database = Database::connect(config).await.unwrap();
    let store = PgStore::new(database.clone());
    let limit = async || {
        let show = Statement::from_string(DbBackend::Postgres, "SHOW statement_timeout");
        let row = database.query_one_raw(show).await.unwrap().unwrap();
        row.try_get::<String>("", "statement_timeout").unwrap()
    };
    assert_eq!(limit().await, "42s");

    within(Duration::from_secs(30), store.tasks().create(&NewTask::new("in time"))).await.unwrap();
    assert_eq!(limit().await, "42s", "after a call that ended in time");

    let mut other = stage.connect().await;
    tell(&mut other, "BEGIN; LOCK TABLE tasks").await;
    within(Duration::from_millis(100), store.tasks().create(&NewTask::new("late"))).await.unwrap_err();
    assert_eq!(limit().await, "42s", "after one that did not");
    tell(&mut other, "ROLLBACK").await;

    let unit_of_work = within(Duration::from_secs(30), store.begin()).await.unwrap();
    unit_of_work.rollback().await.unwrap();
    assert_eq!(limit().await, "42s", "after a unit of work");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_work_that_does_nothing_for_too_long_is_rolled_back_by_the_server() {
    let stage = Stage::set().await;
    let mut config = stage.config();
    config.timeouts.idle_in_transaction = Duration::from_millis(100);
    let database = Database::connect(config).await.unwrap();
    let store = PgStore::new(database.clone());
    let unit_of_work = store.begin().await.unwrap();
    unit_of_work.tasks().create(&NewTask::new("forgotten")).await.unwrap();
    stage.await_count(0, "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'").await;
    let error = unit_of_work.commit().await.unwrap_err();
    assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
    store.tasks().create(&NewTask::new("at once")).await.unwrap();
    assert_eq!(stage.ask("SELECT count(*) FROM tasks").await, 1);
}
