//! Failed steps and how they are tried again.

use chrono::{DateTime, Utc};
use futures::future::join;
use taskmaster_models::{
    FaultCode, NewWorkflowState, RetryRequest, WorkflowState, WorkflowStateFilter, WorkflowStatus, clock,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};
use WorkflowStatus::{Failed, Pending};

suite!(
    "retry",
    a_retry_is_counted_and_sets_the_step_back,
    only_failed_steps_can_be_tried_again,
    steps_tried_too_often_are_left_out,
    steps_begun_too_early_are_left_out,
    only_the_workflow_that_is_asked_for_is_looked_at,
    the_oldest_come_first_and_as_many_as_asked_for,
    by_default_the_last_day_is_looked_at,
    claimed_steps_are_counted_and_pending,
    fault_13_two_workers_get_different_steps,
    a_request_can_be_refused,
);

fn any_time(max_retries: i32, limit: u32) -> RetryRequest {
    RetryRequest { workflow_id: None, max_retries, started_after: DateTime::<Utc>::MIN_UTC, limit }
}

async fn failed(store: &dyn Store, retry_count: i32, begun: i64) -> WorkflowState {
    let new = NewWorkflowState { retry_count, ..given::new_state("release", "build", Failed, begun) };
    store.workflow_states().create(&new).await.unwrap()
}

async fn a_retry_is_counted_and_sets_the_step_back(store: &dyn Store) {
    for status in WorkflowStatus::ALL.iter().copied() {
        let new = NewWorkflowState {
            error_message: Some("no disk".to_owned()),
            ..given::new_state("release", "build", status, 0)
        };
        let before = store.workflow_states().create(&new).await.unwrap();
        let once = store.workflow_states().increment_retry(before.id, None).await.unwrap();
        let expected =
            WorkflowState { status: Pending, retry_count: 1, completed_at: None, version: 2, ..before };
        assert_eq!(once, expected);
        let message = "no net".to_owned();
        let twice = store.workflow_states().increment_retry(once.id, Some(message.clone())).await.unwrap();
        assert_eq!(
            twice,
            WorkflowState { retry_count: 2, version: 3, error_message: Some(message), ..expected }
        );
    }
}

async fn only_failed_steps_can_be_tried_again(store: &dyn Store) {
    let mut expected = None;
    for status in WorkflowStatus::ALL.iter().copied() {
        let state = given::state(store, "release", "build", status, 0).await;
        if status == Failed {
            expected = Some(state);
        }
    }
    let found = store.workflow_states().retryable_failed_states(&any_time(3, 10)).await.unwrap();
    assert_eq!(found, [expected.unwrap()]);
}

async fn steps_tried_too_often_are_left_out(store: &dyn Store) {
    for retry_count in 0..5 {
        failed(store, retry_count, retry_count.into()).await;
    }
    for (max_retries, expected) in [(0, 0), (1, 1), (3, 3), (i32::MAX, 5)] {
        let found =
            store.workflow_states().retryable_failed_states(&any_time(max_retries, 10)).await.unwrap();
        assert_eq!(found.len(), expected, "less than {max_retries} retries");
        assert!(found.iter().all(|state| state.retry_count < max_retries));
    }
}

async fn steps_begun_too_early_are_left_out(store: &dyn Store) {
    failed(store, 0, 1).await;
    let (second, third) = (failed(store, 0, 2).await, failed(store, 0, 3).await);
    let since = |started_after| RetryRequest { started_after, ..any_time(3, 10) };
    let found = store.workflow_states().retryable_failed_states(&since(given::at(2))).await.unwrap();
    assert_eq!(found, [second, third]);
    let found =
        store.workflow_states().retryable_failed_states(&since(DateTime::<Utc>::MAX_UTC)).await.unwrap();
    assert_eq!(found, []);
}

async fn only_the_workflow_that_is_asked_for_is_looked_at(store: &dyn Store) {
    let ours = given::state(store, "ours", "build", Failed, 1).await;
    given::state(store, "theirs", "build", Failed, 0).await;
    let request = |id: &str| RetryRequest { workflow_id: Some(id.to_owned()), ..any_time(3, 10) };
    let states = store.workflow_states();
    assert_eq!(states.claim_retryable(&request("theirs ")).await.unwrap(), []);
    let found = states.retryable_failed_states(&request("ours")).await.unwrap();
    assert_eq!(found.iter().map(|state| state.id).collect::<Vec<_>>(), [ours.id]);
    assert_eq!(states.claim_retryable(&request("ours")).await.unwrap()[0].id, ours.id);
    assert_eq!(states.retryable_failed_states(&any_time(3, 10)).await.unwrap()[0].workflow_id, "theirs");
    expect::fault(states.claim_retryable(&request("\0")).await, "workflow_id", FaultCode::Nul);
}

async fn the_oldest_come_first_and_as_many_as_asked_for(store: &dyn Store) {
    let mut expected = Vec::new();
    for begun in [3, 1, 2, 2] {
        expected.push(failed(store, 0, begun).await);
    }
    expected.sort_by_key(|state| (state.started_at, state.id));
    let found = store.workflow_states().retryable_failed_states(&any_time(3, 1000)).await.unwrap();
    assert_eq!(found, expected);
    let found = store.workflow_states().retryable_failed_states(&any_time(3, 2)).await.unwrap();
    assert_eq!(found, expected[..2]);
}

async fn by_default_the_last_day_is_looked_at(store: &dyn Store) {
    failed(store, 0, 0).await;
    let new =
        NewWorkflowState { started_at: clock::now(), ..given::new_state("release", "build", Failed, 0) };
    let today = store.workflow_states().create(&new).await.unwrap();
    let found = store.workflow_states().retryable_failed_states(&RetryRequest::default()).await.unwrap();
    assert_eq!(found, [today]);
}

async fn claimed_steps_are_counted_and_pending(store: &dyn Store) {
    let (first, second) = (failed(store, 2, 1).await, failed(store, 0, 2).await);
    failed(store, 3, 0).await;
    let third = failed(store, 0, 3).await;
    let claimed = store.workflow_states().claim_retryable(&any_time(3, 2)).await.unwrap();
    let claim = |state: WorkflowState| {
        let retry_count = state.retry_count + 1;
        WorkflowState { status: Pending, completed_at: None, retry_count, version: 2, ..state }
    };
    assert_eq!(claimed, [claim(first), claim(second)]);
    for state in claimed {
        assert_eq!(store.workflow_states().find_by_id(state.id).await.unwrap(), Some(state));
    }
    assert_eq!(store.workflow_states().claim_retryable(&any_time(3, 2)).await.unwrap(), [claim(third)]);
    assert_eq!(store.workflow_states().claim_retryable(&any_time(3, 2)).await.unwrap(), []);
}

async fn fault_13_two_workers_get_different_steps(store: &dyn Store) {
    let new: Vec<_> = (0..20).map(|n| given::new_state("release", "build", Failed, n)).collect();
    store.workflow_states().bulk_create(&new).await.unwrap();
    let request = any_time(1, 8);
    let claim = || store.workflow_states().claim_retryable(&request);
    let (one, other) = join(claim(), claim()).await;
    let mut ids: Vec<_> = one.unwrap().into_iter().chain(other.unwrap()).map(|state| state.id).collect();
    let claimed = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), claimed, "no step is given to two workers");
    claim().await.unwrap();
    claim().await.unwrap();
    let pending = WorkflowStateFilter { status: Some(Pending), ..WorkflowStateFilter::default() };
    assert!(store.workflow_states().count(&pending).await.unwrap() >= 16);
    claim().await.unwrap();
    assert_eq!(store.workflow_states().count(&pending).await.unwrap(), 20);
}

async fn a_request_can_be_refused(store: &dyn Store) {
    failed(store, 0, 0).await;
    for (request, field) in
        [(any_time(-1, 1), "max_retries"), (any_time(3, 0), "limit"), (any_time(3, 1001), "limit")]
    {
        let refused = store.workflow_states().retryable_failed_states(&request).await;
        expect::fault(refused, field, FaultCode::OutOfRange);
        expect::fault(store.workflow_states().claim_retryable(&request).await, field, FaultCode::OutOfRange);
    }
    assert_eq!(store.workflow_states().retryable_failed_states(&any_time(1, 1)).await.unwrap().len(), 1);
}
