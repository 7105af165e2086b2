//! `cargo xtask migrate`: the `migrate` program on the server that the options name.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{Database, process};

pub(crate) fn run(database: &Database, arguments: &[OsString]) -> Result<ExitCode> {
    let mut migrate = command(database);
    migrate.args(arguments);
    let server = process::needs_server(arguments).then(|| database.server()).transpose()?;
    if let Some(server) = &server {
        migrate.env("DATABASE_URL", server.database_url());
    }
    process::exit_code(&mut migrate)
}

/// The program, without arguments of its own. The URL goes into its environment, because everybody can read a command line.
pub(crate) fn command(database: &Database) -> Command {
    let mut migrate = process::cargo();
    migrate.args(["run", "--quiet", "--bin", "migrate", "--"]);
    if let Some(schema) = &database.schema {
        migrate.arg("--schema").arg(schema);
    }
    migrate
}
