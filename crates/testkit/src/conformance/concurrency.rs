//! What happens at the same moment. The calls of a case run together on one thread and overlap wherever the store waits.

use futures::future::{join, join_all};
use serde_json::json;
use taskmaster_models::{
    DependencyType, NewTask, NewTaskContext, NewTaskDependency, TaskContextFilter, TaskDependencyFilter,
    TaskId, TaskPatch, TaskStatus, WorkflowStatus,
};
use taskmaster_repository::{RepositoryError, Store};

use super::{given, suite};

suite!(
    "concurrency",
    fault_13_patches_of_different_fields_all_win,
    fault_13_of_patches_of_one_version_one_wins,
    fault_13_retries_are_all_counted,
    of_two_opposite_dependencies_one_wins,
    of_two_opposite_parents_one_wins,
    changes_of_status_record_what_they_changed,
    a_repeated_import_stores_each_task_once,
    contexts_of_a_task_being_deleted_are_deleted_or_refused,
);

async fn fault_13_patches_of_different_fields_all_win(store: &dyn Store) {
    let mut tasks = Vec::new();
    for n in 0..5 {
        tasks.push(given::task(store, &format!("Task {n}")).await);
    }
    let none = TaskPatch::default;
    let patches = [
        TaskPatch { title: Some("changed".to_owned()), ..none() },
        TaskPatch { description: Some(Some("changed".to_owned())), ..none() },
        TaskPatch { task_type: Some("changed".to_owned()), ..none() },
        TaskPatch { status: Some(TaskStatus::Failed), ..none() },
        TaskPatch { priority: Some(7), ..none() },
        TaskPatch { complexity_score: Some(8), ..none() },
        TaskPatch { affected_files: Some(vec![json!("changed")]), ..none() },
        TaskPatch { assigned_to: Some(Some("changed".to_owned())), ..none() },
        TaskPatch { tags: Some(vec!["changed".to_owned()]), ..none() },
        TaskPatch { metadata: Some(given::object(&json!({"changed": true}))), ..none() },
    ];
    let all = tasks.iter().flat_map(|task| patches.iter().map(|patch| store.tasks().update(task.id, patch)));
    for patched in join_all(all).await {
        patched.unwrap();
    }
    for task in tasks {
        let task = store.tasks().find_by_id(task.id).await.unwrap().unwrap();
        let changed = Some("changed");
        assert_eq!((task.title.as_str(), task.task_type.as_str()), ("changed", "changed"));
        assert_eq!((task.description.as_deref(), task.assigned_to.as_deref()), (changed, changed));
        assert_eq!((task.status, task.priority, task.complexity_score), (TaskStatus::Failed, 7, 8));
        assert_eq!((task.affected_files, task.tags), (vec![json!("changed")], vec!["changed".to_owned()]));
        assert_eq!(task.metadata, given::object(&json!({"changed": true})));
        assert_eq!(task.version, 11);
    }
}

async fn fault_13_of_patches_of_one_version_one_wins(store: &dyn Store) {
    let task = given::task(store, "Contested").await;
    let patch =
        |priority| TaskPatch { expected_version: Some(1), priority: Some(priority), ..TaskPatch::default() };
    let patches: Vec<_> = (0..10).map(patch).collect();
    let results = join_all(patches.iter().map(|patch| store.tasks().update(task.id, patch))).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(
        lost.iter()
            .all(|result| matches!(result, Err(RepositoryError::Stale { expected: 1, stored: 2, .. })))
    );
    let winner = won.into_iter().next().unwrap().unwrap();
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(winner));
}

async fn fault_13_retries_are_all_counted(store: &dyn Store) {
    let state = given::state(store, "release", "build", WorkflowStatus::Failed, 0).await;
    let all = (0..100).map(|_| store.workflow_states().increment_retry(state.id, None));
    let mut counts: Vec<_> =
        join_all(all).await.into_iter().map(|state| state.unwrap().retry_count).collect();
    counts.sort_unstable();
    assert!(counts.into_iter().eq(1..=100), "each call returns its own count");
    let state = store.workflow_states().find_by_id(state.id).await.unwrap().unwrap();
    assert_eq!((state.retry_count, state.version), (100, 101));
}

async fn of_two_opposite_dependencies_one_wins(store: &dyn Store) {
    for round in 0..20 {
        let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
        let there = NewTaskDependency::new(a.id, b.id, DependencyType::Blocks);
        let back = NewTaskDependency::new(b.id, a.id, DependencyType::DependsOn);
        let dependencies = store.task_dependencies();
        let (there, back) = join(dependencies.create(&there), dependencies.create(&back)).await;
        assert!(there.is_ok() != back.is_ok(), "round {round}: {there:?}, {back:?}");
    }
    assert_eq!(store.task_dependencies().count(&TaskDependencyFilter::default()).await.unwrap(), 20);
}

async fn of_two_opposite_parents_one_wins(store: &dyn Store) {
    for round in 0..20 {
        let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
        let under = |parent: TaskId| TaskPatch { parent_task_id: Some(Some(parent)), ..TaskPatch::default() };
        let (under_a, under_b) = (under(a.id), under(b.id));
        let (one, other) =
            join(store.tasks().update(a.id, &under_b), store.tasks().update(b.id, &under_a)).await;
        assert!(one.is_ok() != other.is_ok(), "round {round}: {one:?}, {other:?}");
    }
}

async fn changes_of_status_record_what_they_changed(store: &dyn Store) {
    let task = given::task(store, "Contested").await;
    let statuses =
        [TaskStatus::InProgress, TaskStatus::Failed, TaskStatus::InProgress, TaskStatus::Completed];
    let all = statuses.iter().map(|status| store.tasks().update_status(task.id, *status, json!({})));
    for changed in join_all(all).await {
        changed.unwrap();
    }
    let after = store.tasks().find_by_id(task.id).await.unwrap().unwrap();
    let changes = store.task_contexts().full_context(task.id).await.unwrap().status_changes;
    // In whichever order they came, each began where another had ended, and each counted once.
    assert_eq!(changes.len() as u64, u64::try_from(after.version).unwrap() - 1);
    for status in TaskStatus::ALL {
        let count = |field| changes.iter().filter(|change| change[field] == status.as_str()).count();
        let (entered, left) = (count("to_status"), count("from_status"));
        let begun_here = usize::from(*status == TaskStatus::Pending);
        let ended_here = usize::from(*status == after.status);
        assert_eq!(begun_here + entered, left + ended_here, "{status} in {changes:?}");
    }
}

async fn a_repeated_import_stores_each_task_once(store: &dyn Store) {
    let new: Vec<_> = (0..50).map(|n| NewTask::new(format!("Task {n}"))).collect();
    let (mut one, other) = {
        let (one, other) = join(store.tasks().create_missing(&new), store.tasks().create_missing(&new)).await;
        (one.unwrap(), other.unwrap())
    };
    one.extend(other);
    one.sort_unstable();
    assert!(one.into_iter().eq(new.iter().map(|task| task.id)));
}

async fn contexts_of_a_task_being_deleted_are_deleted_or_refused(store: &dyn Store) {
    for _ in 0..20 {
        let task = given::task(store, "Gone").await;
        let context = NewTaskContext::new(task.id, taskmaster_models::ContextType::Error, json!({}));
        let (created, deleted) =
            join(store.task_contexts().create(&context), store.tasks().delete(task.id)).await;
        assert!(deleted.unwrap());
        assert!(matches!(created, Ok(_) | Err(RepositoryError::Reference { .. })), "{created:?}");
    }
    assert_eq!(store.task_contexts().count(&TaskContextFilter::default()).await.unwrap(), 0);
}
