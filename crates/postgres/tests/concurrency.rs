//! Several at once on one task, and what grows with the data.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use taskmaster_models::{
    ContextType, DependencyType, NewTask, NewTaskContext, NewTaskDependency, NewWorkflowState, TaskStatus,
    WorkflowStatus,
};
use taskmaster_postgres::PgStore;
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;

/// Connects to a database of which a setting was changed.
async fn connect_with(url: &str, setting: &str, value: &str) -> PgStore {
    let db = Database::connect(url).await.unwrap();
    let sql = format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting} = %L', current_database(), '{value}'); END $$"
    );
    db.execute_unprepared(&sql).await.unwrap();
    PgStore::connect(url).await.unwrap()
}

#[tokio::test]
async fn two_that_record_something_and_then_change_the_status_do_not_deadlock() {
    let database = migrated_database().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let context = || NewTaskContext::new(task.id, ContextType::Error, json!({}));

    let (first, second) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    first.task_contexts().create(&context()).await.unwrap();
    second.task_contexts().create(&context()).await.unwrap();
    first.tasks().update_status(task.id, TaskStatus::InProgress, json!(1)).await.unwrap();
    first.commit().await.unwrap();
    second.tasks().update_status(task.id, TaskStatus::Failed, json!(2)).await.unwrap();
    second.commit().await.unwrap();

    let found = store.tasks().find_by_id(task.id).await.unwrap().unwrap();
    assert_eq!(found.status, TaskStatus::Failed);
    let changes = store.task_contexts().full_context(task.id).await.unwrap().status_changes;
    assert_eq!(changes[1]["from_status"], "in_progress");
}

#[tokio::test]
async fn a_task_that_somebody_records_something_about_can_be_claimed() {
    let database = migrated_database().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let uow = store.begin().await.unwrap();
    uow.task_contexts().create(&NewTaskContext::new(task.id, ContextType::Error, json!({}))).await.unwrap();

    let claimed = store.tasks().claim_ready("worker", 10).await.unwrap();

    assert_eq!(claimed.len(), 1);
    uow.commit().await.unwrap();
}

#[tokio::test]
async fn times_do_not_run_backwards_in_a_unit_of_work() {
    let database = migrated_database().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let uow = store.begin().await.unwrap();
    let task = uow.tasks().create(&NewTask::new("a")).await.unwrap();
    let state = NewWorkflowState::new("w", "s", WorkflowStatus::Running);
    let state = uow.workflow_states().create(&state).await.unwrap();

    let task = uow.tasks().complete(task.id, None, json!({})).await.unwrap();
    let state = uow.workflow_states().set_result(state.id, json!(1)).await.unwrap();

    assert!(task.updated_at >= task.created_at, "{task:?}");
    assert!(task.completed_at.unwrap() >= task.created_at, "{task:?}");
    assert!(state.duration().unwrap() >= chrono::TimeDelta::zero(), "{state:?}");
    uow.commit().await.unwrap();
}

#[tokio::test]
async fn a_chain_of_1000_dependencies_goes_in_and_a_second_time_without_a_walk() {
    let database = migrated_database().await;
    // Reading the whole table at each step of a walk takes minutes.
    let store = connect_with(&database.url(), "statement_timeout", "60s").await;
    let tasks: Vec<_> = (0..=1000).map(|n| NewTask::new(format!("Task {n}"))).collect();
    store.tasks().bulk_create(&tasks).await.unwrap();
    let chain: Vec<_> = tasks
        .windows(2)
        .map(|pair| NewTaskDependency::new(pair[0].id, pair[1].id, DependencyType::Blocks))
        .collect();

    let first = store.task_dependencies().create_missing(&chain).await.unwrap();
    assert_eq!((first.created.len(), first.cyclic.len()), (1000, 0));
    let again = store.task_dependencies().create_missing(&chain).await.unwrap();
    assert_eq!((again.created.len(), again.cyclic.len()), (0, 0));
    let closing = NewTaskDependency::new(tasks[1000].id, tasks[0].id, DependencyType::DependsOn);
    let refused = store.task_dependencies().create_missing(std::slice::from_ref(&closing)).await.unwrap();
    assert_eq!(refused.cyclic, [closing.id]);
}

#[tokio::test]
async fn a_server_whose_transactions_are_repeatable_read_is_told_what_to_change() {
    let database = migrated_database().await;
    let store = connect_with(&database.url(), "default_transaction_isolation", "repeatable read").await;
    let tasks = store.tasks().bulk_create(&[NewTask::new("a"), NewTask::new("b")]).await.unwrap();
    let edge = NewTaskDependency::new(tasks[0].id, tasks[1].id, DependencyType::Blocks);

    let error = store.task_dependencies().create(&edge).await.unwrap_err();

    assert!(matches!(error, RepositoryError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("default_transaction_isolation"), "{error}");
}

#[tokio::test]
async fn json_that_nests_2000_deep_is_refused_before_it_is_copied() {
    let database = migrated_database().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let deep = || (0..2_000).fold(json!(0), |inner, _| serde_json::Value::Array(vec![inner]));
    let error = store.tasks().update_status(task.id, TaskStatus::Failed, deep()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Invalid(_)), "{error:?}");
    let error = store.tasks().complete(task.id, None, deep()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn fault_01_a_statement_that_takes_too_long_is_an_error_and_the_store_goes_on() {
    let database = migrated_database().await;
    let store = connect_with(&database.url(), "statement_timeout", "200ms").await;
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let uow = store.begin().await.unwrap();
    uow.tasks().update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();

    let error = store.tasks().update_status(task.id, TaskStatus::Failed, json!({})).await.unwrap_err();

    assert!(matches!(error, RepositoryError::Timeout { .. }), "{error:?}");
    uow.commit().await.unwrap();
    let found = store.tasks().find_by_id(task.id).await.unwrap().unwrap();
    assert_eq!(found.status, TaskStatus::InProgress);
}
