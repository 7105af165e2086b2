//! Numbers over many rows.

use taskmaster_models::{
    ContextType, NewTask, NewWorkflowState, TaskContextFilter, TaskContextPatch, TaskContextStatistics,
    TaskFilter, TaskStatistics, TaskStatus, WorkflowProgress, WorkflowStateFilter, WorkflowStateStatistics,
    WorkflowStatus,
};
use taskmaster_repository::Store;

use super::{given, suite};
use WorkflowStatus::{Completed, Failed, Pending, Running, Skipped};

suite!(
    "statistics",
    fault_22_of_no_rows_are_zeros_without_averages,
    fault_22_of_tasks_are_right_with_estimates_of_zero,
    of_tasks_follow_the_filter,
    fault_22_tasks_without_estimates_have_no_accuracy,
    of_contexts_are_right,
    of_workflow_states_are_right,
    fault_22_an_unknown_workflow_has_no_progress,
    progress_counts_each_status,
    fault_22_skipped_and_failed_steps_end_a_workflow,
);

fn assert_near(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?} is not {expected}");
}

async fn fault_22_of_no_rows_are_zeros_without_averages(store: &dyn Store) {
    let found = store.tasks().statistics(&TaskFilter::default()).await.unwrap();
    assert_eq!(found, TaskStatistics::default());
    assert_eq!(found.avg_complexity, None);
    let found = store.task_contexts().statistics(&TaskContextFilter::default()).await.unwrap();
    assert_eq!(found, TaskContextStatistics::default());
    let found = store.workflow_states().statistics(&WorkflowStateFilter::default()).await.unwrap();
    assert_eq!(found, WorkflowStateStatistics::default());
}

fn worked(status: TaskStatus, estimated: Option<&str>, actual: Option<&str>) -> NewTask {
    NewTask {
        status,
        estimated_hours: estimated.map(|hours| hours.parse().unwrap()),
        actual_hours: actual.map(|hours| hours.parse().unwrap()),
        ..NewTask::new(status.as_str())
    }
}

async fn fault_22_of_tasks_are_right_with_estimates_of_zero(store: &dyn Store) {
    let mut new = vec![
        worked(TaskStatus::Completed, Some("2"), Some("3")),
        worked(TaskStatus::Completed, Some("4.5"), Some("2.25")),
        // None of these says anything about how good the estimates are.
        worked(TaskStatus::Completed, Some("0"), Some("7.1")),
        worked(TaskStatus::Completed, Some("5"), None),
        worked(TaskStatus::Completed, None, Some("0.01")),
        worked(TaskStatus::InProgress, Some("1"), Some("100")),
        worked(TaskStatus::Pending, None, None),
        worked(TaskStatus::Pending, None, None),
        worked(TaskStatus::Failed, None, None),
        worked(TaskStatus::Cancelled, None, None),
    ];
    new[0].complexity_score = 10;
    new[1].priority = 7;
    store.tasks().bulk_create(&new).await.unwrap();
    let found = store.tasks().statistics(&TaskFilter::default()).await.unwrap();
    assert_near(found.avg_complexity, 5.5);
    assert_near(found.avg_priority, 0.7);
    assert_near(found.avg_estimation_accuracy, 1.0);
    let expected = TaskStatistics {
        total: 10,
        pending: 2,
        in_progress: 1,
        completed: 5,
        failed: 1,
        cancelled: 1,
        total_estimated_hours: "12.5".parse().unwrap(),
        total_actual_hours: "112.36".parse().unwrap(),
        ..found
    };
    assert_eq!(found, expected);
}

async fn of_tasks_follow_the_filter(store: &dyn Store) {
    let ours = NewTask { priority: 4, assigned_to: Some("ada".to_owned()), ..NewTask::new("Ours") };
    store.tasks().bulk_create(&[ours, NewTask::new("Not ours")]).await.unwrap();
    let filter = TaskFilter { assigned_to: Some("ada".to_owned()), ..TaskFilter::default() };
    let found = store.tasks().statistics(&filter).await.unwrap();
    assert_eq!((found.total, found.pending), (1, 1));
    assert_near(found.avg_priority, 4.0);
}

async fn fault_22_tasks_without_estimates_have_no_accuracy(store: &dyn Store) {
    let new =
        [worked(TaskStatus::Completed, Some("0"), Some("1")), worked(TaskStatus::Completed, None, None)];
    store.tasks().bulk_create(&new).await.unwrap();
    let found = store.tasks().statistics(&TaskFilter::default()).await.unwrap();
    assert_eq!(found.avg_estimation_accuracy, None);
}

async fn of_contexts_are_right(store: &dyn Store) {
    let (task, other) = (given::task(store, "Known").await, given::task(store, "Other").await);
    for context_type in [ContextType::Performance, ContextType::Error, ContextType::Error] {
        given::context(store, task.id, context_type, 0).await;
    }
    let last = given::context(store, other.id, ContextType::Requirement, 0).await;
    let found = store.task_contexts().statistics(&TaskContextFilter::default()).await.unwrap();
    let by_type = vec![(ContextType::Requirement, 1), (ContextType::Error, 2), (ContextType::Performance, 1)];
    let expected =
        TaskContextStatistics { total: 4, tasks_with_contexts: 2, by_type, avg_lifetime_hours: Some(0.0) };
    assert_eq!(found, expected);

    let patch = TaskContextPatch { metadata: Some(serde_json::Map::new()), ..TaskContextPatch::default() };
    let patched = store.task_contexts().update(last.id, &patch).await.unwrap();
    let hours = (patched.updated_at - patched.created_at).as_seconds_f64() / 3600.0;
    assert!(hours > 0.0);
    let found = store.task_contexts().statistics(&TaskContextFilter::task(other.id)).await.unwrap();
    assert!(found.avg_lifetime_hours.is_some_and(|found| (found - hours).abs() < 1e-6));
    assert_eq!((found.total, found.by_type), (1, vec![(ContextType::Requirement, 1)]));
}

/// A workflow with a step in each status, and how long each took or how often it was tried.
async fn workflow(store: &dyn Store) {
    let step = |status, begun, ended: Option<i64>, retry_count| NewWorkflowState {
        completed_at: ended.map(given::at),
        retry_count,
        ..given::new_state("release", "step", status, begun)
    };
    let failed =
        NewWorkflowState { error_message: Some("no disk".to_owned()), ..step(Failed, 20, Some(25), 3) };
    let new = [
        step(Completed, 10, Some(20), 1),
        failed,
        step(Skipped, 25, Some(25), 0),
        step(Running, 30, None, 0),
        step(Pending, 40, None, 0),
    ];
    store.workflow_states().bulk_create(&new).await.unwrap();
    given::state(store, "draft", "step", Completed, 1000).await;
}

async fn of_workflow_states_are_right(store: &dyn Store) {
    workflow(store).await;
    let found = store.workflow_states().statistics(&WorkflowStateFilter::default()).await.unwrap();
    assert_near(found.avg_retry_count, 4.0 / 6.0);
    assert_near(found.avg_execution_time_seconds, 15.0 / 4.0);
    let expected = WorkflowStateStatistics {
        total: 6,
        unique_workflows: 2,
        pending: 1,
        running: 1,
        completed: 2,
        failed: 1,
        skipped: 1,
        with_errors: 1,
        ..found
    };
    assert_eq!(found, expected);
    let draft = store.workflow_states().statistics(&WorkflowStateFilter::workflow("draft")).await.unwrap();
    assert_eq!((draft.total, draft.unique_workflows, draft.with_errors), (1, 1, 0));
}

async fn fault_22_an_unknown_workflow_has_no_progress(store: &dyn Store) {
    workflow(store).await;
    let found = store.workflow_states().workflow_progress("unknown").await.unwrap();
    assert_eq!(found, WorkflowProgress::default());
    assert_eq!((found.percentage(), found.is_completed(), found.has_failures()), (0, false, false));
}

async fn progress_counts_each_status(store: &dyn Store) {
    workflow(store).await;
    let found = store.workflow_states().workflow_progress("release").await.unwrap();
    assert_near(found.avg_step_duration_seconds, 5.0);
    let expected = WorkflowProgress {
        total_steps: 5,
        pending_steps: 1,
        running_steps: 1,
        completed_steps: 1,
        failed_steps: 1,
        skipped_steps: 1,
        total_retries: 4,
        started_at: Some(given::at(10)),
        completed_at: None,
        ..found
    };
    assert_eq!(found, expected);
    assert_eq!((found.percentage(), found.is_completed(), found.has_failures()), (60, false, true));
}

async fn fault_22_skipped_and_failed_steps_end_a_workflow(store: &dyn Store) {
    for (status, begun) in [(Skipped, 5), (Completed, 7), (Failed, 6)] {
        given::state(store, "release", "step", status, begun).await;
    }
    let found = store.workflow_states().workflow_progress("release").await.unwrap();
    assert_eq!((found.started_at, found.completed_at), (Some(given::at(5)), Some(given::at(7))));
    assert_near(found.avg_step_duration_seconds, 0.0);
    assert_eq!((found.percentage(), found.is_completed(), found.has_failures()), (100, true, true));
}
