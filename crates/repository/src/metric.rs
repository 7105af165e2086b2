use async_trait::async_trait;
use chrono::{DateTime, Utc};
use taskmaster_models::{
    Metric, MetricAggregateRequest, MetricBucket, MetricFilter, MetricId, MetricSort, MetricStatistics,
    NewMetric, Page, PageRequest,
};

use crate::Result;

/// Performance metrics: values measured over time.
///
/// A metric is never changed, and metrics leave no audit trail. [`prune`](Self::prune) is how they go.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait MetricRepository: Send + Sync {
    /// Stores a metric and returns it as it is stored: its value to six decimal places, its time to the microsecond.
    ///
    /// # Errors
    ///
    /// `Invalid`; `Conflict` when the id is taken.
    async fn record(&self, new: &NewMetric) -> Result<Metric>;

    /// Stores many metrics in one statement, all or none, and returns how many. Their number is not limited; together they
    /// may have 1 GB, which is PostgreSQL's limit for a statement.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    async fn record_many(&self, new: &[NewMetric]) -> Result<u64>;

    /// The metric with this id.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_by_id(&self, id: MetricId) -> Result<Option<Metric>>;

    /// A page of the metrics that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet, a limit out of range or a foreign cursor.
    async fn find_by(&self, filter: &MetricFilter, page: &PageRequest<MetricSort>) -> Result<Page<Metric>>;

    /// How many metrics meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn count(&self, filter: &MetricFilter) -> Result<u64>;

    /// Numbers over the metrics of each span of time, earliest first. Spans without a metric are left out.
    ///
    /// # Errors
    ///
    /// `Invalid` when the request lacks `after` or `before`, or has more spans than
    /// [`MetricAggregateRequest::MAX_BUCKETS`].
    async fn aggregate(&self, request: &MetricAggregateRequest) -> Result<Vec<MetricBucket>>;

    /// Numbers over the metrics that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn statistics(&self, filter: &MetricFilter) -> Result<MetricStatistics>;

    /// How many metrics were measured before that time: what [`prune`](Self::prune) would delete in all.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64>;

    /// Deletes the oldest of the metrics that were measured before that time, at most `limit`
    /// (1 to [`MAX_PRUNE`](taskmaster_models::MAX_PRUNE)), and returns how many. Metrics that somebody else is deleting at
    /// the same time are left to them.
    ///
    /// # Errors
    ///
    /// `Invalid` when the limit is out of range.
    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64>;
}
