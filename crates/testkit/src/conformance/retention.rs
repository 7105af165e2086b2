//! Retention: what has outlived its age goes, and nothing else.

use chrono::{DateTime, TimeDelta, Utc};
use taskmaster_models::{
    AuditLogFilter, ErrorLogFilter, ErrorType, FaultCode, MetricFilter, MetricType, NewErrorLog, NewMetric,
    NewTask, RetainedTable, RetentionPolicy, clock,
};
use taskmaster_repository::{Store, retention};

use super::{expect, given, suite};

suite!(
    "retention",
    rows_go_when_they_are_older_than_their_age_and_not_before,
    a_table_without_an_age_is_kept_for_good,
    a_plan_tells_what_would_go_and_removes_nothing,
    many_rows_go_in_steps,
    an_age_below_an_hour_is_refused_and_nothing_goes,
    a_step_has_a_limit,
    fault_26_the_audit_trail_goes_seal_by_seal_and_stays_verifiable,
);

fn only(table: RetainedTable, age: TimeDelta) -> RetentionPolicy {
    let age = |of| (table == of).then_some(age);
    RetentionPolicy {
        audit_logs: age(RetainedTable::AuditLogs),
        error_logs: age(RetainedTable::ErrorLogs),
        performance_metrics: age(RetainedTable::PerformanceMetrics),
    }
}

async fn error_at(store: &dyn Store, time: DateTime<Utc>) {
    let new = NewErrorLog { created_at: time, ..NewErrorLog::new(ErrorType::Network, "lost") };
    store.error_logs().create(&new).await.unwrap();
}

async fn metric_at(store: &dyn Store, time: DateTime<Utc>) {
    let new = NewMetric { timestamp: time, ..NewMetric::new(MetricType::Task, "m", 1.0) };
    store.metrics().record(&new).await.unwrap();
}

async fn errors(store: &dyn Store) -> u64 {
    store.error_logs().count(&ErrorLogFilter::default()).await.unwrap()
}

async fn metrics(store: &dyn Store) -> u64 {
    store.metrics().count(&MetricFilter::default()).await.unwrap()
}

async fn rows_go_when_they_are_older_than_their_age_and_not_before(store: &dyn Store) {
    let now = given::at(0);
    let day = TimeDelta::days(1);
    let instant = TimeDelta::microseconds(1);
    for time in [now - day - instant, now - day, now - day + instant, now, now + day] {
        error_at(store, time).await;
        metric_at(store, time).await;
    }
    let policy = RetentionPolicy { audit_logs: None, error_logs: Some(day), performance_metrics: Some(day) };
    let done = retention::run(store, &policy, now, |_| {}).await.unwrap();
    let gone: Vec<_> = done.iter().map(|table| (table.table, table.rows)).collect();
    assert_eq!(gone, [(RetainedTable::ErrorLogs, 1), (RetainedTable::PerformanceMetrics, 1)]);
    assert_eq!((errors(store).await, metrics(store).await), (4, 4));
    let oldest = ErrorLogFilter { created_before: Some(now - day), ..ErrorLogFilter::default() };
    assert_eq!(store.error_logs().count(&oldest).await.unwrap(), 1);

    let again = retention::run(store, &policy, now, |_| {}).await.unwrap();
    assert!(again.iter().all(|table| table.rows == 0), "{again:?}");
}

async fn a_table_without_an_age_is_kept_for_good(store: &dyn Store) {
    let now = given::at(0);
    error_at(store, now - TimeDelta::days(1000)).await;
    metric_at(store, now - TimeDelta::days(1000)).await;
    let policy = only(RetainedTable::PerformanceMetrics, TimeDelta::days(1));
    let done = retention::run(store, &policy, now, |_| {}).await.unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!((errors(store).await, metrics(store).await), (1, 0));
}

async fn a_plan_tells_what_would_go_and_removes_nothing(store: &dyn Store) {
    let now = given::at(0);
    for days in 0..5 {
        error_at(store, now - TimeDelta::days(days)).await;
    }
    let policy = only(RetainedTable::ErrorLogs, TimeDelta::days(2));
    let plan = retention::plan(store, &policy, now).await.unwrap();
    assert_eq!(plan[0].rows, 2);
    assert_eq!(plan[0].before, now - TimeDelta::days(2));
    assert_eq!(errors(store).await, 5);
    assert_eq!(retention::run(store, &policy, now, |_| {}).await.unwrap(), plan);
}

async fn many_rows_go_in_steps(store: &dyn Store) {
    let now = given::at(0);
    let old = NewMetric { timestamp: now - TimeDelta::days(2), ..NewMetric::new(MetricType::Task, "m", 1.0) };
    let step = retention::STEP as usize;
    let rows: Vec<_> =
        (0..=2 * step).map(|_| NewMetric { id: taskmaster_models::MetricId::new(), ..old.clone() }).collect();
    store.metrics().record_many(&rows).await.unwrap();
    metric_at(store, now).await;
    let mut told = Vec::new();
    let policy = only(RetainedTable::PerformanceMetrics, TimeDelta::days(1));
    retention::run(store, &policy, now, |table| told.push(table.rows)).await.unwrap();
    let step = u64::from(retention::STEP);
    assert_eq!(told, [step, 2 * step, 2 * step + 1]);
    assert_eq!(metrics(store).await, 1);
}

async fn an_age_below_an_hour_is_refused_and_nothing_goes(store: &dyn Store) {
    let now = given::at(0);
    error_at(store, now - TimeDelta::days(1)).await;
    let policy = only(RetainedTable::ErrorLogs, TimeDelta::minutes(59));
    let refused = retention::run(store, &policy, now, |_| {}).await;
    expect::fault(refused, "error_logs", FaultCode::OutOfRange);
    expect::fault(retention::plan(store, &policy, now).await, "error_logs", FaultCode::OutOfRange);
    assert_eq!(errors(store).await, 1);
}

async fn a_step_has_a_limit(store: &dyn Store) {
    let before = given::at(0);
    for limit in [0, 100_001] {
        expect::fault(store.error_logs().prune(before, limit).await, "limit", FaultCode::OutOfRange);
        expect::fault(store.metrics().prune(before, limit).await, "limit", FaultCode::OutOfRange);
        expect::fault(store.audit_logs().prune(before, limit).await, "limit", FaultCode::OutOfRange);
    }
}

async fn fault_26_the_audit_trail_goes_seal_by_seal_and_stays_verifiable(store: &dyn Store) {
    let audit = store.audit_logs();
    for title in ["a", "b", "c"] {
        store.tasks().create(&NewTask::new(title)).await.unwrap();
    }
    audit.seal().await.unwrap();
    let between = clock::now();
    store.tasks().create(&NewTask::new("d")).await.unwrap();
    let policy = only(RetainedTable::AuditLogs, TimeDelta::days(1));

    let early = retention::run(store, &policy, between, |_| {}).await.unwrap();
    assert_eq!(early[0].rows, 0, "everything is younger than a day");
    let done = retention::run(store, &policy, between + TimeDelta::days(1), |_| {}).await.unwrap();
    assert_eq!(done[0].rows, 3, "the rows of the first seal, not those of the second");

    let left = audit.count(&AuditLogFilter::default()).await.unwrap();
    assert_eq!(left, 1);
    let verification = audit.verify(None).await.unwrap();
    assert!(verification.is_intact(), "{verification:?}");
    assert_eq!((verification.seals, verification.pruned_seals), (2, 1));
    assert!(verification.pruned_through.unwrap() <= between);
}
