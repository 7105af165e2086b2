use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use taskmaster_models::{
    ApiKey, ApiKeyFilter, ApiKeyFinding, ApiKeyId, ApiKeyPatch, ApiKeySort, ApiKeyStatistics,
    ApiKeyUsageSummary, KeyVerdict, NewApiKey, Page, PageRequest, Permission, SecurityAuditRequest,
};

use crate::Result;

/// A key that was just made. The plain key is here and nowhere else: what is stored cannot be turned back into it.
#[derive(Clone)]
pub struct IssuedApiKey {
    /// The key as it is stored.
    pub api_key: ApiKey,
    /// The plain key, for the one who asked for it.
    pub key: SecretString,
}

impl fmt::Debug for IssuedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedApiKey").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

/// The keys with which services call.
///
/// A store keeps only how a key begins and a hash of it. It is made by the store's key hasher, whose peppers are configured where
/// the store is; see `with_key_hasher` of each store.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// Makes a key, stores it, and returns it. The plain key cannot be had again.
    ///
    /// # Errors
    ///
    /// `Invalid`; `Conflict` when the id is taken, or the name in its service and environment.
    async fn create(&self, new: &NewApiKey) -> Result<IssuedApiKey>;

    /// Makes and stores many keys, all or none, and returns them in the order given. Their number is
    /// not limited; together they may have 1 GB, which is PostgreSQL's limit for a statement.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    async fn bulk_create(&self, new: &[NewApiKey]) -> Result<Vec<IssuedApiKey>>;

    /// The key with this id.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_by_id(&self, id: ApiKeyId) -> Result<Option<ApiKey>>;

    /// A page of the keys that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range, a foreign cursor, or a filter that no row can meet.
    async fn find_by(&self, filter: &ApiKeyFilter, page: &PageRequest<ApiKeySort>) -> Result<Page<ApiKey>>;

    /// How many keys meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn count(&self, filter: &ApiKeyFilter) -> Result<u64>;

    /// Changes the fields that the patch names, in one statement, and returns the key as it is stored then.
    ///
    /// # Errors
    ///
    /// `Invalid`; `NotFound`; `Stale`; `Conflict` when the new name is taken.
    async fn update(&self, id: ApiKeyId, patch: &ApiKeyPatch) -> Result<ApiKey>;

    /// Deletes a key. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn delete(&self, id: ApiKeyId) -> Result<bool>;

    /// What a presented key is worth for a call that requires these permissions, at this time. A call that is refused for
    /// several reasons is told the first: malformed or unknown, inactive, expired, missing a permission, rate-limited.
    ///
    /// A malformed text costs no round trip, a key without a rate limit one, a limited one two; one that has used up its window
    /// costs one. A limit of L admits exactly L calls in each window, however many processes verify, as long as their `now`s agree
    /// better than a window is long. An admitted call counts as a use, as by [`record_usage`](Self::record_usage).
    ///
    /// Keys of the described system, which are not of the form of ours, are found by their SHA-256: so a text that does not begin with
    /// `tmk_` costs one read by an index, if it has 9 to 512 visible ASCII characters. A permission of such a key that has none of
    /// the forms of [`Permission`] grants nothing.
    ///
    /// The store does not know where it runs, and takes a key of any environment: compare the returned key's `environment` with
    /// the service's own.
    ///
    /// In a unit of work the call counts against the limit only if that commits, and other calls with a limited key wait for its
    /// end: verify before it begins.
    ///
    /// # Errors
    ///
    /// `Invalid` for a time that cannot be stored; `Refused` when the key's hash needs a pepper that is not configured;
    /// `Inconsistent` when the stored hash is none.
    async fn verify(
        &self,
        key: &SecretString,
        required: &[Permission],
        now: DateTime<Utc>,
    ) -> Result<KeyVerdict>;

    /// Makes a new key in the place of the old one, which works until `now + grace`, too. Rotating again ends the older
    /// one at once. A key that is not active stays so.
    ///
    /// # Errors
    ///
    /// `Invalid` for a grace of less than nothing or more than 90 days, or a time that cannot be stored; `NotFound`.
    async fn rotate(&self, id: ApiKeyId, grace: TimeDelta, now: DateTime<Utc>) -> Result<IssuedApiKey>;

    /// Ends a key, and the one before it if that is in its time of grace. Why and when is kept in `metadata.deactivation`; of a key
    /// that was ended before, the first reason and time stay.
    ///
    /// # Errors
    ///
    /// `Invalid` for a blank reason, one of more than 1,000 characters, or a time that cannot be stored; `NotFound`.
    async fn deactivate(&self, id: ApiKeyId, reason: &str, now: DateTime<Utc>) -> Result<ApiKey>;

    /// Counts one use of a key that was verified in some other way.
    ///
    /// Uses are counted in the process, together by all clones of a store and its units of work, and written down at most once
    /// per key, minute and process, at the first use that comes later than that. Until then they wait, for that use or for
    /// [`flush_usage`](Self::flush_usage): call it every few minutes and before the process ends, which loses them otherwise. No call
    /// waits for somebody who is writing the same key: a write that fails, or for which the key is not free, is made up for by the
    /// next, so a use is not worth an error. A call that is given up while it waits for its write loses no use; if PostgreSQL makes that
    /// write all the same, its uses count twice. In a unit of work nothing is written, and what was counted stays counted when it is
    /// rolled back.
    ///
    /// # Errors
    ///
    /// `Invalid` for a time that cannot be stored.
    async fn record_usage(&self, id: ApiKeyId, now: DateTime<Utc>) -> Result<()>;

    /// Writes down all uses that were counted in this process and are not written yet: every few minutes, and before it ends.
    /// Returns for how many keys. Uses of a key that somebody else is writing for longer than a second stay counted, and those of a
    /// deleted key are forgotten. In a unit of work it does nothing.
    ///
    /// # Errors
    ///
    /// Only when the store fails; what was counted stays counted.
    async fn flush_usage(&self) -> Result<u64>;

    /// Numbers over the keys that meet the filter, at this time.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn statistics(&self, filter: &ApiKeyFilter, now: DateTime<Utc>) -> Result<ApiKeyStatistics>;

    /// How the keys of each service and environment are used, at this time; ordered by the names of both.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn usage_summary(&self, now: DateTime<Utc>) -> Result<Vec<ApiKeyUsageSummary>>;

    /// A page of the active keys that somebody should look at, and why.
    ///
    /// # Errors
    ///
    /// `Invalid` for a bad request, a limit out of range or a foreign cursor.
    async fn security_audit(
        &self,
        request: &SecurityAuditRequest,
        page: &PageRequest<ApiKeySort>,
    ) -> Result<Page<ApiKeyFinding>>;
}
