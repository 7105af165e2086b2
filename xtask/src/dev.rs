//! `cargo xtask dev`: a migrated PostgreSQL to work with.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::thread;

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
                Server::Embedded(_) => writeln!(io::stdout(), "{url}")?,
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
            let ended = outlast(Command::new(program).args(arguments).env("DATABASE_URL", url))?;
            Ok(process::code_of(ended))
        }
    }
}

/// Runs a command to its end, also when this process is told to end: the command may take its time, and needs the server
/// for that.
fn outlast(command: &mut Command) -> Result<ExitStatus> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot wait for Ctrl-C")?;
    let mut child =
        command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let pid = child.id().to_string();
    let listening = signals.handle();
    let told = thread::spawn(move || {
        // Ctrl-C reaches the command too, but the other signals may have been sent to this process alone.
        for signal in signals.forever().filter(|signal| *signal != SIGINT) {
            // A command that has just ended needs no signal any more.
            let _ = Command::new("kill").args([&format!("-{signal}"), &pid]).stderr(Stdio::null()).status();
        }
    });
    let ended = child.wait();
    listening.close();
    told.join().expect("passing on signals does not panic");
    Ok(ended?)
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
    fn a_command_is_told_to_end_and_waited_for() {
        for signal in ["INT", "TERM", "HUP"] {
            // The command tells its parent to end, as others may do, and is told in turn. Ctrl-C would reach it anyway.
            let told = if signal == "INT" { "exit 7" } else { "while :; do sleep 0.01; done" };
            let script = format!("trap 'exit 7' {signal}; kill -{signal} $PPID; {told}");
            let ended = outlast(Command::new("sh").args(["-c", &script])).unwrap();
            assert_eq!(ended.code(), Some(7), "{signal}: {ended}");
        }
    }

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
