//! `maintain`: removes rows that have outlived their age, seals and verifies the audit trail, plans and checks who may connect.

mod access;
mod audit;
mod retention;
mod settings;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};
use taskmaster_cli::{DatabaseArgs, show_log};
use taskmaster_postgres::{PgStore, config::TimeoutConfig};

use settings::Settings;

/// Removes rows that have outlived their age, seals and verifies the audit trail, plans and checks who may connect.
///
/// For retention and seals it works as a member of `taskmaster_admin`: see docs/access.md.
#[derive(Debug, Parser)]
#[command(name = "maintain", version)]
struct Arguments {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Rows that have outlived their age
    Retention {
        #[command(subcommand)]
        command: retention::Command,
    },
    /// The seals of the audit trail
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Who may connect, from where and how
    Access {
        #[command(subcommand)]
        command: access::Command,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    show_log("");
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { database, chore }: Arguments) -> Result<ExitCode> {
    // Unless one is configured there is no limit: to seal a long trail for the first time is one statement.
    let patient =
        TimeoutConfig { call: Duration::ZERO, statement: Duration::ZERO, ..TimeoutConfig::default() };
    let located = database.locate_with("taskmaster-maintain", patient)?;
    let connect = || PgStore::connect_with(located.config.clone());
    match chore {
        Chore::Retention { command } => {
            let policy = Settings::read(database.config.as_deref())?.retention_policy()?;
            if command.writes() {
                located.announce();
            }
            retention::run(&connect().await?, &policy, &command).await
        }
        Chore::Audit { command } => {
            if command.writes() {
                located.announce();
            }
            audit::run(&connect().await?, &command).await
        }
        Chore::Access { command } => access::run(&located.config, command).await,
    }
}
