//! A pooler or a server that breaks, and a pooler that has no session left.

use std::time::Duration;

use sea_orm::TransactionTrait as _;
use taskmaster_embedded::Stop;
use taskmaster_models::NewTask;
use taskmaster_postgres::{Database, PgStore, connection::ErrorKind};
use taskmaster_repository::{Repositories as _, RepositoryError, Store as _};

use crate::stage::{Stage, ask, await_answer, eventually};

super::tests![
    a_pooler_that_was_killed_and_started_again_is_used_again,
    a_unit_of_work_ends_with_the_pooler_and_nothing_of_it_is_kept,
    a_server_that_was_restarted_behind_the_pooler_is_used_again,
    a_server_that_is_stopped_behind_the_pooler_is_unavailable_until_it_is_back,
    a_session_that_is_killed_costs_its_caller_an_error_and_nobody_else,
    a_pooler_without_a_free_session_is_unavailable_until_there_is_one,
    a_database_that_the_pooler_does_not_find_is_named,
];

async fn a_pooler_that_was_killed_and_started_again_is_used_again() {
    let stage = Stage::with_sessions("3").await;
    let database = stage.connect().await;
    let store = PgStore::new(database.clone());
    let before = store.tasks().create(&NewTask::new("before")).await.unwrap();
    stage.pooler.kill().unwrap();
    let read = store.tasks().find_by_id(before.id).await.unwrap_err();
    let write = store.tasks().create(&NewTask::new("meanwhile")).await.unwrap_err();
    for error in [read, write] {
        assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
        assert!(!error.is_outcome_unknown(), "nothing was put to a server: {error:?}");
    }
    stage.pooler.start().unwrap();
    store.tasks().create(&NewTask::new("after")).await.expect("it is used again at once");
    assert_eq!(store.tasks().find_by_id(before.id).await.unwrap(), Some(before));
    assert_eq!(ask(&database, "SELECT count(*)::text FROM tasks").await.unwrap(), "2");
}

async fn a_unit_of_work_ends_with_the_pooler_and_nothing_of_it_is_kept() {
    let stage = Stage::with_sessions("3").await;
    let (database, beside) = (stage.connect().await, stage.beside().await);
    let store = PgStore::new(database.clone());
    let uow = store.begin().await.unwrap();
    uow.tasks().create(&NewTask::new("a")).await.unwrap();
    stage.pooler.kill().unwrap();
    let error = uow.tasks().create(&NewTask::new("b")).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
    stage.pooler.start().unwrap();
    assert!(uow.commit().await.is_err());
    await_answer(&beside, "SELECT count(*)::text FROM pg_stat_activity WHERE state LIKE 'idle in%'", "0")
        .await;
    assert_eq!(ask(&database, "SELECT count(*)::text FROM tasks").await.unwrap(), "0");
}

async fn a_server_that_was_restarted_behind_the_pooler_is_used_again() {
    for how in [Stop::Fast, Stop::Kill] {
        let stage = Stage::with_sessions("3").await;
        let store = PgStore::new(stage.connect().await);
        let before = store.tasks().create(&NewTask::new("before")).await.unwrap();
        stage.server.restart(how).unwrap();
        let after = eventually(async || store.tasks().create(&NewTask::new("after")).await).await;
        assert_eq!(store.tasks().find_by_id(before.id).await.unwrap(), Some(before));
        assert_eq!(store.tasks().find_by_id(after.id).await.unwrap(), Some(after));
    }
}

async fn a_server_that_is_stopped_behind_the_pooler_is_unavailable_until_it_is_back() {
    let stage = Stage::set(&[("default_pool_size", "3"), ("query_wait_timeout", "3")]).await;
    let store = PgStore::new(stage.connect().await);
    let before = store.tasks().create(&NewTask::new("before")).await.unwrap();
    stage.server.stop(Stop::Fast).unwrap();
    let error = store.tasks().create(&NewTask::new("meanwhile")).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
    let error = store.tasks().find_by_id(before.id).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
    let new = Database::connect(stage.way()).await.unwrap_err();
    assert_eq!(new.kind(), ErrorKind::Unavailable, "{new:?}");
    stage.server.start().unwrap();
    let found = eventually(async || store.tasks().find_by_id(before.id).await).await;
    assert_eq!(found, Some(before));
}

async fn a_session_that_is_killed_costs_its_caller_an_error_and_nobody_else() {
    let stage = Stage::with_sessions("2").await;
    let (database, beside) = (stage.connect().await, stage.beside().await);
    let transaction = database.begin().await.unwrap();
    let pid = ask(&transaction, "SELECT pg_backend_pid()::text").await.unwrap();
    ask(&beside, &format!("SELECT pg_terminate_backend({pid})::text")).await.unwrap();
    let gone = format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid}");
    await_answer(&beside, &gone, "0").await;
    assert!(ask(&transaction, "SELECT 1::text").await.is_err());
    drop(transaction);
    for _ in 0..5 {
        assert_eq!(ask(&database, "SELECT 'served'").await.unwrap(), "served");
    }
}

async fn a_pooler_without_a_free_session_is_unavailable_until_there_is_one() {
    let stage = Stage::set(&[("default_pool_size", "1"), ("query_wait_timeout", "1")]).await;
    let mut config = stage.way();
    config.retry.attempts = 1;
    let database = Database::connect(config).await.unwrap();
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let held = store.begin().await.unwrap();
    let read = store.tasks().find_by_id(task.id).await.unwrap_err();
    let write = store.tasks().create(&NewTask::new("b")).await.unwrap_err();
    let begin = store.begin().await.map(drop).unwrap_err();
    for error in [read, write, begin] {
        assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
        assert!(!error.is_outcome_unknown(), "it was never put to a server: {error:?}");
        assert!(error.to_string().contains("pooler"), "{error}");
    }
    held.commit().await.unwrap();
    eventually(async || store.tasks().create(&NewTask::new("c")).await).await;
    assert_eq!(ask(&database, "SELECT string_agg(title, '') FROM tasks").await.unwrap(), "ac");
}

async fn a_database_that_the_pooler_does_not_find_is_named() {
    let stage = Stage::with_sessions("1").await;
    let mut config = stage.way();
    "nowhere".clone_into(&mut config.database);
    config.retry.attempts = 1;
    config.pool.connect_timeout = Duration::from_secs(30);
    let error = Database::connect(config).await.unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}
