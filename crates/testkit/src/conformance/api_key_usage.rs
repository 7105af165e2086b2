//! How often and when API keys were used.

use taskmaster_models::{Actor, ApiKey, ApiKeyId, NewApiKey};
use taskmaster_repository::Store;

use super::{given, suite};

suite!(
    "api_key_usage",
    fault_10_a_use_is_written_down,
    uses_are_written_once_a_minute_and_all_by_a_flush,
    only_calls_that_are_admitted_are_uses,
    a_use_is_no_change_of_the_key,
    the_last_use_never_goes_back,
    all_that_share_a_store_count_together,
    a_unit_of_work_counts_and_does_not_write,
    uses_of_a_deleted_key_are_forgotten,
);

async fn used(store: &dyn Store, id: ApiKeyId) -> (i32, Option<i64>) {
    let ApiKey { usage_count, last_used_at, .. } = store.api_keys().find_by_id(id).await.unwrap().unwrap();
    (usage_count, last_used_at.map(|time| (time - given::at(0)).num_seconds()))
}

async fn fault_10_a_use_is_written_down(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let id = issued.api_key.id;
    assert_eq!(used(store, id).await, (0, None));
    store.api_keys().verify(&issued.key, &[], given::at(5)).await.unwrap();
    assert_eq!(used(store, id).await, (1, Some(5)));
}

async fn uses_are_written_once_a_minute_and_all_by_a_flush(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let id = issued.api_key.id;
    for now in 0..60 {
        store.api_keys().verify(&issued.key, &[], given::at(now)).await.unwrap();
    }
    assert_eq!(used(store, id).await, (1, Some(0)));
    store.api_keys().record_usage(id, given::at(60)).await.unwrap();
    assert_eq!(used(store, id).await, (61, Some(60)));
    let other = given::api_key(store, "other").await.api_key.id;
    for now in [61, 62] {
        store.api_keys().record_usage(id, given::at(now)).await.unwrap();
        store.api_keys().record_usage(other, given::at(now)).await.unwrap();
    }
    assert_eq!((used(store, id).await, used(store, other).await), ((61, Some(60)), (1, Some(61))));
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 2);
    assert_eq!((used(store, id).await, used(store, other).await), ((63, Some(62)), (2, Some(62))));
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 0);
}

async fn only_calls_that_are_admitted_are_uses(store: &dyn Store) {
    let new = NewApiKey {
        expires_at: Some(given::at(100)),
        permissions: given::permissions(&["read"]),
        ..given::new_api_key("ci", 0)
    };
    let issued = store.api_keys().create(&new).await.unwrap();
    store.api_keys().verify(&issued.key, &given::permissions(&["write"]), given::at(1)).await.unwrap();
    store.api_keys().verify(&issued.key, &[], given::at(100)).await.unwrap();
    store.api_keys().flush_usage().await.unwrap();
    assert_eq!(used(store, new.id).await, (0, None));
}

async fn a_use_is_no_change_of_the_key(store: &dyn Store) {
    let before = given::api_key(store, "ci").await.api_key;
    store.api_keys().record_usage(before.id, given::at(1)).await.unwrap();
    let after = store.api_keys().find_by_id(before.id).await.unwrap().unwrap();
    assert_eq!((after.version, after.updated_at), (before.version, before.updated_at));
    assert_eq!(after, ApiKey { usage_count: 1, last_used_at: Some(given::at(1)), ..before });
}

async fn the_last_use_never_goes_back(store: &dyn Store) {
    let id = given::api_key(store, "ci").await.api_key.id;
    store.api_keys().record_usage(id, given::at(100)).await.unwrap();
    store.api_keys().record_usage(id, given::at(7)).await.unwrap();
    store.api_keys().flush_usage().await.unwrap();
    assert_eq!(used(store, id).await, (2, Some(100)));
}

async fn all_that_share_a_store_count_together(store: &dyn Store) {
    let id = given::api_key(store, "ci").await.api_key.id;
    let acting = store.acting_as(&Actor::user("ada")).unwrap();
    store.api_keys().record_usage(id, given::at(0)).await.unwrap();
    acting.api_keys().record_usage(id, given::at(1)).await.unwrap();
    store.api_keys().record_usage(id, given::at(2)).await.unwrap();
    assert_eq!(used(store, id).await, (1, Some(0)));
    assert_eq!(acting.api_keys().flush_usage().await.unwrap(), 1);
    assert_eq!(used(store, id).await, (3, Some(2)));
}

async fn a_unit_of_work_counts_and_does_not_write(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let id = issued.api_key.id;
    let uow = store.begin().await.unwrap();
    uow.api_keys().verify(&issued.key, &[], given::at(1)).await.unwrap();
    uow.api_keys().record_usage(id, given::at(2)).await.unwrap();
    assert_eq!(uow.api_keys().flush_usage().await.unwrap(), 0);
    uow.rollback().await.unwrap();
    assert_eq!(used(store, id).await, (0, None));
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 1);
    assert_eq!(
        used(store, id).await,
        (2, Some(2)),
        "the calls were made, whatever became of the unit of work"
    );
}

async fn uses_of_a_deleted_key_are_forgotten(store: &dyn Store) {
    let id = given::api_key(store, "ci").await.api_key.id;
    store.api_keys().record_usage(id, given::at(0)).await.unwrap();
    store.api_keys().record_usage(id, given::at(1)).await.unwrap();
    store.api_keys().delete(id).await.unwrap();
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 0);
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 0);
}
