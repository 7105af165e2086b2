//! Measurements of connections, for all their users.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::Label;
use tokio::time::Instant;

use super::{
    error_type::ErrorType,
    export::{self, Instrument, Instruments, label},
    series::Exported,
    snapshot::{PoolMetrics, PoolStatus},
    timings,
};
use crate::error::Error;

/// Events of the connections of a pool.
#[derive(Debug)]
pub(super) struct PoolSeries {
    labels: Vec<Label>,
    instruments: Arc<Instruments>,
    wait: Exported,
    create: Exported,
    used: Exported,
    timeouts: AtomicU64,
    failures: Mutex<BTreeMap<String, u64>>,
    dropped: Mutex<BTreeMap<&'static str, u64>>,
}

impl PoolSeries {
    pub(super) fn new(instruments: Arc<Instruments>, common: &[Label], name: String) -> Self {
        let mut labels = common.to_vec();
        labels.push(label("db.client.connection.pool.name", name));
        let exported = |instrument: &Instrument| Exported::new(instrument.key(labels.clone()));
        Self {
            wait: exported(&instruments.wait_time),
            create: exported(&instruments.create_time),
            used: exported(&instruments.use_time),
            timeouts: AtomicU64::new(0),
            failures: Mutex::default(),
            dropped: Mutex::default(),
            labels,
            instruments,
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

/// An operation that wants a connection, until the value is dropped.
#[derive(Debug)]
pub(crate) struct Acquiring<'a> {
    pool: &'a PoolSeries,
    started_at: Instant,
    connected_before: Option<Duration>,
}

impl Drop for Acquiring<'_> {
    fn drop(&mut self) {
        let took = self.started_at.elapsed();
        let connecting = timings::current().connect.unwrap_or_default();
        let connecting = connecting.saturating_sub(self.connected_before.unwrap_or_default());
        timings::acquired(took.saturating_sub(connecting));
        self.pool.wait.record(took);
    }
}

impl PoolSeries {
    /// Measures how long an operation waits for a connection.
    pub(super) fn acquiring(&self) -> Acquiring<'_> {
        Acquiring { pool: self, started_at: Instant::now(), connected_before: timings::current().connect }
    }

    /// Counts that no connection came free in time.
    pub(super) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
        export::add(&self.instruments.timeouts.key(self.labels.clone()), 1);
    }

    /// Measures how long it takes to make a connection.
    pub(super) async fn connecting<T>(
        &self,
        connecting: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let started_at = Instant::now();
        let connected = connecting.await;
        let took = started_at.elapsed();
        timings::connected(took);
        match &connected {
            Ok(_) => self.create.record(took),
            Err(error) => self.not_connected(&error.into()),
        }
        connected
    }

    fn not_connected(&self, error: &ErrorType) {
        let name = error.name();
        let mut labels = self.labels.clone();
        labels.push(label("error.type", name.clone()));
        export::add(&self.instruments.dial_failures.key(labels), 1);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        *failures.entry(name.into_owned()).or_default() += 1;
    }

    /// Records for how long a connection was held.
    pub(super) fn used(&self, time: Duration) {
        self.used.record(time);
    }

    /// Counts a connection that was given up for this reason: `broken`, `cancelled`, `unresponsive`, and the like.
    pub(super) fn dropped(&self, reason: &'static str) {
        let mut labels = self.labels.clone();
        labels.push(label("reason", reason));
        export::add(&self.instruments.dropped.key(labels), 1);
        *self.dropped.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    /// Sets the gauges of the pool, whose fewest connections are `min`.
    pub(super) fn record_gauges(&self, status: PoolStatus, min: usize) {
        let set = |instrument: &Instrument, state: Option<&'static str>, value: usize| {
            let mut labels = self.labels.clone();
            labels.extend(state.map(|state| label("db.client.connection.state", state)));
            export::set(&instrument.key(labels), export::float(value as u64));
        };
        set(&self.instruments.connections, Some("used"), status.in_use);
        set(&self.instruments.connections, Some("idle"), status.idle);
        set(&self.instruments.connections_max, None, status.max);
        set(&self.instruments.connections_idle_min, None, min);
        set(&self.instruments.pending, None, status.waiting);
    }
}
