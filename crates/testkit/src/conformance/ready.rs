//! Which tasks can be begun, and how workers take them.

use futures::future::{join, join_all};
use serde_json::json;
use taskmaster_models::{
    DependencyType::{Blocks, DependsOn, Related},
    FaultCode, NewTask, NewTaskDependency, Task, TaskContextFilter, TaskFilter, TaskId, TaskStatus,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "ready",
    only_pending_tasks_are_ready,
    a_task_waits_for_each_task_before_it,
    completed_and_cancelled_tasks_let_others_go_on,
    related_tasks_wait_for_nobody,
    the_most_urgent_and_then_the_oldest_come_first,
    as_many_as_asked_for_are_ready,
    a_claimed_task_is_assigned_and_in_progress,
    a_claimed_task_is_not_ready_any_more,
    two_workers_get_different_tasks,
    a_claim_can_be_refused,
);

async fn ready(store: &dyn Store) -> Vec<TaskId> {
    store.tasks().find_ready(1000).await.unwrap().into_iter().map(|task| task.id).collect()
}

async fn only_pending_tasks_are_ready(store: &dyn Store) {
    assert_eq!(ready(store).await, []);
    let mut pending = None;
    for status in TaskStatus::ALL {
        let task = given::task_in(store, *status).await;
        if *status == TaskStatus::Pending {
            pending = Some(task);
        }
    }
    assert_eq!(store.tasks().find_ready(10).await.unwrap(), [pending.unwrap()]);
}

async fn a_task_waits_for_each_task_before_it(store: &dyn Store) {
    let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
    let last = given::task(store, "Last").await;
    given::dependency(store, a.id, last.id, Blocks).await;
    given::dependency(store, b.id, last.id, DependsOn).await;
    assert_eq!(ready(store).await, [a.id, b.id]);
    store.tasks().complete(a.id, None, json!({})).await.unwrap();
    assert_eq!(ready(store).await, [b.id]);
    store.tasks().complete(b.id, None, json!({})).await.unwrap();
    assert_eq!(ready(store).await, [last.id]);
}

async fn completed_and_cancelled_tasks_let_others_go_on(store: &dyn Store) {
    for status in TaskStatus::ALL.iter().copied() {
        let before = given::task_in(store, status).await;
        let after = given::task(store, "After").await;
        given::dependency(store, before.id, after.id, Blocks).await;
        let goes_on = matches!(status, TaskStatus::Completed | TaskStatus::Cancelled);
        assert_eq!(ready(store).await.contains(&after.id), goes_on, "after a {status} task");
    }
}

async fn related_tasks_wait_for_nobody(store: &dyn Store) {
    let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
    given::dependency(store, a.id, b.id, Related).await;
    assert_eq!(ready(store).await, [a.id, b.id]);
}

async fn ordered(store: &dyn Store) -> Vec<Task> {
    let make = |made, priority| NewTask { priority, ..given::new_task("Ordered", made) };
    let (first, second) = (make(2, 9), make(1, 5));
    let (third, fourth) = (make(4, 5), make(4, 5));
    let last = make(0, 0);
    let new = [last.clone(), fourth.clone(), third.clone(), second.clone(), first.clone()];
    store.tasks().bulk_create(&new).await.unwrap();
    let mut twins = [third, fourth];
    twins.sort_by_key(|task| task.id);
    let [third, fourth] = twins;
    let mut tasks = Vec::new();
    for new in [first, second, third, fourth, last] {
        tasks.push(store.tasks().find_by_id(new.id).await.unwrap().unwrap());
    }
    tasks
}

async fn the_most_urgent_and_then_the_oldest_come_first(store: &dyn Store) {
    let tasks = ordered(store).await;
    assert_eq!(store.tasks().find_ready(1000).await.unwrap(), tasks);
}

async fn as_many_as_asked_for_are_ready(store: &dyn Store) {
    let tasks = ordered(store).await;
    assert_eq!(store.tasks().find_ready(2).await.unwrap(), tasks[..2]);
    for limit in [0, 1001, u32::MAX] {
        expect::fault(store.tasks().find_ready(limit).await, "limit", FaultCode::OutOfRange);
    }
}

async fn a_claimed_task_is_assigned_and_in_progress(store: &dyn Store) {
    let tasks = ordered(store).await;
    let claimed = store.tasks().claim_ready("ada", 3).await.unwrap();
    assert_eq!(claimed.len(), 3);
    for (task, before) in claimed.into_iter().zip(tasks) {
        let expected = Task {
            status: TaskStatus::InProgress,
            assigned_to: Some("ada".to_owned()),
            version: 2,
            updated_at: task.updated_at,
            ..before
        };
        assert_eq!(task, expected);
        assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task));
    }
    assert_eq!(store.task_contexts().count(&TaskContextFilter::default()).await.unwrap(), 0);
}

async fn a_claimed_task_is_not_ready_any_more(store: &dyn Store) {
    let tasks = ordered(store).await;
    store.tasks().claim_ready("ada", 3).await.unwrap();
    let left: Vec<_> = tasks[3..].iter().map(|task| task.id).collect();
    assert_eq!(ready(store).await, left);
    assert_eq!(store.tasks().claim_ready("bob", 1000).await.unwrap().len(), 2);
    assert_eq!(store.tasks().claim_ready("bob", 1000).await.unwrap(), []);
}

async fn two_workers_get_different_tasks(store: &dyn Store) {
    let tasks: Vec<_> = (0..40).map(|n| given::new_task(&format!("Task {n}"), n)).collect();
    store.tasks().bulk_create(&tasks).await.unwrap();
    let edges = tasks[..20].iter().zip(&tasks[20..]);
    let edges: Vec<_> = edges.map(|(a, b)| NewTaskDependency::new(a.id, b.id, Blocks)).collect();
    store.task_dependencies().bulk_create(&edges).await.unwrap();
    let claim = |name| store.tasks().claim_ready(name, 8);
    let (ada, bob) = join(claim("ada"), claim("bob")).await;
    let mut ids: Vec<_> = ada.unwrap().into_iter().chain(bob.unwrap()).map(|task| task.id).collect();
    for more in join_all((0..4).map(|_| claim("eve"))).await {
        ids.extend(more.unwrap().into_iter().map(|task| task.id));
    }
    let claimed = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), claimed, "no task is given to two workers");
    assert!(ids.iter().all(|id| tasks[..20].iter().any(|task| task.id == *id)), "only ready tasks are given");
    let in_progress = TaskFilter { status: Some(TaskStatus::InProgress), ..TaskFilter::default() };
    assert_eq!(store.tasks().count(&in_progress).await.unwrap(), claimed as u64);
    // Who does not wait may come away with less, but nothing is lost.
    claim("last").await.unwrap();
    claim("last").await.unwrap();
    claim("last").await.unwrap();
    assert_eq!(store.tasks().count(&in_progress).await.unwrap(), 20);
}

async fn a_claim_can_be_refused(store: &dyn Store) {
    given::task(store, "Unclaimed").await;
    let too_long = "ü".repeat(256);
    expect::fault(store.tasks().claim_ready(&too_long, 1).await, "assigned_to", FaultCode::TooLong);
    expect::fault(store.tasks().claim_ready("a\0", 1).await, "assigned_to", FaultCode::Nul);
    for limit in [0, 1001] {
        expect::fault(store.tasks().claim_ready("ada", limit).await, "limit", FaultCode::OutOfRange);
    }
    assert_eq!(ready(store).await.len(), 1);
    assert_eq!(store.tasks().claim_ready(&"ü".repeat(255), 1).await.unwrap().len(), 1);
}
