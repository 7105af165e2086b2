//! Numbers over API keys, and which of them somebody should look at.

use chrono::TimeDelta;
use taskmaster_models::{
    ApiKeyFilter, ApiKeySort, ApiKeyStatistics, ApiKeyUsageSummary, Environment, FaultCode, KeyConcern,
    NewApiKey, PageRequest, RateLimit, SecurityAuditRequest, Service, clock,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};
use KeyConcern::{Expired, Expiring, NeverExpires, Unused, WidePermissions, WithoutRateLimit};

suite!(
    "api_key_audit",
    of_no_keys_there_are_zeros_and_no_findings,
    statistics_count_what_they_say,
    statistics_follow_the_filter,
    usage_is_summed_by_service_and_environment,
    a_sound_key_is_no_finding,
    each_concern_is_found_alone,
    a_key_has_all_its_concerns_at_once,
    inactive_keys_are_no_concern,
    findings_come_in_pages,
    a_bad_request_is_refused,
);

/// A key without any concern at the second 1,000.
fn sound(name: &str) -> NewApiKey {
    NewApiKey {
        permissions: given::permissions(&["tasks:*", "contexts:read"]),
        expires_at: Some(given::at(10_000)),
        rate_limit: Some(RateLimit::new(10, TimeDelta::seconds(1))),
        ..given::new_api_key(name, 950)
    }
}

/// At the second 1,000: what expires within 500 seconds, and what was not used for 100.
fn request() -> SecurityAuditRequest {
    SecurityAuditRequest {
        expiring_within: TimeDelta::seconds(500),
        unused_for: TimeDelta::seconds(100),
        ..SecurityAuditRequest::new(given::at(1_000))
    }
}

/// Each finding's name and concerns, oldest key first.
async fn findings(store: &dyn Store, request: SecurityAuditRequest) -> Vec<(String, Vec<KeyConcern>)> {
    let by_name = PageRequest::new(ApiKeySort::Name).ascending();
    let page = store.api_keys().security_audit(&request, &by_name).await.unwrap();
    page.items.into_iter().map(|finding| (finding.api_key.name, finding.concerns)).collect()
}

async fn of_no_keys_there_are_zeros_and_no_findings(store: &dyn Store) {
    let found = store.api_keys().statistics(&ApiKeyFilter::default(), given::at(0)).await.unwrap();
    assert_eq!(found, ApiKeyStatistics::default());
    assert_eq!(store.api_keys().usage_summary(given::at(0)).await.unwrap(), []);
    assert_eq!(findings(store, request()).await, []);
}

async fn statistics_count_what_they_say(store: &dyn Store) {
    let keys = store.api_keys();
    let issued = keys.bulk_create(&[sound("a"), sound("b"), given::new_api_key("c", 0)]).await.unwrap();
    let [a, b, c] = [0, 1, 2].map(|place| issued[place].api_key.id);
    keys.record_usage(a, given::at(1_000)).await.unwrap();
    keys.record_usage(c, given::at(1_001)).await.unwrap();
    keys.record_usage(c, given::at(1_002)).await.unwrap();
    keys.flush_usage().await.unwrap();
    keys.rotate(a, TimeDelta::seconds(100), given::at(1_000)).await.unwrap();
    keys.deactivate(b, "unused", given::at(1_000)).await.unwrap();
    let expected = ApiKeyStatistics {
        total: 3,
        active: 2,
        inactive: 1,
        expired: 0,
        rate_limited: 2,
        never_used: 1,
        in_grace: 1,
        total_usage: 3,
        latest_usage: Some(given::at(1_002)),
    };
    let at = async |now| keys.statistics(&ApiKeyFilter::default(), given::at(now)).await.unwrap();
    assert_eq!(at(1_099).await, expected);
    assert_eq!(at(1_100).await, ApiKeyStatistics { in_grace: 0, ..expected.clone() });
    assert_eq!(at(10_000).await, ApiKeyStatistics { in_grace: 0, expired: 2, ..expected });
}

async fn statistics_follow_the_filter(store: &dyn Store) {
    let elsewhere = NewApiKey { service: Service::Linear, ..sound("b") };
    store.api_keys().bulk_create(&[sound("a"), elsewhere]).await.unwrap();
    let filter = ApiKeyFilter::service(Service::Linear);
    assert_eq!(store.api_keys().statistics(&filter, given::at(0)).await.unwrap().total, 1);
    let filter = ApiKeyFilter::service(Service::Openai);
    let found = store.api_keys().statistics(&filter, clock::latest()).await.unwrap();
    assert_eq!(found, ApiKeyStatistics::default());
}

async fn usage_is_summed_by_service_and_environment(store: &dyn Store) {
    let keys = store.api_keys();
    let staging = NewApiKey { environment: Environment::Staging, ..sound("c") };
    let linear = NewApiKey { service: Service::Linear, expires_at: None, ..sound("d") };
    let issued = keys.bulk_create(&[linear, staging, sound("a"), sound("b")]).await.unwrap();
    keys.record_usage(issued[2].api_key.id, given::at(1_000)).await.unwrap();
    keys.record_usage(issued[3].api_key.id, given::at(1_005)).await.unwrap();
    keys.deactivate(issued[2].api_key.id, "unused", given::at(2_000)).await.unwrap();
    let group = |service, environment, total_keys| ApiKeyUsageSummary {
        service,
        environment,
        total_keys,
        active_keys: 1,
        expired_keys: 0,
        total_usage: 0,
        latest_usage: None,
    };
    let production = ApiKeyUsageSummary {
        total_usage: 2,
        latest_usage: Some(given::at(1_005)),
        expired_keys: 2,
        ..group(Service::Codegen, Environment::Production, 2)
    };
    let expected = [
        production,
        ApiKeyUsageSummary { expired_keys: 1, ..group(Service::Codegen, Environment::Staging, 1) },
        group(Service::Linear, Environment::Production, 1),
    ];
    assert_eq!(keys.usage_summary(given::at(10_000)).await.unwrap(), expected);
}

async fn a_sound_key_is_no_finding(store: &dyn Store) {
    store.api_keys().create(&sound("sound")).await.unwrap();
    assert_eq!(findings(store, request()).await, []);
}

async fn each_concern_is_found_alone(store: &dyn Store) {
    let expiring =
        |name: &str, expires_at| NewApiKey { expires_at: Some(given::at(expires_at)), ..sound(name) };
    let old = |name: &str| NewApiKey { created_at: given::at(900), ..sound(name) };
    let may =
        |name: &str, permission| NewApiKey { permissions: given::permissions(&[permission]), ..sound(name) };
    let issued = store
        .api_keys()
        .bulk_create(&[
            expiring("1 expired", 1_000),
            expiring("2 expiring", 1_001),
            expiring("3 expiring", 1_500),
            expiring("4 fine", 1_501),
            NewApiKey { expires_at: None, ..sound("5 for ever") },
            old("6 unused"),
            old("7 used"),
            NewApiKey { rate_limit: None, ..sound("8 unlimited") },
            may("9 verb", "read"),
            may("9 star", "*"),
            may("9 kind", "tasks:*"),
            NewApiKey { permissions: Vec::new(), ..sound("9 none") },
        ])
        .await
        .unwrap();
    store.api_keys().record_usage(issued[6].api_key.id, given::at(901)).await.unwrap();
    let expected = [
        ("1 expired", Expired),
        ("2 expiring", Expiring),
        ("3 expiring", Expiring),
        ("5 for ever", NeverExpires),
        ("6 unused", Unused),
        ("8 unlimited", WithoutRateLimit),
        ("9 star", WidePermissions),
        ("9 verb", WidePermissions),
    ]
    .map(|(name, concern)| (name.to_owned(), vec![concern]));
    assert_eq!(findings(store, request()).await, expected);
    for concern in KeyConcern::ALL.iter().copied() {
        let wanted: Vec<_> =
            expected.iter().filter(|(_, concerns)| concerns[0] == concern).cloned().collect();
        let found = findings(store, SecurityAuditRequest { concern: Some(concern), ..request() }).await;
        assert_eq!(found, wanted, "{concern}");
    }
}

async fn a_key_has_all_its_concerns_at_once(store: &dyn Store) {
    store.api_keys().create(&given::new_api_key("careless", 0)).await.unwrap();
    let all = vec![NeverExpires, Unused, WithoutRateLimit, WidePermissions];
    assert_eq!(findings(store, request()).await, [("careless".to_owned(), all.clone())]);
    let unused = SecurityAuditRequest { concern: Some(Unused), ..request() };
    assert_eq!(findings(store, unused).await, [("careless".to_owned(), all)]);
    let expired = SecurityAuditRequest { concern: Some(Expired), ..request() };
    assert_eq!(findings(store, expired).await, []);
}

async fn inactive_keys_are_no_concern(store: &dyn Store) {
    let id = given::api_key(store, "careless").await.api_key.id;
    store.api_keys().deactivate(id, "leaked", given::at(1)).await.unwrap();
    assert_eq!(findings(store, request()).await, []);
}

async fn findings_come_in_pages(store: &dyn Store) {
    for made in 0..5 {
        let new =
            NewApiKey { rate_limit: None, created_at: given::at(950 + made), ..sound(&made.to_string()) };
        store.api_keys().create(&new).await.unwrap();
        store.api_keys().create(&sound(&format!("sound {made}"))).await.unwrap();
    }
    let mut page_request = PageRequest::new(ApiKeySort::CreatedAt).limit(2);
    let mut names = Vec::new();
    for _ in 0..3 {
        let page = store.api_keys().security_audit(&request(), &page_request).await.unwrap();
        names.extend(page.items.into_iter().map(|finding| finding.api_key.name));
        page_request = page_request.after(page.next);
    }
    assert_eq!(names, ["4", "3", "2", "1", "0"]);
    assert_eq!(page_request.after, None);
}

async fn a_bad_request_is_refused(store: &dyn Store) {
    let audit = async |request| {
        store.api_keys().security_audit(&request, &PageRequest::new(ApiKeySort::CreatedAt)).await
    };
    let far = given::time("+10000-01-01T00:00:00Z");
    let bad = SecurityAuditRequest {
        now: far,
        expiring_within: TimeDelta::seconds(-1),
        unused_for: TimeDelta::MAX,
        concern: None,
    };
    let expected =
        ["now", "expiring_within", "unused_for"].map(|field| (field.to_owned(), FaultCode::OutOfRange));
    assert_eq!(expect::faults(audit(bad).await), expected);
    for edge in [clock::earliest(), clock::latest()] {
        let widest = TimeDelta::days(10_000);
        let request =
            SecurityAuditRequest { now: edge, expiring_within: widest, unused_for: widest, concern: None };
        assert!(audit(request).await.unwrap().items.is_empty());
    }
    let none = PageRequest::new(ApiKeySort::Name).limit(0);
    let refused = store.api_keys().security_audit(&request(), &none).await;
    expect::fault(refused, "limit", FaultCode::OutOfRange);
}
