use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{AuditAnchor, Sha256Hash};
use crate::AuditLogId;

/// Why a row cannot have been written when it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddedReason {
    /// Its transaction was over when a seal was made, and the seal does not know the row.
    TransactionWasOver,
    /// Its transaction was not over when the seal was made that knows the row.
    TransactionNotOver,
    /// It says that it is younger than all the rows of the pruned seal that knows it.
    YoungerThanSeal,
}

/// One thing that is wrong with the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
#[non_exhaustive]
pub enum AuditFinding {
    /// A row says something else than when it was sealed.
    RowChanged {
        /// The row.
        id: AuditLogId,
        /// Its seal.
        seal: i64,
    },
    /// A row that was sealed is not there.
    RowRemoved {
        /// The row.
        id: AuditLogId,
        /// Its seal.
        seal: i64,
    },
    /// A row is there that was not written by a change of its time.
    RowAdded {
        /// The row.
        id: AuditLogId,
        /// The seal that contradicts it.
        seal: i64,
        /// How.
        reason: AddedReason,
    },
    /// A row is of a transaction that began after a seal, and says that it was written before it. Either it was added with
    /// an old time, or the server's clock was set back.
    RowBackdated {
        /// The row.
        id: AuditLogId,
        /// The seal that contradicts it.
        seal: i64,
    },
    /// What was noted of a row when it was sealed has been changed; the row itself is as it was.
    EntryChanged {
        /// The row.
        id: AuditLogId,
        /// Its seal.
        seal: i64,
    },
    /// The rows that belong to a seal are others than when it was made.
    RowsOfSealChanged {
        /// The seal.
        number: i64,
    },
    /// A seal says something else than when it was made.
    SealChanged {
        /// The seal.
        number: i64,
    },
    /// A seal is not there.
    SealMissing {
        /// The seal.
        number: i64,
    },
    /// A seal's rows were pruned while those of an earlier one are there: retention does not do that.
    PrunedOutOfOrder {
        /// The seal.
        number: i64,
    },
    /// The chain is not the one that the anchor was taken from.
    AnchorMismatch {
        /// The anchor's seal.
        number: i64,
        /// The hash that it had.
        anchored: Sha256Hash,
        /// The hash that it has; `None` when there is no such seal.
        found: Option<Sha256Hash>,
    },
}

impl fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowChanged { id, seal } => write!(f, "row {id} of seal {seal} was changed"),
            Self::RowRemoved { id, seal } => write!(f, "row {id} of seal {seal} was removed"),
            Self::RowAdded { id, seal, reason: AddedReason::TransactionWasOver } => {
                write!(f, "row {id} was added: its transaction was over when seal {seal} was made without it")
            }
            Self::RowAdded { id, seal, reason: AddedReason::TransactionNotOver } => {
                write!(f, "row {id} was added: seal {seal} knows it, and its transaction was not over then")
            }
            Self::RowAdded { id, seal, reason: AddedReason::YoungerThanSeal } => {
                write!(
                    f,
                    "row {id} was added: the pruned seal {seal} knows it, and had no row as young as that"
                )
            }
            Self::RowBackdated { id, seal } => {
                write!(f, "row {id} was backdated: it is younger than seal {seal} and says that it is older")
            }
            Self::EntryChanged { id, seal } => write!(f, "the entry of row {id} in seal {seal} was changed"),
            Self::RowsOfSealChanged { number } => {
                write!(f, "the entries of seal {number} are others than when it was made")
            }
            Self::SealChanged { number } => write!(f, "seal {number} was changed"),
            Self::SealMissing { number } => write!(f, "seal {number} is missing"),
            Self::PrunedOutOfOrder { number } => write!(f, "seal {number} was pruned before an earlier one"),
            Self::AnchorMismatch { number, anchored, found: Some(found) } => {
                write!(f, "seal {number} has the hash {found}, the anchor says {anchored}")
            }
            Self::AnchorMismatch { number, anchored, found: None } => {
                write!(f, "seal {number} is missing, the anchor says that it had the hash {anchored}")
            }
        }
    }
}

/// What a verification of the audit trail found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerification {
    /// How many seals were read.
    pub seals: u64,
    /// How many sealed rows were compared with what was noted of them.
    pub rows: u64,
    /// How many rows are not sealed yet; for these nothing is proved but that they may be there.
    pub unsealed: u64,
    /// The time of the oldest of these: long ago, if nobody seals any more.
    pub oldest_unsealed: Option<DateTime<Utc>>,
    /// Of how many seals the rows were pruned.
    pub pruned_seals: u64,
    /// How many rows of pruned seals are still there, to go with the next pruning; for these nothing is proved either.
    pub left_over: u64,
    /// The time of the latest row that was pruned: the trail begins after it.
    pub pruned_through: Option<DateTime<Utc>>,
    /// The last seal, to be kept elsewhere if the trail is intact.
    pub last: Option<AuditAnchor>,
    /// What is wrong: the first [`MAX_FINDINGS`](Self::MAX_FINDINGS) findings.
    pub findings: Vec<AuditFinding>,
    /// How many findings there are.
    pub finding_count: u64,
}

impl AuditVerification {
    /// How many findings are listed.
    pub const MAX_FINDINGS: usize = 1000;

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.finding_count == 0
    }

    pub(super) fn add(&mut self, finding: AuditFinding) {
        self.finding_count += 1;
        if self.findings.len() < Self::MAX_FINDINGS {
            self.findings.push(finding);
        }
    }
}
