use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use taskmaster_models::{
    ApiKey, ApiKeyId, Environment, KeyVerdict, Permission, RateLimit, Validation, clock,
};
use taskmaster_repository::{RepositoryError, Result};
use taskmaster_security::{HashedKey, KeyHash, KeyHasher, KeyUsage, PlainKey, PresentedKey, UsageLedger};

use super::{
    Memory, Tables,
    api_key::{ENTITY, StoredKey},
};

/// What API keys are hashed with and counted in; shared by a store and its units of work.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) hasher: KeyHasher,
    pub(super) usage: UsageLedger,
}

/// How many calls were admitted since the window's start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    start: DateTime<Utc>,
    admitted: i32,
}

impl Memory {
    pub(super) fn issue(&self, environment: Environment) -> Result<(PlainKey, HashedKey)> {
        let keys = self.keys();
        keys.hasher.issue(environment).map_err(|error| RepositoryError::Backend { source: error.into() })
    }

    pub(super) fn verdict(
        &self,
        key: &SecretString,
        required: &[Permission],
        now: DateTime<Utc>,
    ) -> Result<KeyVerdict> {
        Validation::of_time(ENTITY, "now", now).into_result()?;
        let now = clock::storable(now);
        let presented = match PresentedKey::parse(key) {
            Ok(presented) => presented,
            Err(reason) => return Ok(KeyVerdict::Malformed { reason }),
        };
        let hasher = &self.keys().hasher;
        let Some(api_key) = self.read(|tables| tables.presented(hasher, &presented, now))? else {
            return Ok(KeyVerdict::Unknown);
        };
        if let Some(refusal) = api_key.refusal(required, now) {
            return Ok(refusal);
        }
        if let Some(limit) = api_key.rate_limit
            && let Some(retry_after) = self.write(|tables| Ok(tables.admit(api_key.id, limit, now)))?
        {
            return Ok(KeyVerdict::RateLimited { retry_after });
        }
        self.note_use(api_key.id, now);
        Ok(KeyVerdict::Valid(Box::new(api_key)))
    }

    pub(super) fn note_use(&self, id: ApiKeyId, at: DateTime<Utc>) {
        let keys = self.keys();
        if self.lock().in_unit {
            keys.usage.put_back(KeyUsage { id, count: 1, last_used_at: at });
        } else if let Some(due) = keys.usage.note(id, at) {
            self.write_usage(&[due]);
        }
    }

    pub(super) fn write_unwritten_usage(&self) -> Result<u64> {
        self.lock().refuse_spoiled()?;
        if self.lock().in_unit { Ok(0) } else { Ok(self.write_usage(&self.keys().usage.drain())) }
    }

    /// Nothing can fail here: a store that is no unit of work is never spoiled.
    fn write_usage(&self, usage: &[KeyUsage]) -> u64 {
        let written = self.write(|tables| Ok(usage.iter().map(|usage| tables.count_uses(usage)).sum()));
        written.unwrap_or_default()
    }
}

impl Tables {
    /// The key that was presented, an active one first.
    fn presented(
        &self,
        hasher: &KeyHasher,
        presented: &PresentedKey,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiKey>> {
        let mut found = None;
        for stored in self.keys.rows() {
            if stored.is_presented(hasher, presented, now)? {
                found = Some(&stored.api_key);
                if stored.api_key.is_active {
                    break;
                }
            }
        }
        Ok(found.cloned())
    }

    /// Counts a call against the limit. Returns how long to wait if it is refused.
    fn admit(&mut self, id: ApiKeyId, limit: RateLimit, now: DateTime<Utc>) -> Option<TimeDelta> {
        let window = self.windows.get(id).copied();
        let current = window.filter(|window| limit.rest_of_window(window.start, now).is_some());
        let next = match current {
            None => Window { start: now, admitted: 1 },
            Some(window) if window.admitted < limit.max_requests => {
                Window { admitted: window.admitted + 1, ..window }
            }
            Some(window) => return limit.rest_of_window(window.start, now),
        };
        self.windows.put(id, next);
        None
    }

    /// Writes uses down. Returns of how many keys.
    fn count_uses(&mut self, usage: &KeyUsage) -> u64 {
        let Some(stored) = self.keys.get(usage.id) else { return 0 };
        let mut stored = stored.clone();
        let count = i32::try_from(usage.count).unwrap_or(i32::MAX);
        stored.api_key.usage_count = stored.api_key.usage_count.saturating_add(count);
        stored.api_key.last_used_at = stored.api_key.last_used_at.max(Some(usage.last_used_at));
        self.keys.put(usage.id, stored);
        1
    }
}

impl StoredKey {
    /// Whether the key, or the one before it in its time of grace, is the presented one. Only what PostgreSQL finds by an index is
    /// compared: the other of the two may need a pepper that is not there.
    fn is_presented(&self, hasher: &KeyHasher, presented: &PresentedKey, now: DateTime<Utc>) -> Result<bool> {
        let ApiKey { key_prefix, previous_key_prefix, pepper_version, .. } = &self.api_key;
        let current = Some((&self.hash, key_prefix, *pepper_version));
        let previous = self.previous.as_ref().filter(|_| self.api_key.is_in_grace(now));
        let previous = previous.map(|kept| (&kept.hash, previous_key_prefix, kept.pepper_version));
        for (hash, prefix, pepper_version) in [current, previous].into_iter().flatten() {
            let found_by_it = match presented {
                PresentedKey::Own(key) => prefix.as_deref() == Some(key.prefix()),
                PresentedKey::Foreign(text) => *hash == KeyHash::sha256(text),
            };
            if found_by_it && is_same(hasher, presented, hash, pepper_version)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_same(
    hasher: &KeyHasher,
    presented: &PresentedKey,
    hash: &KeyHash,
    pepper_version: Option<i32>,
) -> Result<bool> {
    hasher.is_same(presented, hash, pepper_version).map_err(|error| RepositoryError::Refused {
        reason: format!("{error}; give the store's key hasher that pepper"),
        source: error.into(),
    })
}

#[cfg(test)]
mod tests {
    use taskmaster_models::{NewApiKey, Service};
    use taskmaster_repository::Repositories;
    use taskmaster_security::Pepper;

    use super::*;
    use crate::MemoryStore;

    fn with_peppers(store: MemoryStore, versions: &[u32]) -> MemoryStore {
        let pepper = |version: &u32| Pepper::new(*version, version.to_string().repeat(32).into()).unwrap();
        store.with_key_hasher(KeyHasher::with_peppers(versions.iter().map(pepper).collect()).unwrap())
    }

    #[tokio::test]
    async fn in_its_grace_an_old_key_does_not_need_the_newer_pepper() {
        let store = with_peppers(MemoryStore::new(), &[1]);
        let new = NewApiKey::new("ci", Service::Codegen, Environment::Production);
        let old = store.api_keys().create(&new).await.unwrap();
        let store = with_peppers(store, &[1, 2]);
        let rotated = store.api_keys().rotate(new.id, TimeDelta::hours(1), new.created_at).await.unwrap();
        let store = with_peppers(store, &[1]);
        let verify = async |key| store.api_keys().verify(key, &[], new.created_at).await;
        assert!(verify(&old.key).await.unwrap().valid().is_some());
        assert!(matches!(verify(&rotated.key).await, Err(RepositoryError::Refused { .. })));
    }
}
