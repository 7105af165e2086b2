//! API keys: what is stored of them, and how they are found and changed.

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::json;
use taskmaster_models::{
    ApiKey, ApiKeyFilter, ApiKeyId, ApiKeyPatch, ApiKeySort, Environment, FaultCode, NewApiKey, PageRequest,
    Permission, RateLimit, Service, clock,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "api_key",
    a_key_comes_back_as_it_was_given,
    a_key_is_shown_once_and_begins_with_its_prefix,
    an_invalid_key_is_refused_with_every_fault,
    an_expiry_in_the_past_is_refused,
    a_rate_limit_out_of_range_is_refused,
    permissions_that_nobody_knows_or_too_many_are_refused,
    a_name_is_taken_once_for_each_service_and_environment,
    a_key_of_a_taken_id_is_refused,
    many_keys_are_stored_all_or_none,
    a_patch_can_change_every_field,
    a_patch_can_clear_what_may_be_missing,
    a_patch_can_be_refused,
    a_patch_cannot_take_the_name_of_another_key,
    what_changes_an_unknown_key_finds_none,
    each_criterion_of_a_filter_restricts,
    keys_are_paged_by_time_and_by_name,
    a_deleted_key_is_gone,
    an_empty_store_has_no_keys,
    keys_belong_to_their_unit_of_work,
);

fn full_key() -> NewApiKey {
    NewApiKey {
        name: "release bot".to_owned(),
        service: Service::Github,
        environment: Environment::Staging,
        permissions: given::permissions(&["tasks:write", "read", "tasks:write"]),
        expires_at: Some(given::at(1_000)),
        rate_limit: Some(RateLimit::new(100, TimeDelta::minutes(1))),
        created_by: Some("ada".to_owned()),
        metadata: given::object(&json!({"ticket": 7})),
        ..given::new_api_key("", 10)
    }
}

async fn a_key_comes_back_as_it_was_given(store: &dyn Store) {
    let new = full_key();
    let issued = store.api_keys().create(&new).await.unwrap();
    let expected = ApiKey {
        id: new.id,
        name: new.name,
        service: new.service,
        environment: new.environment,
        key_prefix: issued.api_key.key_prefix.clone(),
        pepper_version: None,
        permissions: new.permissions,
        is_active: true,
        expires_at: new.expires_at,
        rate_limit: new.rate_limit,
        last_used_at: None,
        usage_count: 0,
        created_by: new.created_by,
        created_at: given::at(10),
        updated_at: given::at(10),
        previous_key_prefix: None,
        previous_expires_at: None,
        metadata: new.metadata,
        version: 1,
    };
    assert_eq!(issued.api_key, expected);
    assert_eq!(store.api_keys().find_by_id(new.id).await.unwrap(), Some(expected));
    assert_eq!(store.api_keys().find_by_id(ApiKeyId::new()).await.unwrap(), None);
    for service in Service::ALL {
        for environment in Environment::ALL {
            let new = NewApiKey::new("one of each", *service, *environment);
            let stored = store.api_keys().create(&new).await.unwrap().api_key;
            assert_eq!((stored.service, stored.environment), (*service, *environment));
        }
    }
}

async fn a_key_is_shown_once_and_begins_with_its_prefix(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let plain = issued.key.expose_secret();
    let prefix = issued.api_key.key_prefix.clone().unwrap();
    assert!(prefix.starts_with("tmk_prod_") && plain.starts_with(&prefix));
    assert_eq!((prefix.len(), plain.len()), (19, 69));
    assert!(!format!("{issued:?}").contains(&plain[20..]));
    let found = store.api_keys().find_by_id(issued.api_key.id).await.unwrap().unwrap();
    assert!(!format!("{found:?}{}", json!(found)).contains(&plain[20..]));
    assert_ne!(given::api_key(store, "other").await.key.expose_secret(), plain);
}

async fn an_invalid_key_is_refused_with_every_fault(store: &dyn Store) {
    let bad = NewApiKey {
        name: " ".repeat(101),
        expires_at: Some(given::time("+10000-01-01T00:00:00Z")),
        created_by: Some("x".repeat(256)),
        created_at: given::time("0000-12-31T23:59:59Z"),
        metadata: given::object(&json!({"a": "\0"})),
        ..full_key()
    };
    let expected = [
        ("name", FaultCode::Required),
        ("name", FaultCode::TooLong),
        ("expires_at", FaultCode::OutOfRange),
        ("created_by", FaultCode::TooLong),
        ("created_at", FaultCode::OutOfRange),
        ("metadata", FaultCode::Nul),
    ];
    let expected = expected.map(|(field, code)| (field.to_owned(), code));
    assert_eq!(expect::faults(store.api_keys().create(&bad).await), expected);
    assert_eq!(store.api_keys().count(&ApiKeyFilter::default()).await.unwrap(), 0);
}

async fn an_expiry_in_the_past_is_refused(store: &dyn Store) {
    let expiring = |expires_at| NewApiKey { expires_at: Some(given::at(expires_at)), ..full_key() };
    for past in [10, 9, -1_000] {
        let refused = store.api_keys().create(&expiring(past)).await;
        expect::fault(refused, "expires_at", FaultCode::OutOfRange);
    }
    let within_a_microsecond = Some(given::at(10) + TimeDelta::nanoseconds(999));
    let new = NewApiKey { expires_at: within_a_microsecond, ..full_key() };
    expect::fault(store.api_keys().create(&new).await, "expires_at", FaultCode::OutOfRange);
    let stored = store.api_keys().create(&expiring(11)).await.unwrap().api_key;
    let past = ApiKeyPatch { expires_at: Some(Some(given::at(12))), ..ApiKeyPatch::default() };
    let refused = store.api_keys().update(stored.id, &past).await;
    expect::fault(refused, "expires_at", FaultCode::OutOfRange);
    assert_eq!(store.api_keys().find_by_id(stored.id).await.unwrap(), Some(stored));
}

async fn a_rate_limit_out_of_range_is_refused(store: &dyn Store) {
    let stored = given::api_key(store, "ci").await.api_key;
    let month = RateLimit::MAX_WINDOW_MS;
    for (max_requests, window_ms) in
        [(0, 1), (-1, 1), (i32::MAX, 1), (1, 0), (1, -5), (1, month + 1), (1, i64::MAX)]
    {
        let limit = RateLimit { max_requests, window_ms };
        let new = NewApiKey { rate_limit: Some(limit), ..full_key() };
        expect::fault(store.api_keys().create(&new).await, "rate_limit", FaultCode::OutOfRange);
        let patch = ApiKeyPatch { rate_limit: Some(Some(limit)), ..ApiKeyPatch::default() };
        let refused = store.api_keys().update(stored.id, &patch).await;
        expect::fault(refused, "rate_limit", FaultCode::OutOfRange);
    }
    let both = NewApiKey { rate_limit: Some(RateLimit { max_requests: 0, window_ms: 0 }), ..full_key() };
    assert_eq!(expect::faults(store.api_keys().create(&both).await).len(), 2);
    let widest = RateLimit { max_requests: RateLimit::MAX_REQUESTS, window_ms: month };
    let new = NewApiKey { rate_limit: Some(widest), ..full_key() };
    assert_eq!(store.api_keys().create(&new).await.unwrap().api_key.rate_limit, Some(widest));
    assert_eq!(store.api_keys().find_by_id(stored.id).await.unwrap(), Some(stored));
}

async fn permissions_that_nobody_knows_or_too_many_are_refused(store: &dyn Store) {
    let stored = given::api_key(store, "ci").await.api_key;
    let read: Permission = "read".parse().unwrap();
    let unknown = vec![read.clone(), Permission::stored("tasks:fly")];
    for (permissions, code) in
        [(unknown, FaultCode::WrongShape), (vec![read.clone(); 101], FaultCode::TooLong)]
    {
        let new = NewApiKey { permissions: permissions.clone(), ..full_key() };
        expect::fault(store.api_keys().create(&new).await, "permissions", code);
        let patch = ApiKeyPatch { permissions: Some(permissions), ..ApiKeyPatch::default() };
        expect::fault(store.api_keys().update(stored.id, &patch).await, "permissions", code);
    }
    let most = NewApiKey { permissions: vec![read; 100], ..full_key() };
    assert_eq!(store.api_keys().create(&most).await.unwrap().api_key.permissions.len(), 100);
    assert_eq!(store.api_keys().find_by_id(stored.id).await.unwrap(), Some(stored));
}

async fn a_name_is_taken_once_for_each_service_and_environment(store: &dyn Store) {
    let constraint = "api_keys_name_service_environment_key";
    given::api_key(store, "ci").await;
    let again = given::new_api_key("ci", 0);
    expect::conflict(store.api_keys().create(&again).await, constraint);
    let elsewhere = NewApiKey { environment: Environment::Staging, ..again.clone() };
    store.api_keys().create(&elsewhere).await.unwrap();
    let of_another = NewApiKey { id: ApiKeyId::new(), service: Service::Linear, ..again.clone() };
    store.api_keys().create(&of_another).await.unwrap();
    let twice = [given::new_api_key("new", 0), given::new_api_key("new", 0)];
    expect::conflict(store.api_keys().bulk_create(&twice).await, constraint);
    assert_eq!(store.api_keys().count(&ApiKeyFilter::default()).await.unwrap(), 3);
}

async fn a_key_of_a_taken_id_is_refused(store: &dyn Store) {
    let first = given::api_key(store, "ci").await.api_key;
    let second = NewApiKey { id: first.id, ..full_key() };
    expect::conflict(store.api_keys().create(&second).await, "api_keys_pkey");
    assert_eq!(store.api_keys().find_by_id(first.id).await.unwrap(), Some(first));
}

async fn many_keys_are_stored_all_or_none(store: &dyn Store) {
    let limited = |n: i32| (n % 2 == 0).then(|| RateLimit::new(n + 1, TimeDelta::seconds(1)));
    let new: Vec<_> = (0..1_000)
        .map(|n| NewApiKey { rate_limit: limited(n), ..given::new_api_key(&format!("key, \"{n}\""), 0) })
        .rev()
        .collect();
    let issued = store.api_keys().bulk_create(&new).await.unwrap();
    assert_eq!(issued.len(), 1_000);
    for (new, issued) in new.iter().zip(&issued) {
        assert_eq!((new.id, &new.name), (issued.api_key.id, &issued.api_key.name));
        assert_eq!(new.rate_limit, issued.api_key.rate_limit);
        let prefix = issued.api_key.key_prefix.as_ref().unwrap();
        assert!(issued.key.expose_secret().starts_with(prefix), "each row has the key that goes with it");
    }
    assert!(store.api_keys().bulk_create(&[]).await.unwrap().is_empty());

    let bad = [given::new_api_key("fine", 0), given::new_api_key(" ", 0), given::new_api_key("", 0)];
    let faults = expect::faults(store.api_keys().bulk_create(&bad).await);
    let expected = ["[1].name", "[2].name"].map(|field| (field.to_owned(), FaultCode::Required));
    assert_eq!(faults, expected);
    assert_eq!(store.api_keys().count(&ApiKeyFilter::default()).await.unwrap(), 1_000);
}

async fn a_patch_can_change_every_field(store: &dyn Store) {
    let before = given::api_key(store, "ci").await.api_key;
    let expires_at = clock::now() + TimeDelta::days(30);
    let wanted = full_key();
    let patch = ApiKeyPatch {
        expected_version: Some(1),
        name: Some(wanted.name.clone()),
        permissions: Some(wanted.permissions.clone()),
        expires_at: Some(Some(expires_at)),
        rate_limit: Some(wanted.rate_limit),
        metadata: Some(wanted.metadata.clone()),
    };
    let after = store.api_keys().update(before.id, &patch).await.unwrap();
    assert!(after.updated_at > before.updated_at);
    let expected = ApiKey {
        name: wanted.name,
        permissions: wanted.permissions,
        expires_at: Some(expires_at),
        rate_limit: wanted.rate_limit,
        metadata: wanted.metadata,
        updated_at: after.updated_at,
        version: 2,
        ..before
    };
    assert_eq!(after, expected);
    assert_eq!(store.api_keys().find_by_id(after.id).await.unwrap(), Some(after));
}

async fn a_patch_can_clear_what_may_be_missing(store: &dyn Store) {
    let before = store.api_keys().create(&full_key()).await.unwrap().api_key;
    let patch = ApiKeyPatch {
        permissions: Some(Vec::new()),
        expires_at: Some(None),
        rate_limit: Some(None),
        ..ApiKeyPatch::default()
    };
    let after = store.api_keys().update(before.id, &patch).await.unwrap();
    let updated_at = after.updated_at;
    let expected = ApiKey {
        permissions: Vec::new(),
        expires_at: None,
        rate_limit: None,
        updated_at,
        version: 2,
        ..before
    };
    assert_eq!(after, expected);
}

async fn a_patch_can_be_refused(store: &dyn Store) {
    let before = given::api_key(store, "ci").await.api_key;
    let update = async |id, patch| store.api_keys().update(id, &patch).await;
    let empty = ApiKeyPatch { expected_version: Some(1), ..ApiKeyPatch::default() };
    expect::fault(update(before.id, empty).await, "patch", FaultCode::Required);
    let named = |name: String| ApiKeyPatch { name: Some(name), ..ApiKeyPatch::default() };
    expect::fault(update(before.id, named("\t".to_owned())).await, "name", FaultCode::Required);
    expect::fault(update(before.id, named("a\0".to_owned())).await, "name", FaultCode::Nul);
    expect::fault(update(before.id, named("x".repeat(101))).await, "name", FaultCode::TooLong);
    let stale = ApiKeyPatch { expected_version: Some(2), ..named("new".to_owned()) };
    expect::stale(update(before.id, stale).await, 2, 1);
    assert_eq!(store.api_keys().find_by_id(before.id).await.unwrap(), Some(before));
}

async fn a_patch_cannot_take_the_name_of_another_key(store: &dyn Store) {
    given::api_key(store, "first").await;
    let second = given::api_key(store, "second").await.api_key;
    let patch = ApiKeyPatch { name: Some("first".to_owned()), ..ApiKeyPatch::default() };
    let refused = store.api_keys().update(second.id, &patch).await;
    expect::conflict(refused, "api_keys_name_service_environment_key");
    assert_eq!(store.api_keys().find_by_id(second.id).await.unwrap(), Some(second));
}

async fn what_changes_an_unknown_key_finds_none(store: &dyn Store) {
    let unknown = ApiKeyId::new();
    for expected_version in [None, Some(1)] {
        let name = Some("new".to_owned());
        let patch = ApiKeyPatch { expected_version, name, ..ApiKeyPatch::default() };
        expect::not_found(store.api_keys().update(unknown, &patch).await, unknown);
    }
    expect::not_found(store.api_keys().rotate(unknown, TimeDelta::hours(1), given::at(0)).await, unknown);
    expect::not_found(store.api_keys().deactivate(unknown, "leaked", given::at(0)).await, unknown);
    assert!(!store.api_keys().delete(unknown).await.unwrap());
    store.api_keys().record_usage(unknown, given::at(0)).await.unwrap();
}

async fn each_criterion_of_a_filter_restricts(store: &dyn Store) {
    let plain = given::api_key(store, "plain").await.api_key;
    let full = store.api_keys().create(&full_key()).await.unwrap().api_key;
    store.api_keys().deactivate(plain.id, "unused", given::at(5)).await.unwrap();
    let any = ApiKeyFilter::default;
    let ids = async |filter: ApiKeyFilter| {
        let page = store.api_keys().find_by(&filter, &PageRequest::default()).await.unwrap();
        assert_eq!(store.api_keys().count(&filter).await.unwrap(), page.items.len() as u64);
        page.items.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(any()).await, [full.id, plain.id]);
    for only_full in [
        ApiKeyFilter { name: Some("release bot".to_owned()), ..any() },
        ApiKeyFilter::service(Service::Github),
        ApiKeyFilter { environment: Some(Environment::Staging), ..any() },
        ApiKeyFilter { is_active: Some(true), ..any() },
        ApiKeyFilter { created_by: Some("ada".to_owned()), ..any() },
        ApiKeyFilter { key_prefix: full.key_prefix.clone(), ..any() },
        ApiKeyFilter { created_after: Some(given::at(10)), ..any() },
        ApiKeyFilter { expires_before: Some(given::at(1_000)), ..any() },
    ] {
        assert_eq!(ids(only_full.clone()).await, [full.id], "{only_full:?}");
    }
    assert_eq!(ids(ApiKeyFilter { is_active: Some(false), ..any() }).await, [plain.id]);
    assert_eq!(ids(ApiKeyFilter { created_before: Some(given::at(9)), ..any() }).await, [plain.id]);
    assert!(ids(ApiKeyFilter { expires_before: Some(given::at(999)), ..any() }).await.is_empty());
    for (filter, field) in [
        (ApiKeyFilter { name: Some("\0".to_owned()), ..any() }, "name"),
        (ApiKeyFilter { created_by: Some("\0".to_owned()), ..any() }, "created_by"),
        (ApiKeyFilter { key_prefix: Some("\0".to_owned()), ..any() }, "key_prefix"),
    ] {
        let page = PageRequest::default();
        expect::fault(store.api_keys().find_by(&filter, &page).await, field, FaultCode::Nul);
        expect::fault(store.api_keys().count(&filter).await, field, FaultCode::Nul);
        expect::fault(store.api_keys().statistics(&filter, given::at(0)).await, field, FaultCode::Nul);
    }
}

async fn keys_are_paged_by_time_and_by_name(store: &dyn Store) {
    for (name, made) in [("b", 1), ("a", 2), ("ä", 2), ("B", 0)] {
        store.api_keys().create(&given::new_api_key(name, made)).await.unwrap();
    }
    let names = async |mut request: PageRequest<ApiKeySort>| {
        let mut names = Vec::new();
        loop {
            let page = store.api_keys().find_by(&ApiKeyFilter::default(), &request).await.unwrap();
            names.extend(page.items.into_iter().map(|key| key.name));
            match page.next {
                Some(next) => request = request.after(Some(next)),
                None => return names.concat(),
            }
        }
    };
    assert_eq!(names(PageRequest::new(ApiKeySort::CreatedAt).limit(1)).await, "äabB");
    assert_eq!(names(PageRequest::new(ApiKeySort::Name).limit(3).ascending()).await, "Babä");
    assert_eq!(names(PageRequest::new(ApiKeySort::Name).limit(1)).await, "äbaB");
}

async fn a_deleted_key_is_gone(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    assert!(store.api_keys().delete(issued.api_key.id).await.unwrap());
    assert!(!store.api_keys().delete(issued.api_key.id).await.unwrap());
    assert_eq!(store.api_keys().find_by_id(issued.api_key.id).await.unwrap(), None);
    given::api_key(store, "ci").await;
}

async fn an_empty_store_has_no_keys(store: &dyn Store) {
    let page = store.api_keys().find_by(&ApiKeyFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!((page.items, page.next), (vec![], None));
    assert_eq!(store.api_keys().count(&ApiKeyFilter::default()).await.unwrap(), 0);
    assert_eq!(store.api_keys().flush_usage().await.unwrap(), 0);
}

async fn keys_belong_to_their_unit_of_work(store: &dyn Store) {
    let uow = store.begin().await.unwrap();
    let dropped = given::api_key(&*uow, "ci").await.api_key;
    assert_eq!(uow.api_keys().find_by_id(dropped.id).await.unwrap(), Some(dropped.clone()));
    assert_eq!(store.api_keys().find_by_id(dropped.id).await.unwrap(), None);
    uow.rollback().await.unwrap();
    assert_eq!(store.api_keys().find_by_id(dropped.id).await.unwrap(), None);

    let uow = store.begin().await.unwrap();
    let kept = given::api_key(&*uow, "ci").await.api_key;
    let refused = uow.api_keys().create(&given::new_api_key(" ", 0)).await;
    expect::fault(refused, "name", FaultCode::Required);
    uow.commit().await.unwrap();
    assert_eq!(store.api_keys().find_by_id(kept.id).await.unwrap(), Some(kept));
}
