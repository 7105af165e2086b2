//! Seals: the scheme of PostgreSQL, with the ids of writes and units of work in the place of those of transactions.

use chrono::{DateTime, Utc};
use serde_json::json;
use taskmaster_models::{
    AuditAnchor, AuditLog, AuditLogId, AuditSeal, AuditVerification, AuditVerifier, FoundRow, SealedRow,
    Sha256Hash, UnsealedRow, clock,
};

use super::tables::Tables;

/// This store is no database cluster.
const CLUSTER: i64 = 0;

/// What a seal knows of a row of the trail.
#[derive(Clone, Copy, Debug)]
pub(super) struct SealEntry {
    seal_number: i64,
    row_hash: Sha256Hash,
}

impl Tables {
    /// Seals what is not sealed yet.
    pub(super) fn seal(&mut self) -> Option<AuditSeal> {
        let fresh: Vec<_> = self.unsealed().map(|log| (log.id, hash(log), log.timestamp)).collect();
        let newest_at = fresh.iter().map(|(_, _, timestamp)| *timestamp).max()?;
        let last = self.seals.rows().last();
        let mut seal = AuditSeal {
            number: last.map_or(1, |last| last.number + 1),
            sealed_at: clock::now(),
            cluster: CLUSTER,
            snapshot: self.snapshot(),
            transaction_id: self.transaction_id,
            row_count: fresh.iter().map(|_| 1).sum(),
            newest_at,
            previous_hash: last.map_or(Sha256Hash::ZERO, |last| last.hash),
            rows_hash: Sha256Hash::of_all(fresh.iter().map(|(_, hash, _)| *hash)),
            hash: Sha256Hash::ZERO,
            pruned_at: None,
        };
        seal.hash = seal.expected_hash();
        self.seals.put(seal.number, seal.clone());
        for (id, row_hash, _) in fresh {
            self.seal_entries.put(id, SealEntry { seal_number: seal.number, row_hash });
        }
        Some(seal)
    }

    /// Which transactions are over, as PostgreSQL would tell it: all but the units of work that are still there.
    fn snapshot(&self) -> String {
        let running: Vec<_> = self.running_units().map(|id| id.to_string()).collect();
        let xmax = (self.transaction_id + 1).to_string();
        format!("{}:{xmax}:{}", running.first().unwrap_or(&xmax), running.join(","))
    }

    pub(super) fn verify(&self, anchor: Option<AuditAnchor>) -> AuditVerification {
        let mut verifier = AuditVerifier::new(CLUSTER, anchor);
        for seal in self.seals.rows() {
            verifier.open(seal.clone());
            for (id, entry) in self.seal_entries.iter().filter(|(_, entry)| entry.seal_number == seal.number)
            {
                let found = self.trail.get(id).map(|log| FoundRow {
                    hash: hash(log),
                    transaction_id: log.transaction_id,
                    timestamp: log.timestamp,
                });
                verifier.row(&SealedRow { id, noted_hash: entry.row_hash, found });
            }
            verifier.close(false);
        }
        for log in self.unsealed() {
            let AuditLog { id, transaction_id, timestamp, .. } = *log;
            verifier.unsealed(&UnsealedRow { id, transaction_id, timestamp, missing_seal: None });
        }
        let oldest_unpruned = self.seals.rows().find(|seal| seal.pruned_at.is_none());
        verifier.finish(oldest_unpruned.map(|seal| seal.number))
    }

    /// The entries that pruning would remove, oldest first: those of seals that are marked as pruned, and of the seals that
    /// follow them, as long as all their rows are old enough.
    pub(super) fn entries_to_prune(&self, before: DateTime<Utc>) -> impl Iterator<Item = (AuditLogId, i64)> {
        let to_prune = |seal: &&AuditSeal| seal.pruned_at.is_some() || seal.newest_at < before;
        let through = self.seals.rows().take_while(to_prune).last().map_or(0, |seal| seal.number);
        let mut entries: Vec<_> =
            self.seal_entries.iter().map(|(id, entry)| (id, entry.seal_number)).collect();
        entries.sort_by_key(|(id, seal)| (*seal, *id));
        entries.into_iter().take_while(move |(_, seal)| *seal <= through)
    }

    pub(super) fn prune(&mut self, before: DateTime<Utc>, limit: u32) -> u64 {
        let entries: Vec<_> = self.entries_to_prune(before).take(limit as usize).collect();
        for (id, number) in &entries {
            let unmarked = self.seals.get(*number).filter(|seal| seal.pruned_at.is_none()).cloned();
            if let Some(seal) = unmarked {
                self.seals.put(*number, AuditSeal { pruned_at: Some(clock::now()), ..seal });
            }
            self.trail.remove(*id);
            self.seal_entries.remove(*id);
        }
        entries.iter().map(|_| 1).sum()
    }

    fn unsealed(&self) -> impl Iterator<Item = &AuditLog> {
        self.trail.rows().filter(|log| !self.seal_entries.contains(log.id))
    }
}

/// The hash of all that a row says.
fn hash(log: &AuditLog) -> Sha256Hash {
    Sha256Hash::of(json!(log).to_string())
}
