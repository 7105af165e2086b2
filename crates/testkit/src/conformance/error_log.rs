//! Error logs.

use chrono::{DateTime, Utc};
use serde_json::json;
use taskmaster_models::{
    Actor, ErrorLog, ErrorLogFilter, ErrorLogId, ErrorLogPatch, ErrorType, FaultCode, NewErrorLog,
    PageRequest, Resolution, Severity, TaskId,
};
use taskmaster_repository::{Repositories, Store};

use super::{expect, given, suite};

suite!(
    "error_log",
    an_error_comes_back_as_it_was_given,
    an_error_of_every_type_and_severity_is_stored,
    an_error_needs_its_task,
    an_error_outlives_its_task,
    an_error_of_a_taken_id_is_refused,
    a_resolved_error_and_no_other_has_a_time_of_it,
    an_error_with_its_sources_is_stored,
    deleting_an_error_tells_whether_it_was_there,
    each_criterion_of_a_filter_restricts,
    fault_14_errors_of_one_time_are_paged_without_a_gap,
    many_errors_are_stored_all_or_none,
    fault_25_more_errors_than_a_statement_has_parameters_go_in_at_once,
    a_rollback_undoes_every_write,
    an_actor_writes_like_anybody,
);

/// A new error in which each field has a value, except that it is about no task.
pub(super) fn full_error() -> NewErrorLog {
    NewErrorLog {
        error_type: ErrorType::Database,
        error_code: Some("23505".to_owned()),
        stack_trace: Some("   0: app::store::save\n   1: app::main".to_owned()),
        context: given::object(&json!({"sources": ["duplicate key"], "attempt": 2})),
        workflow_id: Some("release".to_owned()),
        user_id: Some("ada".to_owned()),
        session_id: Some("run-7".to_owned()),
        severity: Severity::Fatal,
        resolved: true,
        resolution_notes: Some("the key was taken\ntwice".to_owned()),
        resolved_at: Some(given::at(60)),
        metadata: given::object(&json!({"host": "r1", "empty": {}})),
        ..given::new_error("cannot save task 7", 10)
    }
}

async fn an_error_comes_back_as_it_was_given(store: &dyn Store) {
    let task = given::task(store, "Save").await;
    let new = NewErrorLog { task_id: Some(task.id), ..full_error() };
    let stored = store.error_logs().create(&new).await.unwrap();
    let expected = ErrorLog {
        id: new.id,
        error_type: ErrorType::Database,
        error_code: new.error_code.clone(),
        error_message: new.error_message.clone(),
        stack_trace: new.stack_trace.clone(),
        context: new.context.clone(),
        task_id: Some(task.id),
        workflow_id: new.workflow_id.clone(),
        user_id: new.user_id.clone(),
        session_id: new.session_id.clone(),
        severity: Severity::Fatal,
        resolved: true,
        resolution_notes: new.resolution_notes.clone(),
        created_at: given::at(10),
        updated_at: given::at(10),
        resolved_at: Some(given::at(60)),
        metadata: new.metadata.clone(),
        fingerprint: Some(new.fingerprint()),
        version: 1,
    };
    assert_eq!(stored, expected);
    assert_eq!(store.error_logs().find_by_id(new.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(store.error_logs().find_by_id(ErrorLogId::new()).await.unwrap(), None);
    let twin = NewErrorLog { id: ErrorLogId::new(), ..new };
    let stored = store.error_logs().bulk_create(&[twin]).await.unwrap().remove(0);
    assert_eq!(stored, ErrorLog { id: stored.id, ..expected });

    let plain = given::error(store, "x", 0).await;
    assert_eq!((plain.severity, plain.resolved, plain.resolved_at), (Severity::Error, false, None));
    assert_eq!((plain.task_id, plain.stack_trace, plain.error_code), (None, None, None));
}

async fn an_error_of_every_type_and_severity_is_stored(store: &dyn Store) {
    for error_type in ErrorType::ALL.iter().copied() {
        for severity in Severity::ALL.iter().copied() {
            let new = NewErrorLog { severity, ..NewErrorLog::new(error_type, "x") };
            let stored = store.error_logs().create(&new).await.unwrap();
            assert_eq!((stored.error_type, stored.severity), (error_type, severity));
        }
    }
}

async fn an_error_needs_its_task(store: &dyn Store) {
    let orphan = NewErrorLog { task_id: Some(TaskId::new()), ..full_error() };
    expect::reference(store.error_logs().create(&orphan).await, "error_logs_task_id_fkey");
    let error = given::error(store, "x", 0).await;
    let patch = ErrorLogPatch { task_id: Some(Some(TaskId::new())), ..ErrorLogPatch::default() };
    expect::reference(store.error_logs().update(error.id, &patch).await, "error_logs_task_id_fkey");
    let left = store.error_logs().find_by(&ErrorLogFilter::default(), &PageRequest::default()).await;
    assert_eq!(left.unwrap().items, [error]);
}

async fn an_error_outlives_its_task(store: &dyn Store) {
    let task = given::task(store, "Save").await;
    let new = NewErrorLog { task_id: Some(task.id), ..given::new_error("x", 0) };
    let before = store.error_logs().create(&new).await.unwrap();
    let other = given::error(store, "y", 0).await;
    assert!(store.tasks().delete(task.id).await.unwrap());
    let after = store.error_logs().find_by_id(before.id).await.unwrap().unwrap();
    assert!(after.updated_at > before.updated_at);
    assert_eq!(after, ErrorLog { task_id: None, version: 2, updated_at: after.updated_at, ..before });
    assert_eq!(store.error_logs().find_by_id(other.id).await.unwrap(), Some(other));
}

async fn an_error_of_a_taken_id_is_refused(store: &dyn Store) {
    let first = given::error(store, "x", 0).await;
    let second = NewErrorLog { id: first.id, ..full_error() };
    expect::conflict(store.error_logs().create(&second).await, "error_logs_pkey");
    assert_eq!(store.error_logs().find_by_id(first.id).await.unwrap(), Some(first));
}

async fn a_resolved_error_and_no_other_has_a_time_of_it(store: &dyn Store) {
    for (resolved, given_at, kept) in [
        (true, Some(given::at(60)), Some(given::at(60))),
        (true, None, Some(given::at(10))),
        (false, Some(given::at(60)), None),
        (false, None, None),
    ] {
        let new = || NewErrorLog { resolved, resolved_at: given_at, ..full_error() };
        let new = [new(), NewErrorLog { id: ErrorLogId::new(), ..new() }];
        let mut stored = store.error_logs().bulk_create(&new[1..]).await.unwrap();
        stored.push(store.error_logs().create(&new[0]).await.unwrap());
        for error in stored {
            assert_eq!((error.resolved, error.resolved_at), (resolved, kept));
        }
    }
}

async fn an_error_with_its_sources_is_stored(store: &dyn Store) {
    let cause = std::io::Error::other("no\0disk".parse::<u8>().unwrap_err());
    let error = std::io::Error::other(cause);
    let new = NewErrorLog::from_error(&error, ErrorType::System);
    let stored = store.error_logs().create(&new).await.unwrap();
    assert_eq!(stored.error_message, "invalid digit found in string");
    assert_eq!(stored.context, new.context);
}

async fn deleting_an_error_tells_whether_it_was_there(store: &dyn Store) {
    let (gone, kept) = (given::error(store, "x", 0).await, given::error(store, "x", 1).await);
    assert!(store.error_logs().delete(gone.id).await.unwrap());
    assert!(!store.error_logs().delete(gone.id).await.unwrap());
    let left = store.error_logs().find_by(&ErrorLogFilter::default(), &PageRequest::default()).await;
    assert_eq!(left.unwrap().items, [kept]);
}

async fn each_criterion_of_a_filter_restricts(store: &dyn Store) {
    let task = given::task(store, "Save").await;
    let two = NewErrorLog { severity: Severity::Warn, ..given::new_error("the other", 2) };
    let three = NewErrorLog { created_at: given::at(3), task_id: Some(task.id), ..full_error() };
    let (one, two, three) = (given::new_error("x", 1), two, three);
    store.error_logs().bulk_create(&[one.clone(), two.clone(), three.clone()]).await.unwrap();
    let group = two.fingerprint();
    let (one, two, three) = (one.id, two.id, three.id);
    let any = ErrorLogFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let stories = [
        (any(), vec![one, two, three]),
        (ErrorLogFilter { error_type: Some(ErrorType::Database), ..any() }, vec![three]),
        (ErrorLogFilter { error_type: Some(ErrorType::Timeout), ..any() }, vec![]),
        (ErrorLogFilter { severity: Some(Severity::Warn), ..any() }, vec![two]),
        (ErrorLogFilter { min_severity: Some(Severity::Debug), ..any() }, vec![one, two, three]),
        (ErrorLogFilter { min_severity: Some(Severity::Info), ..any() }, vec![one, two, three]),
        (ErrorLogFilter { min_severity: Some(Severity::Warn), ..any() }, vec![one, two, three]),
        (ErrorLogFilter { min_severity: Some(Severity::Error), ..any() }, vec![one, three]),
        (ErrorLogFilter { min_severity: Some(Severity::Fatal), ..any() }, vec![three]),
        (ErrorLogFilter { resolved: Some(true), ..any() }, vec![three]),
        (ErrorLogFilter { resolved: Some(false), ..any() }, vec![one, two]),
        (ErrorLogFilter::critical(), vec![one]),
        (ErrorLogFilter::task(task.id), vec![three]),
        (ErrorLogFilter { workflow_id: text("release"), ..any() }, vec![three]),
        (ErrorLogFilter { workflow_id: text("Release"), ..any() }, vec![]),
        (ErrorLogFilter { user_id: text("ada"), ..any() }, vec![three]),
        (ErrorLogFilter { user_id: text("%"), ..any() }, vec![]),
        (ErrorLogFilter::group(group), vec![two]),
        (ErrorLogFilter { created_after: Some(given::at(2)), ..any() }, vec![two, three]),
        (ErrorLogFilter { created_before: Some(given::at(2)), ..any() }, vec![one, two]),
        (ErrorLogFilter { created_after: Some(DateTime::<Utc>::MAX_UTC), ..any() }, vec![]),
        (ErrorLogFilter { created_before: Some(DateTime::<Utc>::MAX_UTC), ..any() }, vec![one, two, three]),
        (ErrorLogFilter { resolved: Some(true), severity: Some(Severity::Warn), ..any() }, vec![]),
    ];
    let request = PageRequest::default().ascending();
    for (filter, expected) in stories {
        let page = store.error_logs().find_by(&filter, &request).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|error| error.id).collect();
        assert_eq!(ids, expected, "{filter:?}");
        let count = store.error_logs().count(&filter).await.unwrap();
        assert_eq!(count, expected.len() as u64, "{filter:?}");
        assert_eq!(store.error_logs().statistics(&filter).await.unwrap().total, count, "{filter:?}");
    }
}

async fn fault_14_errors_of_one_time_are_paged_without_a_gap(store: &dyn Store) {
    // Two of each time: the id breaks the tie.
    let new: Vec<_> = (0..10).map(|n| given::new_error("x", n / 2)).collect();
    store.error_logs().bulk_create(&new).await.unwrap();
    let mut expected: Vec<_> = new.iter().map(|error| (error.created_at, error.id)).collect();
    expected.sort_unstable();
    for request in [PageRequest::default().ascending(), PageRequest::default()] {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let request = request.clone().limit(3).after(next);
            let page = store.error_logs().find_by(&ErrorLogFilter::default(), &request).await.unwrap();
            found.extend(page.items.iter().map(|error| (error.created_at, error.id)));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(found, expected);
        expected.reverse();
    }
    let all = ErrorLogFilter::default();
    let none = store.error_logs().find_by(&all, &PageRequest::default().limit(0)).await;
    expect::fault(none, "limit", FaultCode::OutOfRange);
    let foreign = PageRequest::default().after("abc".parse().ok());
    expect::fault(store.error_logs().find_by(&all, &foreign).await, "after", FaultCode::BadCursor);
}

async fn many_errors_are_stored_all_or_none(store: &dyn Store) {
    assert_eq!(store.error_logs().bulk_create(&[]).await.unwrap(), []);
    let mut new: Vec<_> = (0..4).map(|n| given::new_error("x", n)).collect();
    new[3].error_message = String::new();
    expect::fault(store.error_logs().bulk_create(&new).await, "[3].error_message", FaultCode::Required);
    new[3] = new[0].clone();
    expect::conflict(store.error_logs().bulk_create(&new).await, "error_logs_pkey");
    new[3] = NewErrorLog { task_id: Some(TaskId::new()), ..full_error() };
    expect::reference(store.error_logs().bulk_create(&new).await, "error_logs_task_id_fkey");
    assert_eq!(store.error_logs().count(&ErrorLogFilter::default()).await.unwrap(), 0);
    new[3] = full_error();
    new.reverse();
    let stored = store.error_logs().bulk_create(&new).await.unwrap();
    assert!(stored.iter().map(|error| error.id).eq(new.iter().map(|error| error.id)));
    assert_eq!((stored[0].resolved, stored[1].resolved), (true, false));
}

async fn fault_25_more_errors_than_a_statement_has_parameters_go_in_at_once(store: &dyn Store) {
    let new: Vec<_> = (0..5_000).map(|n| given::new_error(&format!("no disk {n}"), n)).collect();
    assert_eq!(store.error_logs().bulk_create(&new).await.unwrap().len(), 5_000);
    let group = store.error_logs().group(&new[0].fingerprint()).await.unwrap().unwrap();
    assert_eq!((group.count, group.last_seen), (5_000, given::at(4_999)));
}

async fn a_rollback_undoes_every_write(store: &dyn Store) {
    let [changed, open, gone, old] =
        ["a", "b", "c", "d"].map(|message| given::new_error(message, i64::from(message.as_bytes()[0])));
    let new = [changed, open, gone, old];
    let before = store.error_logs().bulk_create(&new).await.unwrap();
    let uow = store.begin().await.unwrap();
    let errors = uow.error_logs();
    errors.create(&full_error()).await.unwrap();
    let patch = ErrorLogPatch { severity: Some(Severity::Fatal), ..ErrorLogPatch::default() };
    errors.update(new[0].id, &patch).await.unwrap();
    let resolution = Resolution::new("done", "ada");
    assert_eq!(errors.resolve_group(&new[1].fingerprint(), &resolution).await.unwrap(), 1);
    errors.reopen(new[1].id).await.unwrap();
    errors.resolve(new[1].id, &resolution).await.unwrap();
    assert!(errors.delete(new[2].id).await.unwrap());
    assert_eq!(errors.prune(given::at(98), 10).await.unwrap(), 2);
    assert_eq!(errors.count(&ErrorLogFilter::default()).await.unwrap(), 2);
    uow.rollback().await.unwrap();
    let request = PageRequest::default().ascending();
    let after = store.error_logs().find_by(&ErrorLogFilter::default(), &request).await.unwrap();
    assert_eq!(after.items, before);
}

async fn an_actor_writes_like_anybody(store: &dyn Store) {
    let store = store.acting_as(&Actor::user("ada")).unwrap();
    let errors = Repositories::error_logs(&*store);
    let first = given::error(&*store, "x", 0).await;
    let twin = given::new_error("x", 1);
    errors.bulk_create(std::slice::from_ref(&twin)).await.unwrap();
    let resolution = Resolution::new("done", "ada");
    assert!(errors.resolve(first.id, &resolution).await.unwrap().resolved);
    assert!(!errors.reopen(first.id).await.unwrap().resolved);
    assert_eq!(errors.resolve_group(&twin.fingerprint(), &resolution).await.unwrap(), 2);
    let patch = ErrorLogPatch { severity: Some(Severity::Info), ..ErrorLogPatch::default() };
    assert_eq!(errors.update(first.id, &patch).await.unwrap().severity, Severity::Info);
    assert_eq!(errors.prune(given::at(1), 10).await.unwrap(), 1);
    assert!(errors.delete(twin.id).await.unwrap());
    assert_eq!(errors.count(&ErrorLogFilter::default()).await.unwrap(), 0);
}
