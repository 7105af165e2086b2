//! Generates SeaORM entities: of this project's own schema, or with `--out` of any live one.
//!
//! It is run by `cargo xtask entities`; `docs/entities.md` is its manual.

mod catalog;
mod diagram;
mod difference;
mod live;
mod names;
mod output;
mod own;
mod plan;
mod relations;
mod rust;
mod schema_sql;
#[cfg(test)]
mod tests;
mod types;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use taskmaster_cli::{DatabaseArgs, show_log};

/// Generates the entities, docs/schema.sql and docs/schema.mmd from the schema that the migrations make; with --out the
/// entities of a live schema.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask entities", bin_name = "cargo xtask entities")]
struct Options {
    /// Write nothing, and fail when a file is not what would be written
    #[arg(long)]
    check: bool,
    /// Write the entities of a live schema to this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only these tables [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "out")]
    tables: Option<Vec<String>>,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    show_log("");
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    if let Some(directory) = &options.out {
        return live::run(options, directory).await;
    }
    ensure!(
        options.database.schema.is_none(),
        "--schema is for --out: without it the schema is the one that the migrations make"
    );
    own::run(options.check).await
}
