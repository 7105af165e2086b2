//! `cargo xtask`: the project's chores.
//!
//! It parses its arguments and runs the packages that do the work, so that it builds in seconds itself.

mod ci;
mod dev;
mod maintain;
mod migrate;
mod process;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use taskmaster_embedded::{Server, Settings};

/// The project's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Options {
    #[command(flatten)]
    database: Database,
    #[command(subcommand)]
    chore: Chore,
}

/// Which database a chore works on.
#[derive(Debug, Args)]
struct Database {
    /// The server [default: `DATABASE_URL`, else the embedded PostgreSQL]
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// The schema [default: that of the user, mostly public]
    #[arg(long, global = true, value_name = "NAME")]
    schema: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Migrate the schema: up, down, status, fresh, plan, new, verify; `migrate --help` tells more
    #[command(disable_help_flag = true)]
    Migrate {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// Remove rows that have outlived their age: plan, run; `retention --help` tells more
    #[command(disable_help_flag = true)]
    Retention {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// Seal and verify the audit trail: seal, anchor, verify; `audit --help` tells more
    #[command(disable_help_flag = true)]
    Audit {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// Plan and check who may connect to the server: plan, check; `access --help` tells more
    #[command(disable_help_flag = true)]
    Access {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// Generate the entities, docs/schema.sql and docs/schema.mmd from the schema of a scratch database
    Entities {
        /// Write nothing, and fail when a file is out of date
        #[arg(long)]
        check: bool,
    },
    /// Run a migrated PostgreSQL until Ctrl-C, or for as long as a command runs, which gets its `DATABASE_URL`
    Dev {
        #[arg(last = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
    /// Run what CI runs, or one part of it
    Ci {
        #[arg(value_enum)]
        part: Option<ci::Part>,
        /// With `matrix`: run the whole suites
        #[arg(long, requires = "part")]
        all: bool,
    },
}

impl Database {
    /// The server to work on, which runs at least until the value is dropped.
    fn server(&self) -> Result<Server> {
        let embedded = || Ok(Settings::durable(Settings::default_data_dir()?));
        Ok(Server::locate(self.database_url.as_deref(), embedded)?)
    }
}

fn main() -> ExitCode {
    let Options { database, chore } = Options::parse();
    let done = match chore {
        Chore::Migrate { arguments } => migrate::run(&database, &arguments),
        Chore::Retention { arguments } => maintain::run(&database, "retention", &arguments),
        Chore::Audit { arguments } => maintain::run(&database, "audit", &arguments),
        Chore::Access { arguments } => maintain::run(&database, "access", &arguments),
        Chore::Entities { check } => entities(&database, check),
        Chore::Dev { command } => dev::run(&database, &command),
        Chore::Ci { part, all } => ci::run(&database, part, all).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Always in the default schema of a database made for it, since the entities name no schema.
fn entities(database: &Database, check: bool) -> Result<ExitCode> {
    let mut generator = process::cargo();
    generator.args(["run", "--quiet", "--features", "xtask/codegen", "--bin", "entities", "--"]);
    if check {
        generator.arg("--check");
    }
    if let Some(url) = &database.database_url {
        generator.env("DATABASE_URL", url);
    }
    process::exit_code(&mut generator)
}
