use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{ApiKey, Permission};
use crate::{FaultCode, Validation, text_enum::text_enum};

text_enum! {
    /// Why somebody should look at an active key.
    KeyConcern, "concern about an API key" {
        /// It will expire soon.
        Expiring = "expiring",
        /// It has expired and was never deactivated.
        Expired = "expired",
        /// It never expires.
        NeverExpires = "never_expires",
        /// It was not used for long, or never.
        Unused = "unused",
        /// It may make any number of calls.
        WithoutRateLimit = "without_rate_limit",
        /// It may do something with all kinds of things at once.
        WidePermissions = "wide_permissions",
    }
}

/// What a security audit looks for. It looks at active keys only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityAuditRequest {
    /// The time of the audit.
    pub now: DateTime<Utc>,
    /// A key that expires within this time is [`Expiring`](KeyConcern::Expiring). 0 s to 10,000 days.
    pub expiring_within: TimeDelta,
    /// A key that nobody has used for this time is [`Unused`](KeyConcern::Unused); the time of one that was never used counts
    /// from its making. 0 s to 10,000 days.
    pub unused_for: TimeDelta,
    /// Only keys with this concern; `None` for those with any.
    pub concern: Option<KeyConcern>,
}

impl SecurityAuditRequest {
    const MAX_AGE: TimeDelta = TimeDelta::days(10_000);

    /// Any concern: keys that expire within 30 days and keys unused for 90 among them.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { now, expiring_within: TimeDelta::days(30), unused_for: TimeDelta::days(90), concern: None }
    }

    /// The time up to which a key's expiry is a concern.
    #[must_use]
    pub fn expiring_until(&self) -> DateTime<Utc> {
        self.now.checked_add_signed(self.expiring_within).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The time since which a key should have been used.
    #[must_use]
    pub fn unused_since(&self) -> DateTime<Utc> {
        self.now.checked_sub_signed(self.unused_for).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// What there is to say about a key; nothing about one that is not active or not among those that are asked for.
    #[must_use]
    pub fn concerns(&self, api_key: &ApiKey) -> Vec<KeyConcern> {
        if !api_key.is_active {
            return Vec::new();
        }
        let holds = |concern: &KeyConcern| match concern {
            KeyConcern::Expiring => {
                !api_key.is_expired(self.now)
                    && api_key.expires_at.is_some_and(|expires_at| expires_at <= self.expiring_until())
            }
            KeyConcern::Expired => api_key.is_expired(self.now),
            KeyConcern::NeverExpires => api_key.expires_at.is_none(),
            KeyConcern::Unused => api_key.last_used_at.unwrap_or(api_key.created_at) <= self.unused_since(),
            KeyConcern::WithoutRateLimit => api_key.rate_limit.is_none(),
            KeyConcern::WidePermissions => api_key.permissions.iter().any(Permission::is_wide),
        };
        let concerns: Vec<_> = KeyConcern::ALL.iter().copied().filter(holds).collect();
        let asked_for = self.concern.is_none_or(|concern| concerns.contains(&concern));
        if asked_for { concerns } else { Vec::new() }
    }

    /// Finds every fault of this request.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("security audit request");
        v.time("now", Some(self.now));
        for (field, age) in [("expiring_within", self.expiring_within), ("unused_for", self.unused_for)] {
            if !(TimeDelta::zero()..=Self::MAX_AGE).contains(&age) {
                let message = format!("is {} s, allowed are 0 s to 10,000 days", age.num_seconds());
                v.fault(field, FaultCode::OutOfRange, message);
            }
        }
        v
    }
}

/// A key that somebody should look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKeyFinding {
    /// The key.
    pub api_key: ApiKey,
    /// Why, all reasons there are; never empty.
    pub concerns: Vec<KeyConcern>,
}
