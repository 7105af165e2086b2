//! What is told from time to time: the gauges and, if it is wanted, the pool's numbers in the log.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use deadpool::managed::WeakPool;
use tokio::time::{Instant, MissedTickBehavior};

use super::{TARGET, Telemetry, export};
use crate::connection::{
    health::{Health, Replication},
    pool::{Connector, Pool, PoolStatus, Shared},
};

/// How old the gauges are at most.
const INTERVAL: Duration = Duration::from_secs(5);

/// The shortest time between two looks.
const OFTEN: Duration = Duration::from_millis(10);

impl Telemetry {
    /// Sets the gauges of what was found out about the server.
    pub(crate) fn record_health(&self, health: &Health) {
        let set = |instrument: export::Instrument, value: f64| {
            export::set(&instrument.key(self.labels.clone()), value);
        };
        set(export::UP, f64::from(u8::from(health.is_up())));
        if let Some(latency) = health.latency {
            set(export::PROBE_LATENCY, latency.as_secs_f64());
        }
        if let Some(migrations) = &health.migrations {
            set(export::PENDING_MIGRATIONS, export::float(migrations.pending.len() as u64));
        }
        let lag = match health.replication {
            Some(Replication::Primary { lag, .. } | Replication::Standby { lag, .. }) => lag,
            None => None,
        };
        // The last number would look as if it were still so.
        set(export::REPLICATION_LAG, lag.map_or(f64::NAN, |lag| lag.as_secs_f64()));
        if let Some(certificate) = &health.certificate {
            let left = certificate.expires_at - health.checked_at;
            set(export::CERTIFICATE, left.as_seconds_f64());
        }
    }

    /// Sets the gauges, and tells a recorder that may have come late what the names mean.
    pub(crate) fn record_gauges(&self, status: PoolStatus) {
        export::describe();
        self.record_pool(status);
    }
}

/// Begins to set the gauges and to log the pool's numbers, which ends with the last handle on the pool.
pub(crate) fn begin(pool: &Pool) {
    let logged_every = pool.shared.config.logging.pool_stats;
    tokio::spawn(run(pool.inner.weak(), Arc::downgrade(&pool.shared), logged_every));
}

async fn run(inner: WeakPool<Connector>, shared: Weak<Shared>, logged_every: Option<Duration>) {
    let interval = logged_every.map_or(INTERVAL, |every| every.clamp(OFTEN, INTERVAL));
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut logged_at: Option<Instant> = None;
    loop {
        let now = ticks.tick().await;
        let (Some(inner), Some(shared)) = (inner.upgrade(), shared.upgrade()) else { return };
        let pool = Pool { inner, shared };
        let status = pool.status();
        pool.shared.telemetry.record_gauges(status);
        let is_due = |every| logged_at.is_none_or(|at| now.duration_since(at) >= every);
        if logged_every.is_some_and(is_due) {
            logged_at = Some(now);
            let PoolStatus { size, idle, in_use, waiting, max } = status;
            tracing::info!(target: TARGET, size, idle, in_use, waiting, max, "connections of the pool");
        }
    }
}
