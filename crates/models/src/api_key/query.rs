use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ApiKey, Environment, Service};
use crate::{KeyKind, Sort, SortKey, Validation};

/// Which API keys a query is about. All criteria must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeyFilter {
    /// Only keys of this name.
    pub name: Option<String>,
    /// Only keys of this service.
    pub service: Option<Service>,
    /// Only keys of this environment.
    pub environment: Option<Environment>,
    /// Only keys that may (`true`) or may not (`false`) be used.
    pub is_active: Option<bool>,
    /// Only keys that this person made.
    pub created_by: Option<String>,
    /// Only keys that begin so: for a key that has leaked.
    pub key_prefix: Option<String>,
    /// Only keys made then or later.
    pub created_after: Option<DateTime<Utc>>,
    /// Only keys made then or earlier.
    pub created_before: Option<DateTime<Utc>>,
    /// Only keys that expire then or earlier.
    pub expires_before: Option<DateTime<Utc>>,
}

impl ApiKeyFilter {
    /// The keys of one service.
    #[must_use]
    pub fn service(service: Service) -> Self {
        Self { service: Some(service), ..Self::default() }
    }

    /// Finds every fault of this filter: texts that no row can hold.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("API key filter");
        v.optional_text("name", self.name.as_deref(), usize::MAX);
        v.optional_text("created_by", self.created_by.as_deref(), usize::MAX);
        v.optional_text("key_prefix", self.key_prefix.as_deref(), usize::MAX);
        v
    }
}

/// The orders in which API keys can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeySort {
    /// By the time of their making.
    #[default]
    CreatedAt,
    /// By name.
    Name,
}

impl Sort for ApiKeySort {
    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "api_key.created_at",
            Self::Name => "api_key.name",
        }
    }

    fn kind(self) -> KeyKind {
        match self {
            Self::CreatedAt => KeyKind::Time,
            Self::Name => KeyKind::Text,
        }
    }
}

impl ApiKeySort {
    /// The key of `api_key` in this order.
    #[must_use]
    pub fn key(self, api_key: &ApiKey) -> SortKey {
        match self {
            Self::CreatedAt => SortKey::Time(api_key.created_at),
            Self::Name => SortKey::Text(api_key.name.clone()),
        }
    }
}

/// Numbers over some API keys, at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyStatistics {
    /// How many keys.
    pub total: u64,
    /// How many of them may be used; some of these may have expired.
    pub active: u64,
    /// How many were deactivated.
    pub inactive: u64,
    /// How many have expired.
    pub expired: u64,
    /// How many have a rate limit.
    pub rate_limited: u64,
    /// How many were never used.
    pub never_used: u64,
    /// For how many the key before the last rotation still works.
    pub in_grace: u64,
    /// How often they were used, in all.
    pub total_usage: u64,
    /// When one was last used.
    pub latest_usage: Option<DateTime<Utc>>,
}

/// How the keys of one service in one environment are used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyUsageSummary {
    /// The service.
    pub service: Service,
    /// The environment.
    pub environment: Environment,
    /// How many keys.
    pub total_keys: u64,
    /// How many of them may be used; some of these may have expired.
    pub active_keys: u64,
    /// How many have expired.
    pub expired_keys: u64,
    /// How often they were used, in all.
    pub total_usage: u64,
    /// When one was last used.
    pub latest_usage: Option<DateTime<Utc>>,
}
