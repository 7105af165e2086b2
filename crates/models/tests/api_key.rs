//! The rules of API keys.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Map, json};
use taskmaster_models::{
    ApiKey, ApiKeyFilter, ApiKeyId, ApiKeyPatch, Environment, FaultCode, KeyVerdict, NewApiKey, Permission,
    RateLimit, Service, clock,
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn permission(text: &str) -> Permission {
    text.parse().unwrap()
}

fn key() -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(),
        name: "ci".to_owned(),
        service: Service::Codegen,
        environment: Environment::Production,
        key_prefix: Some("tmk_prod_0123456789".to_owned()),
        pepper_version: None,
        permissions: vec![permission("tasks:read")],
        is_active: true,
        expires_at: Some(at(100)),
        rate_limit: None,
        last_used_at: None,
        usage_count: 0,
        created_by: None,
        created_at: at(0),
        updated_at: at(0),
        previous_key_prefix: None,
        previous_expires_at: None,
        metadata: Map::new(),
        version: 1,
    }
}

#[test]
fn a_permission_grants_what_it_says_and_no_more() {
    let verbs = ["read", "write", "create", "update", "delete", "execute", "*"];
    let all: Vec<_> = ["", "tasks:", "audit:"]
        .iter()
        .flat_map(|resource| verbs.iter().map(move |verb| permission(&format!("{resource}{verb}"))))
        .collect();
    let granted = |held: &str| {
        let held = permission(held);
        let granted = all.iter().filter(|required| held.grants(required)).map(ToString::to_string);
        granted.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(granted("tasks:read"), "tasks:read");
    assert_eq!(granted("tasks:write"), "tasks:write tasks:create tasks:update tasks:delete");
    assert_eq!(granted("tasks:create"), "tasks:create");
    assert_eq!(granted("read"), "read tasks:read audit:read");
    assert_eq!(
        granted("tasks:*"),
        "tasks:read tasks:write tasks:create tasks:update tasks:delete tasks:execute tasks:*"
    );
    assert_eq!(granted("*").split(' ').count(), all.len());
    assert_eq!(granted("others:*"), "");
}

#[test]
fn an_odd_permission_is_refused_by_what_is_odd() {
    for (text, quoted) in [
        ("fly", "\"fly\""),
        ("tasks:fly", "\"fly\""),
        ("tasks:", "\"\""),
        ("", "\"\""),
        ("READ", "\"READ\""),
        ("tasks:read ", "\"read \""),
        ("tasks:read:all", "\"read:all\""),
        ("*:read", "\"*\""),
        (":read", "\"\""),
        ("Tasks:read", "\"Tasks\""),
        ("1task:read", "\"1task\""),
        ("tâches:read", "\"tâches\""),
    ] {
        let error = text.parse::<Permission>().unwrap_err().to_string();
        assert!(error.starts_with(quoted), "{text:?}: {error}");
        let stored = serde_json::from_value::<Permission>(json!(text)).unwrap();
        assert_eq!(
            (json!(stored), stored.to_string(), stored.is_known()),
            (json!(text), text.to_owned(), false)
        );
        for permission in ["*", "read", "tasks:read", "tasks:*"].map(permission) {
            assert!(!stored.grants(&permission) && !stored.grants(&stored) && !stored.is_wide());
            assert_eq!(permission.grants(&stored), permission == Permission::all());
        }
    }
    let longest = "r".repeat(50);
    assert!(format!("{longest}:read").parse::<Permission>().is_ok());
    assert!(format!("{longest}r:read").parse::<Permission>().is_err());
    assert_eq!(serde_json::from_value::<Permission>(json!("tasks:*")).unwrap(), permission("tasks:*"));
    let patch = serde_json::from_value::<ApiKeyPatch>(json!({"permissions": ["read", "tasks:fly"]})).unwrap();
    let refused = patch.validate().into_result().unwrap_err().to_string();
    assert!(refused.contains("permissions holds \"tasks:fly\", which is no permission"), "{refused}");
}

proptest! {
    #[test]
    fn a_permission_survives_as_text(text in "(\\*|(([a-z][a-z0-9_]{0,49}:)?(read|write|create|update|delete|execute)))") {
        let permission = text.parse::<Permission>().unwrap();
        prop_assert_eq!(permission.to_string(), text);
        prop_assert!(permission.grants(&permission) && Permission::all().grants(&permission));
    }

    #[test]
    fn any_text_is_a_permission_or_refused_without_a_panic(text in ".{0,80}") {
        if let Ok(permission) = text.parse::<Permission>() {
            prop_assert_eq!(permission.to_string(), text);
        }
    }

    #[test]
    fn a_window_is_over_when_its_time_is(start in -1_000_000..1_000_000_i64, window in 1..1_000_000_i64, now in -1_000_000..1_000_000_i64) {
        let limit = RateLimit { max_requests: 1, window_ms: window };
        let time = |ms: i64| at(0) + TimeDelta::milliseconds(ms);
        let rest = limit.rest_of_window(time(start), time(now));
        prop_assert_eq!(rest.is_none(), now >= start + window || start > now + window);
        if let Some(rest) = rest {
            prop_assert_eq!(now + rest.num_milliseconds(), start + window);
        }
    }
}

#[test]
fn every_fault_is_found_at_once() {
    let new = NewApiKey {
        expires_at: Some(at(0)),
        rate_limit: Some(RateLimit { max_requests: 0, window_ms: 0 }),
        created_by: Some("x".repeat(256)),
        created_at: at(0),
        ..NewApiKey::new(" ".repeat(101), Service::Linear, Environment::Development)
    };
    let validation = new.validate();
    let faults: Vec<_> = validation.faults().iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
    assert_eq!(
        faults,
        [
            ("name", FaultCode::Required),
            ("name", FaultCode::TooLong),
            ("expires_at", FaultCode::OutOfRange),
            ("rate_limit", FaultCode::OutOfRange),
            ("rate_limit", FaultCode::OutOfRange),
            ("created_by", FaultCode::TooLong),
        ]
    );
}

#[test]
fn what_is_odd_about_a_stored_key_is_warned_of() {
    let warned = |key: &ApiKey, now| {
        let validation = key.validate(at(now));
        assert!(validation.is_valid());
        validation.warnings().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(warned(&key(), 99), [""; 0]);
    assert_eq!(warned(&key(), 100), ["expires_at has passed, yet the key is active"]);
    assert_eq!(warned(&ApiKey { is_active: false, ..key() }, 100), ["expires_at has passed"]);
    let busy = ApiKey { usage_count: 10_001, ..key() };
    assert_eq!(warned(&busy, 0), ["rate_limit is missing on a key that was used more than 10000 times"]);
    let limited = ApiKey { rate_limit: Some(RateLimit::new(1, TimeDelta::hours(1))), ..busy };
    assert_eq!(warned(&limited, 0), [""; 0]);
}

#[test]
fn fault_10_a_key_is_worth_nothing_when_inactive_or_expired() {
    assert_eq!(key().refusal(&[], at(99)), None);
    assert_eq!(key().refusal(&[], at(100)), Some(KeyVerdict::Expired));
    let inactive = ApiKey { is_active: false, ..key() };
    assert_eq!(inactive.refusal(&[], at(99)), Some(KeyVerdict::Inactive));
    let missing = vec![permission("tasks:write")];
    let refusal = key().refusal(&[permission("tasks:read"), missing[0].clone()], at(0));
    assert_eq!(refusal, Some(KeyVerdict::MissingPermission { missing }));
    assert_eq!(ApiKey { expires_at: None, ..key() }.refusal(&[], clock::latest()), None);
}

#[test]
fn fault_07_a_summary_says_whether_a_key_is_valid_by_a_truth_value() {
    let summary = key().summary(at(99));
    assert!(summary.is_valid && !summary.is_expired && !summary.has_rate_limit);
    let json = json!(summary);
    assert_eq!(json["is_valid"], true);
    assert_eq!(json.as_object().unwrap().len(), 13);
    assert!(json.get("key_hash").is_none() && json!(key()).get("key_hash").is_none());
    assert!(!key().summary(at(100)).is_valid);
}

#[test]
fn a_filter_of_an_unknown_criterion_is_refused() {
    assert!(serde_json::from_value::<ApiKeyFilter>(json!({"key_hash": "abc"})).is_err());
    let filter: ApiKeyFilter = serde_json::from_value(json!({"service": "claude_code"})).unwrap();
    assert_eq!(filter, ApiKeyFilter::service(Service::ClaudeCode));
}
