use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};
use taskmaster_models::{
    Metric, MetricAggregateRequest, MetricBucket, MetricFilter, MetricId, MetricSort, MetricStatistics,
    NewMetric, Page, PageRequest, Validation, clock,
};
use taskmaster_repository::{MetricRepository, Result};

use super::{
    Memory, Tables, conflict,
    page::{average, page},
};

const ENTITY: &str = "metric";

#[async_trait]
impl MetricRepository for Memory {
    async fn record(&self, new: &NewMetric) -> Result<Metric> {
        new.validate().into_result()?;
        let metric = stored(new);
        self.write(|tables| tables.insert_metric(metric.clone()))?;
        Ok(metric)
    }

    async fn record_many(&self, new: &[NewMetric]) -> Result<u64> {
        Validation::of_rows(ENTITY, new.iter().map(NewMetric::validate)).into_result()?;
        self.write(|tables| {
            new.iter().try_for_each(|new| tables.insert_metric(stored(new)))?;
            Ok(new.len() as u64)
        })
    }

    async fn find_by_id(&self, id: MetricId) -> Result<Option<Metric>> {
        self.read(|tables| Ok(tables.metrics.get(id).cloned()))
    }

    async fn find_by(
        &self,
        filter: &MetricFilter,
        request: &PageRequest<MetricSort>,
    ) -> Result<Page<Metric>> {
        filter.validate().into_result()?;
        let key_of = |metric: &Metric| (request.sort.key(metric), metric.id.as_uuid());
        self.read(|tables| page(tables.metrics_of(filter), request, key_of))
    }

    async fn count(&self, filter: &MetricFilter) -> Result<u64> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(tables.metrics_of(filter).map(|_| 1).sum()))
    }

    async fn aggregate(&self, request: &MetricAggregateRequest) -> Result<Vec<MetricBucket>> {
        request.validate().into_result()?;
        self.read(|tables| {
            let mut buckets: BTreeMap<_, Vec<f64>> = BTreeMap::new();
            for metric in tables.metrics_of(&request.filter) {
                buckets.entry(request.start_of(metric.timestamp)).or_default().push(metric.metric_value);
            }
            Ok(buckets.into_iter().filter_map(|(start, values)| bucket(start, values)).collect())
        })
    }

    async fn statistics(&self, filter: &MetricFilter) -> Result<MetricStatistics> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(statistics(&tables.metrics_of(filter).collect::<Vec<_>>())))
    }

    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64> {
        self.read(|tables| Ok(tables.metrics_before(before).map(|_| 1).sum()))
    }

    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64> {
        Validation::of_prune_limit(ENTITY, limit).into_result()?;
        self.write(|tables| {
            let mut old: Vec<_> =
                tables.metrics_before(before).map(|metric| (metric.timestamp, metric.id)).collect();
            old.sort_unstable();
            let oldest = old.into_iter().take(limit as usize);
            Ok(oldest.map(|(_, id)| u64::from(tables.metrics.remove(id))).sum())
        })
    }
}

impl Tables {
    fn insert_metric(&mut self, metric: Metric) -> Result<()> {
        let id = metric.id;
        let free = self.metrics.insert(id, metric);
        let taken = || conflict(ENTITY, "performance_metrics_pkey", format!("the id {id} is taken"));
        free.then_some(()).ok_or_else(taken)
    }

    fn metrics_of(&self, filter: &MetricFilter) -> impl Iterator<Item = &Metric> {
        self.metrics.rows().filter(|metric| meets(metric, filter))
    }

    fn metrics_before(&self, before: DateTime<Utc>) -> impl Iterator<Item = &Metric> {
        self.metrics.rows().filter(move |metric| metric.timestamp < clock::storable(before))
    }
}

/// The metric as a store keeps it: with its value to six decimal places and its time to the microsecond.
fn stored(new: &NewMetric) -> Metric {
    Metric {
        id: new.id,
        metric_type: new.metric_type,
        metric_name: new.metric_name.clone(),
        metric_value: float(new.storable_value()),
        tags: new.tags.clone(),
        timestamp: clock::storable(new.timestamp),
    }
}

/// The nearest float, by way of the number as it is written; a conversion by division may miss it.
fn float(number: Decimal) -> f64 {
    number.to_string().parse().unwrap_or_default()
}

fn meets(metric: &Metric, filter: &MetricFilter) -> bool {
    let MetricFilter { metric_type, metric_name, tags, after, before } = filter;
    metric_type.is_none_or(|metric_type| metric.metric_type == metric_type)
        && metric_name.as_ref().is_none_or(|name| metric.metric_name == *name)
        && holds_all(&metric.tags, tags)
        && after.is_none_or(|time| metric.timestamp >= time)
        && before.is_none_or(|time| metric.timestamp <= time)
}

fn holds_all(whole: &Map<String, Value>, part: &Map<String, Value>) -> bool {
    part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| holds(whole, part)))
}

/// Whether one JSON value contains another, as PostgreSQL's `@>` understands it.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => holds_all(whole, part),
        (Value::Array(whole), Value::Array(part)) => {
            part.iter().all(|part| whole.iter().any(|whole| holds(whole, part)))
        }
        (Value::Number(whole), Value::Number(part)) => same_number(whole, part),
        _ => whole == part,
    }
}

/// Numbers compare by value: 1 is 1.0.
fn same_number(a: &Number, b: &Number) -> bool {
    match (whole_number(a), whole_number(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// The number as an integer, if it is one and of a size at which floats still tell neighbours apart.
fn whole_number(number: &Number) -> Option<i128> {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    let float = || number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15);
    whole.or_else(|| format!("{:.0}", float()?).parse().ok())
}

/// The value of which this share of the sorted values lies below; between two values, in proportion. The same steps as
/// PostgreSQL's `percentile_cont`, so that the last digit is the same.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 rows in memory")]
    let place = share * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies within the slice")]
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let (low_value, high_value) = (*sorted.get(low)?, *sorted.get(high)?);
    Some(if low == high { low_value } else { low_value + (place - place.floor()) * (high_value - low_value) })
}

fn bucket(start: DateTime<Utc>, mut values: Vec<f64>) -> Option<MetricBucket> {
    values.sort_unstable_by(f64::total_cmp);
    Some(MetricBucket {
        start,
        count: values.len() as u64,
        avg: average(values.iter().copied())?,
        min: *values.first()?,
        max: *values.last()?,
        p50: percentile(&values, 0.5)?,
        p95: percentile(&values, 0.95)?,
        p99: percentile(&values, 0.99)?,
    })
}

fn statistics(metrics: &[&Metric]) -> MetricStatistics {
    let names: BTreeSet<_> = metrics.iter().map(|metric| (metric.metric_type, &metric.metric_name)).collect();
    let mut values: Vec<_> = metrics.iter().map(|metric| metric.metric_value).collect();
    values.sort_unstable_by(f64::total_cmp);
    MetricStatistics {
        total: metrics.len() as u64,
        unique_names: names.len() as u64,
        first_at: metrics.iter().map(|metric| metric.timestamp).min(),
        last_at: metrics.iter().map(|metric| metric.timestamp).max(),
        avg: average(values.iter().copied()),
        min: values.first().copied(),
        max: values.last().copied(),
        p50: percentile(&values, 0.5),
        p95: percentile(&values, 0.95),
        p99: percentile(&values, 0.99),
    }
}
