use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ErrorType, Severity};
use crate::{Fingerprint, MAX_TEXT, Validation, clock};

/// The errors of one fingerprint: most likely one cause, seen so many times.
///
/// It is about the errors that are stored. What is deleted, by retention or otherwise, a group forgets: its numbers get
/// smaller, it is first seen later, and one whose resolved errors are gone has never been resolved, and so has not regressed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorGroup {
    /// What they have in common.
    pub fingerprint: Fingerprint,
    /// The type of the latest of them.
    pub error_type: ErrorType,
    /// The code of the latest of them.
    pub error_code: Option<String>,
    /// The worst severity among them.
    pub severity: Severity,
    /// The message of the latest of them, at most its first [`MAX_MESSAGE`](Self::MAX_MESSAGE) characters.
    pub message: String,
    /// How many they are.
    pub count: u64,
    /// How many of them are not resolved.
    pub unresolved: u64,
    /// How many tasks they touched.
    pub tasks: u64,
    /// When the first of them happened.
    pub first_seen: DateTime<Utc>,
    /// When the latest of them happened.
    pub last_seen: DateTime<Utc>,
    /// When one of them was resolved last.
    pub last_resolved_at: Option<DateTime<Utc>>,
    /// Whether it came back: one of them is not resolved, and happened after another one had been resolved. It stays so until
    /// all that came back are resolved.
    pub regressed: bool,
}

impl ErrorGroup {
    /// The most characters of a message that are told, so that a list of groups stays small.
    pub const MAX_MESSAGE: usize = 1000;
}

/// That errors have been dealt with: how, by whom and when.
///
/// It replaces the `resolution_notes` that an error may have had before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// How: kept as `resolution_notes`, at most [`MAX_TEXT`] characters.
    pub notes: String,
    /// By whom: kept as `metadata.resolved_by`, not blank, at most 255 characters.
    pub by: String,
    /// When: kept as `resolved_at`. An error that happened later than this was resolved when it happened.
    pub at: DateTime<Utc>,
}

impl Resolution {
    /// A resolution of this moment.
    pub fn new(notes: impl Into<String>, by: impl Into<String>) -> Self {
        Self { notes: notes.into(), by: by.into(), at: clock::now() }
    }

    /// Finds every fault of this resolution.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("resolution");
        v.text("resolution_notes", &self.notes, MAX_TEXT);
        v.required_text("resolved_by", &self.by, 255);
        v.time("resolved_at", Some(self.at));
        v
    }
}
