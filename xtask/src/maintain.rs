//! `cargo xtask retention` and `cargo xtask audit`: the `maintain` program on the server that the options name.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::{Database, process};

pub(crate) fn run(database: &Database, chore: &str, arguments: &[OsString]) -> Result<ExitCode> {
    // Its arguments may name files, and it looks for taskmaster.toml where it is.
    let mut maintain = process::cargo_run("maintain");
    if let Some(schema) = &database.schema {
        maintain.arg("--schema").arg(schema);
    }
    maintain.arg(chore).args(arguments);
    let server = process::needs_server(arguments).then(|| database.server()).transpose()?;
    if let Some(server) = &server {
        maintain.env("DATABASE_URL", server.database_url());
    }
    process::exit_code(&mut maintain)
}
