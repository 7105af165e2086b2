//! `cargo xtask retention`, `audit` and `access`: the `maintain` program on the server that the options name.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::process::ExitCode;

use anyhow::Result;

use crate::{Database, process};

/// The variables that name a database part by part. A URL that the command line gives goes before them.
const PARTS: [&str; 6] = ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PASSWORD_FILE"];

pub(crate) fn run(database: &Database, chore: &str, arguments: &[OsString]) -> Result<ExitCode> {
    // Its arguments may name files, and it looks for taskmaster.toml where it is.
    let mut maintain = process::cargo_run("maintain");
    if let Some(schema) = &database.schema {
        maintain.arg("--schema").arg(schema);
    }
    maintain.arg(chore).args(arguments);
    let finds_one = database.database_url.is_none() && is_configured(arguments);
    let server = (process::needs_server(arguments) && !finds_one).then(|| database.server()).transpose()?;
    if let Some(server) = &server {
        maintain.env("DATABASE_URL", server.database_url());
        for variable in PARTS {
            maintain.env_remove(variable);
        }
    }
    process::exit_code(&mut maintain)
}

/// Whether the program finds a database by itself, as `docs/configuration.md` tells, so that none has to be started.
fn is_configured(arguments: &[OsString]) -> bool {
    let is_set = |variable: &str| env::var_os(variable).is_some_and(|value| !value.is_empty());
    let named = |argument: &OsStr| Some(argument.to_str()?.strip_prefix("--config=")?.into());
    let file = arguments
        .iter()
        .find_map(|argument| named(argument))
        .or_else(|| arguments.iter().skip_while(|argument| *argument != "--config").nth(1).cloned())
        .unwrap_or_else(|| "taskmaster.toml".into());
    PARTS.into_iter().any(is_set) || fs::read_to_string(file).is_ok_and(|text| has_database(&text))
}

/// Whether a file of settings has the table of the database.
fn has_database(text: &str) -> bool {
    text.lines().any(|line| {
        line.trim_start().strip_prefix('[').is_some_and(|table| table.trim_start().starts_with("database"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_database_is_known() {
        assert!(has_database("[retention]\n[database]\nname = \"tasks\"\n"));
        assert!(has_database("  [ database.pool ]"));
        assert!(!has_database("[retention]\n# [database]\n"));
    }
}
