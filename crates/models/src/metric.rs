mod aggregate;

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FaultCode, KeyKind, MetricId, Sort, SortKey, Validation, clock, text_enum::text_enum};

pub use aggregate::{MetricAggregateRequest, MetricBucket, MetricStatistics};

text_enum! {
    /// What was measured.
    MetricType, "metric type" {
        /// A query of a database.
        Query = "query",
        /// Work on a task.
        Task = "task",
        /// A workflow or one of its steps.
        Workflow = "workflow",
        /// The system as a whole.
        System = "system",
    }
}

/// A stored performance metric: one value, measured at one time. It is never changed, and not audited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its id.
    pub id: MetricId,
    /// What was measured.
    pub metric_type: MetricType,
    /// The metric's name, of the application's choice: 1 to 100 characters, not blank. It should say the unit, too, as in
    /// `find_ready_ms`.
    pub metric_name: String,
    /// The measured value, between plus and minus [`Metric::MAX_VALUE`], to six decimal places.
    pub metric_value: f64,
    /// What was measured more closely, for example `{"table": "tasks"}`.
    pub tags: Map<String, Value>,
    /// When it was measured.
    pub timestamp: DateTime<Utc>,
}

impl Metric {
    /// The largest value that can be stored.
    pub const MAX_VALUE: f64 = 999_999_999.999_999;
}

/// A metric to be stored.
///
/// ```
/// use taskmaster_models::{MetricType, NewMetric};
///
/// let metric = NewMetric::new(MetricType::Query, "find_ready_ms", 1.25);
/// assert!(metric.validate().is_valid());
/// assert!(!NewMetric { metric_value: f64::NAN, ..metric }.validate().is_valid());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of Metric")]
pub struct NewMetric {
    pub id: MetricId,
    pub metric_type: MetricType,
    pub metric_name: String,
    /// What is finer than six decimal places is rounded, a half away from zero.
    pub metric_value: f64,
    pub tags: Map<String, Value>,
    pub timestamp: DateTime<Utc>,
}

impl NewMetric {
    /// A value measured now, without tags.
    pub fn new(metric_type: MetricType, metric_name: impl Into<String>, metric_value: f64) -> Self {
        Self {
            id: MetricId::new(),
            metric_type,
            metric_name: metric_name.into(),
            metric_value,
            tags: Map::new(),
            timestamp: clock::now(),
        }
    }

    /// Finds every fault of this metric.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("metric");
        v.required_text("metric_name", &self.metric_name, 100);
        // A comparison with NaN is false.
        let storable = self.metric_value.abs() <= Metric::MAX_VALUE;
        if !storable {
            let message =
                format!("is {}, allowed are -{max} to {max}", self.metric_value, max = Metric::MAX_VALUE);
            v.fault("metric_value", FaultCode::OutOfRange, message);
        }
        v.object("tags", &self.tags);
        v.time("timestamp", Some(self.timestamp));
        v
    }

    /// The value as it is stored: to six decimal places, a half rounded away from zero. It is the decimal number with which
    /// the value is written that is rounded, so that 0.0000005 becomes 0.000001. A value that is not valid becomes zero.
    #[must_use]
    pub fn storable_value(&self) -> Decimal {
        let written: Decimal = self.metric_value.to_string().parse().unwrap_or_default();
        written.round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero).normalize()
    }
}

/// Which metrics a query is about. All criteria must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricFilter {
    /// Only metrics of this type.
    pub metric_type: Option<MetricType>,
    /// Only metrics of this name.
    pub metric_name: Option<String>,
    /// Only metrics that have all these tags. Of a tag that is an object or an array, what is given here must be contained in it.
    pub tags: Map<String, Value>,
    /// Only metrics measured then or later.
    pub after: Option<DateTime<Utc>>,
    /// Only metrics measured then or earlier.
    pub before: Option<DateTime<Utc>>,
}

impl MetricFilter {
    /// The metrics of one type and name.
    pub fn named(metric_type: MetricType, metric_name: impl Into<String>) -> Self {
        Self { metric_type: Some(metric_type), metric_name: Some(metric_name.into()), ..Self::default() }
    }

    /// The same, from one time to another, both included.
    #[must_use]
    pub fn between(mut self, after: DateTime<Utc>, before: DateTime<Utc>) -> Self {
        self.after = Some(after);
        self.before = Some(before);
        self
    }

    /// Finds every fault of this filter: texts and tags that no row can hold.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("metric filter");
        v.optional_text("metric_name", self.metric_name.as_deref(), usize::MAX);
        v.object("tags", &self.tags);
        v
    }
}

/// The orders in which metrics can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricSort {
    /// By the time of their measurement.
    #[default]
    Timestamp,
}

impl Sort for MetricSort {
    fn name(self) -> &'static str {
        "metric.timestamp"
    }

    fn kind(self) -> KeyKind {
        KeyKind::Time
    }
}

impl MetricSort {
    /// The key of `metric` in this order.
    #[must_use]
    pub fn key(self, metric: &Metric) -> SortKey {
        SortKey::Time(metric.timestamp)
    }
}
