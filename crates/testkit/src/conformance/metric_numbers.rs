//! Numbers over metrics.

use chrono::{DateTime, TimeDelta, Utc};
use taskmaster_models::{
    FaultCode, Metric, MetricAggregateRequest, MetricBucket, MetricFilter, MetricStatistics, MetricType,
    NewMetric,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};
use MetricType::{Query, System};

suite!(
    "metric_numbers",
    fault_22_of_no_metrics_there_are_none,
    of_metrics_are_right,
    percentiles_are_interpolated,
    a_bucket_has_the_numbers_of_its_span,
    buckets_without_a_metric_are_left_out,
    buckets_are_aligned_to_1970_in_utc,
    before_1970_buckets_are_aligned_as_well,
    buckets_of_any_length_can_be_asked_for,
    an_aggregate_follows_its_filter,
    an_aggregate_can_be_refused,
    an_aggregate_of_the_whole_of_time_is_one,
);

async fn record(store: &dyn Store, values: &[(f64, i64)]) {
    let new = |(value, measured): &(f64, i64)| given::new_metric(Query, "find_by_ms", *value, *measured);
    store.metrics().record_many(&values.iter().map(new).collect::<Vec<_>>()).await.unwrap();
}

fn request(after: i64, before: i64, bucket: TimeDelta) -> MetricAggregateRequest {
    let filter = MetricFilter::default().between(given::at(after), given::at(before));
    MetricAggregateRequest::new(filter, bucket)
}

async fn buckets(store: &dyn Store, request: &MetricAggregateRequest) -> Vec<(DateTime<Utc>, u64)> {
    let buckets = store.metrics().aggregate(request).await.unwrap();
    buckets.into_iter().map(|bucket| (bucket.start, bucket.count)).collect()
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} is not {expected}");
}

async fn fault_22_of_no_metrics_there_are_none(store: &dyn Store) {
    let found = store.metrics().statistics(&MetricFilter::default()).await.unwrap();
    assert_eq!(found, MetricStatistics::default());
    assert_eq!((found.avg, found.p99, found.first_at), (None, None, None));
    assert_eq!(store.metrics().aggregate(&request(0, 100, TimeDelta::seconds(1))).await.unwrap(), []);
}

async fn of_metrics_are_right(store: &dyn Store) {
    record(store, &[(4.0, 3), (1.0, 1), (3.0, 2), (2.0, 9), (-0.5, 4)]).await;
    let others = [given::new_metric(System, "find_by_ms", 0.5, 5), given::new_metric(Query, "x", 0.5, 6)];
    store.metrics().record_many(&others).await.unwrap();
    let found = store.metrics().statistics(&MetricFilter::default()).await.unwrap();
    assert_near(found.avg.unwrap(), 1.5);
    let expected = MetricStatistics {
        total: 7,
        unique_names: 3,
        first_at: Some(given::at(1)),
        last_at: Some(given::at(9)),
        avg: found.avg,
        min: Some(-0.5),
        max: Some(4.0),
        p50: Some(1.0),
        p95: found.p95,
        p99: found.p99,
    };
    assert_eq!(found, expected);
    assert_near(found.p95.unwrap(), 3.7);
    assert_near(found.p99.unwrap(), 3.94);
    let largest = [Metric::MAX_VALUE, -Metric::MAX_VALUE, Metric::MAX_VALUE]
        .map(|value| NewMetric::new(System, "largest", value));
    store.metrics().record_many(&largest).await.unwrap();
    let found = store.metrics().statistics(&MetricFilter::named(System, "largest")).await.unwrap();
    assert_eq!((found.min, found.max), (Some(-Metric::MAX_VALUE), Some(Metric::MAX_VALUE)));
    assert_near(found.avg.unwrap(), Metric::MAX_VALUE / 3.0);
}

async fn percentiles_are_interpolated(store: &dyn Store) {
    record(store, &[(7.0, 0)]).await;
    let found = store.metrics().statistics(&MetricFilter::default()).await.unwrap();
    assert_eq!((found.p50, found.p95, found.p99), (Some(7.0), Some(7.0), Some(7.0)));
    record(store, &[(8.0, 0)]).await;
    let found = store.metrics().statistics(&MetricFilter::default()).await.unwrap();
    assert_eq!(found.p50, Some(7.5));
    assert_near(found.p95.unwrap(), 7.95);
    let hundred: Vec<_> = (1..=100).rev().map(|n| (f64::from(n) * 10.0, 50)).collect();
    record(store, &hundred).await;
    let found = store.metrics().aggregate(&request(50, 50, TimeDelta::seconds(1))).await.unwrap();
    assert_near(found[0].p50, 505.0);
    assert_near(found[0].p95, 950.5);
    assert_near(found[0].p99, 990.1);
}

async fn a_bucket_has_the_numbers_of_its_span(store: &dyn Store) {
    record(store, &[(1.0, 60), (2.0, 61), (6.0, 119), (10.0, 120), (99.0, 59), (99.0, 181)]).await;
    let found = store.metrics().aggregate(&request(60, 180, TimeDelta::minutes(1))).await.unwrap();
    let [first, second] = <[MetricBucket; 2]>::try_from(found).unwrap();
    let expected = MetricBucket {
        start: given::at(60),
        count: 3,
        avg: 3.0,
        min: 1.0,
        max: 6.0,
        p50: 2.0,
        p95: first.p95,
        p99: first.p99,
    };
    assert_eq!(first, expected);
    assert_near(first.p95, 5.6);
    assert_near(first.p99, 5.92);
    let expected = MetricBucket {
        start: given::at(120),
        count: 1,
        avg: 10.0,
        min: 10.0,
        max: 10.0,
        p50: 10.0,
        p95: 10.0,
        p99: 10.0,
    };
    assert_eq!(second, expected);
}

async fn buckets_without_a_metric_are_left_out(store: &dyn Store) {
    record(store, &[(1.0, 0), (1.0, 7200), (1.0, 7201)]).await;
    let found = buckets(store, &request(0, 86_400, TimeDelta::hours(1))).await;
    assert_eq!(found, [(given::at(0), 1), (given::at(7200), 2)]);
}

async fn buckets_are_aligned_to_1970_in_utc(store: &dyn Store) {
    record(store, &[(1.0, 0), (1.0, 3599), (1.0, 3600)]).await;
    // A span that begins amidst a bucket leaves out what is before it, and the bucket keeps its start.
    let found = buckets(store, &request(1, 3600, TimeDelta::hours(1))).await;
    assert_eq!(found, [(given::at(0), 1), (given::at(3600), 1)]);
    // 1970-01-01 was a Thursday, as is 2026-01-01.
    let found = buckets(store, &request(-86_400, 86_400, TimeDelta::days(7))).await;
    assert_eq!(found, [(given::at(0), 3)]);
    let found = buckets(store, &request(0, 3600, TimeDelta::milliseconds(3_600_001))).await;
    let aligned = found.iter().all(|(start, _)| start.timestamp_millis() % 3_600_001 == 0);
    assert!(aligned && found[0].0 <= given::at(0), "{found:?}");
}

async fn before_1970_buckets_are_aligned_as_well(store: &dyn Store) {
    let hour = given::time("1969-12-31T22:00:00Z");
    for seconds in [0, 1, 3599, 3600, 7200] {
        let timestamp = hour + TimeDelta::seconds(seconds);
        let new = NewMetric { timestamp, ..given::new_metric(Query, "m", 1.0, 0) };
        store.metrics().record(&new).await.unwrap();
    }
    let filter = MetricFilter::default().between(hour - TimeDelta::hours(1), hour + TimeDelta::hours(3));
    let found = buckets(store, &MetricAggregateRequest::new(filter, TimeDelta::hours(1))).await;
    let at = |hours| hour + TimeDelta::hours(hours);
    assert_eq!(found, [(at(0), 3), (at(1), 1), (at(2), 1)]);
}

async fn buckets_of_any_length_can_be_asked_for(store: &dyn Store) {
    record(store, &[(1.0, 0), (1.0, 1)]).await;
    let bucket = TimeDelta::milliseconds(1);
    let filter = |seconds| {
        let end = given::at(0) + TimeDelta::milliseconds(9999);
        MetricFilter::default().between(given::at(seconds), end)
    };
    let found = buckets(store, &MetricAggregateRequest::new(filter(0), bucket)).await;
    assert_eq!(found, [(given::at(0), 1), (given::at(1), 1)]);
    let found =
        buckets(store, &MetricAggregateRequest::new(filter(-9), MetricAggregateRequest::MAX_BUCKET)).await;
    let century = DateTime::<Utc>::UNIX_EPOCH;
    assert_eq!(found, [(century, 2)]);
}

async fn an_aggregate_follows_its_filter(store: &dyn Store) {
    record(store, &[(1.0, 0), (2.0, 1)]).await;
    store.metrics().record(&given::new_metric(System, "load", 9.0, 1)).await.unwrap();
    let mut request = request(0, 10, TimeDelta::seconds(10));
    assert_eq!(buckets(store, &request).await, [(given::at(0), 3)]);
    request.filter.metric_type = Some(System);
    let found = store.metrics().aggregate(&request).await.unwrap();
    assert_eq!((found[0].count, found[0].max), (1, 9.0));
    request.filter.metric_type = None;
    request.filter.metric_name = Some("find_by_ms".to_owned());
    assert_eq!(buckets(store, &request).await, [(given::at(0), 2)]);
}

async fn an_aggregate_can_be_refused(store: &dyn Store) {
    let refused = async |request: &MetricAggregateRequest, field: &str, code| {
        expect::fault(store.metrics().aggregate(request).await, field, code);
    };
    let fine = request(0, 10, TimeDelta::seconds(1));
    let mut without_end = fine.clone();
    without_end.filter.before = None;
    refused(&without_end, "before", FaultCode::Required).await;
    let mut without_beginning = fine.clone();
    without_beginning.filter.after = None;
    refused(&without_beginning, "after", FaultCode::Required).await;
    let mut nul = fine;
    nul.filter.metric_name = Some("\0".to_owned());
    refused(&nul, "metric_name", FaultCode::Nul).await;
    refused(&request(10, 0, TimeDelta::seconds(1)), "before", FaultCode::Contradiction).await;
    refused(&request(0, 10_000, TimeDelta::seconds(1)), "bucket", FaultCode::OutOfRange).await;
    for bucket in [TimeDelta::zero(), TimeDelta::microseconds(999), TimeDelta::seconds(-1), TimeDelta::MAX] {
        refused(&request(0, 10, bucket), "bucket", FaultCode::OutOfRange).await;
    }
    refused(&request(0, 10, TimeDelta::microseconds(1_500)), "bucket", FaultCode::TooPrecise).await;
    assert_eq!(buckets(store, &request(0, 9_999, TimeDelta::seconds(1))).await, []);
}

async fn an_aggregate_of_the_whole_of_time_is_one(store: &dyn Store) {
    for timestamp in [taskmaster_models::clock::earliest(), given::at(0), taskmaster_models::clock::latest()]
    {
        let new = NewMetric { timestamp, ..given::new_metric(Query, "m", 1.0, 0) };
        store.metrics().record(&new).await.unwrap();
    }
    let filter = MetricFilter::default().between(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let request = MetricAggregateRequest::new(filter, TimeDelta::days(3652));
    let found = buckets(store, &request).await;
    let starts = [taskmaster_models::clock::earliest(), given::at(0), taskmaster_models::clock::latest()]
        .map(|time| (request.start_of(time), 1));
    assert_eq!(found, starts);
}
