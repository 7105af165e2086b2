use sea_orm::DatabaseConnection;
use serde_json::json;
use taskmaster_models::{
    NewWorkflowState, PageRequest, RetryRequest, WorkflowStateFilter, WorkflowStatePatch, WorkflowStateSort,
    WorkflowStatus,
};
use taskmaster_repository::Repositories;

use super::{Recorder, plans, some_task};

/// 100,000 workflow states, one in a hundred failed.
pub(super) const FILL: &str = "
    INSERT INTO workflow_states (id, workflow_id, task_id, step, status, error_message, retry_count, started_at)
    SELECT md5('w' || n)::uuid, 'flow' || n / 5, md5(n::text)::uuid, 'step' || n % 200,
           CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'completed' END, CASE WHEN n % 100 = 0 THEN 'oops' END, 0,
           now() - n * interval '1 second'
      FROM generate_series(1, 100000) n;";

pub(super) async fn faults(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let states = recorder.store.workflow_states();
    let task_id = some_task();
    let mut faults = Vec::new();
    let by_start = PageRequest::new(WorkflowStateSort::StartedAt);
    let state = states.create(&NewWorkflowState::new("flow", "step", WorkflowStatus::Running)).await.unwrap();
    recorder.statements.lock().unwrap().clear();
    let flow = WorkflowStateFilter::workflow("flow7");
    let step = WorkflowStateFilter { step: Some("step7".to_owned()), ..WorkflowStateFilter::default() };
    let failed =
        WorkflowStateFilter { status: Some(WorkflowStatus::Failed), ..WorkflowStateFilter::default() };
    plans! { recorder, db, faults;
        states.bulk_create(&[NewWorkflowState::new("flow", "step", WorkflowStatus::Running)]);
        states.find_by_id(state.id);
        states.find_by(&WorkflowStateFilter::default(), &by_start);
        states.find_by(&step, &by_start);
        states.find_by(&failed, &by_start);
        states.find_by_workflow_id("flow7", &by_start);
        states.find_by_task_id(task_id, &by_start);
        states.count(&flow);
        states.statistics(&flow);
        states.find_latest("flow7");
        states.update(state.id, &WorkflowStatePatch { retry_count: Some(1), ..WorkflowStatePatch::default() });
        states.update_status(state.id, WorkflowStatus::Running);
        states.set_result(state.id, json!(1));
        states.set_error(state.id, "oops");
        states.increment_retry(state.id, None);
        states.workflow_progress("flow7");
        states.workflow_timeline("flow7", &by_start);
        states.retryable_failed_states(&RetryRequest::default());
        states.claim_retryable(&RetryRequest::default());
        states.delete(state.id);
        states.delete_by_workflow_id("flow7");
    }
    faults
}
