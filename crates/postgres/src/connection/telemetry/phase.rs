//! What a call waits for: a connection that comes free, one that is made, the server. Each is measured where it happens and known
//! to the call that is watched in this task, if one is.

use std::{cell::Cell, future::Future, time::Duration};

use tokio::time::Instant;

tokio::task_local! {
    static PHASES: Cell<Phases>;
}

/// How long a call was in each phase, if it was in it at all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Phases {
    pub(crate) wait: Option<Duration>,
    pub(crate) dial: Option<Duration>,
    pub(crate) execute: Option<Duration>,
    pub(crate) retries: u64,
}

/// Runs a future whose phases [`so_far`] tells.
pub(crate) async fn scope<F: Future>(future: F) -> F::Output {
    PHASES.scope(Cell::default(), future).await
}

/// The phases of the call that is watched.
pub(crate) fn so_far() -> Phases {
    PHASES.try_with(Cell::get).unwrap_or_default()
}

/// Notes that the call is tried once more.
pub(crate) fn retried() {
    change(|phases| phases.retries += 1);
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
        change(|phases| phases.execute = Some(phases.execute.unwrap_or_default() + self.0.elapsed()));
    }
}

pub(super) fn waited(time: Duration) {
    change(|phases| phases.wait = Some(phases.wait.unwrap_or_default() + time));
}

pub(super) fn dialed(time: Duration) {
    change(|phases| phases.dial = Some(phases.dial.unwrap_or_default() + time));
}

fn change(change: impl FnOnce(&mut Phases)) {
    let _ = PHASES.try_with(|phases| {
        let mut changed = phases.get();
        change(&mut changed);
        phases.set(changed);
    });
}
