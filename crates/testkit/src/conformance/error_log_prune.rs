//! Deleting old errors.

use chrono::{DateTime, TimeDelta, Utc};
use taskmaster_models::{ErrorLogFilter, FaultCode, NewErrorLog, PageRequest, clock};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "error_log_prune",
    the_oldest_errors_go_first_and_no_younger_one_goes,
    errors_of_every_kind_are_pruned,
    an_empty_store_has_nothing_to_prune,
    a_number_to_prune_can_be_refused,
    any_time_may_be_asked_for,
);

async fn left(store: &dyn Store) -> Vec<DateTime<Utc>> {
    let request = PageRequest::default().ascending();
    let page = store.error_logs().find_by(&ErrorLogFilter::default(), &request).await.unwrap();
    page.items.iter().map(|error| error.created_at).collect()
}

async fn the_oldest_errors_go_first_and_no_younger_one_goes(store: &dyn Store) {
    for happened in [5, 1, 4, 2, 3, 0] {
        given::error(store, "x", happened).await;
    }
    let before = given::at(4);
    assert_eq!(store.error_logs().prunable(before).await.unwrap(), 4);
    assert_eq!(store.error_logs().prune(before, 3).await.unwrap(), 3);
    assert_eq!(left(store).await, [3, 4, 5].map(given::at));
    assert_eq!(store.error_logs().prunable(before).await.unwrap(), 1);
    assert_eq!(store.error_logs().prune(before, 3).await.unwrap(), 1);
    assert_eq!(store.error_logs().prune(before, 3).await.unwrap(), 0);
    assert_eq!(left(store).await, [4, 5].map(given::at), "one of that very time is not before it");
    let just_after = before + TimeDelta::microseconds(1);
    assert_eq!(store.error_logs().prune(just_after, 100_000).await.unwrap(), 1);
    assert_eq!(left(store).await, [given::at(5)]);
}

async fn errors_of_every_kind_are_pruned(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let new = [
        NewErrorLog { resolved: true, ..given::new_error("resolved", 0) },
        NewErrorLog { task_id: Some(task.id), ..given::new_error("of a task", 0) },
        given::new_error("open", 0),
    ];
    store.error_logs().bulk_create(&new).await.unwrap();
    assert_eq!(store.error_logs().prune(given::at(1), 10).await.unwrap(), 3);
    assert!(store.tasks().find_by_id(task.id).await.unwrap().is_some());
}

async fn an_empty_store_has_nothing_to_prune(store: &dyn Store) {
    assert_eq!(store.error_logs().prunable(clock::now()).await.unwrap(), 0);
    assert_eq!(store.error_logs().prune(clock::now(), 1).await.unwrap(), 0);
}

async fn a_number_to_prune_can_be_refused(store: &dyn Store) {
    given::error(store, "x", 0).await;
    for limit in [0, 100_001, u32::MAX] {
        let refused = store.error_logs().prune(clock::now(), limit).await;
        expect::fault(refused, "limit", FaultCode::OutOfRange);
    }
    assert_eq!(left(store).await.len(), 1);
}

async fn any_time_may_be_asked_for(store: &dyn Store) {
    for time in [clock::earliest(), clock::latest()] {
        store
            .error_logs()
            .create(&NewErrorLog { created_at: time, ..given::new_error("x", 0) })
            .await
            .unwrap();
    }
    for (time, old) in [
        (DateTime::<Utc>::MIN_UTC, 0),
        (clock::earliest(), 0),
        (given::at(0), 1),
        (clock::latest(), 1),
        (DateTime::<Utc>::MAX_UTC, 2),
    ] {
        assert_eq!(store.error_logs().prunable(time).await.unwrap(), old, "{time}");
    }
    assert_eq!(store.error_logs().prune(DateTime::<Utc>::MAX_UTC, 10).await.unwrap(), 2);
}
