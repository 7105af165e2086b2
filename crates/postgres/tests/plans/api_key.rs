use chrono::TimeDelta;
use sea_orm::DatabaseConnection;
use taskmaster_models::{
    ApiKeyFilter, ApiKeyPatch, ApiKeySort, Environment, KeyConcern, NewApiKey, PageRequest, RateLimit,
    SecurityAuditRequest, Service, clock,
};
use taskmaster_repository::Repositories;

use super::{Recorder, plans};

/// 100,000 API keys, each with a window; one in a hundred was rotated, one in five never expires, one in ten has no limit.
pub(super) const FILL: &str = "
    INSERT INTO api_keys (id, name, service, environment, key_hash, key_prefix, permissions, expires_at, rate_limit,
                          created_by, created_at, last_used_at, previous_key_hash, previous_key_prefix,
                          previous_expires_at)
    SELECT md5('k' || n)::uuid, 'key ' || n, 'codegen', 'production', md5('a' || n) || md5('b' || n),
           'tmk_prod_' || lpad(n::text, 10, '0'), CASE n % 20 WHEN 0 THEN '[\"*\"]' ELSE '[\"tasks:read\"]' END::jsonb,
           CASE WHEN n % 5 > 0 THEN now() + (n - 1000) * interval '1 hour' END,
           CASE WHEN n % 10 > 0 THEN '{\"max_requests\": 100, \"window_ms\": 60000}'::jsonb END,
           'user' || n % 1000, now() - n * interval '1 minute', now() - n * interval '1 minute',
           CASE WHEN n % 100 = 0 THEN md5('c' || n) || md5('d' || n) END,
           CASE WHEN n % 100 = 0 THEN 'tmk_prod_' || lpad('p' || n, 10, '0') END,
           CASE WHEN n % 100 = 0 THEN now() + interval '1 hour' END
      FROM generate_series(1, 100000) n;
    INSERT INTO api_key_rate_windows (api_key_id, window_start, admitted)
    SELECT id, now(), 1 FROM api_keys;";

pub(super) async fn faults(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let keys = recorder.store.api_keys();
    let now = clock::now();
    let mut faults = Vec::new();
    let new = |name: &str| NewApiKey::new(name, Service::Github, Environment::Staging);
    let rate_limit = Some(RateLimit::new(10, TimeDelta::minutes(1)));
    let issued = keys.create(&NewApiKey { rate_limit, ..new("limited") }).await.unwrap();
    let used = keys.create(&new("used")).await.unwrap().api_key;
    let id = issued.api_key.id;
    keys.record_usage(used.id, now).await.unwrap();
    keys.record_usage(used.id, now).await.unwrap();
    recorder.statements.lock().unwrap().clear();
    let by_time = PageRequest::new(ApiKeySort::CreatedAt);
    let by_name = PageRequest::new(ApiKeySort::Name);
    let any = ApiKeyFilter::default();
    let by_prefix = ApiKeyFilter { key_prefix: issued.api_key.key_prefix.clone(), ..any.clone() };
    let by_person = ApiKeyFilter { created_by: Some("user7".to_owned()), ..any.clone() };
    let staging = ApiKeyFilter { environment: Some(Environment::Staging), ..any.clone() };
    let by_name_text = ApiKeyFilter { name: Some("key 7".to_owned()), ..any.clone() };
    let active = ApiKeyFilter { is_active: Some(true), ..any.clone() };
    let inactive = ApiKeyFilter { is_active: Some(false), ..any.clone() };
    let day = now - TimeDelta::days(1);
    let new_ones = ApiKeyFilter { created_after: Some(now - TimeDelta::hours(1)), ..any.clone() };
    let one_hour = ApiKeyFilter {
        created_after: Some(day),
        created_before: Some(day + TimeDelta::hours(1)),
        ..any.clone()
    };
    let ended = ApiKeyFilter { expires_before: Some(now), ..any.clone() };
    let patch = ApiKeyPatch { name: Some("renamed".to_owned()), ..ApiKeyPatch::default() };
    let foreign = "a key of another system".replace(' ', "-").into();
    plans! { recorder, db, faults;
        keys.bulk_create(&[new("a"), new("b")]);
        keys.find_by_id(id);
        keys.find_by(&any, &by_time);
        keys.find_by(&any, &by_name);
        keys.find_by(&by_prefix, &by_time);
        keys.find_by(&by_person, &by_time);
        keys.find_by(&ApiKeyFilter::service(Service::Github), &by_time);
        keys.find_by(&staging, &by_name);
        keys.find_by(&ended, &by_time);
        keys.find_by(&by_name_text, &by_time);
        keys.find_by(&active, &by_time);
        keys.find_by(&inactive, &by_name);
        keys.find_by(&new_ones, &by_name);
        keys.find_by(&one_hour, &by_time);
        keys.count(&by_prefix);
        keys.count(&by_name_text);
        keys.count(&inactive);
        keys.count(&one_hour);
        keys.statistics(&by_person, now);
        keys.update(id, &patch);
        keys.verify(&issued.key, &[], now);
        keys.verify(&foreign, &[], now);
        keys.flush_usage();
        keys.rotate(id, TimeDelta::hours(1), now);
        keys.deactivate(id, "leaked", now);
        keys.record_usage(id, now + TimeDelta::hours(1));
        keys.security_audit(&SecurityAuditRequest::new(now), &by_time);
        keys.security_audit(&SecurityAuditRequest::new(now), &by_name);
    }
    for concern in KeyConcern::ALL.iter().copied() {
        let request = SecurityAuditRequest { concern: Some(concern), ..SecurityAuditRequest::new(now) };
        plans! { recorder, db, faults; keys.security_audit(&request, &by_time); }
    }
    // `usage_summary` is not here: it is about all rows.
    plans! { recorder, db, faults; keys.delete(id); }
    faults
}
