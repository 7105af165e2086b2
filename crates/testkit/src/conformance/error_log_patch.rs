//! Patches of errors.

use taskmaster_models::{ErrorLog, ErrorLogId, ErrorLogPatch, FaultCode, NewErrorLog, Severity};
use taskmaster_repository::Store;

use super::{error_log::full_error, expect, given, suite};

suite!(
    "error_log_patch",
    a_patch_can_change_every_field,
    a_patch_can_clear_what_may_be_missing,
    a_patch_can_be_refused,
);

async fn a_patch_can_change_every_field(store: &dyn Store) {
    let task = given::task(store, "Save").await;
    let before = given::error(store, "cannot save task 7", 10).await;
    let wanted = full_error();
    let patch = ErrorLogPatch {
        expected_version: Some(1),
        error_type: Some(wanted.error_type),
        error_code: Some(wanted.error_code.clone()),
        context: Some(wanted.context.clone()),
        task_id: Some(Some(task.id)),
        workflow_id: Some(wanted.workflow_id.clone()),
        user_id: Some(wanted.user_id.clone()),
        session_id: Some(wanted.session_id.clone()),
        severity: Some(wanted.severity),
        resolution_notes: Some(wanted.resolution_notes.clone()),
        metadata: Some(wanted.metadata.clone()),
    };
    let after = store.error_logs().update(before.id, &patch).await.unwrap();
    assert!(after.updated_at > before.updated_at);
    let expected = ErrorLog {
        error_type: wanted.error_type,
        error_code: wanted.error_code,
        context: wanted.context,
        task_id: Some(task.id),
        workflow_id: wanted.workflow_id,
        user_id: wanted.user_id,
        session_id: wanted.session_id,
        severity: wanted.severity,
        resolution_notes: wanted.resolution_notes,
        metadata: wanted.metadata,
        updated_at: after.updated_at,
        version: 2,
        ..before.clone()
    };
    assert_eq!(after, expected);
    assert_eq!(after.fingerprint, before.fingerprint, "a patch moves no error into another group");
    let patch = ErrorLogPatch { severity: Some(Severity::Info), ..ErrorLogPatch::default() };
    let last = store.error_logs().update(before.id, &patch).await.unwrap();
    assert_eq!(
        last,
        ErrorLog { severity: Severity::Info, version: 3, updated_at: last.updated_at, ..expected }
    );
    assert_eq!(store.error_logs().find_by_id(before.id).await.unwrap(), Some(last));
}

async fn a_patch_can_clear_what_may_be_missing(store: &dyn Store) {
    let task = given::task(store, "Save").await;
    let new = NewErrorLog { task_id: Some(task.id), ..full_error() };
    let before = store.error_logs().create(&new).await.unwrap();
    let patch = ErrorLogPatch {
        error_code: Some(None),
        task_id: Some(None),
        workflow_id: Some(None),
        user_id: Some(None),
        session_id: Some(None),
        resolution_notes: Some(None),
        ..ErrorLogPatch::default()
    };
    let after = store.error_logs().update(before.id, &patch).await.unwrap();
    let expected = ErrorLog {
        error_code: None,
        task_id: None,
        workflow_id: None,
        user_id: None,
        session_id: None,
        resolution_notes: None,
        updated_at: after.updated_at,
        version: 2,
        ..before
    };
    assert_eq!(after, expected);
}

async fn a_patch_can_be_refused(store: &dyn Store) {
    let before = given::error(store, "x", 0).await;
    let update = async |id, patch| store.error_logs().update(id, &patch).await;
    let empty = ErrorLogPatch { expected_version: Some(1), ..ErrorLogPatch::default() };
    expect::fault(update(before.id, empty).await, "patch", FaultCode::Required);
    let nul = ErrorLogPatch { session_id: Some(Some("\0".to_owned())), ..ErrorLogPatch::default() };
    expect::fault(update(before.id, nul).await, "session_id", FaultCode::Nul);
    let patch = |expected_version| ErrorLogPatch {
        expected_version,
        severity: Some(Severity::Debug),
        ..ErrorLogPatch::default()
    };
    expect::stale(update(before.id, patch(Some(2))).await, 2, 1);
    assert_eq!(store.error_logs().find_by_id(before.id).await.unwrap(), Some(before));
    for expected_version in [None, Some(1)] {
        let unknown = ErrorLogId::new();
        expect::not_found(update(unknown, patch(expected_version)).await, unknown);
    }
}
