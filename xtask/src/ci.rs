//! `cargo xtask ci`: what CI runs, in parts, so that a laptop can run the same.

mod imports;
mod invariants;
mod matrix;
mod quickstart;

use std::ffi::OsStr;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::process;

/// One part of what CI runs. All of them run in this order: cheap parts first, and those that build the same things next to
/// each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The code is formatted
    Fmt,
    /// The crates depend on each other as they should, files import no circles, and `.env.example` is whole
    Invariants,
    /// No lint has anything to say
    Clippy,
    /// The documentation builds without a warning
    Docs,
    /// The tests pass
    Test,
    /// The tests pass on PostgreSQL 14 to 18, as far as there are programs of them
    Matrix,
    /// The entities and docs/schema.* are what the migrations make
    Entities,
    /// The quickstart works on real files, and a second run adds nothing
    Quickstart,
}

pub(crate) fn run(database_url: Option<&OsStr>, part: Option<Part>, all: bool) -> Result<()> {
    ensure!(!all || part == Some(Part::Matrix), "--all belongs to `cargo xtask ci matrix`");
    let parts = part.as_ref().map_or(Part::value_variants(), std::slice::from_ref);
    for part in parts {
        let name = part.to_possible_value().context("every part has a name")?.get_name().to_owned();
        println!("=== {name}");
        let begin = Instant::now();
        run_part(database_url, *part, all).with_context(|| format!("`cargo xtask ci {name}` failed"))?;
        println!("=== {name}: passed in {} s", begin.elapsed().as_secs());
    }
    Ok(())
}

fn run_part(database_url: Option<&OsStr>, part: Part, all: bool) -> Result<()> {
    match part {
        Part::Fmt => cargo(database_url, "fmt --all --check"),
        Part::Invariants => invariants::check(),
        Part::Clippy => cargo(database_url, "clippy --workspace --all-targets --all-features -- -D warnings"),
        Part::Docs => {
            let mut doc = command(database_url, "doc --workspace --no-deps --all-features");
            succeed(doc.env("RUSTDOCFLAGS", "-D warnings"))
        }
        Part::Test => cargo(database_url, "test --workspace"),
        Part::Matrix => matrix::check(all),
        Part::Entities => cargo(database_url, "run --quiet --bin entities -- --check"),
        Part::Quickstart => quickstart::check(),
    }
}

fn cargo(database_url: Option<&OsStr>, arguments: &str) -> Result<()> {
    succeed(&mut command(database_url, arguments))
}

fn command(database_url: Option<&OsStr>, arguments: &str) -> Command {
    println!("$ cargo {arguments}");
    let mut command = process::cargo();
    command.args(arguments.split(' '));
    if let Some(url) = database_url {
        command.env("DATABASE_URL", url);
    }
    command
}

/// Runs a command, which must succeed.
fn succeed(command: &mut Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::{Chore, Options};

    #[test]
    fn all_parts_are_what_no_part_is_named_for() {
        let parse = |words: &[&str]| Options::try_parse_from([&["xtask", "ci"], words].concat());
        assert!(matches!(parse(&[]).unwrap().chore, Chore::Ci { part: None, .. }));
        assert!(matches!(parse(&["docs"]).unwrap().chore, Chore::Ci { part: Some(Part::Docs), all: false }));
        assert!(matches!(
            parse(&["matrix", "--all"]).unwrap().chore,
            Chore::Ci { part: Some(Part::Matrix), all: true }
        ));
        assert!(parse(&["all"]).is_err());
    }
}
