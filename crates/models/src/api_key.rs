mod check;
mod finding;
mod lifecycle;
mod permission;
mod query;
mod rate_limit;
mod verdict;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ApiKeyId, clock, text_enum::text_enum};

pub use finding::{ApiKeyFinding, KeyConcern, SecurityAuditRequest};
pub use lifecycle::{Deactivation, KeyRotation};
pub use permission::{Permission, Verb};
pub use query::{ApiKeyFilter, ApiKeySort, ApiKeyStatistics, ApiKeyUsageSummary};
pub use rate_limit::RateLimit;
pub use verdict::{KeyVerdict, MalformedKey};

text_enum! {
    /// Who calls with a key, or who is called with it.
    Service, "service" {
        /// The code generator.
        Codegen = "codegen",
        /// Linear.
        Linear = "linear",
        /// Claude Code.
        ClaudeCode = "claude_code",
        /// The API in front of the agents.
        Agentapi = "agentapi",
        /// GitHub.
        Github = "github",
        /// OpenAI.
        Openai = "openai",
        /// Anthropic.
        Anthropic = "anthropic",
        /// The database itself.
        Database = "database",
        /// Whatever watches the system.
        Monitoring = "monitoring",
        /// Callers from outside, told by the event that they report.
        Webhook = "webhook",
    }
}

text_enum! {
    /// Where a key is good.
    Environment, "environment" {
        /// On the machines of developers. Its keys begin with `tmk_dev_`.
        Development = "development",
        /// Where a release is tried. Its keys begin with `tmk_stg_`.
        Staging = "staging",
        /// Where it counts. Its keys begin with `tmk_prod_`.
        Production = "production",
    }
}

/// A stored API key: who may call, and what for. It holds neither the key nor its hash, so it can be shown and logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is called, 1 to 100 characters, not blank; no two keys of one service and environment have the same name.
    pub name: String,
    /// The service that it is for.
    pub service: Service,
    /// The environment that it is for.
    pub environment: Environment,
    /// How the key begins, to tell keys apart in a list and to find the row of one that has leaked.
    pub key_prefix: Option<String>,
    /// Which pepper its hash was made with; `None` for none.
    pub pepper_version: Option<i32>,
    /// What it may do, at most 100 permissions.
    pub permissions: Vec<Permission>,
    /// Whether it may be used at all.
    pub is_active: bool,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many calls it may make; `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// When it was last used, as far as that has been written down.
    pub last_used_at: Option<DateTime<Utc>>,
    /// How often it was used, as far as that has been written down; stays at the greatest number when that is reached.
    pub usage_count: i32,
    /// Who made it, at most 255 characters.
    pub created_by: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed. Being used is no change.
    pub updated_at: DateTime<Utc>,
    /// How the key before the last rotation began.
    pub previous_key_prefix: Option<String>,
    /// Until when the key before the last rotation works, too.
    pub previous_expires_at: Option<DateTime<Utc>>,
    /// Whatever else belongs to it; under `deactivation` the [`Deactivation`], if there was one.
    pub metadata: Map<String, Value>,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

/// An API key to be made and stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of ApiKey")]
pub struct NewApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub service: Service,
    pub environment: Environment,
    /// None at all is allowed: such a key only proves who calls.
    pub permissions: Vec<Permission>,
    /// Must lie after `created_at`.
    pub expires_at: Option<DateTime<Utc>>,
    pub rate_limit: Option<RateLimit>,
    pub created_by: Option<String>,
    pub created_at: DateTime<Utc>,
    pub metadata: Map<String, Value>,
}

impl NewApiKey {
    /// A key made now, without permissions, expiry or limit.
    pub fn new(name: impl Into<String>, service: Service, environment: Environment) -> Self {
        Self {
            id: ApiKeyId::new(),
            name: name.into(),
            service,
            environment,
            permissions: Vec::new(),
            expires_at: None,
            rate_limit: None,
            created_by: None,
            created_at: clock::now(),
            metadata: Map::new(),
        }
    }
}

/// The fields of an API key to change; those that are `None` stay as they are, whoever changes them meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of ApiKey")]
pub struct ApiKeyPatch {
    /// Refuse the patch as stale unless the stored key has this version.
    pub expected_version: Option<i64>,
    pub name: Option<String>,
    pub permissions: Option<Vec<Permission>>,
    /// Must lie in the future; to end a key now, deactivate it.
    #[serde(deserialize_with = "crate::patch::clearable")]
    pub expires_at: Option<Option<DateTime<Utc>>>,
    #[serde(deserialize_with = "crate::patch::clearable")]
    pub rate_limit: Option<Option<RateLimit>>,
    pub metadata: Option<Map<String, Value>>,
}

impl ApiKey {
    /// Whether it has expired by then. At the very time of its expiry it has.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Whether the key before the last rotation still works then.
    #[must_use]
    pub fn is_in_grace(&self, now: DateTime<Utc>) -> bool {
        self.previous_expires_at.is_some_and(|ends| now < ends)
    }

    /// Which of the required permissions it lacks.
    #[must_use]
    pub fn missing(&self, required: &[Permission]) -> Vec<Permission> {
        let granted = |wanted: &Permission| self.permissions.iter().any(|held| held.grants(wanted));
        required.iter().filter(|wanted| !granted(wanted)).cloned().collect()
    }

    /// Why a call with this key is refused then, its rate limit apart; `None` if it is not.
    #[must_use]
    pub fn refusal(&self, required: &[Permission], now: DateTime<Utc>) -> Option<KeyVerdict> {
        if !self.is_active {
            return Some(KeyVerdict::Inactive);
        }
        if self.is_expired(now) {
            return Some(KeyVerdict::Expired);
        }
        let missing = self.missing(required);
        (!missing.is_empty()).then_some(KeyVerdict::MissingPermission { missing })
    }

    /// The key in short, as it is at that time.
    #[must_use]
    pub fn summary(&self, now: DateTime<Utc>) -> ApiKeySummary {
        ApiKeySummary {
            id: self.id,
            name: self.name.clone(),
            service: self.service,
            environment: self.environment,
            key_prefix: self.key_prefix.clone(),
            permissions: self.permissions.clone(),
            is_active: self.is_active,
            is_expired: self.is_expired(now),
            is_valid: self.is_active && !self.is_expired(now),
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            usage_count: self.usage_count,
            has_rate_limit: self.rate_limit.is_some(),
        }
    }
}

/// An API key in short, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of a list")]
pub struct ApiKeySummary {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is called.
    pub name: String,
    /// The service that it is for.
    pub service: Service,
    /// The environment that it is for.
    pub environment: Environment,
    /// How the key begins.
    pub key_prefix: Option<String>,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Whether it may be used at all.
    pub is_active: bool,
    /// Whether it has expired.
    pub is_expired: bool,
    /// Whether it is active and has not expired.
    pub is_valid: bool,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// How often it was used.
    pub usage_count: i32,
    /// Whether the number of its calls is limited.
    pub has_rate_limit: bool,
}
