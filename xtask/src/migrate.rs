//! `cargo xtask migrate`: the `migrate` program on the server that the options name.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{Database, process};

pub(crate) fn run(database: &Database, arguments: &[OsString]) -> Result<ExitCode> {
    let mut migrate = command(database);
    migrate.args(arguments);
    let server = needs_server(arguments).then(|| database.server()).transpose()?;
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

/// Whether the arguments ask for work on a database that they do not name themselves.
fn needs_server(arguments: &[OsString]) -> bool {
    let words = || arguments.iter().filter_map(|argument| argument.to_str());
    let without = ["new", "help", "-h", "--help", "-V", "--version", "--database-url"];
    words().next().is_some()
        && !words().any(|word| without.contains(&word) || word.starts_with("--database-url="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(arguments: &[&str]) -> bool {
        needs_server(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_server_is_started_for_work_on_a_database() {
        for arguments in
            [&["up"][..], &["down", "2"], &["--schema", "tenant", "status", "--json"], &["verify"]]
        {
            assert!(needs(arguments), "{arguments:?}");
        }
    }

    #[test]
    fn no_server_is_started_for_files_help_or_a_database_that_is_named() {
        for arguments in [
            &[][..],
            &["new", "add_labels"],
            &["up", "--help"],
            &["up", "--database-url", "postgres://db/app"],
            &["--database-url=postgres://db/app", "up"],
        ] {
            assert!(!needs(arguments), "{arguments:?}");
        }
    }
}
