use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::MetricFilter;
use crate::{FaultCode, Validation, clock};

/// Numbers over metrics for each span of time.
///
/// Spans are aligned to 1970-01-01T00:00:00Z: those of an hour begin at full hours, those of seven days on Thursdays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricAggregateRequest {
    /// Which metrics. Its `after` and `before` must be given.
    pub filter: MetricFilter,
    /// How long one span is, in whole milliseconds, at least one. From `after` to `before` there may be
    /// [`MetricAggregateRequest::MAX_BUCKETS`] spans.
    #[serde(rename = "bucket_ms", with = "milliseconds")]
    pub bucket: TimeDelta,
}

impl MetricAggregateRequest {
    /// The most spans that can be asked for.
    pub const MAX_BUCKETS: u32 = 10_000;
    /// The longest span: a hundred years.
    pub const MAX_BUCKET: TimeDelta = TimeDelta::days(36_525);

    /// Numbers over these metrics for each span of this length.
    #[must_use]
    pub fn new(filter: MetricFilter, bucket: TimeDelta) -> Self {
        Self { filter, bucket }
    }

    /// Finds every fault of this request.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = self.filter.validate();
        for (field, time) in [("after", self.filter.after), ("before", self.filter.before)] {
            if time.is_none() {
                v.fault(field, FaultCode::Required, "must be given");
            }
        }
        if self.filter.after.zip(self.filter.before).is_some_and(|(after, before)| before < after) {
            v.fault("before", FaultCode::Contradiction, "lies before the time of after");
        }
        self.check_bucket(&mut v);
        v
    }

    fn check_bucket(&self, v: &mut Validation) {
        if self.bucket < TimeDelta::milliseconds(1) || self.bucket > Self::MAX_BUCKET {
            v.fault("bucket", FaultCode::OutOfRange, "must be 1 millisecond to 36,525 days");
        } else if self.bucket.subsec_nanos() % 1_000_000 != 0 {
            v.fault("bucket", FaultCode::TooPrecise, "must be a whole number of milliseconds");
        } else if let (Some(after), Some(before)) = (self.filter.after, self.filter.before)
            && self.place(before) - self.place(after) >= i64::from(Self::MAX_BUCKETS)
        {
            let message =
                format!("is too short: after and before are more than {} of it apart", Self::MAX_BUCKETS);
            v.fault("bucket", FaultCode::OutOfRange, message);
        }
    }

    /// When the span begins that `time` is in. Times that cannot be stored count as the nearest that can.
    #[must_use]
    pub fn start_of(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        let start = self.place(time).saturating_mul(self.bucket_micros());
        DateTime::from_timestamp_micros(start).unwrap_or(time)
    }

    /// How many spans after 1970 `time` is.
    fn place(&self, time: DateTime<Utc>) -> i64 {
        time.clamp(clock::earliest(), clock::latest()).timestamp_micros().div_euclid(self.bucket_micros())
    }

    /// The length of a span in microseconds; one of a request that is not valid counts as one microsecond at least.
    fn bucket_micros(&self) -> i64 {
        self.bucket.num_microseconds().unwrap_or(i64::MAX).max(1)
    }
}

/// Times of a wire format that knows whole milliseconds only.
mod milliseconds {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(span: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
        span.num_milliseconds().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
        let milliseconds = i64::deserialize(deserializer)?;
        TimeDelta::try_milliseconds(milliseconds)
            .ok_or_else(|| D::Error::custom("so long a time cannot be told"))
    }
}

/// Numbers over the metrics of one span of time. Percentiles are interpolated between the two nearest values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricBucket {
    /// When the span begins. It ends where the next one would begin.
    pub start: DateTime<Utc>,
    /// How many metrics, at least one.
    pub count: u64,
    /// Their average value.
    pub avg: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The median.
    pub p50: f64,
    /// The value that 95 percent stay below.
    pub p95: f64,
    /// The value that 99 percent stay below.
    pub p99: f64,
}

/// Numbers over some metrics. Those that need a metric are `None` where there is none. Percentiles are interpolated between the
/// two nearest values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricStatistics {
    /// How many metrics.
    pub total: u64,
    /// How many different pairs of type and name they have.
    pub unique_names: u64,
    /// When the first was measured.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last was measured.
    pub last_at: Option<DateTime<Utc>>,
    /// Their average value.
    pub avg: Option<f64>,
    /// The smallest value.
    pub min: Option<f64>,
    /// The largest value.
    pub max: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// The value that 95 percent stay below.
    pub p95: Option<f64>,
    /// The value that 99 percent stay below.
    pub p99: Option<f64>,
}
