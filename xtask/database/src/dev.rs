//! `cargo xtask dev`: a migrated PostgreSQL to work with.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::thread;

use anyhow::{Context, Result};
use clap::Parser;
use secrecy::ExposeSecret;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use taskmaster_cli::{DatabaseArgs, Located, show_log};
use taskmaster_migration::{MigrateError, Target, unlimited};

/// Runs a migrated PostgreSQL until Ctrl-C, or for as long as a command runs, which gets its `DATABASE_URL`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask dev", bin_name = "cargo xtask dev")]
struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    show_log("taskmaster_migration=info");
    run(&Options::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(Options { database, command }: &Options) -> Result<ExitCode> {
    let located = database.locate_with("taskmaster-dev", unlimited())?;
    located.announce();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(migrate(&located))?;
    let url = located.config.to_url();
    let url = url.expose_secret();
    match command.as_slice() {
        [] => {
            // Before the URL is printed, so that a program that waits for it can already stop this one.
            let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot wait for Ctrl-C")?;
            if located.is_embedded() {
                writeln!(io::stdout(), "{url}")?;
            }
            eprintln!("Ctrl-C ends this");
            signals.forever().next();
            Ok(ExitCode::SUCCESS)
        }
        [program, arguments @ ..] => {
            // The URL of a server that was named may hold a password.
            if located.is_embedded() {
                eprintln!("DATABASE_URL={url}");
            }
            let mut command = Command::new(program);
            command.args(arguments).env("DATABASE_URL", url);
            // The URL says what they say, and a password beside its own would be a contradiction.
            for (name, _) in env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"DB_")) {
                command.env_remove(name);
            }
            let ended = outlast(&mut command)?;
            Ok(code_of(ended))
        }
    }
}

async fn migrate(located: &Located) -> Result<(), MigrateError> {
    let target = Target::connect_with(located.config.clone()).await?;
    target.up(None).await?;
    target.close().await;
    Ok(())
}

/// Returns what a shell would report: the exit code, or 128 and the number of the signal that ended the program.
fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Runs a command to its end, also when a signal asks this process to end: the command may take its time, and needs the
/// server for that.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_to_end_and_waited_for() {
        for signal in ["INT", "TERM", "HUP"] {
            // The command tells its parent to end, as others may do, and gets the signal in turn. Ctrl-C would reach it
            // anyway.
            let told = if signal == "INT" { "exit 7" } else { "while :; do sleep 0.01; done" };
            let script = format!("trap 'exit 7' {signal}; kill -{signal} $PPID; {told}");
            let ended = outlast(Command::new("sh").args(["-c", &script])).unwrap();
            assert_eq!(ended.code(), Some(7), "{signal}: {ended}");
        }
    }
}
