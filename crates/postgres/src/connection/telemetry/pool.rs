//! What is measured of connections, whoever uses them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::Label;
use taskmaster_repository::RepositoryError;
use tokio::time::Instant;

use super::{
    ErrorType, PoolMetrics, Telemetry,
    export::{self, label},
    phase,
    series::Exported,
};
use crate::connection::pool::PoolStatus;

/// What happened to the connections of a pool.
#[derive(Debug)]
pub(super) struct PoolSeries {
    labels: Vec<Label>,
    wait: Exported,
    create: Exported,
    used: Exported,
    timeouts: AtomicU64,
    failures: Mutex<BTreeMap<String, u64>>,
    dropped: Mutex<BTreeMap<&'static str, u64>>,
}

impl PoolSeries {
    pub(super) fn new(common: &[Label], name: String) -> Self {
        let mut labels = common.to_vec();
        labels.push(label("db.client.connection.pool.name", name));
        let exported = |instrument: export::Instrument| Exported::new(instrument.key(labels.clone()));
        Self {
            wait: exported(export::WAIT_TIME),
            create: exported(export::CREATE_TIME),
            used: exported(export::USE_TIME),
            timeouts: AtomicU64::new(0),
            failures: Mutex::default(),
            dropped: Mutex::default(),
            labels,
        }
    }

    pub(super) fn read(&self, status: PoolStatus) -> PoolMetrics {
        PoolMetrics {
            status,
            wait: self.wait.read(),
            create: self.create.read(),
            used: self.used.read(),
            timeouts: self.timeouts.load(Ordering::Relaxed),
            failures: self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            dropped: self.dropped.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// Somebody wants a connection, until the value is dropped.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    telemetry: &'a Telemetry,
    begun: Instant,
    dialed_before: Option<Duration>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        let dialed =
            phase::so_far().dial.unwrap_or_default().saturating_sub(self.dialed_before.unwrap_or_default());
        phase::waited(took.saturating_sub(dialed));
        self.telemetry.pool.wait.record(took);
    }
}

impl Telemetry {
    /// Measures how long somebody waits for a connection.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        Waiting { telemetry: self, begun: Instant::now(), dialed_before: phase::so_far().dial }
    }

    /// No connection came free in time.
    pub(crate) fn timed_out(&self) {
        self.pool.timeouts.fetch_add(1, Ordering::Relaxed);
        export::add(&export::TIMEOUTS.key(self.pool.labels.clone()), 1);
    }

    /// Measures how long it takes to make a connection.
    pub(crate) async fn dial<T>(
        &self,
        dialing: impl Future<Output = Result<T, RepositoryError>>,
    ) -> Result<T, RepositoryError> {
        let begun = Instant::now();
        let dialed = dialing.await;
        let took = begun.elapsed();
        phase::dialed(took);
        match &dialed {
            Ok(_) => self.pool.create.record(took),
            Err(error) => self.not_dialed(&ErrorType::of_repository(error)),
        }
        dialed
    }

    fn not_dialed(&self, error: &ErrorType) {
        let name = error.name();
        let mut labels = self.pool.labels.clone();
        labels.push(label("error.type", name.clone()));
        export::add(&export::DIAL_FAILURES.key(labels), 1);
        let mut failures = self.pool.failures.lock().unwrap_or_else(PoisonError::into_inner);
        *failures.entry(name.into_owned()).or_default() += 1;
    }

    /// A connection was in one hand for so long.
    pub(crate) fn used(&self, time: Duration) {
        self.pool.used.record(time);
    }

    /// A connection was given up for this reason: `broken`, `cancelled`, `unresponsive`, and the like.
    pub(crate) fn dropped(&self, reason: &'static str) {
        let mut labels = self.pool.labels.clone();
        labels.push(label("reason", reason));
        export::add(&export::DROPPED.key(labels), 1);
        *self.pool.dropped.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    /// Sets the gauges of the pool.
    pub(super) fn record_pool(&self, status: PoolStatus) {
        let set = |instrument: export::Instrument, state: Option<&'static str>, value: usize| {
            let mut labels = self.pool.labels.clone();
            labels.extend(state.map(|state| label("db.client.connection.state", state)));
            export::set(&instrument.key(labels), export::float(value as u64));
        };
        set(export::CONNECTIONS, Some("used"), status.in_use);
        set(export::CONNECTIONS, Some("idle"), status.idle);
        set(export::CONNECTIONS_MAX, None, status.max);
        set(export::CONNECTIONS_IDLE_MIN, None, self.config.pool.min);
        set(export::PENDING, None, status.waiting);
    }

    /// Has the metrics of the calls and the pool.
    pub(crate) fn snapshot(self: &Arc<Self>, status: PoolStatus) -> super::DatabaseMetrics {
        let calls = self.calls.read().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.iter().map(|(name, series)| (*name, series.read())).collect();
        super::DatabaseMetrics { calls, pool: self.pool.read(status), replicas: Vec::new() }
    }
}
