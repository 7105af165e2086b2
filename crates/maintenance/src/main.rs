//! `maintain`: removes rows that have outlived their age, seals and verifies the audit trail, plans and checks who may connect.

mod access;
mod audit;
mod retention;
mod settings;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use taskmaster_postgres::{Database, PgStore};

use settings::Settings;

/// Removes rows that have outlived their age, seals and verifies the audit trail, plans and checks who may connect.
///
/// For retention and seals it works as a member of `taskmaster_admin`: see docs/access.md.
#[derive(Debug, Parser)]
#[command(name = "maintain", version)]
struct Arguments {
    /// The database, as `postgres://user:password@host:5432/database` [default: what `DATABASE_URL`, the variables `DB_*` and the
    /// file of settings say]
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// The schema to work in [default: that of the user, mostly public]
    #[arg(long, global = true, value_name = "NAME")]
    schema: Option<String>,
    /// The file of settings [default: taskmaster.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
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
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { database_url, schema, config, chore }: Arguments) -> Result<ExitCode> {
    let database = target::config(config.clone(), database_url, schema)?;
    match chore {
        Chore::Retention { command } => {
            let policy = Settings::read(config.as_deref())?.retention_policy()?;
            retention::run(&PgStore::new(Database::connect(database).await?), &policy, &command).await
        }
        Chore::Audit { command } => {
            audit::run(&PgStore::new(Database::connect(database).await?), &command).await
        }
        Chore::Access { command } => access::run(&database, command).await,
    }
}
