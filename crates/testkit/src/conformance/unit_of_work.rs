//! Units of work.

use serde_json::json;
use taskmaster_models::{
    Actor, ContextType, DependencyType, FaultCode, NewTask, NewTaskDependency, TaskId, TaskPatch, TaskStatus,
    WorkflowStatus,
};
use taskmaster_repository::{RepositoryError, Store};

use super::{expect, given, suite};

suite!(
    "unit_of_work",
    fault_14_a_commit_makes_the_changes_of_all_repositories_visible,
    a_rollback_undoes_all_changes,
    fault_15_a_dropped_unit_of_work_undoes_all_changes_and_gives_its_connection_back,
    others_see_nothing_before_the_commit,
    a_unit_of_work_sees_its_own_changes,
    updates_and_deletes_are_undone_as_well,
    a_refused_write_leaves_a_unit_of_work_usable,
    a_failed_write_spoils_a_unit_of_work,
    units_of_work_on_different_rows_do_not_disturb_each_other,
    an_actor_writes_like_anybody,
    an_actor_writes_in_a_unit_of_work,
    an_actor_that_cannot_be_stored_is_refused,
);

async fn fault_14_a_commit_makes_the_changes_of_all_repositories_visible(store: &dyn Store) {
    let uow = store.begin().await.unwrap();
    let task = given::task(&*uow, "First").await;
    let second = given::task(&*uow, "Second").await;
    let context = given::context(&*uow, task.id, ContextType::Requirement, 0).await;
    let dependency = given::dependency(&*uow, task.id, second.id, DependencyType::Blocks).await;
    let state = given::state(&*uow, "release", "build", WorkflowStatus::Running, 0).await;
    uow.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task));
    assert_eq!(store.tasks().find_by_id(second.id).await.unwrap(), Some(second));
    assert_eq!(store.task_contexts().find_by_id(context.id).await.unwrap(), Some(context));
    assert_eq!(store.task_dependencies().find_by_id(dependency.id).await.unwrap(), Some(dependency));
    assert_eq!(store.workflow_states().find_by_id(state.id).await.unwrap(), Some(state));
}

async fn a_rollback_undoes_all_changes(store: &dyn Store) {
    let uow = store.begin().await.unwrap();
    let task = given::task(&*uow, "First").await;
    let context = given::context(&*uow, task.id, ContextType::Requirement, 0).await;
    let state = given::state(&*uow, "release", "build", WorkflowStatus::Running, 0).await;
    uow.rollback().await.unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), None);
    assert_eq!(store.task_contexts().find_by_id(context.id).await.unwrap(), None);
    assert_eq!(store.workflow_states().find_by_id(state.id).await.unwrap(), None);
}

async fn fault_15_a_dropped_unit_of_work_undoes_all_changes_and_gives_its_connection_back(store: &dyn Store) {
    // More often than a pool has connections: each has to come back.
    for _ in 0..30 {
        let uow = store.begin().await.unwrap();
        let task = given::task(&*uow, "First").await;
        drop(uow);
        assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), None);
    }
}

async fn others_see_nothing_before_the_commit(store: &dyn Store) {
    let there = given::task(store, "There").await;
    let uow = store.begin().await.unwrap();
    let task = given::task(&*uow, "New").await;
    uow.tasks().update_status(there.id, TaskStatus::InProgress, json!({})).await.unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), None);
    assert_eq!(store.tasks().find_by_id(there.id).await.unwrap(), Some(there.clone()));
    uow.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task));
    let changed = store.tasks().find_by_id(there.id).await.unwrap().unwrap();
    assert_eq!(changed.status, TaskStatus::InProgress);
}

async fn a_unit_of_work_sees_its_own_changes(store: &dyn Store) {
    let uow = store.begin().await.unwrap();
    let task = given::task(&*uow, "New").await;
    let begun = uow.tasks().update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();
    assert_eq!(uow.tasks().find_by_id(task.id).await.unwrap(), Some(begun));
    let full = uow.task_contexts().full_context(task.id).await.unwrap();
    assert_eq!(full.status_changes.len(), 1);
    let again = NewTask { id: task.id, ..NewTask::new("Again") };
    assert_eq!(uow.tasks().create_missing(&[again]).await.unwrap(), []);
    assert!(uow.tasks().delete(task.id).await.unwrap());
    assert_eq!(uow.tasks().find_by_id(task.id).await.unwrap(), None);
    uow.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), None);
}

async fn updates_and_deletes_are_undone_as_well(store: &dyn Store) {
    let (kept, gone) = (given::task(store, "Kept").await, given::task(store, "Gone").await);
    let context = given::context(store, gone.id, ContextType::Error, 0).await;
    let uow = store.begin().await.unwrap();
    uow.tasks().complete(kept.id, None, json!({})).await.unwrap();
    assert!(uow.tasks().delete(gone.id).await.unwrap());
    uow.rollback().await.unwrap();
    assert_eq!(store.tasks().find_by_id(kept.id).await.unwrap(), Some(kept));
    assert_eq!(store.tasks().find_by_id(gone.id).await.unwrap(), Some(gone));
    assert_eq!(store.task_contexts().find_by_id(context.id).await.unwrap(), Some(context));
}

async fn a_refused_write_leaves_a_unit_of_work_usable(store: &dyn Store) {
    let there = given::task(store, "There").await;
    let uow = store.begin().await.unwrap();
    let first = given::task(&*uow, "First").await;
    expect::fault(uow.tasks().create(&NewTask::new("")).await, "title", FaultCode::Required);
    let patch = TaskPatch { priority: Some(1), ..TaskPatch::default() };
    let unknown = TaskId::new();
    expect::not_found(uow.tasks().update(unknown, &patch).await, unknown);
    let outdated = TaskPatch { expected_version: Some(7), ..patch };
    expect::stale(uow.tasks().update(there.id, &outdated).await, 7, 1);
    assert!(!uow.tasks().delete(unknown).await.unwrap());
    let second = given::task(&*uow, "Second").await;
    uow.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(first.id).await.unwrap(), Some(first));
    assert_eq!(store.tasks().find_by_id(second.id).await.unwrap(), Some(second));
    assert_eq!(store.tasks().find_by_id(there.id).await.unwrap(), Some(there));
}

async fn a_failed_write_spoils_a_unit_of_work(store: &dyn Store) {
    let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
    given::dependency(store, a.id, b.id, DependencyType::Blocks).await;
    for failing in 0..3 {
        for commit in [true, false] {
            let uow = store.begin().await.unwrap();
            let lost = given::task(&*uow, "Lost").await;
            match failing {
                0 => expect::conflict(
                    uow.tasks().create(&NewTask { id: a.id, ..NewTask::new("A") }).await,
                    "tasks_pkey",
                ),
                1 => {
                    let orphan = given::new_context(TaskId::new(), ContextType::Error, 0);
                    expect::reference(
                        uow.task_contexts().create(&orphan).await,
                        "task_contexts_task_id_fkey",
                    );
                }
                _ => {
                    let back = NewTaskDependency::new(b.id, a.id, DependencyType::Blocks);
                    expect::conflict(
                        uow.task_dependencies().create(&back).await,
                        "task_dependencies_acyclic",
                    );
                }
            }
            let read = uow.tasks().find_by_id(a.id).await;
            assert!(matches!(read, Err(RepositoryError::Backend { .. })), "{read:?}");
            let write = uow.tasks().create(&NewTask::new("Late")).await;
            assert!(matches!(write, Err(RepositoryError::Backend { .. })), "{write:?}");
            if commit {
                assert!(uow.commit().await.is_err());
            } else {
                uow.rollback().await.unwrap();
            }
            assert_eq!(store.tasks().find_by_id(lost.id).await.unwrap(), None);
        }
    }
}

async fn units_of_work_on_different_rows_do_not_disturb_each_other(store: &dyn Store) {
    let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
    let (first, second) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let done = first.tasks().complete(a.id, None, json!({})).await.unwrap();
    let failed = second.tasks().update_status(b.id, TaskStatus::Failed, json!({})).await.unwrap();
    let context = given::context(&*second, b.id, ContextType::Error, 0).await;
    second.commit().await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(a.id).await.unwrap(), Some(done));
    assert_eq!(store.tasks().find_by_id(b.id).await.unwrap(), Some(failed));
    assert_eq!(store.task_contexts().find_by_id(context.id).await.unwrap(), Some(context));
}

async fn an_actor_writes_like_anybody(store: &dyn Store) {
    let actor = Actor {
        user_id: Some("o'brien \"\\ ü".to_owned()),
        session_id: Some("x".repeat(255)),
        ip_address: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some("test/1".to_owned()),
    };
    let theirs = store.acting_as(&actor).unwrap();
    let task = theirs.tasks().create(&given::full_task()).await.unwrap();
    let other = theirs.tasks().bulk_create(&[NewTask::new("A"), NewTask::new("B")]).await.unwrap().remove(0);
    let context = given::context(&*theirs, task.id, ContextType::Error, 0).await;
    given::dependency(&*theirs, task.id, other.id, DependencyType::Blocks).await;
    let state = given::state(&*theirs, "release", "build", WorkflowStatus::Failed, 0).await;
    let patch = TaskPatch { priority: Some(1), ..TaskPatch::default() };
    assert_eq!(theirs.tasks().update(task.id, &patch).await.unwrap().version, 2);
    let begun = theirs.tasks().update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();
    let unchanged = theirs.tasks().update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();
    assert_eq!(unchanged, begun);
    assert_eq!(
        theirs.tasks().complete(task.id, None, json!({})).await.unwrap().status,
        TaskStatus::Completed
    );
    assert_eq!(theirs.tasks().claim_ready("bob", 1).await.unwrap().len(), 1);
    assert_eq!(theirs.workflow_states().increment_retry(state.id, None).await.unwrap().retry_count, 1);
    assert_eq!(theirs.workflow_states().set_error(state.id, "why").await.unwrap().version, 3);
    let request = taskmaster_models::RetryRequest { started_after: given::at(0), ..Default::default() };
    assert_eq!(theirs.workflow_states().claim_retryable(&request).await.unwrap().len(), 1);
    assert_eq!(theirs.workflow_states().delete_by_workflow_id("release").await.unwrap(), 1);
    assert!(theirs.task_contexts().delete(context.id).await.unwrap());
    assert!(theirs.tasks().delete(other.id).await.unwrap());
    let unknown = TaskId::new();
    expect::not_found(theirs.tasks().update(unknown, &patch).await, unknown);
    assert!(!theirs.tasks().delete(unknown).await.unwrap());
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap().unwrap().version, 4);
}

async fn an_actor_writes_in_a_unit_of_work(store: &dyn Store) {
    let theirs = store.acting_as(&Actor::user("ada")).unwrap();
    let uow = theirs.begin().await.unwrap();
    let task = given::task(&*uow, "New").await;
    let patch = TaskPatch { priority: Some(1), ..TaskPatch::default() };
    let changed = uow.tasks().update(task.id, &patch).await.unwrap();
    uow.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(changed));
}

async fn an_actor_that_cannot_be_stored_is_refused(store: &dyn Store) {
    let refused = |actor: Actor| store.acting_as(&actor).map(drop);
    expect::fault(refused(Actor::user("x".repeat(256))), "user_id", FaultCode::TooLong);
    expect::fault(refused(Actor::user("a\0b")), "user_id", FaultCode::Nul);
    let agent = Actor { user_agent: Some("\0".to_owned()), ..Actor::default() };
    expect::fault(refused(agent), "user_agent", FaultCode::Nul);
}
