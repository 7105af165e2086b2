//! The measurements of the operations of one name.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::{Key, Label};

use super::{
    error_type::ErrorType,
    export::{self, Instruments, label},
    histogram::{Histogram, Latency},
    snapshot::CallMetrics,
    timings::Timings,
};
use crate::operation::Operation;

/// The calls of one name.
#[derive(Debug)]
pub(super) struct Series {
    labels: Vec<Label>,
    instruments: Arc<Instruments>,
    /// Only of those that succeeded.
    duration: Exported,
    wait: Exported,
    dial: Exported,
    execute: Exported,
    slow: AtomicU64,
    retries: AtomicU64,
    errors: Mutex<BTreeMap<String, u64>>,
}

/// A histogram that is told to the crate `metrics`, too.
#[derive(Debug)]
pub(super) struct Exported {
    histogram: Histogram,
    key: Key,
}

impl Exported {
    pub(super) fn new(key: Key) -> Self {
        Self { histogram: Histogram::new(), key }
    }

    pub(super) fn record(&self, duration: Duration) {
        self.histogram.record(duration);
        export::record(&self.key, duration);
    }

    pub(super) fn read(&self) -> Latency {
        self.histogram.read()
    }
}

impl Series {
    pub(super) fn new(operation: Operation, instruments: Arc<Instruments>, common: &[Label]) -> Self {
        let mut labels = common.to_vec();
        labels.push(label("db.operation.name", operation.method()));
        labels.extend(operation.collection.map(|table| label("db.collection.name", table)));
        let phase = |phase: &'static str| {
            let mut labels = labels.clone();
            labels.push(label("phase", phase));
            Exported::new(instruments.phase_duration.key(labels))
        };
        Self {
            duration: Exported::new(instruments.operation_duration.key(labels.clone())),
            wait: phase("wait"),
            dial: phase("dial"),
            execute: phase("execute"),
            slow: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            errors: Mutex::default(),
            labels,
            instruments,
        }
    }

    pub(super) fn record(&self, took: Duration, timings: Timings, is_slow: bool, error: Option<&ErrorType>) {
        match error {
            None => self.duration.record(took),
            Some(error) => self.failed(took, error),
        }
        for (series, time) in
            [(&self.wait, timings.acquire), (&self.dial, timings.connect), (&self.execute, timings.execute)]
        {
            if let Some(time) = time {
                series.record(time);
            }
        }
        if is_slow {
            self.slow.fetch_add(1, Ordering::Relaxed);
            export::add(&self.instruments.slow.key(self.labels.clone()), 1);
        }
        if timings.retries > 0 {
            self.retries.fetch_add(timings.retries, Ordering::Relaxed);
            export::add(&self.instruments.retries.key(self.labels.clone()), timings.retries);
        }
    }

    fn failed(&self, took: Duration, error: &ErrorType) {
        let name = error.name();
        let mut labels = self.labels.clone();
        labels.push(label("error.type", name.clone()));
        export::record(&self.instruments.operation_duration.key(labels), took);
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        *errors.entry(name.into_owned()).or_default() += 1;
    }

    pub(super) fn read(&self) -> CallMetrics {
        CallMetrics {
            errors: self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            slow: self.slow.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            duration: self.duration.read(),
            wait: self.wait.read(),
            dial: self.dial.read(),
            execute: self.execute.read(),
        }
    }
}
