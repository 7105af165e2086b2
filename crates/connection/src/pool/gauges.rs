//! The gauges that are set from time to time and, where configured, the pool's numbers in the log.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::manager::{Pool, WeakPool};
use crate::metrics::PoolStatus;

/// The greatest age of the gauges.
const INTERVAL: Duration = Duration::from_secs(5);

/// The shortest time between two looks.
const OFTEN: Duration = Duration::from_millis(10);

/// Starts to set the gauges and to log the pool's numbers, which ends with the last handle on the pool.
pub(super) fn start(pool: &Pool) {
    let logged_every = pool.shared.config.logging.pool_stats;
    tokio::spawn(run(pool.downgrade(), logged_every));
}

async fn run(pool: WeakPool, logged_every: Option<Duration>) {
    let interval = logged_every.map_or(INTERVAL, |every| every.clamp(OFTEN, INTERVAL));
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut logged_at: Option<Instant> = None;
    loop {
        let now = ticks.tick().await;
        let Some(pool) = pool.upgrade() else { return };
        let status = pool.status();
        pool.shared.metrics.record_gauges(status);
        let is_due = |every| logged_at.is_none_or(|at| now.duration_since(at) >= every);
        if logged_every.is_some_and(is_due) {
            logged_at = Some(now);
            let PoolStatus { size, idle, in_use, waiting, max } = status;
            tracing::info!(size, idle, in_use, waiting, max, "connections of the pool");
        }
    }
}
