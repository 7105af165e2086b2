//! Workflow states.

use serde_json::json;
use taskmaster_models::{
    FaultCode, NewWorkflowState, PageRequest, TaskId, WorkflowState, WorkflowStateFilter, WorkflowStateId,
    WorkflowStatePatch, WorkflowStatus,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};
use WorkflowStatus::{Completed, Failed, Pending, Running, Skipped};

suite!(
    "workflow_state",
    a_state_comes_back_as_it_was_given,
    a_state_needs_its_task,
    a_state_of_a_taken_id_is_refused,
    an_invalid_state_is_refused_with_every_fault,
    an_ended_state_and_no_other_has_a_completion_time,
    fault_21_a_patch_can_change_every_field,
    a_patch_can_clear_what_may_be_missing,
    a_patch_can_be_refused,
    any_status_may_follow_any_other,
    a_result_completes_a_running_step,
    fault_04_a_result_of_any_kind_is_stored_and_read_again,
    an_error_fails_the_step,
    what_changes_an_unknown_state_finds_none,
    deleting_states_tells_how_many_there_were,
    each_criterion_of_a_filter_restricts,
    the_latest_state_of_a_workflow_is_found,
    many_states_are_stored_all_or_none,
    a_timeline_tells_title_and_status_of_the_tasks,
);

fn full_state() -> NewWorkflowState {
    NewWorkflowState {
        result: Some(json!({"built": ["a", 1]})),
        completed_at: Some(given::at(60)),
        error_message: Some("the first time it failed".to_owned()),
        retry_count: 2,
        metadata: given::object(&json!({"runner": "r1"})),
        ..given::new_state("release", "build", Completed, 10)
    }
}

async fn a_state_comes_back_as_it_was_given(store: &dyn Store) {
    let task = given::task(store, "Release").await;
    let new = NewWorkflowState { task_id: Some(task.id), ..full_state() };
    let stored = store.workflow_states().create(&new).await.unwrap();
    let expected = WorkflowState {
        id: new.id,
        workflow_id: new.workflow_id,
        task_id: Some(task.id),
        step: new.step,
        status: Completed,
        result: new.result,
        started_at: given::at(10),
        completed_at: Some(given::at(60)),
        error_message: new.error_message,
        retry_count: 2,
        metadata: new.metadata,
        version: 1,
    };
    assert_eq!(stored, expected);
    assert_eq!(store.workflow_states().find_by_id(new.id).await.unwrap(), Some(expected));
    assert_eq!(store.workflow_states().find_by_id(WorkflowStateId::new()).await.unwrap(), None);

    let plain = given::state(store, "release", "build", Pending, 0).await;
    assert_eq!((plain.task_id, plain.result, plain.error_message, plain.retry_count), (None, None, None, 0));
}

async fn a_state_needs_its_task(store: &dyn Store) {
    let orphan = NewWorkflowState { task_id: Some(TaskId::new()), ..full_state() };
    expect::reference(store.workflow_states().create(&orphan).await, "workflow_states_task_id_fkey");
    let state = given::state(store, "release", "build", Pending, 0).await;
    let patch = WorkflowStatePatch { task_id: Some(Some(TaskId::new())), ..WorkflowStatePatch::default() };
    expect::reference(store.workflow_states().update(state.id, &patch).await, "workflow_states_task_id_fkey");
    let left =
        store.workflow_states().find_by(&WorkflowStateFilter::default(), &PageRequest::default()).await;
    assert_eq!(left.unwrap().items, [state]);
}

async fn a_state_of_a_taken_id_is_refused(store: &dyn Store) {
    let first = given::state(store, "release", "build", Pending, 0).await;
    let second = NewWorkflowState { id: first.id, ..full_state() };
    expect::conflict(store.workflow_states().create(&second).await, "workflow_states_pkey");
    assert_eq!(store.workflow_states().find_by_id(first.id).await.unwrap(), Some(first));
}

async fn an_invalid_state_is_refused_with_every_fault(store: &dyn Store) {
    let bad = NewWorkflowState {
        workflow_id: "w".repeat(256),
        step: " ".repeat(101),
        started_at: given::time("0000-12-31T23:59:59Z"),
        retry_count: -1,
        ..full_state()
    };
    let expected = [
        ("workflow_id", FaultCode::TooLong),
        ("step", FaultCode::Required),
        ("step", FaultCode::TooLong),
        ("started_at", FaultCode::OutOfRange),
        ("retry_count", FaultCode::OutOfRange),
    ];
    let expected = expected.map(|(field, code)| (field.to_owned(), code));
    assert_eq!(expect::faults(store.workflow_states().create(&bad).await), expected);
    assert_eq!(store.workflow_states().count(&WorkflowStateFilter::default()).await.unwrap(), 0);
}

async fn an_ended_state_and_no_other_has_a_completion_time(store: &dyn Store) {
    for status in WorkflowStatus::ALL.iter().copied() {
        let told = NewWorkflowState { id: WorkflowStateId::new(), status, ..full_state() };
        let stored = store.workflow_states().create(&told).await.unwrap();
        assert_eq!(stored.completed_at, status.is_terminal().then(|| given::at(60)), "{status}");
        let untold = given::state(store, "release", "build", status, 5).await;
        assert_eq!(untold.completed_at, status.is_terminal().then(|| given::at(5)), "{status}");
    }
}

async fn fault_21_a_patch_can_change_every_field(store: &dyn Store) {
    let task = given::task(store, "Release").await;
    let before = given::state(store, "draft", "plan", Pending, 0).await;
    let wanted = full_state();
    let patch = WorkflowStatePatch {
        expected_version: Some(1),
        workflow_id: Some(wanted.workflow_id.clone()),
        task_id: Some(Some(task.id)),
        step: Some(wanted.step.clone()),
        status: Some(wanted.status),
        result: Some(wanted.result.clone()),
        started_at: Some(wanted.started_at),
        completed_at: Some(wanted.completed_at),
        error_message: Some(wanted.error_message.clone()),
        retry_count: Some(wanted.retry_count),
        metadata: Some(wanted.metadata.clone()),
    };
    let after = store.workflow_states().update(before.id, &patch).await.unwrap();
    let expected = WorkflowState {
        id: before.id,
        workflow_id: wanted.workflow_id,
        task_id: Some(task.id),
        step: wanted.step,
        status: wanted.status,
        result: wanted.result,
        started_at: wanted.started_at,
        completed_at: wanted.completed_at,
        error_message: wanted.error_message,
        retry_count: wanted.retry_count,
        metadata: wanted.metadata,
        version: 2,
    };
    assert_eq!(after, expected);
    let patch = WorkflowStatePatch { retry_count: Some(0), ..WorkflowStatePatch::default() };
    let last = store.workflow_states().update(before.id, &patch).await.unwrap();
    assert_eq!(last, WorkflowState { retry_count: 0, version: 3, ..expected });
    assert_eq!(store.workflow_states().find_by_id(before.id).await.unwrap(), Some(last));
}

async fn a_patch_can_clear_what_may_be_missing(store: &dyn Store) {
    let task = given::task(store, "Release").await;
    let new = NewWorkflowState { task_id: Some(task.id), ..full_state() };
    let before = store.workflow_states().create(&new).await.unwrap();
    let patch = WorkflowStatePatch {
        task_id: Some(None),
        result: Some(None),
        error_message: Some(None),
        ..WorkflowStatePatch::default()
    };
    let after = store.workflow_states().update(before.id, &patch).await.unwrap();
    assert_eq!(
        after,
        WorkflowState { task_id: None, result: None, error_message: None, version: 2, ..before }
    );
    let patch = WorkflowStatePatch { completed_at: Some(None), ..WorkflowStatePatch::default() };
    let last = store.workflow_states().update(after.id, &patch).await.unwrap();
    assert!(last.completed_at.is_some(), "an ended step always has a time");
}

async fn a_patch_can_be_refused(store: &dyn Store) {
    let before = given::state(store, "release", "build", Pending, 0).await;
    let update = async |id, patch| store.workflow_states().update(id, &patch).await;
    let empty = WorkflowStatePatch { expected_version: Some(1), ..WorkflowStatePatch::default() };
    expect::fault(update(before.id, empty).await, "patch", FaultCode::Required);
    let blank = WorkflowStatePatch { step: Some("\n".to_owned()), ..WorkflowStatePatch::default() };
    expect::fault(update(before.id, blank).await, "step", FaultCode::Required);
    let patch = |expected_version| WorkflowStatePatch {
        expected_version,
        retry_count: Some(1),
        ..WorkflowStatePatch::default()
    };
    expect::stale(update(before.id, patch(Some(2))).await, 2, 1);
    assert_eq!(store.workflow_states().find_by_id(before.id).await.unwrap(), Some(before));
    for expected_version in [None, Some(1)] {
        let unknown = WorkflowStateId::new();
        expect::not_found(update(unknown, patch(expected_version)).await, unknown);
    }
}

async fn any_status_may_follow_any_other(store: &dyn Store) {
    for from in WorkflowStatus::ALL.iter().copied() {
        for to in WorkflowStatus::ALL.iter().copied() {
            let before = given::state(store, "release", "build", from, 0).await;
            let after = store.workflow_states().update_status(before.id, to).await.unwrap();
            assert_eq!(
                (after.status, after.completed_at.is_some()),
                (to, to.is_terminal()),
                "{from} to {to}"
            );
            if from.is_terminal() && to.is_terminal() {
                assert_eq!(after.completed_at, before.completed_at, "{from} to {to}");
            }
        }
    }
}

async fn a_result_completes_a_running_step(store: &dyn Store) {
    let before = given::state(store, "release", "build", Running, 0).await;
    let after = store.workflow_states().set_result(before.id, json!({"built": true})).await.unwrap();
    assert!(after.completed_at.is_some());
    let expected =
        WorkflowState { status: Completed, result: Some(json!({"built": true})), version: 2, ..before };
    assert_eq!(after, WorkflowState { completed_at: after.completed_at, ..expected });
}

async fn fault_04_a_result_of_any_kind_is_stored_and_read_again(store: &dyn Store) {
    for status in [Pending, Completed, Failed, Skipped] {
        let before = given::state(store, "release", "build", status, 0).await;
        for (version, result) in [(2, json!([1])), (3, json!("text")), (4, json!(0)), (5, json!(null))] {
            let after = store.workflow_states().set_result(before.id, result.clone()).await.unwrap();
            let expected = WorkflowState { result: Some(result), version, ..before.clone() };
            assert_eq!(after, expected);
            assert_eq!(store.workflow_states().find_by_id(before.id).await.unwrap(), Some(expected));
        }
    }
}

async fn an_error_fails_the_step(store: &dyn Store) {
    for status in WorkflowStatus::ALL.iter().copied() {
        let before = given::state(store, "release", "build", status, 0).await;
        let after = store.workflow_states().set_error(before.id, "no disk").await.unwrap();
        assert!(after.completed_at.is_some());
        let expected = WorkflowState { status: Failed, error_message: Some("no disk".to_owned()), ..before };
        assert_eq!(after, WorkflowState { version: 2, completed_at: after.completed_at, ..expected });
    }
}

async fn what_changes_an_unknown_state_finds_none(store: &dyn Store) {
    let id = WorkflowStateId::new();
    expect::not_found(store.workflow_states().update_status(id, Failed).await, id);
    expect::not_found(store.workflow_states().set_result(id, json!(1)).await, id);
    expect::not_found(store.workflow_states().set_error(id, "why").await, id);
    expect::not_found(store.workflow_states().increment_retry(id, None).await, id);
    assert!(!store.workflow_states().delete(id).await.unwrap());
}

async fn deleting_states_tells_how_many_there_were(store: &dyn Store) {
    let first = given::state(store, "release", "build", Pending, 0).await;
    for begun in 1..4 {
        given::state(store, "release", "build", Pending, begun).await;
    }
    let kept = given::state(store, "Release", "build", Pending, 0).await;
    assert!(store.workflow_states().delete(first.id).await.unwrap());
    assert!(!store.workflow_states().delete(first.id).await.unwrap());
    assert_eq!(store.workflow_states().delete_by_workflow_id("release").await.unwrap(), 3);
    assert_eq!(store.workflow_states().delete_by_workflow_id("release").await.unwrap(), 0);
    let left =
        store.workflow_states().find_by(&WorkflowStateFilter::default(), &PageRequest::default()).await;
    assert_eq!(left.unwrap().items, [kept]);
}

async fn each_criterion_of_a_filter_restricts(store: &dyn Store) {
    let task = given::task(store, "Release").await;
    let new = NewWorkflowState {
        task_id: Some(task.id),
        error_message: Some(String::new()),
        ..given::new_state("release", "test", Failed, 3)
    };
    let one = given::state(store, "draft", "build", Pending, 1).await.id;
    let two = given::state(store, "release", "build", Running, 2).await.id;
    let three = store.workflow_states().create(&new).await.unwrap().id;
    let any = WorkflowStateFilter::default;
    let stories = [
        (any(), vec![one, two, three]),
        (WorkflowStateFilter::workflow("release"), vec![two, three]),
        (WorkflowStateFilter::workflow("unknown"), vec![]),
        (WorkflowStateFilter::task(task.id), vec![three]),
        (WorkflowStateFilter { status: Some(Running), ..any() }, vec![two]),
        (WorkflowStateFilter { status: Some(Skipped), ..any() }, vec![]),
        (WorkflowStateFilter { step: Some("build".to_owned()), ..any() }, vec![one, two]),
        (WorkflowStateFilter { started_after: Some(given::at(2)), ..any() }, vec![two, three]),
        (WorkflowStateFilter { started_before: Some(given::at(2)), ..any() }, vec![one, two]),
        (WorkflowStateFilter { has_error: Some(true), ..any() }, vec![three]),
        (WorkflowStateFilter { has_error: Some(false), ..any() }, vec![one, two]),
        (
            WorkflowStateFilter { has_error: Some(false), ..WorkflowStateFilter::workflow("release") },
            vec![two],
        ),
    ];
    let ids = |states: &[WorkflowState]| states.iter().map(|state| state.id).collect::<Vec<_>>();
    let request = PageRequest::default().ascending();
    for (filter, expected) in stories {
        let page = store.workflow_states().find_by(&filter, &request).await.unwrap();
        assert_eq!(ids(&page.items), expected, "{filter:?}");
        assert_eq!(
            store.workflow_states().count(&filter).await.unwrap(),
            expected.len() as u64,
            "{filter:?}"
        );
    }
    let of_workflow = store.workflow_states().find_by_workflow_id("release", &request).await.unwrap();
    assert_eq!(ids(&of_workflow.items), [two, three]);
    let of_task = store.workflow_states().find_by_task_id(task.id, &request).await.unwrap();
    assert_eq!(ids(&of_task.items), [three]);
}

async fn the_latest_state_of_a_workflow_is_found(store: &dyn Store) {
    assert_eq!(store.workflow_states().find_latest("release").await.unwrap(), None);
    for begun in [1, 3, 2] {
        given::state(store, "release", "build", Pending, begun).await;
    }
    given::state(store, "draft", "build", Pending, 9).await;
    let latest = store.workflow_states().find_latest("release").await.unwrap().unwrap();
    assert_eq!(latest.started_at, given::at(3));
    let twin = given::state(store, "release", "build", Pending, 3).await;
    assert_eq!(store.workflow_states().find_latest("release").await.unwrap(), Some(twin));
}

async fn many_states_are_stored_all_or_none(store: &dyn Store) {
    assert_eq!(store.workflow_states().bulk_create(&[]).await.unwrap(), []);
    let mut new: Vec<_> = (0..4).map(|n| given::new_state("release", "build", Pending, n)).collect();
    new[3].step = String::new();
    expect::fault(store.workflow_states().bulk_create(&new).await, "[3].step", FaultCode::Required);
    new[3] = new[0].clone();
    expect::conflict(store.workflow_states().bulk_create(&new).await, "workflow_states_pkey");
    new[3] = NewWorkflowState { task_id: Some(TaskId::new()), ..full_state() };
    expect::reference(store.workflow_states().bulk_create(&new).await, "workflow_states_task_id_fkey");
    assert_eq!(store.workflow_states().count(&WorkflowStateFilter::default()).await.unwrap(), 0);
    new[3] = full_state();
    new.reverse();
    let stored = store.workflow_states().bulk_create(&new).await.unwrap();
    assert!(stored.iter().map(|state| state.id).eq(new.iter().map(|state| state.id)));
    assert_eq!((&stored[0].result, stored[0].completed_at), (&new[0].result, new[0].completed_at));
}

async fn a_timeline_tells_title_and_status_of_the_tasks(store: &dyn Store) {
    let task = given::task(store, "Release").await;
    given::state(store, "draft", "build", Pending, 0).await;
    let first = given::state(store, "release", "plan", Completed, 1).await;
    let new = NewWorkflowState { task_id: Some(task.id), ..given::new_state("release", "build", Running, 2) };
    let second = store.workflow_states().create(&new).await.unwrap();

    let request = PageRequest::default().ascending().limit(1);
    let page = store.workflow_states().workflow_timeline("release", &request).await.unwrap();
    let entry = &page.items[0];
    assert_eq!((&entry.state, &entry.task_title, entry.task_status), (&first, &None, None));
    let page = store.workflow_states().workflow_timeline("release", &request.after(page.next)).await.unwrap();
    let entry = &page.items[0];
    let title = Some("Release".to_owned());
    assert_eq!((&entry.state, &entry.task_title, entry.task_status), (&second, &title, Some(task.status)));
    assert_eq!((page.items.len(), page.next), (1, None));
    let unknown =
        store.workflow_states().workflow_timeline("unknown", &PageRequest::default()).await.unwrap();
    assert_eq!(unknown.items, []);
}
