//! Groups of errors.

use taskmaster_models::{
    ErrorGroup, ErrorLogFilter, ErrorLogPatch, ErrorType, FaultCode, NewErrorLog, Resolution, Severity,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "error_log_group",
    errors_of_one_cause_form_a_group,
    a_group_tells_what_happened_to_it,
    a_group_of_which_one_came_back_has_regressed,
    to_resolve_one_of_those_that_came_back_is_not_enough,
    a_group_forgets_what_is_deleted,
    of_a_long_message_a_group_tells_the_beginning,
    groups_come_latest_seen_first,
    a_filter_chooses_groups_and_what_is_told_is_about_all_of_each,
    a_number_of_groups_can_be_refused,
    without_errors_there_are_no_groups,
    a_patch_moves_no_error_into_another_group,
);

async fn groups(store: &dyn Store, filter: ErrorLogFilter) -> Vec<ErrorGroup> {
    store.error_logs().groups(&filter, 1000).await.unwrap()
}

async fn errors_of_one_cause_form_a_group(store: &dyn Store) {
    for n in 0..5 {
        given::error(store, &format!("task {n} is locked by worker-{n}"), n).await;
    }
    given::error(store, "task 7 is gone", 9).await;
    let coded = NewErrorLog { error_code: Some("E1".to_owned()), ..given::new_error("task 8 is gone", 8) };
    store.error_logs().create(&coded).await.unwrap();
    let counts: Vec<_> =
        groups(store, ErrorLogFilter::default()).await.iter().map(|group| group.count).collect();
    assert_eq!(counts, [1, 1, 5]);
}

async fn a_group_tells_what_happened_to_it(store: &dyn Store) {
    let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
    let happened = |n: i64, task_id, severity| NewErrorLog {
        task_id,
        severity,
        ..given::new_error(&format!("no disk {n}"), n)
    };
    let new = [
        happened(3, Some(a.id), Severity::Warn),
        happened(1, Some(b.id), Severity::Fatal),
        happened(2, Some(a.id), Severity::Info),
        happened(0, None, Severity::Debug),
    ];
    let stored = store.error_logs().bulk_create(&new).await.unwrap();
    let fingerprint = new[0].fingerprint();
    let expected = ErrorGroup {
        fingerprint,
        error_type: ErrorType::General,
        error_code: None,
        severity: Severity::Fatal,
        message: "no disk 3".to_owned(),
        count: 4,
        unresolved: 4,
        tasks: 2,
        first_seen: given::at(0),
        last_seen: given::at(3),
        last_resolved_at: None,
        regressed: false,
    };
    assert_eq!(store.error_logs().group(&fingerprint).await.unwrap(), Some(expected.clone()));
    let resolution = Resolution { at: given::at(9), ..Resolution::new("done", "ada") };
    store.error_logs().resolve(stored[1].id, &resolution).await.unwrap();
    let expected = ErrorGroup { unresolved: 3, last_resolved_at: Some(given::at(9)), ..expected };
    assert_eq!(groups(store, ErrorLogFilter::default()).await, [expected]);
}

async fn a_group_of_which_one_came_back_has_regressed(store: &dyn Store) {
    let first = given::error(store, "no disk", 0).await;
    let group = first.fingerprint.unwrap();
    let regressed = async || store.error_logs().group(&group).await.unwrap().unwrap().regressed;
    let resolve = async |at| {
        let resolution = Resolution { at: given::at(at), ..Resolution::new("done", "ada") };
        store.error_logs().resolve_group(&group, &resolution).await.unwrap()
    };
    assert!(!regressed().await, "it was never resolved");
    resolve(10).await;
    assert!(!regressed().await, "it is resolved");
    given::error(store, "no disk", 5).await;
    assert!(!regressed().await, "what happened before the resolution came late");
    given::error(store, "no disk", 10).await;
    assert!(!regressed().await, "at the same time is not after it");
    let again = given::error(store, "no disk", 11).await;
    assert!(regressed().await);
    resolve(20).await;
    assert!(!regressed().await, "it is resolved again");
    store.error_logs().reopen(again.id).await.unwrap();
    assert!(regressed().await, "it happened after the first resolution");
    resolve(11).await;
    given::error(store, "no disk", 21).await;
    assert!(regressed().await);
}

async fn to_resolve_one_of_those_that_came_back_is_not_enough(store: &dyn Store) {
    let first = given::error(store, "no disk", 0).await;
    let group = first.fingerprint.unwrap();
    let regressed = async || store.error_logs().group(&group).await.unwrap().unwrap().regressed;
    let resolve = async |id, at| {
        let resolution = Resolution { at: given::at(at), ..Resolution::new("done", "ada") };
        store.error_logs().resolve(id, &resolution).await.unwrap();
    };
    resolve(first.id, 50).await;
    let (one, other) = (given::error(store, "no disk", 100).await, given::error(store, "no disk", 101).await);
    assert!(regressed().await);
    resolve(one.id, 200).await;
    assert!(regressed().await, "the other one is open");
    resolve(other.id, 201).await;
    assert!(!regressed().await);
}

async fn a_group_forgets_what_is_deleted(store: &dyn Store) {
    let old = given::error(store, "no disk", 0).await;
    let resolution = Resolution { at: given::at(5), ..Resolution::new("done", "ada") };
    store.error_logs().resolve(old.id, &resolution).await.unwrap();
    given::error(store, "no disk", 10).await;
    let told = async || {
        let group = store.error_logs().group(&old.fingerprint.unwrap()).await.unwrap().unwrap();
        (group.count, group.first_seen, group.last_resolved_at, group.regressed)
    };
    assert_eq!(told().await, (2, given::at(0), Some(given::at(5)), true));
    assert_eq!(store.error_logs().prune(given::at(10), 10).await.unwrap(), 1);
    assert_eq!(told().await, (1, given::at(10), None, false));
}

async fn of_a_long_message_a_group_tells_the_beginning(store: &dyn Store) {
    for character in ["a", "😀"] {
        let longest = character.repeat(ErrorGroup::MAX_MESSAGE);
        for message in [longest.clone(), format!("{longest}b")] {
            let error = given::error(store, &message, 0).await;
            assert_eq!(error.error_message, message);
            let group = store.error_logs().group(&error.fingerprint.unwrap()).await.unwrap().unwrap();
            assert_eq!(group.message, longest);
        }
    }
    assert!(groups(store, ErrorLogFilter::default()).await.iter().all(|group| group.message.len() <= 4000));
}

async fn groups_come_latest_seen_first(store: &dyn Store) {
    for (message, happened) in [("one", 1), ("two", 5), ("three", 3), ("one", 4), ("two", 0)] {
        given::error(store, message, happened).await;
    }
    let messages = async |limit| {
        let groups = store.error_logs().groups(&ErrorLogFilter::default(), limit).await.unwrap();
        groups.into_iter().map(|group| group.message).collect::<Vec<_>>()
    };
    assert_eq!(messages(1000).await, ["two", "one", "three"]);
    assert_eq!(messages(2).await, ["two", "one"]);
    assert_eq!(messages(1).await, ["two"]);
}

async fn a_filter_chooses_groups_and_what_is_told_is_about_all_of_each(store: &dyn Store) {
    let old = given::error(store, "no disk", 0).await;
    let resolution = Resolution { at: given::at(5), ..Resolution::new("done", "ada") };
    store.error_logs().resolve(old.id, &resolution).await.unwrap();
    given::error(store, "no disk", 10).await;
    given::error(store, "no network", 1).await;
    let recent = ErrorLogFilter { created_after: Some(given::at(9)), ..ErrorLogFilter::default() };
    let found = groups(store, recent).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].count, found[0].first_seen, found[0].regressed), (2, given::at(0), true));
    let open = ErrorLogFilter { resolved: Some(false), ..ErrorLogFilter::default() };
    let regressed: Vec<_> = groups(store, open).await.iter().map(|group| group.regressed).collect();
    assert_eq!(regressed, [true, false]);
    let never = ErrorLogFilter { severity: Some(Severity::Fatal), ..ErrorLogFilter::default() };
    assert_eq!(groups(store, never).await, []);
}

async fn a_number_of_groups_can_be_refused(store: &dyn Store) {
    for limit in [0, 1001] {
        let refused = store.error_logs().groups(&ErrorLogFilter::default(), limit).await;
        expect::fault(refused, "limit", FaultCode::OutOfRange);
    }
}

async fn without_errors_there_are_no_groups(store: &dyn Store) {
    assert_eq!(groups(store, ErrorLogFilter::default()).await, []);
    let unknown = given::new_error("x", 0).fingerprint();
    assert_eq!(store.error_logs().group(&unknown).await.unwrap(), None);
}

async fn a_patch_moves_no_error_into_another_group(store: &dyn Store) {
    let error = given::error(store, "no disk", 0).await;
    let patch = ErrorLogPatch {
        error_type: Some(ErrorType::System),
        error_code: Some(Some("ENOSPC".to_owned())),
        ..ErrorLogPatch::default()
    };
    store.error_logs().update(error.id, &patch).await.unwrap();
    let group = store.error_logs().group(&error.fingerprint.unwrap()).await.unwrap().unwrap();
    assert_eq!((group.error_type, group.error_code.as_deref()), (ErrorType::System, Some("ENOSPC")));
}
