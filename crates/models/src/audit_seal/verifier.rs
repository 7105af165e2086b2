use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    AddedReason, AuditAnchor, AuditFinding, AuditSeal, AuditVerification, Sha256Hash, TransactionSnapshot,
    hash::HashOfAll,
};
use crate::AuditLogId;

/// A row of the trail that a seal knows, as a verifier reads it.
#[derive(Clone, Copy, Debug)]
pub struct SealedRow {
    /// The row.
    pub id: AuditLogId,
    /// The hash that was noted when it was sealed.
    pub noted_hash: Sha256Hash,
    /// The row as it is; `None` when it is not there.
    pub found: Option<FoundRow>,
}

/// A row of the trail as it is.
#[derive(Clone, Copy, Debug)]
pub struct FoundRow {
    /// The hash of what it says.
    pub hash: Sha256Hash,
    /// Its transaction.
    pub transaction_id: i64,
    /// The time that it says.
    pub timestamp: DateTime<Utc>,
}

/// A row of the trail that none of the seals knows that were read.
#[derive(Clone, Copy, Debug)]
pub struct UnsealedRow {
    /// The row.
    pub id: AuditLogId,
    /// Its transaction.
    pub transaction_id: i64,
    /// The time that it says.
    pub timestamp: DateTime<Utc>,
    /// The seal that it is said to belong to, if that seal is not there.
    pub missing_seal: Option<i64>,
}

/// Verifies an audit trail that is read to it: each seal in the order of the numbers, with its rows in the order of their
/// ids, then the rows that no seal knows. What it keeps in memory does not grow with the trail.
///
/// A row's place is decided by transactions and not by order or time: seal *k* must know exactly the rows whose transactions
/// were over when it was made and not yet when seal *k − 1* was made.
#[derive(Debug)]
pub struct AuditVerifier {
    cluster: i64,
    anchor: Option<AuditAnchor>,
    anchored: bool,
    /// The last seal that was read, and whether it is as it was made.
    previous: Option<(AuditSeal, bool)>,
    /// The last sound seal, and the one before it, in case the last one turns out not to be.
    reference: Option<Reference>,
    older_reference: Option<Reference>,
    open: Option<OpenSeal>,
    unpruned_before: bool,
    out_of_order: Vec<i64>,
    missing_seals: BTreeSet<i64>,
    verification: AuditVerification,
}

/// A seal with which rows that came later are compared.
#[derive(Clone, Debug)]
struct Reference {
    number: i64,
    cluster: i64,
    sealed_at: DateTime<Utc>,
    transaction_id: i64,
    snapshot: TransactionSnapshot,
}

/// The seal whose rows are being read.
#[derive(Debug)]
struct OpenSeal {
    seal: AuditSeal,
    /// Its snapshot, if the seal is as it was made.
    snapshot: Option<TransactionSnapshot>,
    /// How many entries it has.
    entries: i64,
    noted: HashOfAll,
    found: HashOfAll,
    differing: Vec<AuditLogId>,
    differing_count: u64,
    removed: Vec<AuditLogId>,
    removed_count: u64,
}

impl AuditVerifier {
    /// A verifier of the trail in this database cluster, which has read nothing yet. With an anchor, the chain must hold
    /// the seal that the anchor was taken from.
    #[must_use]
    pub fn new(cluster: i64, anchor: Option<AuditAnchor>) -> Self {
        Self {
            cluster,
            anchor,
            anchored: false,
            previous: None,
            reference: None,
            older_reference: None,
            open: None,
            unpruned_before: false,
            out_of_order: Vec::new(),
            missing_seals: BTreeSet::new(),
            verification: AuditVerification::default(),
        }
    }

    /// Takes the next seal. The rows that follow are its rows, until [`close`](Self::close).
    pub fn open(&mut self, seal: AuditSeal) {
        self.check_place(&seal);
        self.verification.seals += 1;
        if let Some(AuditAnchor { number, hash, sealed_at }) = self.anchor
            && number == seal.number
        {
            self.anchored = true;
            if (hash, sealed_at) != (seal.hash, seal.sealed_at) {
                let found = Some(seal.hash);
                self.verification.add(AuditFinding::AnchorMismatch { number, anchored: hash, found });
            }
        }
        let is_sound = seal.hash == seal.expected_hash();
        let snapshot = seal.snapshot.parse().ok().filter(|_| is_sound);
        self.open = Some(OpenSeal {
            seal,
            snapshot,
            entries: 0,
            noted: HashOfAll::default(),
            found: HashOfAll::default(),
            differing: Vec::new(),
            differing_count: 0,
            removed: Vec::new(),
            removed_count: 0,
        });
    }

    /// Takes the next row of the open seal.
    pub fn row(&mut self, row: &SealedRow) {
        let Some(open) = &mut self.open else { return };
        open.entries += 1;
        open.noted.add(row.noted_hash);
        let Some(found) = row.found else {
            note(&mut open.removed, row.id);
            open.removed_count += 1;
            return;
        };
        self.verification.rows += 1;
        open.found.add(found.hash);
        if open.seal.pruned_at.is_some() {
            self.verification.left_over += 1;
            if found.timestamp > open.seal.newest_at {
                let (id, seal) = (row.id, open.seal.number);
                let reason = AddedReason::YoungerThanSeal;
                self.verification.add(AuditFinding::RowAdded { id, seal, reason });
            }
        }
        if found.hash != row.noted_hash {
            note(&mut open.differing, row.id);
            open.differing_count += 1;
            return;
        }
        let (id, cluster, number) = (row.id, open.seal.cluster, open.seal.number);
        let too_early = self.reference.as_ref().is_some_and(|reference| reference.cluster == cluster)
            && open.snapshot.as_ref().is_some_and(|snapshot| !snapshot.is_over(found.transaction_id));
        if too_early {
            let reason = AddedReason::TransactionNotOver;
            self.verification.add(AuditFinding::RowAdded { id, seal: number, reason });
        } else {
            self.check_origin(id, found.transaction_id, found.timestamp, cluster);
        }
    }

    /// Whether rows of the open seal are missing. If so, the seal should be read again before it is closed: its rows may have
    /// been pruned since.
    #[must_use]
    pub fn misses_rows(&self) -> bool {
        self.open.as_ref().is_some_and(|open| {
            open.seal.pruned_at.is_none()
                && (open.removed_count > 0 || open.noted.clone().finish() != open.seal.rows_hash)
        })
    }

    /// Ends the open seal. `pruned` tells whether its rows have been pruned since it was read.
    pub fn close(&mut self, pruned: bool) {
        let Some(open) = self.open.take() else { return };
        let number = open.seal.number;
        let pruned_before = open.seal.pruned_at.is_some();
        if pruned || pruned_before {
            self.verification.pruned_seals += 1;
            self.verification.pruned_through =
                self.verification.pruned_through.max(Some(open.seal.newest_at));
            if pruned_before && self.unpruned_before {
                note(&mut self.out_of_order, number);
            }
            self.add_all(&open.differing, open.differing_count, |id| AuditFinding::RowChanged {
                id,
                seal: number,
            });
            if open.entries > open.seal.row_count {
                self.verification.add(AuditFinding::RowsOfSealChanged { number });
            }
        } else {
            self.unpruned_before = true;
            self.check_rows(&open);
        }
        self.verification.last = Some(open.seal.anchor());
        let sound = open.snapshot.is_some();
        if let Some(snapshot) = open.snapshot {
            let AuditSeal { number, cluster, sealed_at, transaction_id, .. } = open.seal;
            self.older_reference = self.reference.take();
            self.reference = Some(Reference { number, cluster, sealed_at, transaction_id, snapshot });
        } else {
            self.verification.add(AuditFinding::SealChanged { number });
        }
        self.previous = Some((open.seal, sound));
    }

    /// Takes a row that none of the seals knows that were read.
    pub fn unsealed(&mut self, row: &UnsealedRow) {
        self.verification.unsealed += 1;
        let oldest = self.verification.oldest_unsealed.unwrap_or(row.timestamp);
        self.verification.oldest_unsealed = Some(oldest.min(row.timestamp));
        if let Some(number) = row.missing_seal
            && self.missing_seals.len() < AuditVerification::MAX_FINDINGS
            && self.missing_seals.insert(number)
        {
            self.verification.add(AuditFinding::SealMissing { number });
        }
        self.check_origin(row.id, row.transaction_id, row.timestamp, self.cluster);
    }

    /// Ends the verification. `oldest_unpruned` is the first seal whose rows are not pruned, read again at the end; `None` when
    /// there is none.
    #[must_use]
    pub fn finish(mut self, oldest_unpruned: Option<i64>) -> AuditVerification {
        for number in self.out_of_order {
            if oldest_unpruned.is_some_and(|oldest| oldest < number) {
                self.verification.add(AuditFinding::PrunedOutOfOrder { number });
            }
        }
        if let (Some(AuditAnchor { number, hash, .. }), false) = (self.anchor, self.anchored) {
            self.verification.add(AuditFinding::AnchorMismatch { number, anchored: hash, found: None });
        }
        self.verification
    }

    /// Checks that the seal follows the one before.
    fn check_place(&mut self, seal: &AuditSeal) {
        let expected = self.previous.as_ref().map_or(1, |(previous, _)| previous.number.saturating_add(1));
        if seal.number < expected {
            self.verification.add(AuditFinding::SealChanged { number: seal.number });
        }
        let gap = u64::try_from(seal.number.saturating_sub(expected)).unwrap_or_default();
        for number in (expected..seal.number).take(AuditVerification::MAX_FINDINGS) {
            self.verification.add(AuditFinding::SealMissing { number });
        }
        self.verification.finding_count += gap.saturating_sub(AuditVerification::MAX_FINDINGS as u64);
        let follows = match &self.previous {
            _ if gap > 0 => true,
            Some((previous, _)) => seal.previous_hash == previous.hash,
            None => seal.previous_hash == Sha256Hash::ZERO,
        };
        // One of the two is not as it was made. If it is this one, its own hash tells. If the one before has a hash that is right
        // for what it says, it was rewritten together with it.
        if !follows && seal.hash == seal.expected_hash() {
            if let Some((AuditSeal { number, .. }, true)) = self.previous {
                self.verification.add(AuditFinding::SealChanged { number });
                self.reference = self.older_reference.take();
            } else if self.previous.is_none() {
                self.verification.add(AuditFinding::SealChanged { number: seal.number });
            }
        }
    }

    /// Checks that the rows of a seal are those that it was made of.
    fn check_rows(&mut self, open: &OpenSeal) {
        let number = open.seal.number;
        let sealed = open.seal.rows_hash;
        self.add_all(&open.removed, open.removed_count, |id| AuditFinding::RowRemoved { id, seal: number });
        if open.noted.clone().finish() == sealed {
            self.add_all(&open.differing, open.differing_count, |id| AuditFinding::RowChanged {
                id,
                seal: number,
            });
        } else if open.removed_count == 0 && open.found.clone().finish() == sealed {
            self.add_all(&open.differing, open.differing_count, |id| AuditFinding::EntryChanged {
                id,
                seal: number,
            });
        } else {
            self.add_all(&open.differing, open.differing_count, |id| AuditFinding::RowChanged {
                id,
                seal: number,
            });
            self.verification.add(AuditFinding::RowsOfSealChanged { number });
        }
    }

    /// Checks that a row may be there although the last sound seal does not know it.
    fn check_origin(&mut self, id: AuditLogId, transaction_id: i64, timestamp: DateTime<Utc>, cluster: i64) {
        let Some(reference) = &self.reference else { return };
        if reference.cluster != cluster {
            return;
        }
        let seal = reference.number;
        if reference.snapshot.is_over(transaction_id) {
            let reason = AddedReason::TransactionWasOver;
            self.verification.add(AuditFinding::RowAdded { id, seal, reason });
        } else if transaction_id > reference.transaction_id && timestamp < reference.sealed_at {
            self.verification.add(AuditFinding::RowBackdated { id, seal });
        }
    }

    fn add_all(&mut self, ids: &[AuditLogId], count: u64, finding: impl Fn(AuditLogId) -> AuditFinding) {
        for id in ids {
            self.verification.add(finding(*id));
        }
        self.verification.finding_count += count - ids.len() as u64;
    }
}

/// Remembers what a finding is about, if it can still be listed.
fn note<T>(list: &mut Vec<T>, item: T) {
    if list.len() < AuditVerification::MAX_FINDINGS {
        list.push(item);
    }
}
