//! Seals of the audit trail: a chain of hashes, what is exported of it, and how it is verified.

mod hash;
mod snapshot;
mod verification;
mod verifier;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{FaultCode, KeyKind, Sort, SortKey, Validation, ValidationError, clock};

pub use hash::{MalformedHash, Sha256Hash};
pub use snapshot::{MalformedSnapshot, TransactionSnapshot};
pub use verification::{AddedReason, AuditFinding, AuditVerification};
pub use verifier::{AuditVerifier, FoundRow, SealedRow, UnsealedRow};

/// The first line of what a seal's hash is made from. Another scheme would have another one.
const SCHEME: &str = "taskmaster audit seal 1";

/// A seal: says which rows of the audit trail there were when it was made, and what they said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditSeal {
    /// Its place in the chain, from 1.
    pub number: i64,
    /// When the sealing began.
    pub sealed_at: DateTime<Utc>,
    /// The database cluster in which it was made.
    pub cluster: i64,
    /// Which transactions were over then: a [`TransactionSnapshot`] as text.
    pub snapshot: String,
    /// The transaction that made it. One with a greater id has written nothing before `sealed_at`.
    pub transaction_id: i64,
    /// How many rows it seals.
    pub row_count: i64,
    /// When the latest of these was written.
    pub newest_at: DateTime<Utc>,
    /// The hash of the seal before; zeros for the first.
    pub previous_hash: Sha256Hash,
    /// The hash of the hashes of its rows, in the order of the rows' ids.
    pub rows_hash: Sha256Hash,
    /// The hash of all that is above.
    pub hash: Sha256Hash,
    /// When retention took its rows; the seal stays.
    pub pruned_at: Option<DateTime<Utc>>,
}

impl AuditSeal {
    /// What `hash` must be: SHA-256 of the scheme's name and all fields before `hash`, each on a line of its own, times in
    /// microseconds, hashes in hex.
    #[must_use]
    pub fn expected_hash(&self) -> Sha256Hash {
        let Self { number, sealed_at, cluster, snapshot, transaction_id, row_count, newest_at, .. } = self;
        let (sealed_at, newest_at) = (sealed_at.timestamp_micros(), newest_at.timestamp_micros());
        let (previous_hash, rows_hash) = (self.previous_hash, self.rows_hash);
        Sha256Hash::of(format!(
            "{SCHEME}\n{number}\n{sealed_at}\n{cluster}\n{snapshot}\n{transaction_id}\n{row_count}\n{newest_at}\n{previous_hash}\n{rows_hash}"
        ))
    }

    /// What is to be kept elsewhere of this seal.
    #[must_use]
    pub fn anchor(&self) -> AuditAnchor {
        AuditAnchor { number: self.number, hash: self.hash, sealed_at: self.sealed_at }
    }
}

/// The orders in which seals can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditSealSort {
    /// By their place in the chain.
    #[default]
    Number,
}

impl Sort for AuditSealSort {
    fn name(self) -> &'static str {
        "audit_seal.number"
    }

    fn kind(self) -> KeyKind {
        KeyKind::Number
    }
}

impl AuditSealSort {
    /// The key of `seal` in this order, and its number in the place of an id: a seal has none, and its number may have more
    /// digits than a key.
    #[must_use]
    pub fn key(self, seal: &AuditSeal) -> (SortKey, Uuid) {
        let number = u64::try_from(seal.number).unwrap_or_default();
        (SortKey::Number(i32::try_from(number).unwrap_or(i32::MAX)), Uuid::from_u128(number.into()))
    }

    /// The number that [`key`](Self::key) put in the place of an id.
    #[must_use]
    pub fn number(self, id: Uuid) -> i64 {
        i64::try_from(id.as_u128()).unwrap_or(i64::MAX)
    }
}

/// What is kept of a seal where whoever can change the database cannot: it proves that the chain up to this seal is the one
/// that was there then. Its text, for export, is JSON.
///
/// ```
/// use taskmaster_models::AuditAnchor;
///
/// let kept = r#"{"number": 7, "hash": "short", "sealed_at": "2026-11-22T18:00:00Z"}"#;
/// assert!(kept.parse::<AuditAnchor>().unwrap_err().to_string().contains("hash"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditAnchor {
    /// The seal's number.
    pub number: i64,
    /// The seal's hash.
    pub hash: Sha256Hash,
    /// When the seal was made.
    pub sealed_at: DateTime<Utc>,
}

impl AuditAnchor {
    /// Finds every fault of this anchor.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("audit anchor");
        if self.number < 1 {
            v.fault("number", FaultCode::OutOfRange, format!("is {}, seals begin with 1", self.number));
        }
        v.time("sealed_at", Some(self.sealed_at));
        if self.sealed_at != clock::storable(self.sealed_at) {
            v.fault("sealed_at", FaultCode::TooPrecise, "is finer than a microsecond");
        }
        v
    }
}

impl fmt::Display for AuditAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::json!(self).fmt(f)
    }
}

impl FromStr for AuditAnchor {
    type Err = ValidationError;

    /// Reads what was exported. Every field that is not as it should be is named.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut v = Validation::new("audit anchor");
        let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
            v.fault("anchor", FaultCode::WrongShape, "must be a JSON object");
            v.into_result()?;
            unreachable!("there is a fault");
        };
        let number = take::<i64>(&mut v, &mut fields, "number", "must be a whole number");
        let hash = take::<Sha256Hash>(&mut v, &mut fields, "hash", "must be 64 hexadecimal digits");
        let sealed_at =
            take::<DateTime<Utc>>(&mut v, &mut fields, "sealed_at", "must be a time as RFC 3339 has it");
        for field in fields.keys() {
            v.fault(field, FaultCode::WrongShape, "is no field of an anchor");
        }
        v.into_result()?;
        let (Some(number), Some(hash), Some(sealed_at)) = (number, hash, sealed_at) else {
            unreachable!("what is missing is a fault");
        };
        let anchor = Self { number, hash, sealed_at };
        anchor.validate().into_result()?;
        Ok(anchor)
    }
}

fn take<T: serde::de::DeserializeOwned>(
    v: &mut Validation,
    fields: &mut serde_json::Map<String, Value>,
    field: &str,
    shape: &str,
) -> Option<T> {
    let Some(value) = fields.remove(field) else {
        v.fault(field, FaultCode::Required, "is missing");
        return None;
    };
    let parsed = serde_json::from_value(value).ok();
    if parsed.is_none() {
        v.fault(field, FaultCode::WrongShape, shape);
    }
    parsed
}
