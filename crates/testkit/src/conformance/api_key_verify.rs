//! What presented keys are worth, and how they are changed for others and ended.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use taskmaster_models::{
    ApiKey, ApiKeyPatch, FaultCode, KeyVerdict, MalformedKey, NewApiKey, RateLimit, clock,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "api_key_verify",
    a_key_is_worth_what_it_was_issued_for,
    a_key_that_nobody_issued_is_unknown,
    a_malformed_text_is_refused_by_what_is_wrong_with_it,
    fault_09_a_short_key_is_refused,
    fault_10_an_inactive_or_expired_key_is_refused,
    what_a_key_may_not_do_is_named,
    the_first_reason_is_told,
    a_time_that_cannot_be_stored_is_refused,
    after_a_rotation_both_keys_work_until_the_grace_is_over,
    a_rotation_without_grace_ends_the_old_key,
    rotating_again_ends_the_older_key,
    a_grace_out_of_range_is_refused,
    a_deactivation_keeps_its_reason_and_ends_the_grace,
    a_deactivation_needs_a_reason,
    an_ended_key_stays_ended_for_its_first_reason,
    a_changed_key_is_judged_by_what_it_is_now,
    a_rotation_is_undone_with_its_unit_of_work,
);

async fn verify(store: &dyn Store, key: &SecretString, now: DateTime<Utc>) -> KeyVerdict {
    store.api_keys().verify(key, &[], now).await.unwrap()
}

async fn is_valid(store: &dyn Store, key: &SecretString, now: DateTime<Utc>) -> bool {
    matches!(verify(store, key, now).await, KeyVerdict::Valid(_))
}

async fn a_key_is_worth_what_it_was_issued_for(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let other = given::api_key(store, "other").await;
    let worth = verify(store, &issued.key, given::at(1)).await.valid().unwrap();
    assert_eq!(worth, issued.api_key);
    assert_eq!(verify(store, &other.key, given::at(1)).await.valid().unwrap().id, other.api_key.id);
    for issued in
        store.api_keys().bulk_create(&[given::new_api_key("a", 0), given::new_api_key("b", 0)]).await.unwrap()
    {
        let worth = verify(store, &issued.key, given::at(1)).await.valid().unwrap();
        assert_eq!(worth.id, issued.api_key.id);
    }
    store.api_keys().delete(issued.api_key.id).await.unwrap();
    assert_eq!(verify(store, &issued.key, given::at(2)).await, KeyVerdict::Unknown);
}

async fn a_key_that_nobody_issued_is_unknown(store: &dyn Store) {
    // Made in a unit of work that is rolled back: well-formed, and nobody's.
    let uow = store.begin().await.unwrap();
    let made_up = given::api_key(&*uow, "ci").await.key;
    uow.rollback().await.unwrap();
    assert_eq!(verify(store, &made_up, given::at(1)).await, KeyVerdict::Unknown);
    let foreign = "sk-1234567890".into();
    assert_eq!(verify(store, &foreign, given::at(1)).await, KeyVerdict::Unknown);
}

async fn a_malformed_text_is_refused_by_what_is_wrong_with_it(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let plain = issued.key.expose_secret();
    let length = |found, expected| MalformedKey::Length { found, expected };
    for (text, reason) in [
        (plain[..68].to_owned(), length(68, "69")),
        (format!("{plain}0"), length(70, "69")),
        (plain.replace("_prod_", "_qa_"), MalformedKey::Environment),
        (plain.replace("_prod_", "_dev_") + "0", length(69, "68")),
        (format!("{}-{}", &plain[..40], &plain[41..]), MalformedKey::Alphabet),
        (format!("{}{}", &plain[..68], if plain.ends_with('0') { '1' } else { '0' }), MalformedKey::Checksum),
        ("sk 1234567890".to_owned(), MalformedKey::Alphabet),
        ("sk-1234567890\0".to_owned(), MalformedKey::Alphabet),
        ("k".repeat(513), length(513, "9 to 512")),
        (String::new(), length(0, "9 to 512")),
    ] {
        let verdict = verify(store, &text.into(), given::at(1)).await;
        assert_eq!(verdict, KeyVerdict::Malformed { reason });
    }
}

async fn fault_09_a_short_key_is_refused(store: &dyn Store) {
    for short in ["k", "short", "12345678"] {
        let reason = MalformedKey::Length { found: short.len(), expected: "9 to 512" };
        assert_eq!(verify(store, &short.into(), given::at(1)).await, KeyVerdict::Malformed { reason });
    }
}

async fn fault_10_an_inactive_or_expired_key_is_refused(store: &dyn Store) {
    let expires_at = Some(given::at(100));
    let new = NewApiKey { expires_at, ..given::new_api_key("ci", 0) };
    let issued = store.api_keys().create(&new).await.unwrap();
    assert!(is_valid(store, &issued.key, given::at(99)).await);
    assert_eq!(verify(store, &issued.key, given::at(100)).await, KeyVerdict::Expired);
    assert_eq!(verify(store, &issued.key, given::at(101)).await, KeyVerdict::Expired);
    store.api_keys().deactivate(new.id, "done", given::at(50)).await.unwrap();
    assert_eq!(verify(store, &issued.key, given::at(51)).await, KeyVerdict::Inactive);
}

async fn what_a_key_may_not_do_is_named(store: &dyn Store) {
    let held = given::permissions(&["tasks:write", "read", "contexts:*"]);
    let new = NewApiKey { permissions: held, ..given::new_api_key("ci", 0) };
    let key = store.api_keys().create(&new).await.unwrap().key;
    let missing = async |required: &[&str]| {
        let required = given::permissions(required);
        match store.api_keys().verify(&key, &required, given::at(1)).await.unwrap() {
            KeyVerdict::Valid(_) => Vec::new(),
            KeyVerdict::MissingPermission { missing } => missing.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    };
    assert!(missing(&[]).await.is_empty());
    let granted = ["tasks:write", "tasks:create", "tasks:delete", "tasks:read", "read", "contexts:execute"];
    assert!(missing(&granted).await.is_empty());
    let lacking = ["tasks:execute", "tasks:*", "write", "*", "audit:write"];
    assert_eq!(
        missing(&["tasks:read", lacking[0], lacking[1], lacking[2], lacking[3], lacking[4]]).await,
        lacking
    );
    let all = given::api_key(store, "all").await.key;
    let everything = given::permissions(&["*", "write", "tasks:*", "tasks:execute"]);
    let verdict = store.api_keys().verify(&all, &everything, given::at(1)).await.unwrap();
    assert!(matches!(verdict, KeyVerdict::Valid(_)));
}

async fn the_first_reason_is_told(store: &dyn Store) {
    let new = NewApiKey {
        permissions: Vec::new(),
        expires_at: Some(given::at(100)),
        rate_limit: Some(RateLimit::new(1, TimeDelta::hours(1))),
        ..given::new_api_key("ci", 0)
    };
    let issued = store.api_keys().create(&new).await.unwrap();
    let verify = async |required: &[&str], now| {
        let required = given::permissions(required);
        store.api_keys().verify(&issued.key, &required, given::at(now)).await.unwrap()
    };
    assert!(matches!(verify(&["read"], 1).await, KeyVerdict::MissingPermission { .. }));
    assert!(matches!(verify(&[], 1).await, KeyVerdict::Valid(_)), "what was refused does not count");
    assert!(matches!(verify(&[], 1).await, KeyVerdict::RateLimited { .. }));
    assert!(matches!(verify(&["read"], 1).await, KeyVerdict::MissingPermission { .. }));
    assert_eq!(verify(&["read"], 100).await, KeyVerdict::Expired);
    store.api_keys().deactivate(new.id, "done", given::at(2)).await.unwrap();
    assert_eq!(verify(&["read"], 100).await, KeyVerdict::Inactive);
}

async fn a_time_that_cannot_be_stored_is_refused(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let (keys, id) = (store.api_keys(), issued.api_key.id);
    for time in ["0000-12-31T23:59:59Z", "+10000-01-01T00:00:00Z"].map(given::time) {
        expect::fault(keys.verify(&issued.key, &[], time).await, "now", FaultCode::OutOfRange);
        expect::fault(keys.rotate(id, TimeDelta::zero(), time).await, "now", FaultCode::OutOfRange);
        expect::fault(keys.deactivate(id, "why", time).await, "now", FaultCode::OutOfRange);
        expect::fault(keys.record_usage(id, time).await, "now", FaultCode::OutOfRange);
        keys.usage_summary(time).await.unwrap();
    }
    let late = clock::latest();
    expect::fault(keys.rotate(id, TimeDelta::days(1), late).await, "now", FaultCode::OutOfRange);
    assert_eq!(keys.find_by_id(id).await.unwrap(), Some(issued.api_key));
}

async fn after_a_rotation_both_keys_work_until_the_grace_is_over(store: &dyn Store) {
    let old = given::api_key(store, "ci").await;
    let id = old.api_key.id;
    let new = store.api_keys().rotate(id, TimeDelta::seconds(60), given::at(10)).await.unwrap();
    assert_ne!(new.key.expose_secret(), old.key.expose_secret());
    assert!(new.key.expose_secret().starts_with(new.api_key.key_prefix.as_ref().unwrap()));
    let expected = ApiKey {
        key_prefix: new.api_key.key_prefix.clone(),
        previous_key_prefix: old.api_key.key_prefix.clone(),
        previous_expires_at: Some(given::at(70)),
        updated_at: new.api_key.updated_at,
        version: 2,
        ..old.api_key
    };
    assert_eq!(new.api_key, expected);
    for now in [10, 69] {
        assert_eq!(verify(store, &old.key, given::at(now)).await.valid().unwrap().id, id);
        assert_eq!(verify(store, &new.key, given::at(now)).await.valid().unwrap().id, id);
    }
    assert_eq!(verify(store, &old.key, given::at(70)).await, KeyVerdict::Unknown);
    assert!(is_valid(store, &new.key, given::at(70)).await);
}

async fn a_rotation_without_grace_ends_the_old_key(store: &dyn Store) {
    let old = given::api_key(store, "ci").await;
    let new = store.api_keys().rotate(old.api_key.id, TimeDelta::zero(), given::at(10)).await.unwrap();
    assert_eq!((new.api_key.previous_key_prefix, new.api_key.previous_expires_at), (None, None));
    assert_eq!(verify(store, &old.key, given::at(10)).await, KeyVerdict::Unknown);
    assert!(is_valid(store, &new.key, given::at(10)).await);
}

async fn rotating_again_ends_the_older_key(store: &dyn Store) {
    let first = given::api_key(store, "ci").await;
    let id = first.api_key.id;
    let second = store.api_keys().rotate(id, TimeDelta::days(90), given::at(10)).await.unwrap();
    let third = store.api_keys().rotate(id, TimeDelta::seconds(60), given::at(20)).await.unwrap();
    assert_eq!(verify(store, &first.key, given::at(20)).await, KeyVerdict::Unknown);
    assert!(is_valid(store, &second.key, given::at(20)).await);
    assert!(is_valid(store, &third.key, given::at(20)).await);
    assert_eq!(verify(store, &second.key, given::at(80)).await, KeyVerdict::Unknown);
}

async fn a_grace_out_of_range_is_refused(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let day = TimeDelta::days(90);
    for grace in
        [TimeDelta::microseconds(-1), day + TimeDelta::microseconds(1), TimeDelta::MIN, TimeDelta::MAX]
    {
        let refused = store.api_keys().rotate(issued.api_key.id, grace, given::at(10)).await;
        expect::fault(refused, "grace", FaultCode::OutOfRange);
    }
    assert!(is_valid(store, &issued.key, given::at(11)).await);
    store.api_keys().rotate(issued.api_key.id, day, given::at(10)).await.unwrap();
}

async fn a_deactivation_keeps_its_reason_and_ends_the_grace(store: &dyn Store) {
    let metadata = given::object(&json!({"ticket": 7}));
    let new = NewApiKey { metadata, ..given::new_api_key("ci", 0) };
    let old = store.api_keys().create(&new).await.unwrap();
    let rotated = store.api_keys().rotate(new.id, TimeDelta::days(1), given::at(10)).await.unwrap();
    let ended = store.api_keys().deactivate(new.id, "it leaked", given::at(20)).await.unwrap();
    assert!(!ended.is_active);
    assert_eq!((&ended.previous_key_prefix, ended.previous_expires_at, ended.version), (&None, None, 3));
    let at = json!(given::at(20));
    let expected = json!({"ticket": 7, "deactivation": {"reason": "it leaked", "at": at}});
    assert_eq!(json!(ended.metadata), expected);
    assert_eq!(verify(store, &rotated.key, given::at(21)).await, KeyVerdict::Inactive);
    assert_eq!(verify(store, &old.key, given::at(21)).await, KeyVerdict::Unknown);
    assert_eq!(store.api_keys().find_by_id(new.id).await.unwrap(), Some(ended));
}

async fn a_deactivation_needs_a_reason(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    for (reason, code) in [
        ("", FaultCode::Required),
        (" \n", FaultCode::Required),
        ("a\0", FaultCode::Nul),
        (&"x".repeat(1_001), FaultCode::TooLong),
    ] {
        let refused = store.api_keys().deactivate(issued.api_key.id, reason, given::at(1)).await;
        expect::fault(refused, "reason", code);
    }
    assert!(is_valid(store, &issued.key, given::at(2)).await);
}

async fn an_ended_key_stays_ended_for_its_first_reason(store: &dyn Store) {
    let id = given::api_key(store, "ci").await.api_key.id;
    let first = store.api_keys().deactivate(id, "it leaked", given::at(20)).await.unwrap();
    let again = store.api_keys().deactivate(id, "to be sure", given::at(30)).await.unwrap();
    assert_eq!((again.is_active, &again.metadata), (false, &first.metadata));
    let patch = ApiKeyPatch { metadata: Some(serde_json::Map::new()), ..ApiKeyPatch::default() };
    store.api_keys().update(id, &patch).await.unwrap();
    let told = store.api_keys().deactivate(id, "to be sure", given::at(30)).await.unwrap();
    assert_eq!(told.metadata["deactivation"]["reason"], "to be sure", "a reason is never missing");
    let rotated = store.api_keys().rotate(id, TimeDelta::hours(1), given::at(40)).await.unwrap();
    assert!(!rotated.api_key.is_active);
    assert_eq!(verify(store, &rotated.key, given::at(41)).await, KeyVerdict::Inactive);
}

async fn a_changed_key_is_judged_by_what_it_is_now(store: &dyn Store) {
    let issued = given::api_key(store, "ci").await;
    let permissions = Some(given::permissions(&["tasks:read"]));
    let patch = ApiKeyPatch { permissions, ..ApiKeyPatch::default() };
    store.api_keys().update(issued.api_key.id, &patch).await.unwrap();
    let required = given::permissions(&["tasks:write"]);
    let verdict = store.api_keys().verify(&issued.key, &required, given::at(1)).await.unwrap();
    assert_eq!(verdict, KeyVerdict::MissingPermission { missing: required });
}

async fn a_rotation_is_undone_with_its_unit_of_work(store: &dyn Store) {
    let old = given::api_key(store, "ci").await;
    let uow = store.begin().await.unwrap();
    let new = uow.api_keys().rotate(old.api_key.id, TimeDelta::zero(), given::at(10)).await.unwrap();
    let seen = uow.api_keys().verify(&new.key, &[], given::at(10)).await.unwrap();
    assert!(matches!(seen, KeyVerdict::Valid(_)));
    uow.rollback().await.unwrap();
    assert!(is_valid(store, &old.key, given::at(11)).await);
    assert_eq!(verify(store, &new.key, given::at(11)).await, KeyVerdict::Unknown);
}
