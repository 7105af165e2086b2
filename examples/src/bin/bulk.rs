//! Shows how many rows are written and read: tasks in bulk with progress, streams in bounded memory, and metrics of both.

use anyhow::Result;
use chrono::TimeDelta;
use futures::TryStreamExt;
use taskmaster_examples::throwaway_store;
use taskmaster_models::{
    MetricAggregateRequest, MetricFilter, MetricType, NewMetric, NewTask, PageRequest, TaskFilter, TaskSort,
    clock,
};
use taskmaster_repository::{Store, bulk_create};

#[tokio::main]
async fn main() -> Result<()> {
    let (_server, store) = throwaway_store().await?;
    let store: &dyn Store = &store;
    let began = clock::now();
    write(store).await?;
    read(store).await?;
    sum_up(store, began).await
}

/// Writes 12,000 tasks, all or none. Nobody sees one of them before the last is there.
async fn write(store: &dyn Store) -> Result<()> {
    let mut new: Vec<_> =
        (0..12_000).map(|n| NewTask { priority: n % 10, ..NewTask::new(format!("Task {n}")) }).collect();
    let mut metrics = Vec::new();
    let mut last = clock::now();
    let written = bulk_create(store, &new, |progress| {
        println!("written: {} of {}", progress.written, progress.total);
        let now = clock::now();
        metrics.push(milliseconds("bulk_step_ms", now - last));
        last = now;
    })
    .await?;
    println!("stored: {written} tasks");

    // Faults are found before the first row is written, and name the row.
    new[11_999].title.clear();
    if let Err(error) = bulk_create(store, &new, |_| {}).await {
        println!("refused: {error}");
    }
    println!("recorded: {} metrics", store.metrics().record_many(&metrics).await?);
    Ok(())
}

/// Reads the urgent ones of them. However many they are, no more than 500 are held at a time.
async fn read(store: &dyn Store) -> Result<()> {
    let urgent = TaskFilter { priority: Some(9), ..TaskFilter::default() };
    let by_title = PageRequest::new(TaskSort::Title).limit(500).ascending();
    let mut stream = store.tasks().stream(&urgent, by_title);
    let (mut count, mut last, mut metrics) = (0, None, Vec::new());
    let mut asked = clock::now();
    while let Some(task) = stream.try_next().await? {
        metrics.push(milliseconds("next_task_ms", clock::now() - asked));
        count += 1;
        last = Some(task.title);
        asked = clock::now();
    }
    println!("read: {count} urgent tasks, the last is {}", last.unwrap_or_default());
    println!("recorded: {} metrics", store.metrics().record_many(&metrics).await?);
    Ok(())
}

fn milliseconds(name: &str, took: TimeDelta) -> NewMetric {
    NewMetric::new(MetricType::Query, name, took.as_seconds_f64() * 1000.0)
}

/// Shows what the metrics say of the minutes since the beginning.
async fn sum_up(store: &dyn Store, began: chrono::DateTime<chrono::Utc>) -> Result<()> {
    let reads = MetricFilter::named(MetricType::Query, "next_task_ms").between(began, clock::now());
    let per_minute = MetricAggregateRequest::new(reads, TimeDelta::minutes(1));
    let buckets = store.metrics().aggregate(&per_minute).await?;
    for bucket in &buckets {
        eprintln!(
            "{}: half within {:.3} ms, 99 in 100 within {:.3} ms",
            bucket.start, bucket.p50, bucket.p99
        );
    }
    let measured: u64 = buckets.iter().map(|bucket| bucket.count).sum();
    let all = store.metrics().statistics(&MetricFilter::default()).await?;
    println!("measured: {measured} reads; {} metrics of {} names in all", all.total, all.unique_names);

    // Retention: in steps, so that no lock is held for long, until nothing is left to do. Here, everything goes.
    let (before, mut pruned) = (clock::now(), 0);
    loop {
        let gone = store.metrics().prune(before, 1_000).await?;
        if gone == 0 {
            break;
        }
        pruned += gone;
    }
    println!("pruned: {pruned} metrics");
    Ok(())
}
