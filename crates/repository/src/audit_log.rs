use async_trait::async_trait;
use chrono::{DateTime, Utc};
use taskmaster_models::{
    AuditAnchor, AuditLog, AuditLogFilter, AuditLogId, AuditLogSort, AuditLogStatistics, AuditSeal,
    AuditSealSort, AuditVerification, AuditedEntity, Page, PageRequest, RecentActivity,
};
use uuid::Uuid;

use crate::Result;

/// The audit trail: who changed what, and the seals that show whether it was tampered with.
///
/// Nobody writes a row of the trail by hand. The store does, in the transaction of each change of a task, a context, a
/// dependency, a workflow state, an error log or an API key; the actor is the one of
/// [`Store::acting_as`](crate::Store::acting_as). Rows are never changed, and only [`prune`](Self::prune) removes them.
///
/// [`seal`](Self::seal) is for a job that runs every minute or so; no writer waits for it. [`verify`](Self::verify) finds what was
/// changed, removed or added since, and with an anchor also a chain that was made anew: keep what [`anchor`](Self::anchor) gives
/// where whoever can change the database cannot. `docs/security.md` says what this proves and what it does not.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditLogRepository: Send + Sync {
    /// The row with this id.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_by_id(&self, id: AuditLogId) -> Result<Option<AuditLog>>;

    /// A page of the rows that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range, a foreign cursor, or a filter that no row can meet.
    async fn find_by(
        &self,
        filter: &AuditLogFilter,
        page: &PageRequest<AuditLogSort>,
    ) -> Result<Page<AuditLog>>;

    /// How many rows meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn count(&self, filter: &AuditLogFilter) -> Result<u64>;

    /// A page of what was done to one row. Ask for it ascending to read it from the beginning.
    ///
    /// # Errors
    ///
    /// As [`find_by`](Self::find_by).
    async fn entity_history(
        &self,
        entity_type: AuditedEntity,
        entity_id: Uuid,
        page: &PageRequest<AuditLogSort>,
    ) -> Result<Page<AuditLog>> {
        self.find_by(&AuditLogFilter::entity(entity_type, entity_id), page).await
    }

    /// Numbers over the rows that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn statistics(&self, filter: &AuditLogFilter) -> Result<AuditLogStatistics>;

    /// The last changes, newest first, with the titles of the tasks that were changed.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range.
    async fn recent_activity(&self, limit: u32) -> Result<Vec<RecentActivity>>;

    /// Seals all rows that are committed and not sealed yet, in one statement, and returns the seal; `None` when there are
    /// none. Of several sealers at the same moment one seals and the others do nothing.
    ///
    /// # Errors
    ///
    /// `Refused` in a unit of work, since only what is committed can be sealed.
    async fn seal(&self) -> Result<Option<AuditSeal>>;

    /// A page of the seals.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range or a foreign cursor.
    async fn seals(&self, page: &PageRequest<AuditSealSort>) -> Result<Page<AuditSeal>>;

    /// What is to be kept elsewhere of the last seal; `None` when there is no seal.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn anchor(&self) -> Result<Option<AuditAnchor>>;

    /// Compares every row and every seal with what was noted of them, and the chain with an anchor that was kept elsewhere.
    /// Reads the whole trail, a chunk at a time; writers, sealers and retention go on meanwhile.
    ///
    /// # Errors
    ///
    /// `Invalid` for an anchor that cannot be one. What is wrong with the trail is no error but a finding, except for a value that
    /// cannot be read at all.
    async fn verify(&self, anchor: Option<AuditAnchor>) -> Result<AuditVerification>;

    /// How many rows [`prune`](Self::prune) would delete in all.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64>;

    /// Deletes at most `limit` of the oldest rows made before that time and returns how many: call it until it returns 0. It takes
    /// rows seal by seal, and only of seals all of whose rows are made before that time; the seals stay, marked as pruned.
    /// Rows that are not sealed never go.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit that is not 1 to 100,000.
    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64>;
}
