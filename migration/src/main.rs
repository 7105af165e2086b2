//! `migrate`: applies the schema to a database, takes it back, and tells how it stands.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use taskmaster_cli::{DatabaseArgs, LocateError, show_log};
use taskmaster_connection::config::Host;
use taskmaster_migration::{MigrateError, SchemaObject, State, Status, Target, create_migration, unlimited};

/// The folder that this program was built from, where that is still there.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");

/// Applies the schema to a database, takes it back, and reports its state.
///
/// Without a command, prints how many migrations are applied and pending, and which command is next; changes nothing.
#[derive(Debug, Parser)]
#[command(name = "migrate", version)]
struct Arguments {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The folder of migrations for `new` and `verify` [default: the one that this program was built from]
    #[arg(long, global = true, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Apply pending migrations
    Up {
        /// How many [default: all]
        steps: Option<u32>,
    },
    /// Take back the last migrations, and lose what their tables hold
    Down {
        /// How many
        #[arg(default_value_t = 1)]
        steps: u32,
    },
    /// Tell what is applied and what is pending; needs no right but to read
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Drop everything in the schema and apply all migrations
    Fresh {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Also when the database is not on this machine
        #[arg(long)]
        force: bool,
    },
    /// Print the SQL that `up` would run
    Plan,
    /// Make the files of a new migration
    New {
        /// Lower-case words joined by _
        name: String,
    },
    /// Compare the files with what is applied, and the schema with what they make; needs no right but to read
    Verify,
    /// Give roles and grants anew after a restore without them; changes nothing in a schema that is in order
    Grant,
}

impl Command {
    /// Returns `true` if it changes the database.
    fn writes(&self) -> bool {
        matches!(self, Self::Up { .. } | Self::Down { .. } | Self::Fresh { .. } | Self::Grant)
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Locate(#[from] LocateError),
    #[error("the database is not on this machine: add --force to drop everything in its schema all the same")]
    NotLocal,
    #[error("nothing was dropped")]
    NotConfirmed,
    #[error("{} found:\n{}", count(faults.len(), "fault"), faults.join("\n"))]
    Faults { faults: Vec<String> },
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    show_log("taskmaster_migration=info");
    let printed = match run(Arguments::parse()).await {
        Ok(text) => print(&text).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever reads the output may have read enough.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

async fn run(arguments: Arguments) -> Result<String, Failure> {
    let Arguments { database, folder, command } = arguments;
    if let Some(Command::New { name }) = &command {
        let path = create_migration(folder.as_deref().unwrap_or(Path::new(FOLDER)), name)?;
        return Ok(format!("made {0}/up.sql and {0}/down.sql\n", path.display()));
    }
    let located = database.locate_with("taskmaster-migrate", unlimited())?;
    let is_local = located.config.hosts.iter().all(Host::is_local);
    if matches!(command, Some(Command::Fresh { force: false, .. })) && !is_local {
        return Err(Failure::NotLocal);
    }
    if command.as_ref().is_some_and(Command::writes) {
        located.announce();
    }
    let target = Target::connect_with(located.config.clone()).await?;
    let place = format!("schema {:?} of database {:?}", target.schema(), target.database());
    let Some(command) = command else {
        let text = overview(&target.status().await?, &place);
        target.close().await;
        return Ok(text);
    };
    let text = match command {
        Command::Up { steps } => match target.up(steps).await?.len() {
            0 => format!("nothing to apply to {place}\n"),
            applied => format!("applied {} to {place}\n", count(applied, "migration")),
        },
        Command::Down { steps } => match target.down(steps).await?.len() {
            0 => format!("nothing to take back from {place}\n"),
            taken => format!("took {} back from {place}\n", count(taken, "migration")),
        },
        Command::Status { json } => status(&target, json).await?,
        Command::Fresh { yes, .. } => {
            let objects = target.objects().await?;
            if !yes && !objects.is_empty() && !confirm(&objects, &place)? {
                return Err(Failure::NotConfirmed);
            }
            let applied = target.fresh().await?.len();
            format!(
                "dropped {}, applied {} to {place}\n",
                count(objects.len(), "object"),
                count(applied, "migration")
            )
        }
        Command::Plan => match target.plan().await? {
            script if script.is_empty() => format!("-- nothing to apply to {place}\n"),
            script => script,
        },
        Command::Verify => {
            let folder = folder.or_else(|| Some(PathBuf::from(FOLDER)).filter(|folder| folder.is_dir()));
            let faults = target.verify(folder.as_deref()).await?;
            if !faults.is_empty() {
                return Err(Failure::Faults { faults });
            }
            let note = match target.status().await?.pending() {
                0 => String::new(),
                pending => format!("; {} left out of the comparison", count(pending, "pending migration")),
            };
            format!("the files agree with {place}{note}\n")
        }
        Command::Grant => match target.grant().await? {
            repairs if repairs.is_empty() => format!("nothing to grant in {place}\n"),
            repairs => {
                format!("{}\n{} done in {place}\n", repairs.join("\n"), count(repairs.len(), "statement"))
            }
        },
        Command::New { .. } => String::new(),
    };
    target.close().await;
    Ok(text)
}

/// The state of the schema in short, and the command that is next.
fn overview(status: &Status, place: &str) -> String {
    let with = |state| status.migrations.iter().filter(move |migration| migration.state == state);
    let pending: Vec<&str> = with(State::Pending).map(|migration| migration.version.as_str()).collect();
    let odd = with(State::Changed).chain(with(State::Unknown)).count();
    let list = match pending.len() {
        0 => String::new(),
        _ => format!("pending: {}\n", pending.join(", ")),
    };
    let next = match (odd, pending.len()) {
        (0, 0) => "`migrate verify` checks the schema".to_owned(),
        (0, _) => "`migrate up` applies what is pending, and `migrate plan` prints its SQL".to_owned(),
        _ => format!("{} changed or unknown: `migrate status` names them", count(odd, "migration")),
    };
    let (applied, pending) = (status.applied(), pending.len());
    format!(
        "{place}: {applied} applied, {pending} pending\n{list}{next}; `migrate --help` lists all commands\n"
    )
}

async fn status(target: &Target, json: bool) -> Result<String, MigrateError> {
    let status = target.status().await?;
    if json {
        return Ok(format!("{:#}\n", status.to_json()));
    }
    let mut text = String::new();
    for migration in &status.migrations {
        let state = match migration.state {
            State::Changed => "changed since",
            State::Unknown => "unknown here",
            state => state.as_str(),
        };
        let when = migration.applied_at.as_deref().unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", format!("{state:<14} {when:<28} {}", migration.version).trim_end());
    }
    let _ = writeln!(text, "{} applied, {} pending", status.applied(), status.pending());
    Ok(text)
}

fn confirm(objects: &[SchemaObject], place: &str) -> io::Result<bool> {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for SchemaObject { kind, .. } in objects {
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, number)) => *number += 1,
            None => kinds.push((kind, 1)),
        }
    }
    let what: Vec<String> = kinds.iter().map(|(kind, number)| count(*number, kind)).collect();
    eprint!("This drops {} from {place}, with all that they hold. Go on? [y/N] ", what.join(", "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
