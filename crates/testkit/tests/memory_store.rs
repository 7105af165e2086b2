//! What the store in memory does in its own way: units of work that get in each other's way, and threads.

use chrono::TimeDelta;
use serde_json::json;
use taskmaster_models::{
    ContextType, DependencyType, Environment, ErrorType, NewApiKey, NewErrorLog, NewTask, NewTaskContext,
    NewTaskDependency, NewWorkflowState, Resolution, Service, Task, TaskPatch, WorkflowStatus,
};
use taskmaster_repository::{Repositories, RepositoryError, Result, Store};
use taskmaster_security::{KeyHasher, Pepper};
use taskmaster_testkit::MemoryStore;

async fn two_tasks(store: &MemoryStore) -> [Task; 2] {
    let new = [NewTask::new("A"), NewTask::new("B")];
    let stored = store.tasks().bulk_create(&new).await.expect("they are valid");
    stored.try_into().expect("they are two")
}

fn priority(priority: i32) -> TaskPatch {
    TaskPatch { priority: Some(priority), ..TaskPatch::default() }
}

fn assert_begin_again(committed: Result<()>) {
    let error = committed.expect_err("somebody else was first");
    assert!(matches!(error, RepositoryError::Serialization { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_row_that_somebody_else_has_changed_meanwhile_fails_the_commit() {
    let store = MemoryStore::new();
    let [a, b] = two_tasks(&store).await;
    let uow = store.begin().await.unwrap();
    uow.tasks().update(a.id, &priority(3)).await.unwrap();
    uow.tasks().update(b.id, &priority(3)).await.unwrap();
    let theirs = store.tasks().update(a.id, &priority(7)).await.unwrap();
    assert_begin_again(uow.commit().await);
    assert_eq!(store.tasks().find_by_id(a.id).await.unwrap(), Some(theirs));
    assert_eq!(store.tasks().find_by_id(b.id).await.unwrap(), Some(b));
}

#[tokio::test]
async fn an_id_that_somebody_else_has_taken_meanwhile_fails_the_commit() {
    let store = MemoryStore::new();
    let new = NewTask::new("Contested");
    let uow = store.begin().await.unwrap();
    uow.tasks().create(&new).await.unwrap();
    let theirs = store.tasks().create(&new).await.unwrap();
    assert_begin_again(uow.commit().await);
    assert_eq!(store.tasks().find_by_id(new.id).await.unwrap(), Some(theirs));
}

#[tokio::test]
async fn a_task_that_somebody_else_has_deleted_meanwhile_fails_the_commit() {
    let store = MemoryStore::new();
    let [a, _] = two_tasks(&store).await;
    let uow = store.begin().await.unwrap();
    let context = NewTaskContext::new(a.id, ContextType::Error, json!({}));
    uow.task_contexts().create(&context).await.unwrap();
    store.tasks().delete(a.id).await.unwrap();
    assert_begin_again(uow.commit().await);
    assert_eq!(store.task_contexts().find_by_id(context.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_task_that_somebody_else_refers_to_meanwhile_cannot_be_deleted() {
    let store = MemoryStore::new();
    let refer = async |way: usize, [a, b]: &[Task; 2]| match way {
        0 => {
            let context = NewTaskContext::new(a.id, ContextType::Error, json!({}));
            store.task_contexts().create(&context).await.map(drop)
        }
        1 => {
            let dependency = NewTaskDependency::new(b.id, a.id, DependencyType::Related);
            store.task_dependencies().create(&dependency).await.map(drop)
        }
        2 => {
            let state = NewWorkflowState::new("release", "build", WorkflowStatus::Pending);
            let state = NewWorkflowState { task_id: Some(a.id), ..state };
            store.workflow_states().create(&state).await.map(drop)
        }
        3 => {
            let error = NewErrorLog { task_id: Some(a.id), ..NewErrorLog::new(ErrorType::System, "no disk") };
            store.error_logs().create(&error).await.map(drop)
        }
        _ => {
            let part = NewTask { parent_task_id: Some(a.id), ..NewTask::new("Part") };
            store.tasks().create(&part).await.map(drop)
        }
    };
    for way in 0..5 {
        let tasks = two_tasks(&store).await;
        let uow = store.begin().await.unwrap();
        assert!(uow.tasks().delete(tasks[0].id).await.unwrap());
        refer(way, &tasks).await.unwrap();
        assert_begin_again(uow.commit().await);
        assert!(store.tasks().find_by_id(tasks[0].id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_error_that_somebody_else_has_resolved_meanwhile_fails_the_commit() {
    let store = MemoryStore::new();
    let error = NewErrorLog::new(ErrorType::System, "no disk");
    store.error_logs().create(&error).await.unwrap();
    let uow = store.begin().await.unwrap();
    uow.error_logs().resolve(error.id, &Resolution::new("ours", "ada")).await.unwrap();
    let theirs = store.error_logs().resolve(error.id, &Resolution::new("theirs", "bob")).await.unwrap();
    assert_begin_again(uow.commit().await);
    assert_eq!(store.error_logs().find_by_id(error.id).await.unwrap(), Some(theirs));
}

#[tokio::test]
async fn two_halves_of_a_cycle_do_not_come_together() {
    let store = MemoryStore::new();
    let [a, b] = two_tasks(&store).await;
    let (one, other) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let there = NewTaskDependency::new(a.id, b.id, DependencyType::Blocks);
    let back = NewTaskDependency::new(b.id, a.id, DependencyType::DependsOn);
    one.task_dependencies().create(&there).await.unwrap();
    other.task_dependencies().create(&back).await.unwrap();
    one.commit().await.unwrap();
    assert_begin_again(other.commit().await);

    let (one, other) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let under = |parent: &Task| TaskPatch { parent_task_id: Some(Some(parent.id)), ..TaskPatch::default() };
    one.tasks().update(a.id, &under(&b)).await.unwrap();
    other.tasks().update(b.id, &under(&a)).await.unwrap();
    one.commit().await.unwrap();
    assert_begin_again(other.commit().await);
}

#[tokio::test]
async fn the_same_dependency_made_twice_meanwhile_fails_the_second_commit() {
    let store = MemoryStore::new();
    let [a, b] = two_tasks(&store).await;
    let (one, other) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    for uow in [&one, &other] {
        let dependency = NewTaskDependency::new(a.id, b.id, DependencyType::Blocks);
        uow.task_dependencies().create(&dependency).await.unwrap();
    }
    one.commit().await.unwrap();
    assert_begin_again(other.commit().await);
}

#[tokio::test]
async fn a_row_made_and_deleted_in_one_unit_of_work_leaves_nothing() {
    let store = MemoryStore::new();
    let uow = store.begin().await.unwrap();
    let new = NewTask::new("Brief");
    uow.tasks().create(&new).await.unwrap();
    assert!(uow.tasks().delete(new.id).await.unwrap());
    uow.commit().await.unwrap();
    assert!(store.tasks().create(&new).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_lose_no_retry_and_share_no_claim() {
    let store = MemoryStore::new();
    let state = NewWorkflowState::new("release", "build", WorkflowStatus::Failed);
    let state = store.workflow_states().create(&state).await.unwrap();
    let tasks: Vec<_> = (0..100).map(|n| NewTask::new(format!("Task {n}"))).collect();
    store.tasks().bulk_create(&tasks).await.unwrap();
    let worker = |_| {
        let store = store.clone();
        tokio::spawn(async move {
            store.workflow_states().increment_retry(state.id, None).await.unwrap();
            store.tasks().claim_ready("worker", 1).await.unwrap().remove(0).id
        })
    };
    let mut claimed = Vec::new();
    for worker in (0..100).map(worker).collect::<Vec<_>>() {
        claimed.push(worker.await.unwrap());
    }
    claimed.sort_unstable();
    assert!(claimed.into_iter().eq(tasks.iter().map(|task| task.id)));
    let state = store.workflow_states().find_by_id(state.id).await.unwrap().unwrap();
    assert_eq!(state.retry_count, 100);
}

#[tokio::test]
async fn keys_of_every_pepper_verify_until_it_is_no_longer_configured() {
    let pepper =
        |version: u32| Pepper::new(version, format!("pepper {version} {}", "x".repeat(32)).into()).unwrap();
    let with = |versions: &[u32]| {
        KeyHasher::with_peppers(versions.iter().map(|version| pepper(*version)).collect()).unwrap()
    };
    let store = MemoryStore::new().with_key_hasher(with(&[1]));
    let new = NewApiKey::new("ci", Service::Codegen, Environment::Production);
    let old = store.api_keys().create(&new).await.unwrap();
    let store = store.with_key_hasher(with(&[2, 1]));
    let now = new.created_at;
    assert!(store.api_keys().verify(&old.key, &[], now).await.unwrap().valid().is_some());
    let rotated = store.api_keys().rotate(new.id, TimeDelta::hours(1), now).await.unwrap();
    assert_eq!((old.api_key.pepper_version, rotated.api_key.pepper_version), (Some(1), Some(2)));
    for key in [&old.key, &rotated.key] {
        assert!(store.api_keys().verify(key, &[], now).await.unwrap().valid().is_some());
    }
    let store = store.with_key_hasher(with(&[2]));
    assert!(store.api_keys().verify(&rotated.key, &[], now).await.unwrap().valid().is_some());
    let refused = store.api_keys().verify(&old.key, &[], now).await.unwrap_err();
    assert!(matches!(refused, RepositoryError::Refused { .. }), "{refused:?}");
    assert!(refused.to_string().contains("pepper version 1"), "{refused}");
}

#[tokio::test]
async fn the_same_name_taken_twice_meanwhile_fails_the_second_commit() {
    let store = MemoryStore::new();
    let (one, other) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    for uow in [&one, &other] {
        let new = NewApiKey::new("ci", Service::Codegen, Environment::Production);
        uow.api_keys().create(&new).await.unwrap();
    }
    one.commit().await.unwrap();
    assert_begin_again(other.commit().await);
}
