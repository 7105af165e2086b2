//! The pool of connections.
//!
//! - [`manager`]: the pool, what its connections share, and whether an idle connection is alive.
//! - [`connection`]: one connection in a caller's hand; `acquire`, execution, and the reset when it comes back.
//! - [`begin`]: the statement that begins a transaction.
//! - [`cancel`]: cancelling what runs on a server for a caller that waits no longer.
//! - [`checkouts`]: which operation holds a connection, and for how long.
//! - [`reaper`], [`gauges`]: housekeeping in the background.
//! - [`shutdown`]: the end.

mod begin;
mod cancel;
mod checkouts;
mod connection;
mod gauges;
mod manager;
mod reaper;
mod shutdown;

pub use checkouts::HeldConnection;
pub use shutdown::ShutdownReport;

pub(crate) use connection::PoolConnection;
pub(crate) use manager::{Pool, WeakPool, close_session};
pub(crate) use shutdown::shut_down_all;

/// Starts what a pool does in the background, which ends with the last handle on the pool.
pub(crate) fn start_housekeeping(pool: &Pool) {
    reaper::start(pool);
    gauges::start(pool);
}
