//! Rate limits of API keys.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use futures::future::join_all;
use secrecy::SecretString;
use taskmaster_models::{ApiKeyPatch, KeyVerdict, NewApiKey, RateLimit};
use taskmaster_repository::{IssuedApiKey, Store};

use super::{given, suite};

suite!(
    "api_key_rate_limit",
    fault_10_a_limit_admits_as_many_calls_as_it_says,
    a_window_begins_with_its_first_call,
    each_key_has_a_window_of_its_own,
    both_keys_of_a_rotation_share_a_window,
    a_changed_limit_holds_at_once,
    a_wrong_clock_does_not_lock_a_key,
    concurrent_calls_are_admitted_exactly,
    a_call_in_a_unit_of_work_counts_when_it_commits,
);

async fn limited(store: &dyn Store, name: &str, max_requests: i32, seconds: i64) -> IssuedApiKey {
    let rate_limit = Some(RateLimit::new(max_requests, TimeDelta::seconds(seconds)));
    let new = NewApiKey { rate_limit, ..given::new_api_key(name, 0) };
    store.api_keys().create(&new).await.unwrap()
}

/// How long to wait in seconds, or `None` for a call that is admitted.
async fn wait(store: &dyn Store, key: &SecretString, now: i64) -> Option<i64> {
    match store.api_keys().verify(key, &[], given::at(now)).await.unwrap() {
        KeyVerdict::Valid(_) => None,
        KeyVerdict::RateLimited { retry_after } => Some(retry_after.num_seconds()),
        other => panic!("{other:?}"),
    }
}

async fn fault_10_a_limit_admits_as_many_calls_as_it_says(store: &dyn Store) {
    let key = limited(store, "ci", 3, 60).await.key;
    for now in [0, 1, 2] {
        assert_eq!(wait(store, &key, now).await, None);
    }
    assert_eq!(wait(store, &key, 2).await, Some(58));
    assert_eq!(wait(store, &key, 59).await, Some(1));
    let once = limited(store, "once", 1, 1).await.key;
    assert_eq!(wait(store, &once, 0).await, None);
    assert_eq!(wait(store, &once, 0).await, Some(1));
}

async fn a_window_begins_with_its_first_call(store: &dyn Store) {
    let key = limited(store, "ci", 2, 60).await.key;
    assert_eq!(wait(store, &key, 50).await, None);
    assert_eq!(wait(store, &key, 109).await, None);
    assert_eq!(wait(store, &key, 109).await, Some(1));
    assert_eq!(wait(store, &key, 110).await, None);
    assert_eq!(wait(store, &key, 115).await, None);
    assert_eq!(wait(store, &key, 115).await, Some(55), "the window began with the call at 110");
    assert_eq!(wait(store, &key, 100).await, Some(70), "a clock that is behind by a little");
}

async fn each_key_has_a_window_of_its_own(store: &dyn Store) {
    let one = limited(store, "one", 1, 60).await;
    let other = limited(store, "other", 1, 60).await;
    assert_eq!(wait(store, &one.key, 0).await, None);
    assert_eq!(wait(store, &other.key, 0).await, None);
    assert_eq!(wait(store, &one.key, 0).await, Some(60));
    assert!(store.api_keys().delete(one.api_key.id).await.unwrap());
    let again = limited(store, "one", 1, 60).await;
    assert_eq!(wait(store, &again.key, 0).await, None);
}

async fn both_keys_of_a_rotation_share_a_window(store: &dyn Store) {
    let old = limited(store, "ci", 2, 60).await;
    assert_eq!(wait(store, &old.key, 0).await, None);
    let new = store.api_keys().rotate(old.api_key.id, TimeDelta::hours(1), given::at(1)).await.unwrap();
    assert_eq!(wait(store, &new.key, 1).await, None);
    assert_eq!(wait(store, &old.key, 1).await, Some(59));
    assert_eq!(wait(store, &new.key, 1).await, Some(59));
}

async fn a_changed_limit_holds_at_once(store: &dyn Store) {
    let issued = limited(store, "ci", 1, 60).await;
    assert_eq!(wait(store, &issued.key, 0).await, None);
    assert_eq!(wait(store, &issued.key, 0).await, Some(60));
    let set = async |rate_limit| {
        let patch = ApiKeyPatch { rate_limit: Some(rate_limit), ..ApiKeyPatch::default() };
        store.api_keys().update(issued.api_key.id, &patch).await.unwrap();
    };
    set(Some(RateLimit::new(2, TimeDelta::seconds(60)))).await;
    assert_eq!(wait(store, &issued.key, 0).await, None);
    assert_eq!(wait(store, &issued.key, 0).await, Some(60));
    set(None).await;
    assert_eq!(wait(store, &issued.key, 0).await, None);
}

async fn a_wrong_clock_does_not_lock_a_key(store: &dyn Store) {
    let years = 10 * 365 * 86_400;
    for (name, wrong) in [("ahead", years), ("behind", -years)] {
        let full = limited(store, name, 1, 60).await.key;
        assert_eq!(wait(store, &full, wrong).await, None);
        assert_eq!(wait(store, &full, 0).await, None, "{name}");
        assert_eq!(wait(store, &full, 0).await, Some(60), "{name}");
        let half_full = limited(store, &format!("half {name}"), 2, 60).await.key;
        assert_eq!(wait(store, &half_full, wrong).await, None);
        assert_eq!(wait(store, &half_full, 0).await, None, "{name}");
        assert_eq!(wait(store, &half_full, 1).await, None, "{name}");
        assert_eq!(wait(store, &half_full, 1).await, Some(59), "{name}");
    }
    let key = limited(store, "by a window", 1, 60).await.key;
    assert_eq!(wait(store, &key, 60).await, None);
    assert_eq!(wait(store, &key, 0).await, Some(120), "clocks may differ by the length of a window");
    assert_eq!(wait(store, &key, -1).await, None);
}

async fn concurrent_calls_are_admitted_exactly(store: &dyn Store) {
    let key = limited(store, "ci", 20, 3_600).await.key;
    let admitted = AtomicUsize::new(0);
    let call = async |n: i64| {
        if wait(store, &key, n % 7).await.is_none() {
            admitted.fetch_add(1, Ordering::Relaxed);
        }
    };
    join_all((0..100).map(call)).await;
    assert_eq!(admitted.into_inner(), 20);
}

async fn a_call_in_a_unit_of_work_counts_when_it_commits(store: &dyn Store) {
    let key = limited(store, "ci", 1, 60).await.key;
    let uow = store.begin().await.unwrap();
    let verdict = uow.api_keys().verify(&key, &[], given::at(0)).await.unwrap();
    assert!(matches!(verdict, KeyVerdict::Valid(_)));
    let verdict = uow.api_keys().verify(&key, &[], given::at(0)).await.unwrap();
    assert!(matches!(verdict, KeyVerdict::RateLimited { .. }));
    uow.rollback().await.unwrap();
    let uow = store.begin().await.unwrap();
    uow.api_keys().verify(&key, &[], given::at(0)).await.unwrap();
    uow.commit().await.unwrap();
    assert_eq!(wait(store, &key, 0).await, Some(60));
}
