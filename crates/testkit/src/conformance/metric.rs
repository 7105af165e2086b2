//! Performance metrics: writing, finding and pruning.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use taskmaster_models::{
    Actor, FaultCode, MAX_PRUNE, Metric, MetricFilter, MetricId, MetricType, NewMetric, PageRequest,
};
use taskmaster_repository::{RepositoryError, Store};

use super::{expect, given, suite};
use MetricType::{Query, System, Task, Workflow};

suite!(
    "metric",
    fault_26_a_metric_comes_back_as_it_was_given,
    a_metric_of_each_type_can_be_stored,
    a_metric_of_a_taken_id_is_refused,
    an_invalid_metric_is_refused_with_every_fault,
    values_are_kept_to_six_places,
    values_beyond_their_column_are_refused,
    many_metrics_are_stored_all_or_none,
    twenty_thousand_metrics_go_in_at_once,
    each_criterion_of_a_filter_restricts,
    tags_are_contained_as_json_is,
    a_filter_can_be_refused,
    any_time_can_be_looked_for,
    a_unit_of_work_keeps_metrics_or_drops_them,
    an_actor_records_like_anybody,
    fault_26_pruning_takes_the_oldest_first_and_nothing_younger,
    pruning_takes_any_time,
    pruning_can_be_refused,
);

fn metric(name: &str, value: f64, measured: i64) -> NewMetric {
    given::new_metric(Query, name, value, measured)
}

async fn count(store: &dyn Store) -> u64 {
    store.metrics().count(&MetricFilter::default()).await.unwrap()
}

async fn fault_26_a_metric_comes_back_as_it_was_given(store: &dyn Store) {
    let tags = json!({"table": "tasks", "rows": 3, "plan": {"scan": ["index", null, 1.5]}, "": true});
    let new = NewMetric { tags: given::object(&tags), ..metric("find_by_ms", 12.5, 7) };
    let stored = store.metrics().record(&new).await.unwrap();
    let expected = Metric {
        id: new.id,
        metric_type: Query,
        metric_name: "find_by_ms".to_owned(),
        metric_value: 12.5,
        tags: new.tags,
        timestamp: given::at(7),
    };
    assert_eq!(stored, expected);
    assert_eq!(store.metrics().find_by_id(new.id).await.unwrap(), Some(expected));
    assert_eq!(store.metrics().find_by_id(MetricId::new()).await.unwrap(), None);
}

async fn a_metric_of_each_type_can_be_stored(store: &dyn Store) {
    for metric_type in MetricType::ALL.iter().copied() {
        let new = given::new_metric(metric_type, "m", 1.0, 0);
        assert_eq!(store.metrics().record(&new).await.unwrap().metric_type, metric_type);
    }
}

async fn a_metric_of_a_taken_id_is_refused(store: &dyn Store) {
    let first = store.metrics().record(&metric("m", 1.0, 0)).await.unwrap();
    let second = NewMetric { id: first.id, ..metric("m", 2.0, 1) };
    expect::conflict(store.metrics().record(&second).await, "performance_metrics_pkey");
    assert_eq!(store.metrics().find_by_id(first.id).await.unwrap(), Some(first));
}

async fn an_invalid_metric_is_refused_with_every_fault(store: &dyn Store) {
    let bad = NewMetric {
        tags: given::object(&json!({"a\0": 1})),
        timestamp: given::time("0000-12-31T23:59:59Z"),
        ..metric(&" ".repeat(101), f64::INFINITY, 0)
    };
    let expected = [
        ("metric_name", FaultCode::Required),
        ("metric_name", FaultCode::TooLong),
        ("metric_value", FaultCode::OutOfRange),
        ("tags", FaultCode::Nul),
        ("timestamp", FaultCode::OutOfRange),
    ];
    let expected = expected.map(|(field, code)| (field.to_owned(), code));
    assert_eq!(expect::faults(store.metrics().record(&bad).await), expected);
    assert_eq!(count(store).await, 0);
}

async fn values_are_kept_to_six_places(store: &dyn Store) {
    let values = [
        (0.0, 0.0),
        (-1e-9, 0.0),
        (5e-324, 0.0),
        (0.000_000_5, 0.000_001),
        (-0.000_000_5, -0.000_001),
        (0.000_000_499_9, 0.0),
        (0.123_456_5, 0.123_457),
        (1.0 / 3.0, 0.333_333),
        (0.1 + 0.2, 0.3),
        (-12_345.678_901_4, -12_345.678_901),
        (987_654_321.123_456, 987_654_321.123_456),
        (Metric::MAX_VALUE, Metric::MAX_VALUE),
        (-Metric::MAX_VALUE, -Metric::MAX_VALUE),
    ];
    for (given, kept) in values {
        let new = metric("m", given, 0);
        let many = NewMetric { id: MetricId::new(), ..new.clone() };
        let mut stored = vec![store.metrics().record(&new).await.unwrap()];
        store.metrics().record_many(std::slice::from_ref(&many)).await.unwrap();
        stored.push(store.metrics().find_by_id(many.id).await.unwrap().unwrap());
        for metric in stored {
            let value = metric.metric_value;
            assert_eq!((value, value.is_sign_negative()), (kept, kept < 0.0), "{given}");
            assert_eq!(store.metrics().find_by_id(metric.id).await.unwrap(), Some(metric));
        }
    }
}

async fn values_beyond_their_column_are_refused(store: &dyn Store) {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e9, -1e9, f64::MAX, 999_999_999.999_999_6] {
        let bad = metric("m", value, 0);
        expect::fault(store.metrics().record(&bad).await, "metric_value", FaultCode::OutOfRange);
        let many = store.metrics().record_many(&[metric("m", 1.0, 0), bad]).await;
        expect::fault(many, "[1].metric_value", FaultCode::OutOfRange);
    }
    assert_eq!(count(store).await, 0);
}

async fn many_metrics_are_stored_all_or_none(store: &dyn Store) {
    assert_eq!(store.metrics().record_many(&[]).await.unwrap(), 0);
    let mut new: Vec<_> = (0..4).map(|n| metric("m", 1.0, n)).collect();
    new[3].metric_name = String::new();
    expect::fault(store.metrics().record_many(&new).await, "[3].metric_name", FaultCode::Required);
    new[3] = new[0].clone();
    expect::conflict(store.metrics().record_many(&new).await, "performance_metrics_pkey");
    assert_eq!(count(store).await, 0);
    new.pop();
    new[1].tags = given::object(&json!({"a \"quoted\" \\ tag": "{x,NULL}"}));
    assert_eq!(store.metrics().record_many(&new).await.unwrap(), 3);
    let found = store.metrics().find_by_id(new[1].id).await.unwrap().unwrap();
    assert_eq!((found.tags, found.timestamp), (new[1].tags.clone(), given::at(1)));
}

async fn twenty_thousand_metrics_go_in_at_once(store: &dyn Store) {
    let new: Vec<_> = (0..20_000).map(|n| metric("m", 0.25, n)).collect();
    assert_eq!(store.metrics().record_many(&new).await.unwrap(), 20_000);
    assert_eq!(count(store).await, 20_000);
}

async fn each_criterion_of_a_filter_restricts(store: &dyn Store) {
    let tagged = |new: NewMetric, tags: Value| NewMetric { tags: given::object(&tags), ..new };
    let one = tagged(metric("find_by_ms", 1.0, 1), json!({"table": "tasks", "rows": 1}));
    let two = tagged(given::new_metric(Task, "hours", 2.0, 2), json!({"table": "tasks"}));
    let three = given::new_metric(Workflow, "hours", 3.0, 3);
    let ids = [one.id, two.id, three.id];
    store.metrics().record_many(&[three, one, two]).await.unwrap();
    let [one, two, three] = ids;
    let any = MetricFilter::default;
    let tags = |tags: Value| MetricFilter { tags: given::object(&tags), ..any() };
    let stories = [
        (any(), vec![one, two, three]),
        (MetricFilter { metric_type: Some(Task), ..any() }, vec![two]),
        (MetricFilter { metric_type: Some(System), ..any() }, vec![]),
        (MetricFilter { metric_name: Some("hours".to_owned()), ..any() }, vec![two, three]),
        (MetricFilter { metric_name: Some("Hours".to_owned()), ..any() }, vec![]),
        (MetricFilter::named(Workflow, "hours"), vec![three]),
        (MetricFilter::named(Query, "hours"), vec![]),
        (tags(json!({"table": "tasks"})), vec![one, two]),
        (tags(json!({"table": "tasks", "rows": 1})), vec![one]),
        (tags(json!({"table": "task"})), vec![]),
        (MetricFilter { after: Some(given::at(2)), ..any() }, vec![two, three]),
        (MetricFilter { before: Some(given::at(2)), ..any() }, vec![one, two]),
        (any().between(given::at(2), given::at(2)), vec![two]),
        (any().between(given::at(3), given::at(1)), vec![]),
        (MetricFilter { metric_type: Some(Query), ..tags(json!({"table": "tasks"})) }, vec![one]),
    ];
    for (filter, expected) in stories {
        let page = store.metrics().find_by(&filter, &PageRequest::default().ascending()).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|metric| metric.id).collect();
        assert_eq!(found, expected, "{filter:?}");
        assert_eq!(store.metrics().count(&filter).await.unwrap(), expected.len() as u64, "{filter:?}");
        assert_eq!(store.metrics().statistics(&filter).await.unwrap().total, expected.len() as u64);
    }
}

async fn tags_are_contained_as_json_is(store: &dyn Store) {
    let tags = json!({
        "n": 1, "f": 2.5, "big": u64::MAX, "null": null, "text": "a", "list": [1, [2, 3], {"x": 1, "y": 2}, 1],
        "object": {"in": {"ner": [1]}, "other": 0}, "empty": {}
    });
    let new = NewMetric { tags: given::object(&tags), ..metric("m", 1.0, 0) };
    store.metrics().record(&new).await.unwrap();
    let stories = [
        (json!({"n": 1.0}), true),
        (json!({"f": 2.5}), true),
        (json!({"f": 2}), false),
        (json!({"big": u64::MAX}), true),
        (json!({"big": u64::MAX - 1}), false),
        (json!({"n": "1"}), false),
        (json!({"n": true}), false),
        (json!({"null": null}), true),
        (json!({"missing": null}), false),
        (json!({"text": "A"}), false),
        (json!({"list": []}), true),
        (json!({"list": [1]}), true),
        (json!({"list": [1, 1, 1]}), true),
        (json!({"list": 1}), false),
        (json!({"list": [[3]]}), true),
        (json!({"list": [3]}), false),
        (json!({"list": [{"y": 2}]}), true),
        (json!({"list": [{"y": 1}]}), false),
        (json!({"object": {}}), true),
        (json!({"object": []}), false),
        (json!({"object": {"in": {"ner": [1.0]}}}), true),
        (json!({"object": {"in": {"ner": 1}}}), false),
        (json!({"empty": {}}), true),
        (json!({"empty": {"a": 1}}), false),
    ];
    for (tags, expected) in stories {
        let filter = MetricFilter { tags: given::object(&tags), ..MetricFilter::default() };
        assert_eq!(store.metrics().count(&filter).await.unwrap(), u64::from(expected), "{tags}");
    }
}

async fn a_filter_can_be_refused(store: &dyn Store) {
    let filter = MetricFilter {
        metric_name: Some("\0".to_owned()),
        tags: given::object(&json!({"a": ["\0"]})),
        ..MetricFilter::default()
    };
    let expected = [("metric_name".to_owned(), FaultCode::Nul), ("tags".to_owned(), FaultCode::Nul)];
    let page = PageRequest::default();
    assert_eq!(expect::faults(store.metrics().find_by(&filter, &page).await), expected);
    assert_eq!(expect::faults(store.metrics().count(&filter).await), expected);
    assert_eq!(expect::faults(store.metrics().statistics(&filter).await), expected);
}

async fn any_time_can_be_looked_for(store: &dyn Store) {
    store.metrics().record(&metric("m", 1.0, 0)).await.unwrap();
    let (min, max) = (Some(DateTime::<Utc>::MIN_UTC), Some(DateTime::<Utc>::MAX_UTC));
    for (after, before, expected) in
        [(min, max, 1), (min, None, 1), (None, max, 1), (max, None, 0), (None, min, 0)]
    {
        let filter = MetricFilter { after, before, ..MetricFilter::default() };
        assert_eq!(store.metrics().count(&filter).await.unwrap(), expected);
    }
}

async fn a_unit_of_work_keeps_metrics_or_drops_them(store: &dyn Store) {
    let kept = metric("m", 1.0, 0);
    let uow = store.begin().await.unwrap();
    uow.metrics().record_many(std::slice::from_ref(&kept)).await.unwrap();
    assert_eq!(count(store).await, 0);
    uow.commit().await.unwrap();
    assert_eq!(count(store).await, 1);
    let uow = store.begin().await.unwrap();
    uow.metrics().record(&metric("m", 2.0, 1)).await.unwrap();
    assert_eq!(uow.metrics().prune(given::at(1), 1).await.unwrap(), 1);
    uow.rollback().await.unwrap();
    assert_eq!(store.metrics().find_by_id(kept.id).await.unwrap().map(|metric| metric.id), Some(kept.id));
    assert_eq!(count(store).await, 1);

    let uow = store.begin().await.unwrap();
    uow.metrics().record(&metric("m", 2.0, 1)).await.unwrap();
    expect::conflict(uow.metrics().record(&kept).await, "performance_metrics_pkey");
    assert!(matches!(uow.commit().await, Err(RepositoryError::Backend { .. })));
    assert_eq!(count(store).await, 1);
}

async fn an_actor_records_like_anybody(store: &dyn Store) {
    let store = store.acting_as(&Actor::user("ci-bot")).unwrap();
    let stored = store.metrics().record(&metric("m", 1.0, 0)).await.unwrap();
    assert_eq!(store.metrics().record_many(&[metric("m", 2.0, 0)]).await.unwrap(), 1);
    assert_eq!(store.metrics().find_by_id(stored.id).await.unwrap(), Some(stored));
    assert_eq!(store.metrics().prune(given::at(1), 10).await.unwrap(), 2);
}

async fn fault_26_pruning_takes_the_oldest_first_and_nothing_younger(store: &dyn Store) {
    assert_eq!(store.metrics().prunable(given::at(9)).await.unwrap(), 0);
    assert_eq!(store.metrics().prune(given::at(9), 1).await.unwrap(), 0);
    let new: Vec<_> = [5, 1, 3, 3, 2, 7].map(|measured| metric("m", 1.0, measured)).to_vec();
    store.metrics().record_many(&new).await.unwrap();
    let left = async || {
        let page = PageRequest::default().ascending();
        let left = store.metrics().find_by(&MetricFilter::default(), &page).await.unwrap().items;
        left.into_iter().map(|metric| (metric.timestamp - given::at(0)).num_seconds()).collect::<Vec<_>>()
    };
    assert_eq!(store.metrics().prunable(given::at(1)).await.unwrap(), 0, "the time itself is not before");
    assert_eq!(store.metrics().prune(given::at(1), 10).await.unwrap(), 0);
    assert_eq!(store.metrics().prunable(given::at(5)).await.unwrap(), 4);
    assert_eq!(store.metrics().prune(given::at(5), 3).await.unwrap(), 3);
    assert_eq!(left().await, [3, 5, 7]);
    assert_eq!(store.metrics().find_by_id(new[2].id).await.unwrap(), None, "of equal times the smaller id");
    assert_eq!(store.metrics().prunable(given::at(5)).await.unwrap(), 1);
    assert_eq!(store.metrics().prune(given::at(5), MAX_PRUNE).await.unwrap(), 1);
    assert_eq!(store.metrics().prune(given::at(5), MAX_PRUNE).await.unwrap(), 0);
    let within = given::at(7) - TimeDelta::nanoseconds(1);
    assert_eq!(store.metrics().prune(within, MAX_PRUNE).await.unwrap(), 1);
    assert_eq!(left().await, [7]);
}

async fn pruning_takes_any_time(store: &dyn Store) {
    let last = NewMetric { timestamp: taskmaster_models::clock::latest(), ..metric("m", 1.0, 0) };
    store.metrics().record_many(&[metric("m", 1.0, 0), last]).await.unwrap();
    for (time, expected) in [
        (DateTime::<Utc>::MIN_UTC, 0),
        (taskmaster_models::clock::earliest(), 0),
        (taskmaster_models::clock::latest(), 1),
        (DateTime::<Utc>::MAX_UTC, 2),
    ] {
        assert_eq!(store.metrics().prunable(time).await.unwrap(), expected, "{time}");
    }
    assert_eq!(store.metrics().prune(DateTime::<Utc>::MIN_UTC, 10).await.unwrap(), 0);
    assert_eq!(store.metrics().prune(DateTime::<Utc>::MAX_UTC, 10).await.unwrap(), 2);
}

async fn pruning_can_be_refused(store: &dyn Store) {
    store.metrics().record(&metric("m", 1.0, 0)).await.unwrap();
    for limit in [0, MAX_PRUNE + 1, u32::MAX] {
        expect::fault(store.metrics().prune(given::at(9), limit).await, "limit", FaultCode::OutOfRange);
    }
    assert_eq!(count(store).await, 1);
}
