use async_trait::async_trait;
use chrono::{DateTime, Utc};
use taskmaster_models::{
    CriticalError, ErrorGroup, ErrorLog, ErrorLogFilter, ErrorLogId, ErrorLogPatch, ErrorLogSort,
    ErrorLogStatistics, ErrorSummary, Fingerprint, NewErrorLog, Page, PageRequest, Resolution, SearchHit,
    SearchRequest,
};

use crate::Result;

/// What went wrong, and whether it has been dealt with.
///
/// Errors that most likely have one cause form a group: they have the same [`Fingerprint`], which the store takes from the
/// error when it is stored and never changes. A group has no row of its own, so any number of writers can store errors of one
/// group at once and none waits for another.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ErrorLogRepository: Send + Sync {
    /// Stores an error and returns it as it is stored.
    ///
    /// # Errors
    ///
    /// `Invalid`; `Reference` when the task is not there; `Conflict` when the id is taken.
    async fn create(&self, new: &NewErrorLog) -> Result<ErrorLog>;

    /// Stores many errors, all or none, and returns them in the order given. Their number is
    /// not limited; together they may have 1 GB, which is PostgreSQL's limit for a statement.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    async fn bulk_create(&self, new: &[NewErrorLog]) -> Result<Vec<ErrorLog>>;

    /// The error with this id.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_by_id(&self, id: ErrorLogId) -> Result<Option<ErrorLog>>;

    /// A page of the errors that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range or a foreign cursor.
    async fn find_by(
        &self,
        filter: &ErrorLogFilter,
        page: &PageRequest<ErrorLogSort>,
    ) -> Result<Page<ErrorLog>>;

    /// How many errors meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn count(&self, filter: &ErrorLogFilter) -> Result<u64>;

    /// A page of the unresolved errors of severity `error` or `fatal`, with what their tasks are called and how far they
    /// have come.
    ///
    /// # Errors
    ///
    /// As [`find_by`](Self::find_by).
    async fn critical_errors(&self, page: &PageRequest<ErrorLogSort>) -> Result<Page<CriticalError>>;

    /// Changes the fields that the patch names, in one statement, and returns the error as it is stored then. Its group
    /// stays the same.
    ///
    /// # Errors
    ///
    /// `Invalid`; `NotFound`; `Stale`; `Reference` when the new task is not there.
    async fn update(&self, id: ErrorLogId, patch: &ErrorLogPatch) -> Result<ErrorLog>;

    /// Marks an error as dealt with, at the earliest when it happened. One that is resolved already keeps its first resolution
    /// and is returned unchanged.
    ///
    /// # Errors
    ///
    /// `Invalid`; `NotFound`.
    async fn resolve(&self, id: ErrorLogId, resolution: &Resolution) -> Result<ErrorLog>;

    /// Marks all unresolved errors of a group as dealt with. Returns how many there were.
    ///
    /// This is one transaction, and the audit trail gets a row for each of the errors: that of a group of a million takes
    /// its time, and until it ends nobody else can change one of them.
    ///
    /// # Errors
    ///
    /// `Invalid`.
    async fn resolve_group(&self, fingerprint: &Fingerprint, resolution: &Resolution) -> Result<u64>;

    /// Takes a resolution back: the error is unresolved again, without notes and without whoever resolved it. One
    /// that is not resolved is returned unchanged.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    async fn reopen(&self, id: ErrorLogId) -> Result<ErrorLog>;

    /// Deletes an error. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn delete(&self, id: ErrorLogId) -> Result<bool>;

    /// The groups of which an error meets the filter, those seen last first; at most `limit`, 1 to 1,000. What is told of a
    /// group is about all its errors, whether they meet the filter or not.
    ///
    /// This reads every error that meets the filter: give it a time to begin at.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range, or a filter that no row can meet.
    async fn groups(&self, filter: &ErrorLogFilter, limit: u32) -> Result<Vec<ErrorGroup>>;

    /// The group with this fingerprint, if there is an error of it.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn group(&self, fingerprint: &Fingerprint) -> Result<Option<ErrorGroup>>;

    /// The errors that meet the filter, counted by type and severity, in the order of these.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn summary(&self, filter: &ErrorLogFilter) -> Result<Vec<ErrorSummary>>;

    /// Numbers over the errors that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn statistics(&self, filter: &ErrorLogFilter) -> Result<ErrorLogStatistics>;

    /// Searches codes and messages, best hits first; a find in the code counts more.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit or offset out of range.
    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit<ErrorLog>>>;

    /// How many errors happened before this time: those that [`prune`](Self::prune) would delete, called again and again.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64>;

    /// Deletes the oldest errors that happened before this time, at most `limit` of them, 1 to 100,000, resolved or not.
    /// Returns how many. It waits for nobody: an error that somebody is changing is left to the next call.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range.
    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64>;
}
