use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{FaultCode, Validation};

/// Why and when a key was deactivated; kept in the key's metadata under [`Deactivation::KEY`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deactivation {
    /// Why, 1 to 1,000 characters, not blank.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Deactivation {
    /// Where it is in the metadata.
    pub const KEY: &'static str = "deactivation";

    /// Finds every fault.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("deactivation of an API key");
        v.required_text("reason", &self.reason, 1000);
        v.time("now", Some(self.at));
        v
    }
}

/// The change of a key for a new one, with a time in which both work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// How long the old key works after the change, 0 to [`KeyRotation::MAX_GRACE`].
    pub grace: TimeDelta,
    /// When the change is made.
    pub at: DateTime<Utc>,
}

impl KeyRotation {
    /// The longest time of grace: 90 days.
    pub const MAX_GRACE: TimeDelta = TimeDelta::days(90);

    /// Until when the old key works; `None` if it ends at once.
    #[must_use]
    pub fn previous_expires_at(&self) -> Option<DateTime<Utc>> {
        (self.grace > TimeDelta::zero()).then(|| self.at + self.grace)
    }

    /// Finds every fault.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("rotation of an API key");
        let known = (TimeDelta::zero()..=Self::MAX_GRACE).contains(&self.grace);
        if !known {
            let message = format!("is {} s, allowed are 0 s to 90 days", self.grace.num_seconds());
            v.fault("grace", FaultCode::OutOfRange, message);
        }
        v.time("now", Some(self.at));
        if known && v.is_valid() {
            v.time("now", self.previous_expires_at());
        }
        v
    }
}
