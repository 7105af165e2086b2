use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{MAX_TEXT, Validation};

/// Who makes a change, as the audit trail records it.
///
/// ```
/// use taskmaster_models::Actor;
///
/// let actor = Actor::user("ci-bot");
/// assert!(actor.validate().is_valid());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user or service, at most 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The session in which it acts, at most 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The address from which it acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<IpAddr>,
    /// The program with which it acts. The trail keeps its first 1000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl Actor {
    /// An actor of whom only the user is known.
    pub fn user(user_id: impl Into<String>) -> Self {
        Self { user_id: Some(user_id.into()), ..Self::default() }
    }

    /// Finds every fault of this actor.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut validation = Validation::new("actor");
        validation.optional_text("user_id", self.user_id.as_deref(), 255);
        validation.optional_text("session_id", self.session_id.as_deref(), 255);
        validation.optional_text("user_agent", self.user_agent.as_deref(), MAX_TEXT);
        validation
    }
}
