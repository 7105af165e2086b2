//! How far a stream reads ahead, seen by a repository that counts.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::{FutureExt, StreamExt, TryStreamExt};
use taskmaster_models::{Metric, MetricFilter, MetricSort, MetricType, NewMetric, PageRequest};
use taskmaster_repository::{MetricRepository, RepositoryError, mock::MockMetricRepository};

fn metric() -> Metric {
    let NewMetric { id, metric_type, metric_name, metric_value, tags, timestamp } =
        NewMetric::new(MetricType::Query, "find_by_ms", 1.0);
    Metric { id, metric_type, metric_name, metric_value, tags, timestamp }
}

/// A repository of endless pages, and how many of them were asked for.
fn endless() -> (MockMetricRepository, Arc<AtomicUsize>) {
    let pages = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&pages);
    let mut metrics = MockMetricRepository::new();
    metrics.expect_find_by().returning(move |_, request| {
        asked.fetch_add(1, Ordering::Relaxed);
        let rows = (0..=request.limit).map(|_| metric()).collect();
        Ok(request.page(rows, |last| (MetricSort::Timestamp.key(last), last.id.as_uuid())))
    });
    (metrics, pages)
}

#[test]
fn a_page_is_read_when_the_one_before_is_at_its_end() {
    let (metrics, pages) = endless();
    let metrics: &dyn MetricRepository = &metrics;
    let filter = MetricFilter::default();
    let mut stream = metrics.stream(&filter, PageRequest::default().limit(100));
    assert_eq!(pages.load(Ordering::Relaxed), 0, "nothing is read before somebody asks");
    for taken in 0..1_000 {
        assert!(stream.try_next().now_or_never().is_some_and(|next| next.is_ok()));
        assert_eq!(pages.load(Ordering::Relaxed), taken / 100 + 1, "after {} rows", taken + 1);
    }
    drop(stream);
    assert_eq!(pages.load(Ordering::Relaxed), 10);
}

#[test]
fn each_page_is_asked_for_with_the_filter_and_order_and_where_the_one_before_ended() {
    let mut metrics = MockMetricRepository::new();
    let mut cursors = vec![None];
    metrics.expect_find_by().times(3).returning(move |filter, request| {
        assert_eq!(filter.metric_name.as_deref(), Some("find_by_ms"));
        let expected = PageRequest::default().limit(1).ascending().after(cursors.last().cloned().flatten());
        assert_eq!(*request, expected);
        let rows = (cursors.len()..4).map(|_| metric()).take(2).collect();
        let page = request.page(rows, |last| (MetricSort::Timestamp.key(last), last.id.as_uuid()));
        cursors.push(page.next.clone());
        Ok(page)
    });
    let metrics: &dyn MetricRepository = &metrics;
    let filter = MetricFilter::named(MetricType::Query, "find_by_ms");
    let rows = metrics.stream(&filter, PageRequest::default().limit(1).ascending());
    let rows = rows.try_collect::<Vec<_>>().now_or_never().and_then(Result::ok);
    assert_eq!(rows.map(|rows| rows.len()), Some(3));
}

#[test]
fn an_error_amidst_a_stream_comes_once_and_no_further_page_is_asked_for() {
    let mut metrics = MockMetricRepository::new();
    let mut calls = 0;
    metrics.expect_find_by().times(2).returning(move |_, request| {
        calls += 1;
        if calls == 2 {
            return Err(RepositoryError::Backend { source: "it broke".into() });
        }
        let rows = vec![metric(), metric(), metric()];
        Ok(request.page(rows, |last| (MetricSort::Timestamp.key(last), last.id.as_uuid())))
    });
    let metrics: &dyn MetricRepository = &metrics;
    let filter = MetricFilter::default();
    let stream = metrics.stream(&filter, PageRequest::default().limit(2));
    let found: Vec<_> = stream.map(|row| row.is_ok()).collect::<Vec<_>>().now_or_never().unwrap_or_default();
    assert_eq!(found, [true, true, false]);
}
