//! Who may connect, from where and how, on the command line: what the server has to be told, and whether it was.

mod compare;
mod demand;
mod hba;
mod network;
mod plan;
mod rights;
mod server;

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use taskmaster_postgres::{Database, config::DatabaseConfig};

use demand::{Demand, GROUPS};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the lines for `pg_hba.conf` and the SQL that makes the users, without asking the server
    Plan(Asked),
    /// Compare them with the live server, and tell what is wider, missing or faulty; exit code 2 if anything is
    Check(Asked),
}

/// What the configuration does not say.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// A user and his role: readonly, app or admin [default: app=, and the configured user]
    #[arg(long = "login", value_name = "ROLE=NAME")]
    logins: Vec<String>,
    /// The role that migrates and owns the schema, which is let in like the others
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Everybody is meant where the allowed networks are all there are
    #[arg(long)]
    everybody: bool,
}

pub(crate) async fn run(config: &DatabaseConfig, command: Command) -> Result<ExitCode> {
    let (Command::Plan(asked) | Command::Check(asked)) = &command;
    let demand = Demand::new(config, &asked.logins, asked.owner.clone(), asked.everybody)?;
    match command {
        Command::Plan(_) => {
            print!("{}", plan::plan(&demand));
            Ok(ExitCode::SUCCESS)
        }
        Command::Check(_) => check(config, &demand).await,
    }
}

async fn check(config: &DatabaseConfig, demand: &Demand) -> Result<ExitCode> {
    let database = Database::connect(config.clone()).await?;
    let rights = server::rights(&database).await?;
    let mut findings: BTreeSet<_> = rights::compare(demand, &rights).into_iter().collect();
    let needs_tls = demand.needed().into_iter().any(|(_, tls)| tls);
    findings.extend(server::settings(&database, needs_tls).await?);
    let hba = server::hba_file(&database).await;
    if let Ok(hba) = &hba {
        findings.extend(hba.findings.iter().cloned());
        findings.extend(compare::compare(demand, &hba.rules, &rights.logins()));
    }
    for (group, members) in rights.members(&GROUPS) {
        println!("{group}: {}", if members.is_empty() { "nobody".to_owned() } else { members.join(", ") });
    }
    for finding in &findings {
        println!("{finding}");
    }
    // What is known of the roles is told first.
    hba?;
    if findings.is_empty() {
        println!("as asked for");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(2))
}
