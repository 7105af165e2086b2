//! Resolving errors, and taking it back.

use futures::future::join_all;
use serde_json::json;
use taskmaster_models::{
    ErrorLog, ErrorLogFilter, ErrorLogId, ErrorLogPatch, ErrorType, FaultCode, NewErrorLog, Resolution,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "error_log_resolve",
    a_resolution_says_how_by_whom_and_when,
    the_first_resolution_stays,
    of_many_resolutions_at_once_one_wins_and_all_see_it,
    fault_13_a_patch_and_a_resolution_at_once_both_win,
    a_resolution_can_be_taken_back,
    a_group_is_resolved_as_a_whole_and_no_other_group,
    nothing_is_resolved_before_it_has_happened,
    notes_may_come_before_the_resolution,
    a_resolution_can_be_refused,
    an_unknown_error_is_not_resolved,
);

fn resolution(notes: &str, at: i64) -> Resolution {
    Resolution { at: given::at(at), ..Resolution::new(notes, "ada") }
}

async fn a_resolution_says_how_by_whom_and_when(store: &dyn Store) {
    let new = NewErrorLog {
        metadata: given::object(&json!({"host": "r1", "resolved_by": 7})),
        ..given::new_error("x", 0)
    };
    let before = store.error_logs().create(&new).await.unwrap();
    let after = store.error_logs().resolve(before.id, &resolution("a new disk", 3600)).await.unwrap();
    assert!(after.updated_at > before.updated_at);
    let expected = ErrorLog {
        resolved: true,
        resolved_at: Some(given::at(3600)),
        resolution_notes: Some("a new disk".to_owned()),
        metadata: given::object(&json!({"host": "r1", "resolved_by": "ada"})),
        updated_at: after.updated_at,
        version: 2,
        ..before
    };
    assert_eq!(after, expected);
    assert_eq!(after.resolution_time(), Some(chrono::TimeDelta::hours(1)));
    assert_eq!(store.error_logs().find_by_id(after.id).await.unwrap(), Some(after));
}

async fn the_first_resolution_stays(store: &dyn Store) {
    let error = given::error(store, "x", 0).await;
    let first = store.error_logs().resolve(error.id, &resolution("first", 1)).await.unwrap();
    let second = store.error_logs().resolve(error.id, &resolution("second", 2)).await.unwrap();
    assert_eq!(second, first);
    assert_eq!(store.error_logs().find_by_id(error.id).await.unwrap(), Some(first));
}

async fn of_many_resolutions_at_once_one_wins_and_all_see_it(store: &dyn Store) {
    let error = given::error(store, "x", 0).await;
    let resolve = async |n: i64| {
        store.error_logs().resolve(error.id, &resolution(&format!("by {n}"), n)).await.unwrap()
    };
    let results = join_all((0..8).map(resolve)).await;
    let stored = store.error_logs().find_by_id(error.id).await.unwrap().unwrap();
    assert_eq!(stored.version, 2);
    assert!(results.iter().all(|result| *result == stored), "{results:?}");
}

async fn fault_13_a_patch_and_a_resolution_at_once_both_win(store: &dyn Store) {
    for n in 0..5 {
        let error = given::error(store, "x", n).await;
        let patch = ErrorLogPatch { error_code: Some(Some("E1".to_owned())), ..ErrorLogPatch::default() };
        let done = resolution("done", n);
        let (patched, resolved) = futures::join!(
            store.error_logs().update(error.id, &patch),
            store.error_logs().resolve(error.id, &done)
        );
        patched.unwrap();
        resolved.unwrap();
        let stored = store.error_logs().find_by_id(error.id).await.unwrap().unwrap();
        assert_eq!((stored.resolved, stored.error_code.as_deref(), stored.version), (true, Some("E1"), 3));
    }
}

async fn a_resolution_can_be_taken_back(store: &dyn Store) {
    let new = NewErrorLog { metadata: given::object(&json!({"host": "r1"})), ..given::new_error("x", 0) };
    let before = store.error_logs().create(&new).await.unwrap();
    assert_eq!(store.error_logs().reopen(before.id).await.unwrap(), before, "it was never resolved");
    store.error_logs().resolve(before.id, &resolution("done?", 1)).await.unwrap();
    let after = store.error_logs().reopen(before.id).await.unwrap();
    assert_eq!(after, ErrorLog { version: 3, updated_at: after.updated_at, ..before });
    let again = store.error_logs().resolve(after.id, &resolution("done", 2)).await.unwrap();
    assert_eq!(again.resolution_notes.as_deref(), Some("done"));
}

async fn a_group_is_resolved_as_a_whole_and_no_other_group(store: &dyn Store) {
    let new: Vec<_> = (0..4).map(|n| given::new_error(&format!("no disk {n}"), n)).collect();
    let stored = store.error_logs().bulk_create(&new).await.unwrap();
    let other = given::error(store, "no network", 5).await;
    let kept = store.error_logs().resolve(stored[1].id, &resolution("first", 10)).await.unwrap();
    let group = stored[0].fingerprint.unwrap();

    let done = resolution("a new disk", 20);
    assert_eq!(store.error_logs().resolve_group(&group, &done).await.unwrap(), 3);
    assert_eq!(store.error_logs().resolve_group(&group, &done).await.unwrap(), 0);
    for error in [&stored[0], &stored[2], &stored[3]] {
        let error = store.error_logs().find_by_id(error.id).await.unwrap().unwrap();
        assert_eq!((error.resolved, error.resolved_at, error.version), (true, Some(given::at(20)), 2));
        assert_eq!(error.resolution_notes.as_deref(), Some("a new disk"));
        assert_eq!(error.metadata["resolved_by"], "ada");
    }
    assert_eq!(store.error_logs().find_by_id(kept.id).await.unwrap(), Some(kept));
    assert_eq!(store.error_logs().find_by_id(other.id).await.unwrap(), Some(other));
    let unknown = NewErrorLog::new(ErrorType::Timeout, "never seen").fingerprint();
    assert_eq!(store.error_logs().resolve_group(&unknown, &done).await.unwrap(), 0);
}

async fn nothing_is_resolved_before_it_has_happened(store: &dyn Store) {
    let early =
        NewErrorLog { resolved: true, resolved_at: Some(given::at(9)), ..given::new_error("no disk", 10) };
    expect::fault(store.error_logs().create(&early).await, "resolved_at", FaultCode::Contradiction);
    let many = store.error_logs().bulk_create(std::slice::from_ref(&early)).await;
    expect::fault(many, "[0].resolved_at", FaultCode::Contradiction);
    let just = NewErrorLog { resolved_at: Some(given::at(10)), ..early };
    assert_eq!(store.error_logs().create(&just).await.unwrap().resolved_at, Some(given::at(10)));

    let errors = store.error_logs();
    let one = given::error(store, "no disk", 10).await;
    let resolved = errors.resolve(one.id, &resolution("too soon", 5)).await.unwrap();
    assert_eq!(resolved.resolved_at, Some(given::at(10)));
    let more = [given::error(store, "no disk", 4).await, given::error(store, "no disk", 20).await];
    let group = one.fingerprint.unwrap();
    assert_eq!(errors.resolve_group(&group, &resolution("too soon", 5)).await.unwrap(), 2);
    for (error, at) in more.iter().zip([5, 20]) {
        let found = errors.find_by_id(error.id).await.unwrap().unwrap();
        assert_eq!(found.resolved_at, Some(given::at(at)));
    }
    let took = errors.statistics(&ErrorLogFilter::group(group)).await.unwrap().avg_resolution_hours.unwrap();
    assert!(took >= 0.0, "{took}");
}

async fn notes_may_come_before_the_resolution(store: &dyn Store) {
    let error = given::error(store, "x", 0).await;
    let notes = Some(Some("perhaps the disk".to_owned()));
    let patch = ErrorLogPatch { resolution_notes: notes, ..ErrorLogPatch::default() };
    let patched = store.error_logs().update(error.id, &patch).await.unwrap();
    assert_eq!((patched.resolved, patched.resolution_notes.as_deref()), (false, Some("perhaps the disk")));
    let resolved = store.error_logs().resolve(error.id, &resolution("the disk", 1)).await.unwrap();
    assert_eq!(resolved.resolution_notes.as_deref(), Some("the disk"));
}

async fn a_resolution_can_be_refused(store: &dyn Store) {
    let error = given::error(store, "x", 0).await;
    let group = error.fingerprint.unwrap();
    let by = |by: &str| Resolution { by: by.to_owned(), ..resolution("done", 1) };
    let at = |time: &str| Resolution { at: given::time(time), ..resolution("done", 1) };
    for (bad, field, code) in [
        (resolution("\0", 1), "resolution_notes", FaultCode::Nul),
        (by(" \t"), "resolved_by", FaultCode::Required),
        (by(&"b".repeat(256)), "resolved_by", FaultCode::TooLong),
        (by("a\0b"), "resolved_by", FaultCode::Nul),
        (at("+10000-01-01T00:00:00Z"), "resolved_at", FaultCode::OutOfRange),
    ] {
        expect::fault(store.error_logs().resolve(error.id, &bad).await, field, code);
        expect::fault(store.error_logs().resolve_group(&group, &bad).await, field, code);
    }
    assert_eq!(store.error_logs().find_by_id(error.id).await.unwrap(), Some(error));
    assert_eq!(store.error_logs().count(&ErrorLogFilter::critical()).await.unwrap(), 1);
}

async fn an_unknown_error_is_not_resolved(store: &dyn Store) {
    let id = ErrorLogId::new();
    expect::not_found(store.error_logs().resolve(id, &resolution("done", 1)).await, id);
    expect::not_found(store.error_logs().reopen(id).await, id);
}
