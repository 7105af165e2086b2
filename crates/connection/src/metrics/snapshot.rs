//! What was measured, as of one moment.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{export::float, histogram::Latency};

/// Returns the measurements since the database was connected to.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DatabaseMetrics {
    /// The calls by name, such as `task.create`. Beginning and ending a unit of work are calls, too: `unit_of_work.begin`,
    /// `unit_of_work.commit`, `unit_of_work.rollback`. A statement that comes from no repository is a `statement`.
    pub calls: BTreeMap<&'static str, CallMetrics>,
    /// The pool of connections.
    pub pool: PoolMetrics,
    /// The replicas, in the order in which they are tried.
    pub replicas: Vec<ReplicaMetrics>,
}

/// The calls of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CallMetrics {
    /// How many failed, by SQLSTATE if the server said one, else by the kind of the error. `cancelled` are those for which
    /// nobody waited any more.
    pub errors: BTreeMap<String, u64>,
    /// For how many the server took longer than the threshold.
    pub slow: u64,
    /// How often one was tried again.
    pub retries: u64,
    /// How long those took that succeeded, with all that they waited for.
    pub duration: Latency,
    /// How long they waited for a connection. A call within a unit of work has one already.
    pub wait: Latency,
    /// How long it took to make a connection for them. Most find one that is there.
    pub dial: Latency,
    /// How long the server took, with the way there and back.
    pub execute: Latency,
}

/// The numbers of connections, and of those in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolStatus {
    /// The open connections.
    pub size: usize,
    /// Those of them that are idle.
    pub idle: usize,
    /// Those of them that are in use.
    pub in_use: usize,
    /// The calls that wait for a connection.
    pub waiting: usize,
    /// The largest number of connections.
    pub max: usize,
}

/// One of the replicas, as of one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ReplicaMetrics {
    /// The server.
    pub host: String,
    /// Is `true` if reads may go to it. If not, it has failed or was not reached yet, and is tried from time to time.
    pub in_service: bool,
    /// The reads that it has answered.
    pub reads: u64,
    /// The connections to it.
    pub pool: PoolMetrics,
}

/// The pool of connections.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PoolMetrics {
    /// How many connections there are now.
    pub status: PoolStatus,
    /// How long it took to get a connection.
    pub wait: Latency,
    /// How long it took to make one.
    pub create: Latency,
    /// How long one was in one hand.
    pub used: Latency,
    /// How often none came free in time.
    pub timeouts: u64,
    /// How often none could be made, by SQLSTATE or kind.
    pub failures: BTreeMap<String, u64>,
    /// How many were given up, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}

impl CallMetrics {
    /// How many succeeded.
    #[must_use]
    pub fn succeeded(&self) -> u64 {
        self.duration.count()
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// How many there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.succeeded() + self.failed()
    }

    /// Which share of them succeeded. None if there were none.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        self.share(self.succeeded())
    }

    /// Which share of them was slow. None if there were none.
    #[must_use]
    pub fn slow_rate(&self) -> Option<f64> {
        self.share(self.slow)
    }

    fn share(&self, of: u64) -> Option<f64> {
        (self.total() > 0).then(|| float(of) / float(self.total()))
    }

    fn add(&mut self, other: &Self) {
        for (error, count) in &other.errors {
            *self.errors.entry(error.clone()).or_default() += count;
        }
        self.slow += other.slow;
        self.retries += other.retries;
        self.duration.add(&other.duration);
        self.wait.add(&other.wait);
        self.dial.add(&other.dial);
        self.execute.add(&other.execute);
    }
}

impl DatabaseMetrics {
    /// All calls together.
    #[must_use]
    pub fn all_calls(&self) -> CallMetrics {
        self.calls.values().fold(CallMetrics::default(), |mut sum, call| {
            sum.add(call);
            sum
        })
    }
}
