//! The rules of workflow states.

use taskmaster_models::{
    FaultCode, NewWorkflowState, RetryRequest, WorkflowProgress, WorkflowState, WorkflowStatePatch,
    WorkflowStatus, clock,
};

#[test]
fn every_fault_is_found_at_once() {
    let state = NewWorkflowState {
        retry_count: -1,
        error_message: Some("\0".to_owned()),
        ..NewWorkflowState::new("x".repeat(256), "x".repeat(101), WorkflowStatus::Running)
    };
    let validation = state.validate();
    let faults: Vec<_> = validation.faults().iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
    assert_eq!(
        faults,
        [
            ("workflow_id", FaultCode::TooLong),
            ("step", FaultCode::TooLong),
            ("error_message", FaultCode::Nul),
            ("retry_count", FaultCode::OutOfRange),
        ]
    );
}

#[test]
fn a_failed_step_without_a_message_is_odd_but_allowed() {
    let state = NewWorkflowState::new("w", "s", WorkflowStatus::Failed);
    let validation = state.validate();
    assert!(validation.is_valid());
    let warned: Vec<_> = validation.warnings().iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(warned, ["completed_at", "error_message"]);
}

#[test]
fn an_ended_step_and_no_other_has_an_end() {
    let now = clock::now();
    for status in WorkflowStatus::ALL {
        assert_eq!(status.completed_at(None, now).is_some(), status.is_terminal(), "{status}");
        assert_eq!(status.completed_at(Some(now), now).is_some(), status.is_terminal(), "{status}");
    }
}

#[test]
fn fault_22_a_workflow_is_complete_exactly_at_100_percent() {
    let skipped = WorkflowProgress {
        total_steps: 2,
        completed_steps: 1,
        skipped_steps: 1,
        ..WorkflowProgress::default()
    };
    assert!(skipped.is_completed());
    assert_eq!(skipped.percentage(), 100);

    let nearly = WorkflowProgress { total_steps: 1000, completed_steps: 999, ..WorkflowProgress::default() };
    assert!(!nearly.is_completed());
    assert_eq!(nearly.percentage(), 99);

    let unknown = WorkflowProgress::default();
    assert!(!unknown.is_completed() && !unknown.has_failures());
    assert_eq!(unknown.percentage(), 0);
}

#[test]
fn a_patch_that_names_no_field_is_a_fault() {
    let empty = WorkflowStatePatch { expected_version: Some(1), ..WorkflowStatePatch::default() };
    assert_eq!(empty.validate().faults()[0].code, FaultCode::Required);
}

#[test]
fn retries_are_asked_for_within_limits() {
    assert!(RetryRequest::default().validate().is_valid());
    assert!(!RetryRequest { limit: 0, ..RetryRequest::default() }.validate().is_valid());
    assert!(!RetryRequest { max_retries: -1, ..RetryRequest::default() }.validate().is_valid());
}

#[test]
fn a_summary_tells_how_long_a_step_took() {
    let mut new = NewWorkflowState::new("w", "s", WorkflowStatus::Failed);
    new.completed_at = Some(new.started_at + chrono::TimeDelta::milliseconds(1500));
    let mut json = serde_json::json!(new);
    json["version"] = serde_json::json!(1);
    let summary = serde_json::from_value::<WorkflowState>(json).map(|state| state.summary());
    let told = summary.map(|summary| (summary.duration_ms, summary.is_terminal, summary.has_error));
    assert_eq!(told.ok(), Some((Some(1500), true, false)));
}
