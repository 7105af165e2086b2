//! The connections that are checked out: by which operation, and for how long.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{host::Host, operation::Operation};

/// How many holders an error names.
const NAMED: usize = 3;

/// A connection in somebody's hand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldConnection {
    /// The call that holds it, such as `task.create`; in a unit of work the one that was made last.
    pub call: &'static str,
    /// How long it is held.
    pub held_for: Duration,
}

/// Those who hold a connection.
#[derive(Debug, Default)]
pub(super) struct Checkouts {
    held: Mutex<Held>,
    /// Told each time when one is given back.
    released: Notify,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    by_ticket: BTreeMap<u64, Checkout>,
}

#[derive(Debug)]
struct Checkout {
    operation: Operation,
    since: Instant,
    host: Host,
    backend_pid: Option<i32>,
    is_reported: bool,
}

impl Checkout {
    fn report_one(&self) -> HeldConnection {
        HeldConnection { call: self.operation.name, held_for: self.since.elapsed() }
    }
}

impl Checkouts {
    /// Somebody takes a connection. The ticket is to be given back with it.
    pub(super) fn take(&self, operation: Operation, host: &Host, backend_pid: Option<i32>) -> u64 {
        let mut held = self.lock();
        let ticket = held.next;
        held.next += 1;
        let (since, host) = (Instant::now(), host.clone());
        held.by_ticket.insert(ticket, Checkout { operation, since, host, backend_pid, is_reported: false });
        ticket
    }

    /// The holder performs another operation.
    pub(super) fn set_operation(&self, ticket: u64, operation: Operation) {
        if let Some(holder) = self.lock().by_ticket.get_mut(&ticket) {
            holder.operation = operation;
        }
    }

    /// Takes the ticket back, and returns how long the connection was held.
    pub(super) fn give_back(&self, ticket: u64) -> Option<Duration> {
        let holder = self.lock().by_ticket.remove(&ticket);
        self.released.notify_waiters();
        holder.map(|holder| holder.since.elapsed())
    }

    /// Waits until one is given back, or a little.
    pub(super) async fn changed(&self) {
        // Who gives one back between a look and this would not be noticed.
        let _ = tokio::time::timeout(Duration::from_millis(20), self.released.notified()).await;
    }

    /// Those who hold a connection longer than this, longest first.
    pub(super) fn longer_than(&self, threshold: Duration) -> Vec<HeldConnection> {
        let mut held: Vec<_> = self.lock().by_ticket.values().map(Checkout::report_one).collect();
        held.retain(|holder| holder.held_for >= threshold);
        held.sort_by_key(|holder| std::cmp::Reverse(holder.held_for));
        held
    }

    /// Those who hold a connection longer than this and were not reported yet.
    pub(super) fn report(&self, threshold: Duration) -> Vec<HeldConnection> {
        let mut held = self.lock();
        let late = held
            .by_ticket
            .values_mut()
            .filter(|holder| !holder.is_reported && holder.since.elapsed() >= threshold);
        late.map(|holder| {
            holder.is_reported = true;
            holder.report_one()
        })
        .collect()
    }

    /// The server's processes that they use, each with its host. None behind a pooler, where nobody knows them.
    pub(super) fn backends(&self) -> Vec<(Host, Option<i32>)> {
        self.lock().by_ticket.values().map(|holder| (holder.host.clone(), holder.backend_pid)).collect()
    }

    /// Who holds the connections, for an error's text.
    pub(super) fn summary(&self) -> String {
        let held = self.longer_than(Duration::ZERO);
        let mut text = format!("{} in use", held.len());
        for (index, holder) in held.iter().take(NAMED).enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}{} for {:.1} s", holder.call, holder.held_for.as_secs_f32());
        }
        if held.len() > NAMED {
            let _ = write!(text, ", and {} more", held.len() - NAMED);
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
