//! Retention: removes the rows that have outlived their age, in small transactions.
//!
//! Nobody waits for it: each transaction removes at most [`STEP`] rows, found by an index on time. It may be stopped at any
//! moment and run again, and several may run at once. A row that is younger than its table's age never goes.
//!
//! Of the audit trail only sealed rows go, seal by seal: a seal whose youngest row is old enough loses all its rows, and stays
//! itself, so that the chain can still be verified. So a row goes late by as much as its seal spans: rows that were never sealed
//! before, such as those of a database that is upgraded, go together an age after their first seal.
//!
//! Age is judged by the time that the caller gives, so it should be the server's: `PgStore::server_time`.

use chrono::{DateTime, Utc};
use taskmaster_models::{RetainedTable, RetentionPolicy};

use crate::{Repositories, Result, Store};

/// How many rows one transaction removes at most.
pub const STEP: u32 = 5_000;

/// What retention does to one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRetention {
    /// The table.
    pub table: RetainedTable,
    /// Rows from before this time go.
    pub before: DateTime<Utc>,
    /// How many rows go, or have gone.
    pub rows: u64,
}

/// What [`run`] would remove at the time `now`, without removing it. Tables that are kept for good are left out.
///
/// # Errors
///
/// `Invalid` for an age below an hour.
pub async fn plan(
    store: &dyn Repositories,
    policy: &RetentionPolicy,
    now: DateTime<Utc>,
) -> Result<Vec<TableRetention>> {
    policy.validate().into_result()?;
    let mut plan = Vec::new();
    for (table, before) in cutoffs(policy, now) {
        let rows = match table {
            RetainedTable::AuditLogs => store.audit_logs().prunable(before).await?,
            RetainedTable::ErrorLogs => store.error_logs().prunable(before).await?,
            RetainedTable::PerformanceMetrics => store.metrics().prunable(before).await?,
        };
        plan.push(TableRetention { table, before, rows });
    }
    Ok(plan)
}

/// Removes what has outlived its age at the time `now`, the audit trail, which is sealed before, last. Tells `progress` after each
/// transaction how far the table in work has come, and returns how many rows have gone from each.
///
/// # Errors
///
/// `Invalid` for an age below an hour. What was removed before any other error stays removed.
pub async fn run(
    store: &dyn Store,
    policy: &RetentionPolicy,
    now: DateTime<Utc>,
    mut progress: impl FnMut(&TableRetention) + Send,
) -> Result<Vec<TableRetention>> {
    policy.validate().into_result()?;
    let mut done = Vec::new();
    for (table, before) in cutoffs(policy, now) {
        // The trail is the last table, so whatever keeps it from being sealed keeps no other from being pruned.
        if table == RetainedTable::AuditLogs {
            store.audit_logs().seal().await?;
        }
        let mut removed = TableRetention { table, before, rows: 0 };
        loop {
            let rows = match table {
                RetainedTable::AuditLogs => store.audit_logs().prune(before, STEP).await?,
                RetainedTable::ErrorLogs => store.error_logs().prune(before, STEP).await?,
                RetainedTable::PerformanceMetrics => store.metrics().prune(before, STEP).await?,
            };
            if rows == 0 {
                break;
            }
            removed.rows += rows;
            progress(&removed);
        }
        done.push(removed);
    }
    Ok(done)
}

fn cutoffs(
    policy: &RetentionPolicy,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (RetainedTable, DateTime<Utc>)> {
    RetainedTable::ALL.iter().filter_map(move |table| Some((*table, policy.cutoff(*table, now)?)))
}
