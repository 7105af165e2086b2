//! The rules of metrics.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use taskmaster_models::{
    FaultCode, Metric, MetricAggregateRequest, MetricFilter, MetricType, NewMetric, Validation,
};

fn faults(validation: &Validation) -> Vec<(&str, FaultCode)> {
    validation.faults().iter().map(|fault| (fault.field.as_str(), fault.code)).collect()
}

fn metric(value: f64) -> NewMetric {
    NewMetric::new(MetricType::Query, "find_by_ms", value)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn every_fault_is_found_at_once() {
    let mut metric = NewMetric {
        timestamp: at("0000-12-31T23:59:59Z"),
        ..NewMetric::new(MetricType::System, " ".repeat(101), f64::NAN)
    };
    metric.tags.insert("a\0".to_owned(), json!(1));
    assert_eq!(
        faults(&metric.validate()),
        [
            ("metric_name", FaultCode::Required),
            ("metric_name", FaultCode::TooLong),
            ("metric_value", FaultCode::OutOfRange),
            ("tags", FaultCode::Nul),
            ("timestamp", FaultCode::OutOfRange),
        ]
    );
}

#[test]
fn values_are_numbers_within_their_column() {
    for value in [0.0, -0.0, 1e-300, Metric::MAX_VALUE, -Metric::MAX_VALUE, f64::MIN_POSITIVE] {
        assert_eq!(faults(&metric(value).validate()), [], "{value}");
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e9, -1e9, 999_999_999.999_999_6, f64::MAX] {
        assert_eq!(faults(&metric(value).validate()), [("metric_value", FaultCode::OutOfRange)], "{value}");
    }
}

#[test]
fn values_are_rounded_to_six_places_a_half_away_from_zero() {
    for (given, stored) in [
        (0.0, "0"),
        (-0.0, "0"),
        (1e-300, "0"),
        (-1e-9, "0"),
        (0.000_000_5, "0.000001"),
        (-0.000_000_5, "-0.000001"),
        (0.000_000_499_999, "0"),
        (0.123_456_5, "0.123457"),
        (2.000_000_5, "2.000001"),
        (1.1, "1.1"),
        (123_456_789.123_456, "123456789.123456"),
        (Metric::MAX_VALUE, "999999999.999999"),
        (f64::NAN, "0"),
    ] {
        assert_eq!(metric(given).storable_value().to_string(), stored, "{given}");
    }
}

#[test]
fn a_metric_is_json_with_the_names_of_the_schema() {
    let json = json!(metric(1.5));
    assert_eq!((&json["metric_type"], &json["metric_value"]), (&json!("query"), &json!(1.5)));
    assert!(json["timestamp"].is_string() && json["tags"].is_object() && json["metric_name"].is_string());
    assert!(serde_json::from_value::<MetricFilter>(json!({"metric": 1})).is_err());
}

fn request(after: &str, before: &str, bucket: TimeDelta) -> MetricAggregateRequest {
    let filter = MetricFilter::named(MetricType::Query, "find_by_ms").between(at(after), at(before));
    MetricAggregateRequest::new(filter, bucket)
}

#[test]
fn an_aggregate_needs_a_span_and_a_bucket_that_goes_with_it() {
    let open = MetricAggregateRequest::new(MetricFilter::default(), TimeDelta::zero());
    assert_eq!(
        faults(&open.validate()),
        [("after", FaultCode::Required), ("before", FaultCode::Required), ("bucket", FaultCode::OutOfRange)]
    );
    let day = |bucket| request("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", bucket);
    let of_bucket = |bucket| day(bucket).validate().faults().first().map(|fault| fault.code);
    assert_eq!(of_bucket(TimeDelta::hours(1)), None);
    assert_eq!(of_bucket(TimeDelta::seconds(9)), None);
    assert_eq!(of_bucket(TimeDelta::seconds(8)), Some(FaultCode::OutOfRange));
    assert_eq!(of_bucket(TimeDelta::microseconds(999)), Some(FaultCode::OutOfRange));
    assert_eq!(of_bucket(TimeDelta::hours(-1)), Some(FaultCode::OutOfRange));
    assert_eq!(of_bucket(TimeDelta::MAX), Some(FaultCode::OutOfRange));
    assert_eq!(of_bucket(TimeDelta::seconds(60) + TimeDelta::microseconds(1)), Some(FaultCode::TooPrecise));
    let reversed = request("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", TimeDelta::hours(1));
    assert_eq!(faults(&reversed.validate()), [("before", FaultCode::Contradiction)]);
}

#[test]
fn ten_thousand_buckets_are_counted_as_they_are_cut() {
    // Ten thousand seconds and one: the first and the last bucket are not whole, and both count.
    let seconds = |after, before| request(after, before, TimeDelta::seconds(1)).validate().is_valid();
    assert!(seconds("2026-01-01T00:00:00.5Z", "2026-01-01T02:46:39.9Z"));
    assert!(!seconds("2026-01-01T00:00:00.5Z", "2026-01-01T02:46:40.1Z"));
}

#[test]
fn buckets_are_aligned_to_1970() {
    let start = |time: &str, bucket| request(time, time, bucket).start_of(at(time));
    assert_eq!(start("2026-01-01T10:59:59.9Z", TimeDelta::hours(1)), at("2026-01-01T10:00:00Z"));
    assert_eq!(start("2026-01-01T10:00:00Z", TimeDelta::hours(1)), at("2026-01-01T10:00:00Z"));
    assert_eq!(start("1969-12-31T23:59:59Z", TimeDelta::hours(1)), at("1969-12-31T23:00:00Z"));
    assert_eq!(start("1969-12-31T23:00:00Z", TimeDelta::hours(1)), at("1969-12-31T23:00:00Z"));
    assert_eq!(start("2026-01-01T00:00:00Z", TimeDelta::days(7)), at("2026-01-01T00:00:00Z"));
    assert_eq!(start("2026-01-07T00:00:00Z", TimeDelta::days(7)), at("2026-01-01T00:00:00Z"));
}

#[test]
fn a_request_is_json_with_its_bucket_in_milliseconds() {
    let request = request("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", TimeDelta::minutes(1));
    let json = json!(request);
    assert_eq!(json["bucket_ms"], 60_000);
    assert_eq!(serde_json::from_value::<MetricAggregateRequest>(json.clone()).unwrap(), request);
    let mut endless = json;
    endless["bucket_ms"] = json!(i64::MIN);
    assert!(serde_json::from_value::<MetricAggregateRequest>(endless).is_err());
}
