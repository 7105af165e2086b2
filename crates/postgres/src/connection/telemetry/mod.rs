//! What is known of how the database serves. Each call and each connection is watched where it passes; here it is counted, told to
//! the crates `metrics` and `tracing`, and remembered for [`DatabaseMetrics`].

mod error_type;
mod export;
pub(crate) mod gauges;
mod histogram;
pub(crate) mod phase;
mod plan;
mod pool;
mod series;
mod shape;
mod snapshot;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use metrics::Label;
use sea_orm::DbErr;
use serde::Serialize;
use taskmaster_models::clock;
use tokio::time::Instant;
use tracing::{Instrument as _, Span, field};

pub(crate) use self::{
    error_type::ErrorType,
    shape::{Origin, Shape},
};
use self::{phase::Phases, plan::Plans, pool::PoolSeries, series::Series};
use super::config::DatabaseConfig;

pub use self::{
    histogram::Latency,
    snapshot::{CallMetrics, DatabaseMetrics, PoolMetrics},
};

/// The target of all that is logged here.
const TARGET: &str = "taskmaster::db";

/// All that is measured of one database.
#[derive(Debug)]
pub(crate) struct Telemetry {
    config: Arc<DatabaseConfig>,
    /// The labels that tell this database from others.
    labels: Vec<Label>,
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
    /// The kind of the repository's error, such as `unavailable`; `cancelled` if somebody stopped waiting.
    pub kind: &'static str,
    /// What the server called it, if it was the server.
    pub sqlstate: Option<String>,
    /// When, by this machine's clock.
    pub at: DateTime<Utc>,
}

impl Telemetry {
    pub(crate) fn new(config: Arc<DatabaseConfig>, pool_name: String) -> Arc<Self> {
        let labels = vec![
            export::label("db.system.name", "postgresql"),
            export::label("db.namespace", config.database.clone()),
        ];
        export::describe();
        Arc::new(Self {
            pool: PoolSeries::new(&labels, pool_name),
            plans: Plans::new(Arc::clone(&config)),
            config,
            labels,
            calls: RwLock::default(),
            last_error: Mutex::default(),
        })
    }

    /// Watches a call of this name from its beginning to its end, or until nobody waits for it any more.
    pub(crate) async fn watch<T>(
        &self,
        name: &'static str,
        shape: Shape,
        future: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let span = self.span(name, &shape);
        let watched = async {
            let watch = Watch { telemetry: self, name, shape, begun: Instant::now(), ended: false };
            let result = future.await;
            watch.end(result.as_ref().err());
            result
        };
        phase::scope(watched).instrument(span).await
    }

    /// The last call that failed.
    pub(crate) fn last_error(&self) -> Option<LastError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn span(&self, name: &'static str, shape: &Shape) -> Span {
        let (collection, operation) = series::split(name);
        let span = tracing::debug_span!(
            target: TARGET,
            "db.call",
            otel.kind = "client",
            db.system.name = "postgresql",
            db.namespace = self.config.database,
            db.operation.name = operation,
            db.collection.name = collection,
            db.query.text = field::Empty,
            "error.type" = field::Empty,
        );
        if self.config.logging.queries && !span.is_disabled() {
            span.record("db.query.text", &*shape.text());
        }
        span
    }

    fn series(&self, name: &'static str) -> Arc<Series> {
        if let Some(series) = self.calls.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Arc::clone(series);
        }
        let mut calls = self.calls.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(calls.entry(name).or_insert_with(|| Arc::new(Series::new(name, &self.labels))))
    }

    fn ended(&self, name: &'static str, shape: &Shape, took: Duration, error: Option<ErrorType>) {
        let phases = phase::so_far();
        let is_slow = self.is_slow(phases);
        self.series(name).record(took, phases, is_slow, error.as_ref());
        let error_type = error.as_ref().map(ErrorType::name);
        self.log(name, shape, took, phases, is_slow, error_type.as_deref());
        if let Some(ErrorType { kind, sqlstate }) = error {
            let last = LastError { call: name, kind, sqlstate, at: clock::now() };
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        }
    }

    /// Whether the server took too long. How long the call waited for a connection is another matter.
    fn is_slow(&self, phases: Phases) -> bool {
        let (threshold, took) = (self.config.logging.slow_query, phases.execute);
        threshold.zip(took).is_some_and(|(threshold, took)| took >= threshold)
    }

    fn log(
        &self,
        call: &'static str,
        shape: &Shape,
        took: Duration,
        phases: Phases,
        is_slow: bool,
        error_type: Option<&str>,
    ) {
        if let Some(error_type) = error_type {
            Span::current().record("error.type", error_type);
        }
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let [wait, dial, execute] =
            [phases.wait, phases.dial, phases.execute].map(|phase| phase.map(milliseconds));
        if is_slow {
            tracing::warn!(
                target: TARGET,
                call, took_ms = milliseconds(took), wait_ms = wait, dial_ms = dial, execute_ms = execute,
                "error.type" = error_type, db.query.text = %shape.text(), "slow statement"
            );
            self.plans.tell(call, shape);
        } else if self.config.logging.queries {
            tracing::info!(
                target: TARGET,
                call, took_ms = milliseconds(took), wait_ms = wait, dial_ms = dial, execute_ms = execute,
                "error.type" = error_type, db.query.text = %shape.text(), "statement"
            );
        }
    }
}

/// A call that has begun. Dropped before its end, it counts as cancelled.
struct Watch<'a> {
    telemetry: &'a Telemetry,
    name: &'static str,
    shape: Shape,
    begun: Instant,
    ended: bool,
}

impl Watch<'_> {
    fn end(mut self, error: Option<&DbErr>) {
        self.ended = true;
        self.telemetry.ended(self.name, &self.shape, self.begun.elapsed(), error.map(ErrorType::of_db));
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let cancelled = Some(ErrorType::CANCELLED);
            self.telemetry.ended(self.name, &self.shape, self.begun.elapsed(), cancelled);
        }
    }
}
