//! Retention on the command line.

use std::process::ExitCode;

use anyhow::Result;
use chrono::SecondsFormat;
use clap::Subcommand;
use taskmaster_models::{RetainedTable, RetentionPolicy};
use taskmaster_postgres::PgStore;
use taskmaster_repository::retention::{self, TableRetention};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell how many rows have outlived their age
    Plan,
    /// Remove them, in small transactions
    Run {
        /// Only tell what would be removed, as `plan` does
        #[arg(long)]
        dry_run: bool,
    },
}

impl Command {
    /// Returns `true` if it changes the database.
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Self::Run { dry_run: false })
    }
}

pub(crate) async fn run(store: &PgStore, policy: &RetentionPolicy, command: &Command) -> Result<ExitCode> {
    let now = store.server_time().await?;
    match command {
        Command::Plan | Command::Run { dry_run: true } => {
            let plan = retention::plan(store, policy, now).await?;
            print(policy, &plan, "would go");
        }
        Command::Run { dry_run: false } => {
            let progress = |table: &TableRetention| eprintln!("{}: {} rows gone", table.table, table.rows);
            let done = retention::run(store, policy, now, progress).await?;
            print(policy, &done, "gone");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(policy: &RetentionPolicy, tables: &[TableRetention], what: &str) {
    for table in RetainedTable::ALL {
        match tables.iter().find(|planned| planned.table == *table) {
            Some(TableRetention { before, rows, .. }) => {
                let before = before.to_rfc3339_opts(SecondsFormat::Secs, true);
                println!("{table:20} {rows:>10} rows from before {before} {what}");
            }
            None => println!("{table:20} {:>10} kept for good", ""),
        }
    }
    if policy.audit_logs.is_some() {
        println!("Of the audit trail only sealed rows go, a whole seal at a time; the seals stay.");
    }
}
