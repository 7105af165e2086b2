//! What may be stored.

use super::{ApiKey, ApiKeyPatch, NewApiKey, Permission, RateLimit};
use crate::{FaultCode, Validation, clock};

/// From how many uses on a key without a rate limit is odd.
const MANY_USES: i32 = 10_000;

/// How many permissions a key may have.
const MAX_PERMISSIONS: usize = 100;

impl NewApiKey {
    /// Finds every fault of this key.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("API key");
        v.required_text("name", &self.name, 100);
        permissions(&mut v, &self.permissions);
        v.time("expires_at", self.expires_at);
        // As they are stored: two times within a microsecond become the same.
        let expires_at = self.expires_at.map(clock::storable);
        if expires_at.is_some_and(|expires_at| expires_at <= clock::storable(self.created_at)) {
            v.fault("expires_at", FaultCode::OutOfRange, "is not later than created_at");
        }
        rate_limit(&mut v, self.rate_limit);
        v.optional_text("created_by", self.created_by.as_deref(), 255);
        v.time("created_at", Some(self.created_at));
        v.metadata(&self.metadata);
        v
    }
}

impl ApiKeyPatch {
    /// Finds every fault of this patch. A patch that changes nothing is one.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("API key patch");
        let unchanged = Self { expected_version: self.expected_version, ..Self::default() };
        if *self == unchanged {
            v.fault("patch", FaultCode::Required, "names no field to change");
        }
        if let Some(name) = &self.name {
            v.required_text("name", name, 100);
        }
        permissions(&mut v, self.permissions.as_deref().unwrap_or_default());
        let expires_at = self.expires_at.flatten();
        v.time("expires_at", expires_at);
        if expires_at.is_some_and(|expires_at| clock::storable(expires_at) <= clock::now()) {
            v.fault("expires_at", FaultCode::OutOfRange, "lies in the past; to end a key now, deactivate it");
        }
        rate_limit(&mut v, self.rate_limit.flatten());
        if let Some(metadata) = &self.metadata {
            v.metadata(metadata);
        }
        v
    }
}

impl ApiKey {
    /// What is odd about a stored key at that time, as warnings.
    #[must_use]
    pub fn validate(&self, now: chrono::DateTime<chrono::Utc>) -> Validation {
        let mut v = Validation::new("API key");
        if self.is_expired(now) {
            let message = if self.is_active { "has passed, yet the key is active" } else { "has passed" };
            v.warn("expires_at", FaultCode::OutOfRange, message);
        }
        if self.usage_count > MANY_USES && self.rate_limit.is_none() {
            let message = format!("is missing on a key that was used more than {MANY_USES} times");
            v.warn("rate_limit", FaultCode::Required, message);
        }
        v
    }
}

fn permissions(v: &mut Validation, permissions: &[Permission]) {
    if permissions.len() > MAX_PERMISSIONS {
        let message = format!("has {} entries, allowed are {MAX_PERMISSIONS}", permissions.len());
        v.fault("permissions", FaultCode::TooLong, message);
    }
    if let Some(unknown) = permissions.iter().find(|permission| !permission.is_known()) {
        let shown: String = unknown.to_string().chars().take(100).collect();
        let message = format!("holds {shown:?}, which is no permission");
        v.fault("permissions", FaultCode::WrongShape, message);
    }
}

fn rate_limit(v: &mut Validation, limit: Option<RateLimit>) {
    let Some(limit) = limit else { return };
    if !(1..=RateLimit::MAX_REQUESTS).contains(&limit.max_requests) {
        let message =
            format!("max_requests is {}, allowed are 1 to {}", limit.max_requests, RateLimit::MAX_REQUESTS);
        v.fault("rate_limit", FaultCode::OutOfRange, message);
    }
    if !(1..=RateLimit::MAX_WINDOW_MS).contains(&limit.window_ms) {
        let message =
            format!("window_ms is {}, allowed are 1 to {}", limit.window_ms, RateLimit::MAX_WINDOW_MS);
        v.fault("rate_limit", FaultCode::OutOfRange, message);
    }
}
