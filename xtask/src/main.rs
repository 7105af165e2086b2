//! `cargo xtask`: the project's chores.
//!
//! It parses its arguments and runs the packages that do the work, so that it builds in seconds itself.

mod ci;
mod process;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

/// The project's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Options {
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(subcommand)]
    chore: Chore,
}

/// The database that a chore works on: the first that is named by `--database-url`, `DATABASE_URL`, `DB_*` or
/// `taskmaster.toml`, else the embedded PostgreSQL.
#[derive(Debug, Args)]
struct DatabaseOptions {
    /// The database, as `postgres://user:password@host:5432/database`
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<OsString>,
    /// The schema [default: that of the user, mostly public]
    #[arg(long, global = true, value_name = "NAME")]
    schema: Option<OsString>,
    /// The file of settings [default: taskmaster.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<OsString>,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Migrate the schema: up, down, status, fresh, plan, new, verify, grant; `migrate --help` tells more
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
    /// Generate entities: the project's own, or with --out those of a live schema; `entities --help` tells more
    #[command(disable_help_flag = true)]
    Entities {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
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

impl DatabaseOptions {
    /// Returns the options of the program that does the work, which finds the database.
    fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec!["--embedded".into()];
        let named =
            [("--database-url", &self.database_url), ("--schema", &self.schema), ("--config", &self.config)];
        for (name, value) in named {
            arguments.extend(value.iter().flat_map(|value| [name.into(), value.clone()]));
        }
        arguments
    }

    /// Runs a program of the workspace on this database.
    fn run<S: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<ExitCode> {
        process::exit_code(process::cargo_run(program).args(self.arguments()).args(arguments))
    }
}

fn main() -> ExitCode {
    let Options { database, chore } = Options::parse();
    let maintain = |chore: &str, arguments: Vec<OsString>| {
        database.run("maintain", [chore.into()].into_iter().chain(arguments))
    };
    let done = match chore {
        Chore::Migrate { arguments } => database.run("migrate", arguments),
        Chore::Retention { arguments } => maintain("retention", arguments),
        Chore::Audit { arguments } => maintain("audit", arguments),
        Chore::Access { arguments } => maintain("access", arguments),
        Chore::Entities { arguments } => database.run("entities", arguments),
        Chore::Dev { command } => database.run("dev", [OsString::from("--")].into_iter().chain(command)),
        Chore::Ci { part, all } => {
            ci::run(database.database_url.as_deref(), part, all).map(|()| ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
