//! The seals of the audit trail on the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use taskmaster_models::{AuditAnchor, AuditVerification};
use taskmaster_repository::Store;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Seal the rows that have come since the last seal
    Seal,
    /// Print the newest seal as JSON, to be kept where whoever can write the database cannot
    Anchor,
    /// Find rows that were changed, removed or added since they were sealed; exit code 2 if there are any
    Verify {
        /// An anchor that was printed before, which the trail must still hold
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
    },
}

impl Command {
    /// Returns `true` if it changes the database.
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Self::Seal)
    }
}

pub(crate) async fn run(store: &dyn Store, command: &Command) -> Result<ExitCode> {
    match command {
        Command::Seal => {
            match store.audit_logs().seal().await? {
                Some(seal) => {
                    println!("sealed {} rows as seal {} {}", seal.row_count, seal.number, seal.hash);
                }
                None => println!("nothing to seal"),
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Anchor => {
            let anchor = store.audit_logs().anchor().await?;
            let anchor = anchor.context("there is no seal yet: run `audit seal` first")?;
            println!("{anchor}");
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify { anchor } => {
            let anchor = anchor.as_deref().map(read_anchor).transpose()?;
            let verification = store.audit_logs().verify(anchor).await?;
            Ok(report(&verification))
        }
    }
}

fn read_anchor(file: &Path) -> Result<AuditAnchor> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    text.parse().with_context(|| format!("{} holds no anchor", file.display()))
}

fn report(verification: &AuditVerification) -> ExitCode {
    let AuditVerification { seals, rows, unsealed, pruned_seals, left_over, findings, finding_count, .. } =
        verification;
    let verdict = if verification.is_intact() {
        "intact".to_owned()
    } else {
        format!("NOT INTACT, findings: {finding_count}")
    };
    println!("{verdict} (seals: {seals}, rows in them: {rows}, rows not sealed yet: {unsealed})");
    if let Some(oldest) = verification.oldest_unsealed {
        println!("oldest row not sealed yet: {oldest}");
    }
    if let Some(through) = verification.pruned_through {
        println!(
            "pruned seals: {pruned_seals}, their latest row of {through}, rows still to go: {left_over}"
        );
    }
    for finding in findings {
        println!("{finding}");
    }
    if *finding_count > findings.len() as u64 {
        println!("and {} more", finding_count - findings.len() as u64);
    }
    if verification.is_intact() { ExitCode::SUCCESS } else { ExitCode::from(2) }
}
