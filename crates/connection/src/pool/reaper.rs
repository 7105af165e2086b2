//! The pool's housekeeping in the background: connections that are idle or old are closed, some are made ahead of need,
//! and those that are held for long are reported.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::{Instant, MissedTickBehavior};

use super::manager::{Connection, Pool, WeakPool, close};
use crate::error::Error;

/// How often is looked at most and at least.
const OFTEN: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_secs(1);

/// The longest between two attempts to connect for later, when the last ones have failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Starts the reaper, which ends with the last handle on the pool.
pub(super) fn start(pool: &Pool) {
    let config = &pool.shared.config.pool;
    let shortest = [config.idle_timeout, config.max_lifetime, config.leak_threshold].into_iter().min();
    let interval = shortest.map_or(SELDOM, |shortest| (shortest / 4).clamp(OFTEN, SELDOM));
    tokio::spawn(run(pool.downgrade(), interval));
}

async fn run(weak: WeakPool, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pause = Pause::default();
    loop {
        ticks.tick().await;
        let Some(pool) = weak.upgrade() else { return };
        if pool.shared.is_closing.load(Ordering::Acquire) {
            return;
        }
        report_leaks(&pool);
        close_unneeded(&pool);
        if pool.status().size >= pool.shared.config.pool.min || pause.lasts() {
            continue;
        }
        drop(pool);
        // Making a connection may take long, and must not keep the pool alive.
        let Some(connecting) = weak.upgrade_shared() else { return };
        let made = connecting.connect().await;
        drop(connecting);
        let Some(pool) = weak.upgrade() else { return };
        match made {
            Ok(connection) => {
                pause = Pause::default();
                keep(&pool, connection);
                ticks.reset_immediately();
            }
            Err(error) => pause.grow(&error),
        }
    }
}

/// How long no connection is made for later, since a server that cannot be connected to, or refuses the user, is not helped by a
/// storm of logins. Who needs one now does not wait for this.
#[derive(Debug, Default)]
struct Pause {
    length: Duration,
    until: Option<Instant>,
}

impl Pause {
    fn lasts(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    fn grow(&mut self, error: &Error) {
        if self.until.is_none() {
            tracing::warn!(%error, "no connection can be made that would be kept ready; it is tried again, ever less often");
        }
        self.length = (self.length * 2).clamp(SELDOM, LONGEST_PAUSE);
        self.until = Some(Instant::now() + self.length);
    }
}

fn report_leaks(pool: &Pool) {
    for held in pool.shared.checkouts.report(pool.shared.config.pool.leak_threshold) {
        tracing::warn!(
            call = held.call,
            held_for = ?held.held_for,
            "a connection is held for long; whoever has it may have forgotten to end a unit of work"
        );
    }
}

/// Closes what is too old, and what is idle for too long as far as there are more than the fewest.
fn close_unneeded(pool: &Pool) {
    let config = &pool.shared.config.pool;
    let now = Instant::now();
    let mut surplus = pool.status().size.saturating_sub(config.min);
    let mut is_needed = |connection: &Connection| {
        let is_old = connection.retire_at <= now;
        let is_unused = surplus > 0 && now.duration_since(connection.used_at) >= config.idle_timeout;
        if is_old || is_unused {
            surplus = surplus.saturating_sub(1);
        }
        !is_old && !is_unused
    };
    let unneeded = pool.inner.retain(|connection, _| is_needed(connection)).removed;
    let old: Vec<_> = pool.shared.prewarmed().extract_if(.., |connection| !is_needed(connection)).collect();
    for connection in unneeded.into_iter().chain(old) {
        close(connection);
    }
}

/// Keeps a connection for whoever is next, unless there are enough by now.
fn keep(pool: &Pool, connection: Connection) {
    let status = pool.status();
    if status.size < pool.shared.config.pool.min && !pool.shared.is_closing.load(Ordering::Acquire) {
        pool.shared.prewarmed().push(connection);
    } else {
        close(connection);
    }
}
