//! Sessions that end without being asked.

use futures::future::try_join_all;
use taskmaster_models::NewTask;
use taskmaster_postgres::{Database, PgStore, config::RetryPolicy};
use taskmaster_repository::{Repositories as _, Store as _, UnitOfWork};

use crate::{
    quota,
    stage::Stage,
    writers::{WRITERS, Writers},
};

const KILL: &str =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'taskmaster'";

#[tokio::test(flavor = "multi_thread")]
async fn fault_05_every_session_is_killed_again_and_again_and_the_writes_go_on() {
    const ROUNDS: usize = 5;
    let stage = Stage::set().await;
    let database = Database::connect(stage.config()).await.unwrap();
    let writers = Writers::begin(&database);
    for _ in 0..ROUNDS {
        writers.go_on(100).await;
        assert!(stage.ask(KILL).await > 0);
        writers.go_on(100).await;
    }
    let record = writers.finish(quota::BACKENDS_KILLED).await;
    record.was_told_that_it_passes();
    record.is_kept("sessions killed", &stage, ROUNDS * WRITERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_05_sessions_killed_while_nobody_uses_them_cost_a_reader_nothing() {
    let stage = Stage::set().await;
    let mut config = stage.config();
    config.retry = RetryPolicy::default();
    let database = Database::connect(config).await.unwrap();
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("kept")).await.unwrap();
    for _ in 0..10 {
        // More than attempts, so that the reader would fail if it tried one dead connection after the other.
        let busy = try_join_all((0..WRITERS).map(|_| store.begin())).await.unwrap();
        try_join_all(busy.into_iter().map(UnitOfWork::rollback)).await.unwrap();
        assert!(stage.ask(KILL).await >= i64::try_from(WRITERS).unwrap());
        let found = store.tasks().find_by_id(task.id).await.unwrap();
        assert_eq!(found.unwrap().title, "kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_crashes_takes_all_others_along_and_the_writes_go_on() {
    let stage = Stage::set().await;
    let database = Database::connect(stage.config()).await.unwrap();
    let writers = Writers::begin(&database);
    writers.go_on(200).await;
    let victim = stage.sessions().await[0];
    stage.with(move |server| server.kill_backend(victim)).await;
    writers.go_on(200).await;
    let record = writers.finish(quota::SERVER_CRASHED).await;
    record.was_told_that_it_passes();
    record.is_kept("a session crashed", &stage, WRITERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_work_whose_session_is_killed_is_rolled_back_and_says_so() {
    let stage = Stage::set().await;
    let database = Database::connect(stage.config()).await.unwrap();
    let store = PgStore::new(database.clone());
    let unit_of_work = store.begin().await.unwrap();
    unit_of_work.tasks().create(&NewTask::new("half")).await.unwrap();
    assert!(stage.ask(KILL).await >= 1);
    let error = unit_of_work.commit().await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(stage.ask("SELECT count(*) FROM tasks").await, 0);
    store.tasks().create(&NewTask::new("whole")).await.unwrap();
}
