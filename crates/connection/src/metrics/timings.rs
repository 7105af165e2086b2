//! The times of an operation: acquiring a connection, connecting, executing. Each is measured where it happens, and
//! belongs to the operation that is measured in this task, if one is.

use std::{cell::Cell, future::Future, time::Duration};

use tokio::time::Instant;

tokio::task_local! {
    static TIMINGS: Cell<Timings>;
}

/// The time of a call in each phase, if it was in it at all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timings {
    pub(crate) acquire: Option<Duration>,
    pub(crate) connect: Option<Duration>,
    pub(crate) execute: Option<Duration>,
    pub(crate) retries: u64,
}

/// Runs a future whose timings [`current`] tells.
pub(crate) async fn scope<F: Future>(future: F) -> F::Output {
    TIMINGS.scope(Cell::default(), future).await
}

/// The timings of the call that is watched.
pub(crate) fn current() -> Timings {
    TIMINGS.try_with(Cell::get).unwrap_or_default()
}

/// Notes that the call is tried once more.
pub(crate) fn retried() {
    change(|timings| timings.retries += 1);
}

/// The call waits for the server until the value is dropped.
pub(crate) fn executing() -> Executing {
    Executing(Instant::now())
}

/// Measures how long the server takes.
#[derive(Debug)]
pub(crate) struct Executing(Instant);

impl Drop for Executing {
    fn drop(&mut self) {
        change(|timings| timings.execute = Some(timings.execute.unwrap_or_default() + self.0.elapsed()));
    }
}

pub(super) fn acquired(time: Duration) {
    change(|timings| timings.acquire = Some(timings.acquire.unwrap_or_default() + time));
}

pub(super) fn connected(time: Duration) {
    change(|timings| timings.connect = Some(timings.connect.unwrap_or_default() + time));
}

fn change(change: impl FnOnce(&mut Timings)) {
    let _ = TIMINGS.try_with(|timings| {
        let mut changed = timings.get();
        change(&mut changed);
        timings.set(changed);
    });
}
