use chrono::TimeDelta;

use super::{ApiKey, Permission};

/// What is wrong with a text that cannot be a key. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedKey {
    /// It does not begin as a key must.
    #[error("the key does not begin with tmk_")]
    Prefix,
    /// It names no environment.
    #[error("the key's environment is none of dev, stg, prod")]
    Environment,
    /// It has too few or too many characters.
    #[error("the key has {found} characters, expected are {expected}")]
    Length {
        /// How many characters it has.
        found: usize,
        /// How many it should have.
        expected: &'static str,
    },
    /// It has a character that no key has.
    #[error("the key has a character that no key has")]
    Alphabet,
    /// Its last characters do not fit the others: it was mistyped or made up.
    #[error("the key's checksum is wrong: it was mistyped or made up")]
    Checksum,
}

/// What a presented key is worth.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyVerdict {
    /// The call is admitted.
    Valid(Box<ApiKey>),
    /// No stored key is this one, or it was rotated and its time of grace is over.
    Unknown,
    /// The text cannot be a key. Nothing was asked of the database.
    Malformed {
        /// What is wrong with it.
        reason: MalformedKey,
    },
    /// The key was deactivated.
    Inactive,
    /// The key has expired.
    Expired,
    /// The key may not do what the call requires.
    MissingPermission {
        /// The required permissions that it lacks.
        missing: Vec<Permission>,
    },
    /// The key has made as many calls as it may.
    RateLimited {
        /// How long until it may call again.
        retry_after: TimeDelta,
    },
}

impl KeyVerdict {
    /// The key, if the call is admitted.
    #[must_use]
    pub fn valid(self) -> Option<ApiKey> {
        match self {
            Self::Valid(api_key) => Some(*api_key),
            _ => None,
        }
    }
}
