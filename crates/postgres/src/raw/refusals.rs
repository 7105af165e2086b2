//! Refused statements in the audit trail, and how many of them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::json;
use taskmaster_connection::{
    Access, Database, Operation, sanitized,
    statement::{ImplicitTransaction, Query},
    within,
};
use taskmaster_repository::RepositoryError;
use tokio::time::Instant;
use uuid::Uuid;

use super::error::QueryError;
use crate::{error::from_connection, sql::Sql};

/// How many refusals of a kind are written in a window for one actor under one policy, so that nobody's hide another's. What begins
/// all at once, such as a program with a wrong statement in a loop, would else fill the trail, whose rows go by retention only.
const PER_WINDOW: u32 = 10;
const WINDOW: Duration = Duration::from_mins(1);

/// How many sources of refusals are told apart at a time. Who comes when there are so many shares one window with his like.
const SOURCES: usize = 1000;

/// How long a caller whose statement was refused waits until that is written.
const RECORD_TIMEOUT: Duration = Duration::from_secs(5);

const OPERATION: Operation = Operation::new("raw.refusal", Access::Write);

/// How many refusals there were, by where they came from.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeMap<Source, Window>>);

/// Where refusals come from, and their kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    kind: &'static str,
    /// The policy and the actor.
    from: Option<(String, String)>,
}

#[derive(Debug)]
struct Window {
    begun: Instant,
    written: u32,
    /// How many were not written since one was.
    left_out: u64,
}

/// A refused statement.
pub(super) struct Refused<'a> {
    pub(super) sql: &'a str,
    pub(super) kind: &'static str,
    pub(super) reason: &'a QueryError,
    pub(super) policy: &'a str,
    pub(super) actor: Option<&'a str>,
}

impl Refusals {
    /// Writes it to the trail, unless there were many of its kind just now. That it cannot be written is logged and changes nothing:
    /// the statement is refused.
    pub(super) async fn record(&self, database: &Database, refused: Refused<'_>) {
        let (kind, policy, reason) = (refused.kind, refused.policy, refused.reason);
        let source =
            Source { kind, from: Some((policy.to_owned(), refused.actor.unwrap_or_default().to_owned())) };
        let Some((source, left_out)) = self.admit(source, Instant::now()) else {
            tracing::debug!(kind, policy, %reason, "a raw statement was refused");
            return;
        };
        tracing::warn!(kind, policy, left_out, %reason, "a raw statement was refused");
        if let Err(error) = within(RECORD_TIMEOUT, write(database, &refused, left_out)).await {
            tracing::error!(kind, policy, %error, "a refused statement could not be told in the audit trail");
            self.not_written(&source, left_out);
        }
    }

    /// How many were left out before this one, if it is to be written, and as whose it counts.
    fn admit(&self, mut source: Source, now: Instant) -> Option<(Source, u64)> {
        let mut sources = self.lock();
        if !sources.contains_key(&source) && sources.len() >= SOURCES {
            sources.retain(|_, window| window.left_out > 0 || now.duration_since(window.begun) < WINDOW);
            if sources.len() >= SOURCES {
                source.from = None;
            }
        }
        let window = sources.entry(source.clone()).or_insert(Window { begun: now, written: 0, left_out: 0 });
        if now.duration_since(window.begun) >= WINDOW {
            (window.begun, window.written) = (now, 0);
        }
        if window.written >= PER_WINDOW {
            window.left_out += 1;
            return None;
        }
        window.written += 1;
        let left_out = std::mem::take(&mut window.left_out);
        Some((source, left_out))
    }

    fn not_written(&self, source: &Source, left_out: u64) {
        if let Some(window) = self.lock().get_mut(source) {
            window.left_out += left_out + 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Source, Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(database: &Database, refused: &Refused<'_>, left_out: u64) -> Result<(), RepositoryError> {
    // No text of PostgreSQL can hold a NUL.
    let statement = sanitized(refused.sql).replace('\0', "\u{fffd}");
    // The same for statements that differ in their values only, so that they are found together.
    let subject = Uuid::new_v5(&Uuid::NAMESPACE_OID, statement.as_bytes());
    let refusal = json!({
        "statement": statement,
        "reason": refused.reason.to_string().replace('\0', "\u{fffd}"),
        "kind": refused.kind,
        "policy": refused.policy.replace('\0', "\u{fffd}"),
        "left_out_before": left_out,
    });
    let sql = Sql::write(refused.actor)
        .text(" SELECT record_refusal(")
        .bind(subject)
        .text(", ")
        .bind(refusal)
        .text(")")
        .if_attributed(" FROM actor WHERE actor.ok");
    // Also where sessions only read unless they say otherwise.
    let transaction = ImplicitTransaction { mode: " READ WRITE", ..ImplicitTransaction::default() };
    let written = match Query::prepared(OPERATION, sql.into_statement()) {
        Ok(query) => database.run(query.in_transaction(transaction)).await,
        Err(error) => Err(error),
    };
    written.map(drop).map_err(|error| from_connection("statement", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(kind: &'static str, actor: &str) -> Source {
        Source { kind, from: Some(("readonly".to_owned(), actor.to_owned())) }
    }

    impl Refusals {
        /// How many were left out before, if this one is written.
        fn admits(&self, kind: &'static str, actor: &str, now: Instant) -> Option<u64> {
            self.admit(source(kind, actor), now).map(|(_, left_out)| left_out)
        }
    }

    #[test]
    fn a_storm_of_refusals_is_ten_rows_a_minute_and_a_number() {
        let refusals = Refusals::default();
        let begun = Instant::now();
        let written =
            |at| (0..1000).filter_map(|_| refusals.admits("no_where", "ci", at)).collect::<Vec<_>>();
        assert_eq!(written(begun), [0; 10]);
        assert_eq!(written(begun + WINDOW / 2), Vec::<u64>::new());
        assert_eq!(refusals.admits("unparsable", "ci", begun), Some(0), "another kind is told all the same");
        assert_eq!(refusals.admits("no_where", "bot", begun), Some(0), "so is another's");
        assert_eq!(refusals.admits("no_where", "ci", begun + WINDOW), Some(1990));
        assert_eq!(refusals.admits("no_where", "ci", begun + WINDOW), Some(0));
    }

    #[test]
    fn many_names_are_no_way_around_the_limit() {
        let refusals = Refusals::default();
        let now = Instant::now();
        let written = (0..5000).filter(|n| refusals.admits("nul", &n.to_string(), now).is_some()).count();
        assert_eq!(written, SOURCES + PER_WINDOW as usize);
        assert_eq!(refusals.admits("nul", "somebody", now + WINDOW), Some(0), "and they are forgotten");
    }

    #[test]
    fn what_could_not_be_written_is_counted_with_the_next_one() {
        let refusals = Refusals::default();
        let now = Instant::now();
        assert_eq!(refusals.admits("nul", "ci", now), Some(0));
        refusals.not_written(&source("nul", "ci"), 3);
        assert_eq!(refusals.admits("nul", "ci", now), Some(4));
    }
}
