use chrono::TimeDelta;
use sea_orm::DatabaseConnection;
use serde_json::json;
use taskmaster_models::{
    MetricAggregateRequest, MetricFilter, MetricSort, MetricType, NewMetric, PageRequest, clock,
};
use taskmaster_repository::Repositories;

use super::{Recorder, plans};

/// 100,000 metrics of 50 names, one a second.
pub(super) const FILL: &str = "
    INSERT INTO performance_metrics (id, metric_type, metric_name, metric_value, tags, timestamp)
    SELECT md5('m' || n)::uuid, (ARRAY['query', 'task', 'workflow', 'system'])[1 + n % 4], 'name' || n % 50,
           n / 7.0, jsonb_build_object('table', 't' || n % 500), now() - n * interval '1 second'
      FROM generate_series(1, 100000) n;";

pub(super) async fn faults(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let metrics = recorder.store.metrics();
    let mut faults = Vec::new();
    let by_time = PageRequest::new(MetricSort::Timestamp);
    let hour = |filter: MetricFilter| filter.between(clock::now() - TimeDelta::hours(1), clock::now());
    let recent = hour(MetricFilter::default());
    let name = MetricFilter { metric_name: Some("name7".to_owned()), ..MetricFilter::default() };
    let pair = MetricFilter::named(MetricType::System, "name7");
    let mut tagged = MetricFilter::default();
    tagged.tags.insert("table".to_owned(), json!("t7"));
    let of_type = MetricFilter { metric_type: Some(MetricType::Task), ..MetricFilter::default() };
    let spans = |filter| MetricAggregateRequest::new(filter, TimeDelta::minutes(1));
    let all_day = pair.clone().between(clock::now() - TimeDelta::days(2), clock::now());
    let metric = NewMetric::new(MetricType::Query, "name7", 1.0);
    let long_ago = clock::now() - TimeDelta::hours(27);
    plans! { recorder, db, faults;
        metrics.record(&metric);
        metrics.record_many(&[NewMetric::new(MetricType::Query, "name7", 1.0)]);
        metrics.find_by_id(metric.id);
        metrics.find_by(&MetricFilter::default(), &by_time);
        metrics.find_by(&recent, &by_time);
        metrics.find_by(&pair, &by_time);
        metrics.find_by(&name, &by_time);
        metrics.find_by(&tagged, &by_time);
        metrics.find_by(&of_type, &by_time);
        metrics.count(&recent);
        metrics.count(&pair);
        metrics.count(&name);
        metrics.count(&tagged);
        metrics.aggregate(&spans(recent.clone()));
        metrics.aggregate(&spans(hour(pair.clone())));
        metrics.aggregate(&spans(hour(tagged.clone())));
        metrics.aggregate(&spans(all_day));
        metrics.statistics(&recent);
        metrics.statistics(&pair);
        metrics.statistics(&name);
        metrics.statistics(&tagged);
        metrics.prunable(long_ago);
        metrics.prune(long_ago, 1);
        metrics.prune(long_ago, 100_000);
        metrics.prune(clock::now(), 100_000);
    }
    faults
}
