//! `cargo xtask dev`: a migrated PostgreSQL to work with.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use taskmaster_embedded::Server;

use crate::{Database, migrate, process};

pub(crate) fn run(database: &Database, command: &[OsString]) -> Result<ExitCode> {
    let server = database.server()?;
    let migrated = migrate::command(database)
        .arg("up")
        .env("DATABASE_URL", server.database_url())
        // The output is the command's, or the URL alone.
        .stdout(io::stderr())
        .status()
        .context("cannot run migrate")?;
    if !migrated.success() {
        return Ok(process::code_of(migrated));
    }
    let url = in_schema(&server.database_url(), database.schema.as_deref());
    match command {
        [] => {
            // Before the URL is told, so that whoever waits for that can already stop this.
            let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot wait for Ctrl-C")?;
            match &server {
                Server::Embedded(_) => println!("{url}"),
                // It may hold a password, and whoever gave it knows it.
                Server::Given(_) => eprintln!("the server is the one that you named"),
            }
            eprintln!("Ctrl-C ends this");
            signals.forever().next();
            Ok(ExitCode::SUCCESS)
        }
        [program, arguments @ ..] => {
            if let Server::Embedded(_) = &server {
                eprintln!("DATABASE_URL={url}");
            }
            // Ctrl-C reaches the command too: it may take its time to end, and needs the server for that.
            let _ignored = Signals::new([SIGINT]).context("cannot wait for Ctrl-C")?;
            process::exit_code(Command::new(program).args(arguments).env("DATABASE_URL", url))
        }
    }
}

/// The URL of a connection that works in `schema`.
fn in_schema(url: &str, schema: Option<&str>) -> String {
    let Some(schema) = schema else { return url.to_owned() };
    // The name is quoted for PostgreSQL, then escaped for its list of options, then encoded for the URL.
    let option = format!("-csearch_path=\"{}\"", schema.replace('"', "\"\""))
        .replace('\\', "\\\\")
        .replace(' ', "\\ ");
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options={}", utf8_percent_encode(&option, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_becomes_the_search_path_of_the_url() {
        assert_eq!(in_schema("postgres://db/app", None), "postgres://db/app");
        assert_eq!(
            in_schema("postgres://db/app", Some("a")),
            "postgres://db/app?options=%2Dcsearch%5Fpath%3D%22a%22"
        );
        assert_eq!(
            in_schema("postgres:///app?host=%2Ftmp", Some("my schema")),
            "postgres:///app?host=%2Ftmp&options=%2Dcsearch%5Fpath%3D%22my%5C%20schema%22"
        );
    }
}
