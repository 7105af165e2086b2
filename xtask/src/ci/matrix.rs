//! Runs what depends on the server's version on the versions that the part `test` does not run on.

use std::fmt::{self, Display, Formatter};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context, Result, ensure};
use taskmaster_embedded::install_programs;

use super::invariants;
use crate::process;

/// PostgreSQL 15 is missing since it is what the project is developed on.
const VERSIONS: [u32; 4] = [14, 16, 17, 18];

/// Test targets: migrations, conformance, roles, the audit trail, plans.
const SUITES: [&str; 6] = ["migration", "conformance", "roles", "audit", "audit_seals", "plans"];

/// Crates whose tests are all run on request.
const CRATES: [&str; 3] = ["taskmaster-connection", "taskmaster-migration", "taskmaster-postgres"];

/// The age of the part after which no further version is begun.
const BUDGET: Duration = Duration::from_mins(15);

/// The age of a run after which it counts as hanging.
const RUN_LIMIT: Duration = Duration::from_mins(15);
const WHOLE_RUN_LIMIT: Duration = Duration::from_mins(45);

/// Kills a cargo and the tests that it runs. Stopped, it starts no further ones meanwhile.
const KILL: &str = r#"kill -STOP "$0"; pkill -KILL -P "$0"; kill -KILL "$0""#;

/// Runs the matrix, or the whole suites of [`CRATES`] if `all`.
pub(super) fn check(all: bool) -> Result<()> {
    let arguments = arguments(all)?;
    let named = named_dirs()?;
    // What has to be built is not part of any version's time.
    super::succeed(process::cargo().args(&arguments).arg("--no-run"))?;

    let begin = Instant::now();
    let mut outcomes = Vec::new();
    for major in VERSIONS {
        println!("--- PostgreSQL {major}");
        let outcome = if begin.elapsed() > BUDGET && !all {
            Outcome::NotRun
        } else {
            match programs(major, &named) {
                Ok(bin_dir) => run(&arguments, &bin_dir, if all { WHOLE_RUN_LIMIT } else { RUN_LIMIT })?,
                Err(reason) => Outcome::Skipped(format!("{reason:#}")),
            }
        };
        outcomes.push((major, outcome));
    }
    for (major, outcome) in &outcomes {
        println!("PostgreSQL {major}: {outcome}");
    }
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Failed(_)))
        .map(|(major, _)| major.to_string())
        .collect();
    ensure!(failed.is_empty(), "tests failed on PostgreSQL {}", failed.join(", "));
    Ok(())
}

/// Returns the arguments with which cargo runs the tests.
fn arguments(all: bool) -> Result<Vec<String>> {
    let mut arguments = vec!["test".to_owned(), "--no-fail-fast".to_owned()];
    if all {
        let members =
            invariants::members()?.into_iter().filter(|member| CRATES.contains(&member.name.as_str()));
        arguments.extend(members.flat_map(|member| ["--package".to_owned(), member.name]));
    } else {
        // Of the whole workspace, so that nothing is built again after the part `test`: a selection of packages has
        // other features of what they depend on. Each of these names belongs to one package.
        arguments.push("--workspace".to_owned());
        arguments.extend(SUITES.iter().flat_map(|suite| ["--test".to_owned(), (*suite).to_owned()]));
    }
    Ok(arguments)
}

/// Returns the directories that `PG_BINS` names, and their major versions.
fn named_dirs() -> Result<Vec<(u32, PathBuf)>> {
    let dirs = env::var_os("PG_BINS").unwrap_or_default();
    env::split_paths(&dirs)
        .filter(|dir| !dir.as_os_str().is_empty())
        .map(|dir| {
            let major = major_of(&dir).with_context(|| {
                format!("PG_BINS names {}, which holds no programs of PostgreSQL: correct it", dir.display())
            })?;
            Ok((major, dir))
        })
        .collect()
}

/// Finds the programs of a version: those named, else those of a package, else those that the launcher installs.
fn programs(major: u32, named: &[(u32, PathBuf)]) -> Result<PathBuf> {
    let packaged =
        ["/usr/lib/postgresql/", "/usr/pgsql-"].map(|dir| PathBuf::from(format!("{dir}{major}/bin")));
    let named = named.iter().filter(|(of, _)| *of == major).map(|(_, dir)| dir.clone());
    match named.chain(packaged.into_iter().filter(|dir| major_of(dir) == Some(major))).next() {
        Some(dir) => Ok(dir),
        None => Ok(install_programs(major)?),
    }
}

/// The major version of the programs in a directory, if it holds any.
fn major_of(dir: &Path) -> Option<u32> {
    let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    let version = version.strip_prefix("postgres (PostgreSQL) ")?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Runs the tests on servers of their own, which are made of these programs.
fn run(arguments: &[String], bin_dir: &Path, limit: Duration) -> Result<Outcome> {
    println!("$ PG_BIN={} cargo {}", bin_dir.display(), arguments.join(" "));
    let begin = Instant::now();
    let mut command = process::cargo();
    command.args(arguments).env("PG_BIN", bin_dir).env_remove("DATABASE_URL").stdout(Stdio::piped());
    let mut cargo = command.spawn().context("cannot run cargo")?;
    let output = BufReader::new(cargo.stdout.take().context("its output is piped")?);

    let (end, ended) = mpsc::channel::<()>();
    let pid = cargo.id().to_string();
    let watch = thread::spawn(move || {
        let hangs = ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        hangs.then(|| Command::new("sh").args(["-c", KILL, &pid]).status())
    });
    let mut tests = Tests { bin_dir: bin_dir.to_owned(), ..Tests::default() };
    for line in output.lines() {
        let line = line.context("cannot read what cargo prints")?;
        println!("{line}");
        tests.count(&line);
    }
    let status = cargo.wait().context("cannot wait for cargo")?;
    drop(end);
    tests.seconds = begin.elapsed().as_secs();
    tests.hung = !matches!(watch.join(), Ok(None));
    Ok(if status.success() { Outcome::Passed(tests) } else { Outcome::Failed(tests) })
}

/// The end of one version.
enum Outcome {
    Passed(Tests),
    Failed(Tests),
    /// The programs cannot be had, for this reason.
    Skipped(String),
    NotRun,
}

/// The tests of one version, as cargo tells of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tests {
    bin_dir: PathBuf,
    seconds: u64,
    passed: u32,
    ignored: u32,
    failed: Vec<String>,
    hung: bool,
}

impl Tests {
    /// Adds a line of the output, such as `test roles::a_reader_reads ... ok`.
    fn count(&mut self, line: &str) {
        let Some((name, end)) = line.strip_prefix("test ").and_then(|test| test.split_once(" ... ")) else {
            return;
        };
        match end.trim() {
            "FAILED" => self.failed.push(name.trim().to_owned()),
            end if end.starts_with("ignored") => self.ignored += 1,
            _ => self.passed += 1,
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(tests) => write!(f, "passed, {tests}"),
            Self::Failed(tests) if tests.hung => write!(f, "FAILED, it hung and was ended, {tests}"),
            Self::Failed(tests) => write!(f, "FAILED, {tests}"),
            Self::Skipped(reason) => write!(f, "skipped, since {reason}"),
            Self::NotRun => {
                write!(f, "not run, since {} minutes had passed", BUDGET.as_secs() / 60)
            }
        }
    }
}

impl Display for Tests {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { passed, ignored, failed, seconds, .. } = self;
        write!(f, "{passed} tests passed, {} failed, {ignored} ignored, in {seconds} s", failed.len())?;
        write!(f, ", programs in {}", self.bin_dir.display())?;
        failed.iter().try_for_each(|name| write!(f, "\n  FAILED: {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_as_both_harnesses_print_them() {
        let mut tests = Tests::default();
        for line in [
            "running 5 tests",
            "test rights::a_reader_reads ... ok",
            "test task::a_task_comes_back       ... ok",
            "test beyond::no_one_gets_beyond ... FAILED",
            "test slow::all_of_it ... ignored, it takes an hour",
            "test skipped, since PgBouncer is not installed ... ignored",
            "test result: FAILED. 2 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out",
        ] {
            tests.count(line);
        }
        let failed = vec!["beyond::no_one_gets_beyond".to_owned()];
        assert_eq!(tests, Tests { passed: 2, ignored: 2, failed, ..Tests::default() });
    }

    #[test]
    fn a_run_that_hangs_is_killed_with_what_it_runs() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 600; echo outlived"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let killed = Command::new("sh").args(["-c", KILL, &shell.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert!(!shell.wait().unwrap().success());
        // The pipe is closed only when the sleep, too, has ended.
        let mut output = String::new();
        std::io::Read::read_to_string(&mut shell.stdout.take().unwrap(), &mut output).unwrap();
        assert_eq!(output, "");
    }

    #[test]
    fn each_version_is_told_by_name() {
        let skipped = Outcome::Skipped("its programs are not in the cache".to_owned());
        assert_eq!(skipped.to_string(), "skipped, since its programs are not in the cache");
        assert_eq!(Outcome::NotRun.to_string(), "not run, since 15 minutes had passed");
    }
}
