//! Every way in which a server or the network breaks: what the caller sees, that it works again without help, and that nothing is
//! lost that was acknowledged.
//!
//! With `--nocapture` each story tells its numbers.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its own functions")]

mod deadline;
mod dropped;
mod exhausted;
mod failover;
mod health;
mod killed;
mod network;
mod physician;
mod proxy;
mod stage;
mod stopped;
mod writers;

/// How many writes each story has acknowledged at least, of which none may be lost.
mod quota {
    pub(crate) const BACKENDS_KILLED: usize = 1_500;
    pub(crate) const SERVER_CRASHED: usize = 1_000;
    pub(crate) const RESTARTED: usize = 1_000;
    pub(crate) const STOPPED_FOR_LONG: usize = 1_000;
    pub(crate) const DISK_FULL: usize = 500;
    pub(crate) const CONNECTIONS_CUT: usize = 1_500;
    pub(crate) const REFUSED: usize = 500;
    pub(crate) const HALF_OPEN: usize = 500;
    pub(crate) const ANSWERS_LOST: usize = 500;
    pub(crate) const FAILED_OVER: usize = 1_000;
    pub(crate) const FUTURES_DROPPED: usize = 1_000;

    const _: () = assert!(
        BACKENDS_KILLED
            + SERVER_CRASHED
            + 3 * RESTARTED
            + STOPPED_FOR_LONG
            + DISK_FULL
            + CONNECTIONS_CUT
            + REFUSED
            + HALF_OPEN
            + ANSWERS_LOST
            + FAILED_OVER
            + FUTURES_DROPPED
            >= 10_000
    );
}
