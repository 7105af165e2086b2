//! What is measured of the calls of one name.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::{Key, Label};

use super::{
    CallMetrics, ErrorType,
    export::{self, label},
    histogram::Histogram,
    phase::Phases,
};

/// The calls of one name.
#[derive(Debug)]
pub(super) struct Series {
    labels: Vec<Label>,
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

    pub(super) fn read(&self) -> super::Latency {
        self.histogram.read()
    }
}

/// The table that a call is about, if it is about one, and what it does there.
pub(super) fn split(name: &'static str) -> (Option<&'static str>, &'static str) {
    let Some((noun, operation)) = name.split_once('.') else { return (None, name) };
    let table = match noun {
        "api_key" => "api_keys",
        "audit_log" => "audit_logs",
        "error_log" => "error_logs",
        "metric" => "performance_metrics",
        "task" => "tasks",
        "task_context" => "task_contexts",
        "task_dependency" => "task_dependencies",
        "workflow_state" => "workflow_states",
        _ => return (None, operation),
    };
    (Some(table), operation)
}

impl Series {
    pub(super) fn new(name: &'static str, common: &[Label]) -> Self {
        let (table, operation) = split(name);
        let mut labels = common.to_vec();
        labels.push(label("db.operation.name", operation));
        labels.extend(table.map(|table| label("db.collection.name", table)));
        let phase = |phase: &'static str| {
            let mut labels = labels.clone();
            labels.push(label("phase", phase));
            Exported::new(export::PHASE_DURATION.key(labels))
        };
        Self {
            duration: Exported::new(export::OPERATION_DURATION.key(labels.clone())),
            wait: phase("wait"),
            dial: phase("dial"),
            execute: phase("execute"),
            slow: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            errors: Mutex::default(),
            labels,
        }
    }

    pub(super) fn record(&self, took: Duration, phases: Phases, is_slow: bool, error: Option<&ErrorType>) {
        match error {
            None => self.duration.record(took),
            Some(error) => self.failed(took, error),
        }
        for (series, time) in
            [(&self.wait, phases.wait), (&self.dial, phases.dial), (&self.execute, phases.execute)]
        {
            if let Some(time) = time {
                series.record(time);
            }
        }
        if is_slow {
            self.slow.fetch_add(1, Ordering::Relaxed);
            export::add(&export::SLOW.key(self.labels.clone()), 1);
        }
        if phases.retries > 0 {
            self.retries.fetch_add(phases.retries, Ordering::Relaxed);
            export::add(&export::RETRIES.key(self.labels.clone()), phases.retries);
        }
    }

    fn failed(&self, took: Duration, error: &ErrorType) {
        let name = error.name();
        let mut labels = self.labels.clone();
        labels.push(label("error.type", name.clone()));
        export::record(&export::OPERATION_DURATION.key(labels), took);
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
