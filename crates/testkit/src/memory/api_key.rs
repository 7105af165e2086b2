use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Serialize, Serializer};
use serde_json::json;
use taskmaster_models::{
    ApiKey, ApiKeyFilter, ApiKeyFinding, ApiKeyId, ApiKeyPatch, ApiKeySort, ApiKeyStatistics,
    ApiKeyUsageSummary, Deactivation, Environment, KeyRotation, KeyVerdict, NewApiKey, Page, PageRequest,
    Permission, SecurityAuditRequest, Service, Validation, clock,
};
use taskmaster_repository::{ApiKeyRepository, IssuedApiKey, RepositoryError, Result};
use taskmaster_security::{HashedKey, KeyHash, PlainKey};

use super::{Memory, Tables, check_version, conflict, page::page, set};

pub(super) const ENTITY: &str = "API key";

/// A key with what is kept to recognise it.
#[derive(Clone, Debug)]
pub(super) struct StoredKey {
    pub(super) api_key: ApiKey,
    pub(super) hash: KeyHash,
    pub(super) previous: Option<Previous>,
}

/// As the audit trail tells of it: without what it is recognised by.
impl Serialize for StoredKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.api_key.serialize(serializer)
    }
}

/// How the key before the last rotation is recognised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Previous {
    pub(super) hash: KeyHash,
    pub(super) pepper_version: Option<i32>,
}

#[async_trait]
impl ApiKeyRepository for Memory {
    async fn create(&self, new: &NewApiKey) -> Result<IssuedApiKey> {
        new.validate().into_result()?;
        let (key, hashed) = self.issue(new.environment)?;
        let stored = stored(new, hashed);
        self.write(|tables| tables.insert_keys(std::slice::from_ref(&stored)))?;
        Ok(issued(stored, key))
    }

    async fn bulk_create(&self, new: &[NewApiKey]) -> Result<Vec<IssuedApiKey>> {
        Validation::of_rows(ENTITY, new.iter().map(NewApiKey::validate)).into_result()?;
        let made = new.iter().map(|new| self.issue(new.environment)).collect::<Result<Vec<_>>>()?;
        let (keys, hashed): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        let rows: Vec<_> = new.iter().zip(hashed).map(|(new, hashed)| stored(new, hashed)).collect();
        self.write(|tables| tables.insert_keys(&rows))?;
        Ok(rows.into_iter().zip(keys).map(|(row, key)| issued(row, key)).collect())
    }

    async fn find_by_id(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        self.read(|tables| Ok(tables.keys.get(id).map(|stored| stored.api_key.clone())))
    }

    async fn find_by(
        &self,
        filter: &ApiKeyFilter,
        request: &PageRequest<ApiKeySort>,
    ) -> Result<Page<ApiKey>> {
        filter.validate().into_result()?;
        let key_of = |api_key: &ApiKey| (request.sort.key(api_key), api_key.id.as_uuid());
        self.read(|tables| page(tables.keys_of(filter), request, key_of))
    }

    async fn count(&self, filter: &ApiKeyFilter) -> Result<u64> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(tables.keys_of(filter).map(|_| 1).sum()))
    }

    async fn update(&self, id: ApiKeyId, patch: &ApiKeyPatch) -> Result<ApiKey> {
        patch.validate().into_result()?;
        self.write(|tables| {
            check_version(ENTITY, &id, patch.expected_version, tables.key(id)?.api_key.version)?;
            tables.change_key(id, |StoredKey { api_key, .. }| {
                let patch = patch.clone();
                set(&mut api_key.name, patch.name);
                set(&mut api_key.permissions, patch.permissions);
                set(&mut api_key.expires_at, patch.expires_at.map(|time| time.map(clock::storable)));
                set(&mut api_key.rate_limit, patch.rate_limit);
                set(&mut api_key.metadata, patch.metadata);
            })
        })
    }

    async fn delete(&self, id: ApiKeyId) -> Result<bool> {
        self.write(|tables| {
            tables.windows.remove(id);
            Ok(tables.keys.remove(id))
        })
    }

    async fn verify(
        &self,
        key: &SecretString,
        required: &[Permission],
        now: DateTime<Utc>,
    ) -> Result<KeyVerdict> {
        self.verdict(key, required, now)
    }

    async fn rotate(&self, id: ApiKeyId, grace: TimeDelta, now: DateTime<Utc>) -> Result<IssuedApiKey> {
        let rotation = KeyRotation { grace, at: now };
        rotation.validate().into_result()?;
        let environment = self.read(|tables| Ok(tables.key(id)?.api_key.environment))?;
        let (key, hashed) = self.issue(environment)?;
        let api_key = self.write(|tables| {
            tables.change_key(id, |stored| {
                let ends = rotation.previous_expires_at().map(clock::storable);
                let (hash, pepper_version) = (stored.hash, stored.api_key.pepper_version);
                stored.previous = ends.map(|_| Previous { hash, pepper_version });
                stored.api_key.previous_expires_at = ends;
                let prefix = stored.api_key.key_prefix.replace(hashed.prefix);
                stored.api_key.previous_key_prefix = prefix.filter(|_| ends.is_some());
                stored.hash = hashed.hash;
                stored.api_key.pepper_version = hashed.pepper_version;
            })
        })?;
        Ok(IssuedApiKey { api_key, key: key.into_text() })
    }

    async fn deactivate(&self, id: ApiKeyId, reason: &str, now: DateTime<Utc>) -> Result<ApiKey> {
        let deactivation = Deactivation { reason: reason.to_owned(), at: clock::storable(now) };
        deactivation.validate().into_result()?;
        self.write(|tables| {
            tables.change_key(id, |stored| {
                stored.previous = None;
                stored.api_key.previous_key_prefix = None;
                stored.api_key.previous_expires_at = None;
                let was_active = std::mem::replace(&mut stored.api_key.is_active, false);
                // Of an ended key the first reason stays.
                if was_active || !stored.api_key.metadata.contains_key(Deactivation::KEY) {
                    stored.api_key.metadata.insert(Deactivation::KEY.to_owned(), json!(deactivation));
                }
            })
        })
    }

    async fn record_usage(&self, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
        Validation::of_time(ENTITY, "now", now).into_result()?;
        self.note_use(id, clock::storable(now));
        Ok(())
    }

    async fn flush_usage(&self) -> Result<u64> {
        self.write_unwritten_usage()
    }

    async fn statistics(&self, filter: &ApiKeyFilter, now: DateTime<Utc>) -> Result<ApiKeyStatistics> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(statistics(&tables.keys_of(filter).collect::<Vec<_>>(), now)))
    }

    async fn usage_summary(&self, now: DateTime<Utc>) -> Result<Vec<ApiKeyUsageSummary>> {
        self.read(|tables| {
            let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for key in tables.keys_of(&ApiKeyFilter::default()) {
                let names = (key.service.as_str(), key.environment.as_str());
                groups.entry(names).or_default().push(key);
            }
            Ok(groups
                .values()
                .map(|keys| usage_summary(keys[0].service, keys[0].environment, keys, now))
                .collect())
        })
    }

    async fn security_audit(
        &self,
        request: &SecurityAuditRequest,
        page_request: &PageRequest<ApiKeySort>,
    ) -> Result<Page<ApiKeyFinding>> {
        request.validate().into_result()?;
        let key_of =
            |found: &ApiKeyFinding| (page_request.sort.key(&found.api_key), found.api_key.id.as_uuid());
        self.read(|tables| {
            let findings: Vec<_> = tables
                .keys_of(&ApiKeyFilter::default())
                .map(|key| ApiKeyFinding { api_key: key.clone(), concerns: request.concerns(key) })
                .filter(|finding| !finding.concerns.is_empty())
                .collect();
            page(findings.iter(), page_request, key_of)
        })
    }
}

impl Tables {
    fn key(&self, id: ApiKeyId) -> Result<&StoredKey> {
        self.keys.get(id).ok_or_else(|| RepositoryError::not_found(ENTITY, id))
    }

    fn keys_of(&self, filter: &ApiKeyFilter) -> impl Iterator<Item = &ApiKey> {
        self.keys.rows().map(|stored| &stored.api_key).filter(|api_key| meets(api_key, filter))
    }

    fn insert_keys(&mut self, rows: &[StoredKey]) -> Result<()> {
        let mut names: HashSet<_> = self.keys.rows().map(|stored| full_name(&stored.api_key)).collect();
        let mut twice = None;
        for row in rows {
            twice = twice.or_else(|| (!names.insert(full_name(&row.api_key))).then_some(&row.api_key));
        }
        for row in rows {
            let id = row.api_key.id;
            if !self.keys.insert(id, row.clone()) {
                return Err(conflict(ENTITY, "api_keys_pkey", format!("the id {id} is taken")));
            }
        }
        twice.map_or(Ok(()), |api_key| Err(name_is_taken(api_key)))
    }

    /// Refuses a key whose name another one of its service and environment has.
    pub(super) fn check_key(&self, api_key: &ApiKey) -> Result<()> {
        let is_same = |other: &ApiKey| other.id != api_key.id && full_name(other) == full_name(api_key);
        let taken = self.keys.rows().any(|other| is_same(&other.api_key));
        if taken { Err(name_is_taken(api_key)) } else { Ok(()) }
    }

    fn change_key(&mut self, id: ApiKeyId, change: impl FnOnce(&mut StoredKey)) -> Result<ApiKey> {
        let mut stored = self.key(id)?.clone();
        change(&mut stored);
        stored.api_key.version += 1;
        stored.api_key.updated_at = clock::now().max(stored.api_key.updated_at);
        let api_key = stored.api_key.clone();
        self.keys.put(id, stored);
        self.check_key(&api_key)?;
        Ok(api_key)
    }
}

/// What no two keys have in common.
fn full_name(api_key: &ApiKey) -> (String, Service, Environment) {
    (api_key.name.clone(), api_key.service, api_key.environment)
}

fn name_is_taken(api_key: &ApiKey) -> RepositoryError {
    let detail = format!("the name {:?} is taken", api_key.name);
    conflict(ENTITY, "api_keys_name_service_environment_key", detail)
}

/// The key as a store keeps it: with times to the microsecond.
fn stored(new: &NewApiKey, hashed: HashedKey) -> StoredKey {
    let new = new.clone();
    let created_at = clock::storable(new.created_at);
    let api_key = ApiKey {
        id: new.id,
        name: new.name,
        service: new.service,
        environment: new.environment,
        key_prefix: Some(hashed.prefix),
        pepper_version: hashed.pepper_version,
        permissions: new.permissions,
        is_active: true,
        expires_at: new.expires_at.map(clock::storable),
        rate_limit: new.rate_limit,
        last_used_at: None,
        usage_count: 0,
        created_by: new.created_by,
        created_at,
        updated_at: created_at,
        previous_key_prefix: None,
        previous_expires_at: None,
        metadata: new.metadata,
        version: 1,
    };
    StoredKey { api_key, hash: hashed.hash, previous: None }
}

fn issued(stored: StoredKey, key: PlainKey) -> IssuedApiKey {
    IssuedApiKey { api_key: stored.api_key, key: key.into_text() }
}

fn meets(api_key: &ApiKey, filter: &ApiKeyFilter) -> bool {
    let ApiKeyFilter {
        name,
        service,
        environment,
        is_active,
        created_by,
        key_prefix,
        created_after,
        created_before,
        expires_before,
    } = filter;
    name.as_ref().is_none_or(|name| api_key.name == *name)
        && service.is_none_or(|service| api_key.service == service)
        && environment.is_none_or(|environment| api_key.environment == environment)
        && is_active.is_none_or(|is_active| api_key.is_active == is_active)
        && created_by.as_ref().is_none_or(|by| api_key.created_by.as_ref() == Some(by))
        && key_prefix.as_ref().is_none_or(|prefix| api_key.key_prefix.as_ref() == Some(prefix))
        && created_after.is_none_or(|time| api_key.created_at >= time)
        && created_before.is_none_or(|time| api_key.created_at <= time)
        && expires_before.is_none_or(|time| api_key.is_expired(time))
}

fn count_of(keys: &[&ApiKey], counts: impl Fn(&ApiKey) -> bool) -> u64 {
    keys.iter().filter(|key| counts(key)).map(|_| 1).sum()
}

fn total_usage(keys: &[&ApiKey]) -> u64 {
    keys.iter().map(|key| u64::from(key.usage_count.unsigned_abs())).sum()
}

fn statistics(keys: &[&ApiKey], now: DateTime<Utc>) -> ApiKeyStatistics {
    ApiKeyStatistics {
        total: count_of(keys, |_| true),
        active: count_of(keys, |key| key.is_active),
        inactive: count_of(keys, |key| !key.is_active),
        expired: count_of(keys, |key| key.is_expired(now)),
        rate_limited: count_of(keys, |key| key.rate_limit.is_some()),
        never_used: count_of(keys, |key| key.last_used_at.is_none()),
        in_grace: count_of(keys, |key| key.is_in_grace(now)),
        total_usage: total_usage(keys),
        latest_usage: keys.iter().filter_map(|key| key.last_used_at).max(),
    }
}

fn usage_summary(
    service: Service,
    environment: Environment,
    keys: &[&ApiKey],
    now: DateTime<Utc>,
) -> ApiKeyUsageSummary {
    ApiKeyUsageSummary {
        service,
        environment,
        total_keys: count_of(keys, |_| true),
        active_keys: count_of(keys, |key| key.is_active),
        expired_keys: count_of(keys, |key| key.is_expired(now)),
        total_usage: total_usage(keys),
        latest_usage: keys.iter().filter_map(|key| key.last_used_at).max(),
    }
}
