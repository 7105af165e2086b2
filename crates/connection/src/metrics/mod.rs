//! Measurements. Each operation and each connection is measured where it passes; here it is counted, reported to the
//! crates
//! `metrics` and `tracing`, and kept for [`DatabaseMetrics`].

mod error_type;
pub(crate) mod export;
mod histogram;
mod plan;
mod pool;
mod series;
mod snapshot;
pub(crate) mod timings;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::time::Instant;
use tracing::{Instrument as _, Span, field};

use self::{
    export::Instruments,
    plan::Plans,
    pool::{Acquiring, PoolSeries},
    series::Series,
    timings::Timings,
};
use crate::{
    clock,
    config::DatabaseConfig,
    error::{Error, Result},
    operation::Operation,
    query_text::QueryText,
};

pub(crate) use self::error_type::ErrorType;
pub use self::{
    histogram::Latency,
    snapshot::{CallMetrics, DatabaseMetrics, PoolMetrics, PoolStatus, ReplicaMetrics},
};

/// All that is measured of one database.
#[derive(Debug)]
pub(crate) struct Metrics {
    config: Arc<DatabaseConfig>,
    /// The labels that tell this database from others.
    pub(crate) labels: Vec<metrics::Label>,
    pub(crate) instruments: Arc<Instruments>,
    calls: RwLock<HashMap<&'static str, Arc<Series>>>,
    pool: PoolSeries,
    last_error: Mutex<Option<LastError>>,
    plans: Arc<Plans>,
}

/// The last call that failed. It tells nothing of what the call was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastError {
    /// The call, such as `task.create`.
    pub call: &'static str,
    /// The kind of the repository's error, such as `unavailable`; `cancelled` if the caller stopped waiting.
    pub kind: &'static str,
    /// The server's SQLSTATE, if the server reported it.
    pub sqlstate: Option<String>,
    /// When, by this machine's clock.
    pub at: DateTime<Utc>,
}

impl Metrics {
    pub(crate) fn new(config: Arc<DatabaseConfig>, pool_name: String) -> Arc<Self> {
        let labels = vec![
            export::label("db.system.name", "postgresql"),
            export::label("db.namespace", config.database.clone()),
        ];
        let instruments = Arc::new(Instruments::new(&config.metrics_prefix));
        export::describe(&instruments);
        Arc::new(Self {
            pool: PoolSeries::new(Arc::clone(&instruments), &labels, pool_name),
            instruments,
            plans: Plans::new(Arc::clone(&config)),
            config,
            labels,
            calls: RwLock::default(),
            last_error: Mutex::default(),
        })
    }

    /// Measures an operation from its start to its end, or until its caller stops waiting.
    pub(crate) async fn measure<T>(
        &self,
        operation: Operation,
        text: QueryText,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let span = self.span(operation, &text);
        let measured = async {
            let running =
                Running { metrics: self, operation, text, started_at: Instant::now(), is_finished: false };
            let result = future.await;
            running.finish(result.as_ref().err());
            result
        };
        timings::scope(measured).instrument(span).await
    }

    /// Measures how long an operation waits for a connection.
    pub(crate) fn acquiring(&self) -> Acquiring<'_> {
        self.pool.acquiring()
    }

    /// Counts that no connection came free in time.
    pub(crate) fn timed_out(&self) {
        self.pool.timed_out();
    }

    /// Measures how long it takes to make a connection.
    pub(crate) async fn connecting<T>(&self, connecting: impl Future<Output = Result<T>>) -> Result<T> {
        self.pool.connecting(connecting).await
    }

    /// Records for how long a connection was held.
    pub(crate) fn used(&self, time: Duration) {
        self.pool.used(time);
    }

    /// Counts a connection that was given up for this reason.
    pub(crate) fn dropped(&self, reason: &'static str) {
        self.pool.dropped(reason);
    }

    /// Sets the gauges, and tells a recorder that may have come late what the names mean.
    pub(crate) fn record_gauges(&self, status: PoolStatus) {
        export::describe(&self.instruments);
        self.pool.record_gauges(status, self.config.pool.min);
    }

    /// Returns what was measured so far.
    pub(crate) fn snapshot(&self, status: PoolStatus) -> DatabaseMetrics {
        let calls = self.calls.read().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.iter().map(|(name, series)| (*name, series.read())).collect();
        DatabaseMetrics { calls, pool: self.pool.read(status), replicas: Vec::new() }
    }

    /// The last call that failed.
    pub(crate) fn last_error(&self) -> Option<LastError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn span(&self, operation: Operation, text: &QueryText) -> Span {
        let span = tracing::debug_span!(
            "db.call",
            otel.kind = "client",
            db.system.name = "postgresql",
            db.namespace = self.config.database,
            db.operation.name = operation.method(),
            db.collection.name = operation.collection,
            db.query.text = field::Empty,
            "error.type" = field::Empty,
        );
        if self.config.logging.queries && !span.is_disabled() {
            span.record("db.query.text", &*text.text());
        }
        span
    }

    fn series(&self, operation: Operation) -> Arc<Series> {
        if let Some(series) = self.calls.read().unwrap_or_else(PoisonError::into_inner).get(operation.name) {
            return Arc::clone(series);
        }
        let mut calls = self.calls.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Series::new(operation, Arc::clone(&self.instruments), &self.labels));
        Arc::clone(calls.entry(operation.name).or_insert_with(new))
    }

    fn finished(&self, operation: Operation, text: &QueryText, took: Duration, error: Option<ErrorType>) {
        let timings = timings::current();
        let is_slow = self.is_slow(timings);
        self.series(operation).record(took, timings, is_slow, error.as_ref());
        let error_type = error.as_ref().map(ErrorType::name);
        self.log(operation.name, text, took, timings, is_slow, error_type.as_deref());
        if let Some(ErrorType { kind, sqlstate }) = error {
            let last = LastError { call: operation.name, kind, sqlstate, at: clock::now() };
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        }
    }

    /// Returns `true` if the server took too long. How long the call waited for a connection is another matter.
    fn is_slow(&self, timings: Timings) -> bool {
        let (threshold, took) = (self.config.logging.slow_query, timings.execute);
        threshold.zip(took).is_some_and(|(threshold, took)| took >= threshold)
    }

    fn log(
        &self,
        call: &'static str,
        text: &QueryText,
        took: Duration,
        timings: Timings,
        is_slow: bool,
        error_type: Option<&str>,
    ) {
        if let Some(error_type) = error_type {
            Span::current().record("error.type", error_type);
        }
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let [wait, dial, execute] =
            [timings.acquire, timings.connect, timings.execute].map(|time| time.map(milliseconds));
        if is_slow {
            tracing::warn!(
                call, took_ms = milliseconds(took), wait_ms = wait, dial_ms = dial, execute_ms = execute,
                "error.type" = error_type, db.query.text = %text.text(), "slow statement"
            );
            self.plans.tell(call, text);
        } else if self.config.logging.queries {
            tracing::info!(
                call, took_ms = milliseconds(took), wait_ms = wait, dial_ms = dial, execute_ms = execute,
                "error.type" = error_type, db.query.text = %text.text(), "statement"
            );
        }
    }
}

/// An operation that runs. Dropped before its end, it counts as cancelled.
struct Running<'a> {
    metrics: &'a Metrics,
    operation: Operation,
    text: QueryText,
    started_at: Instant,
    is_finished: bool,
}

impl Running<'_> {
    fn finish(mut self, error: Option<&Error>) {
        self.is_finished = true;
        self.metrics.finished(
            self.operation,
            &self.text,
            self.started_at.elapsed(),
            error.map(ErrorType::from),
        );
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            let cancelled = Some(ErrorType::CANCELLED);
            self.metrics.finished(self.operation, &self.text, self.started_at.elapsed(), cancelled);
        }
    }
}
