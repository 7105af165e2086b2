//! Numbers over errors, and those that somebody should look at.

use chrono::{DateTime, Utc};
use taskmaster_models::{
    ErrorLogFilter, ErrorLogStatistics, ErrorType, FaultCode, NewErrorLog, PageRequest, Severity, TaskStatus,
    clock,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "error_log_report",
    fault_22_of_no_errors_are_zeros_without_averages,
    numbers_of_errors_are_right,
    a_summary_counts_each_type_and_severity,
    a_summary_follows_the_filter,
    critical_errors_tell_title_and_status_of_their_tasks,
    critical_errors_come_in_pages,
);

fn happened(error_type: ErrorType, severity: Severity, made: i64, resolved_at: Option<i64>) -> NewErrorLog {
    NewErrorLog {
        error_type,
        severity,
        resolved: resolved_at.is_some(),
        resolved_at: resolved_at.map(given::at),
        ..given::new_error("x", made)
    }
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

async fn fault_22_of_no_errors_are_zeros_without_averages(store: &dyn Store) {
    let all = ErrorLogFilter::default();
    assert_eq!(store.error_logs().statistics(&all).await.unwrap(), ErrorLogStatistics::default());
    assert_eq!(store.error_logs().summary(&all).await.unwrap(), []);
    assert_eq!(store.error_logs().critical_errors(&PageRequest::default()).await.unwrap().items, []);
    given::error(store, "x", 0).await;
    let unresolved = store.error_logs().statistics(&all).await.unwrap();
    assert_eq!((unresolved.total, unresolved.avg_resolution_hours), (1, None));
}

async fn numbers_of_errors_are_right(store: &dyn Store) {
    let task = given::task(store, "Save").await;
    let mut new = vec![
        happened(ErrorType::Timeout, Severity::Error, 0, Some(3600)),
        happened(ErrorType::Timeout, Severity::Fatal, 10, None),
        happened(ErrorType::General, Severity::Error, 20, None),
        happened(ErrorType::General, Severity::Warn, 30, Some(30)),
        happened(ErrorType::RateLimit, Severity::Debug, 40, None),
    ];
    new[0].task_id = Some(task.id);
    new[1].task_id = Some(task.id);
    store.error_logs().bulk_create(&new).await.unwrap();
    let found = store.error_logs().statistics(&ErrorLogFilter::default()).await.unwrap();
    assert_near(found.avg_resolution_hours.unwrap(), 0.5);
    let expected = ErrorLogStatistics {
        total: 5,
        resolved: 2,
        unresolved: 3,
        critical: 2,
        groups: 3,
        tasks: 1,
        by_type: vec![(ErrorType::General, 2), (ErrorType::Timeout, 2), (ErrorType::RateLimit, 1)],
        by_severity: vec![
            (Severity::Debug, 1),
            (Severity::Warn, 1),
            (Severity::Error, 2),
            (Severity::Fatal, 1),
        ],
        avg_resolution_hours: found.avg_resolution_hours,
        first_occurrence: Some(given::at(0)),
        latest_occurrence: Some(given::at(40)),
    };
    assert_eq!(found, expected);
    let of_task = store.error_logs().statistics(&ErrorLogFilter::task(task.id)).await.unwrap();
    assert_eq!((of_task.total, of_task.by_type), (2, vec![(ErrorType::Timeout, 2)]));
}

fn hours_since(time: DateTime<Utc>) -> f64 {
    (clock::now() - time).as_seconds_f64() / 3600.0
}

async fn a_summary_counts_each_type_and_severity(store: &dyn Store) {
    let new = [
        happened(ErrorType::Timeout, Severity::Error, 10, Some(3610)),
        happened(ErrorType::Timeout, Severity::Error, 20, Some(20)),
        happened(ErrorType::Timeout, Severity::Fatal, 5, None),
        happened(ErrorType::Database, Severity::Error, 7, Some(7)),
    ];
    store.error_logs().bulk_create(&new).await.unwrap();
    let earliest = hours_since(given::at(5));
    let found = store.error_logs().summary(&ErrorLogFilter::default()).await.unwrap();
    let latest = hours_since(given::at(5));
    let kinds: Vec<_> = found.iter().map(|kind| (kind.error_type, kind.severity)).collect();
    let expected = [
        (ErrorType::Database, Severity::Error),
        (ErrorType::Timeout, Severity::Error),
        (ErrorType::Timeout, Severity::Fatal),
    ];
    assert_eq!(kinds, expected);
    let counts: Vec<_> = found.iter().map(|kind| (kind.error_count, kind.unresolved_count)).collect();
    assert_eq!(counts, [(1, 0), (2, 0), (1, 1)]);
    assert_near(found[0].avg_resolution_hours, 0.0);
    assert_near(found[1].avg_resolution_hours, 0.5);
    assert_eq!(found[1].latest_occurrence, given::at(20));
    // What is not resolved counts until now.
    let open = found[2].avg_resolution_hours;
    assert!(earliest - 1e-6 <= open && open <= latest + 1e-6, "{earliest} {open} {latest}");
}

async fn a_summary_follows_the_filter(store: &dyn Store) {
    let new = [
        happened(ErrorType::Timeout, Severity::Error, 10, None),
        happened(ErrorType::Database, Severity::Error, 7, None),
    ];
    store.error_logs().bulk_create(&new).await.unwrap();
    let filter = ErrorLogFilter { error_type: Some(ErrorType::Database), ..ErrorLogFilter::default() };
    let found = store.error_logs().summary(&filter).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].error_type, found[0].error_count), (ErrorType::Database, 1));
}

async fn critical_errors_tell_title_and_status_of_their_tasks(store: &dyn Store) {
    let task = given::task_in(store, TaskStatus::Failed).await;
    let mut new = vec![
        happened(ErrorType::Timeout, Severity::Error, 0, None),
        happened(ErrorType::Timeout, Severity::Fatal, 1, None),
        happened(ErrorType::Timeout, Severity::Fatal, 2, Some(3)),
        happened(ErrorType::Timeout, Severity::Warn, 3, None),
    ];
    new[0].task_id = Some(task.id);
    let stored = store.error_logs().bulk_create(&new).await.unwrap();
    let found = store.error_logs().critical_errors(&PageRequest::default()).await.unwrap().items;
    assert_eq!(found.len(), 2);
    assert_eq!((&found[0].error, &found[0].task_title, found[0].task_status), (&stored[1], &None, None));
    let title = Some(task.title);
    let status = Some(TaskStatus::Failed);
    assert_eq!((&found[1].error, &found[1].task_title, found[1].task_status), (&stored[0], &title, status));
}

async fn critical_errors_come_in_pages(store: &dyn Store) {
    let new: Vec<_> = (0..5).map(|n| given::new_error("x", n / 2)).collect();
    store.error_logs().bulk_create(&new).await.unwrap();
    for request in [PageRequest::default().limit(2), PageRequest::default().limit(2).ascending()] {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = store.error_logs().critical_errors(&request.clone().after(next)).await.unwrap();
            found.extend(
                page.items.into_iter().map(|critical| (critical.error.created_at, critical.error.id)),
            );
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), 5);
        assert!(found.is_sorted() || found.iter().rev().is_sorted(), "{found:?}");
    }
    let none = store.error_logs().critical_errors(&PageRequest::default().limit(1001)).await;
    expect::fault(none, "limit", FaultCode::OutOfRange);
}
