//! The end: running calls may finish, and what has not by the deadline is cut.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use tokio::time::Instant;

use super::{cancel::Cancel, checkouts::HeldConnection, manager::Pool};
use crate::{deadline, host::Host};

/// How long those whose statement was cancelled may take to give their connection back.
const CANCEL_GRACE: Duration = Duration::from_secs(1);

/// What a shutdown has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// How long it has taken.
    pub took: Duration,
    /// The calls that were not done by the deadline, and how long each had held its connection. What they did on the server was
    /// ended.
    pub cut: Vec<HeldConnection>,
    /// Is `true` if the server was asked to end all that was cut. It is not if it cannot be reached, and behind a
    /// pooler, where the process to end is not known. What runs there then ends when the server notices that its
    /// client has gone.
    pub server_told: bool,
}

/// Shuts down the pools of a database at the same time.
pub(crate) async fn shut_down_all(pools: impl Iterator<Item = &Pool>, limit: Duration) -> ShutdownReport {
    let reports = futures::future::join_all(pools.map(|pool| shut_down(pool, limit))).await;
    let together = ShutdownReport { took: Duration::ZERO, cut: Vec::new(), server_told: true };
    reports.into_iter().fold(together, |mut together, report| {
        together.took = together.took.max(report.took);
        together.cut.extend(report.cut);
        together.server_told &= report.server_told;
        together
    })
}

/// Waits for the running calls until `deadline`, then cuts those that are left, and closes the pool.
async fn shut_down(pool: &Pool, limit: Duration) -> ShutdownReport {
    let begun = Instant::now();
    pool.shared.is_closing.store(true, Ordering::Release);
    let deadline = deadline::after(limit);
    let is_drained = drained(pool, deadline).await;
    pool.close();
    // Somebody may have got the last connection just before it was closed.
    let is_drained = is_drained && drained(pool, deadline).await;
    let cut = if is_drained { Vec::new() } else { pool.shared.checkouts.longer_than(Duration::ZERO) };
    let server_told = is_drained || cut_off(pool).await;
    for held in &cut {
        tracing::warn!(call = held.call, held_for = ?held.held_for, "cut by the shutdown");
    }
    ShutdownReport { took: begun.elapsed(), cut, server_told }
}

/// Ends on the server what is left. A session that waits for the next statement of its transaction has nothing to cancel, so it
/// is ended as a whole.
async fn cut_off(pool: &Pool) -> bool {
    let mut is_told = true;
    for cancel in [Cancel::Statement, Cancel::Session] {
        let mut by_host: BTreeMap<String, (Host, Vec<i32>)> = BTreeMap::new();
        for (host, pid) in pool.shared.checkouts.backends() {
            let Some(pid) = pid else {
                is_told = false;
                continue;
            };
            let entry = by_host.entry(host.to_string()).or_insert_with(|| (host, Vec::new()));
            entry.1.push(pid);
        }
        if by_host.is_empty() {
            break;
        }
        for (host, pids) in by_host.into_values() {
            is_told &= pool.shared.canceller.cancel(&host, &pids, cancel).await;
        }
        if !is_told || drained(pool, Instant::now() + CANCEL_GRACE).await {
            break;
        }
    }
    is_told
}

/// Waits until nobody holds a connection or waits for one. Returns whether that is so by `deadline`.
async fn drained(pool: &Pool, deadline: Instant) -> bool {
    loop {
        let status = pool.status();
        if status.in_use == 0 && status.waiting == 0 {
            return true;
        }
        if tokio::time::timeout_at(deadline, pool.shared.checkouts.changed()).await.is_err() {
            return false;
        }
    }
}
