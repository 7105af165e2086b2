//! Runs the quickstart as a person does, on real files where they are at hand.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io, process as this_process};

use anyhow::{Context, Result, ensure};
use taskmaster_embedded::{EmbeddedPostgres, Settings};

use crate::process;

/// Real files, relative to the directory that holds the repository. Without them, the quickstart's own sample has to do.
const FILES: [&str; 2] = ["shared/data/task-master-tasks.json", "shared/data/beads-issues.jsonl"];

/// What an import makes. The quickstart itself adds contexts and workflow states in each run.
const COUNT: &str = "SELECT (SELECT count(*) FROM tasks) || ' tasks, ' \
                     || (SELECT count(*) FROM task_dependencies) || ' dependencies'";

pub(super) fn check() -> Result<()> {
    let beside = process::root().parent().context("the repository has no parent directory")?;
    let files: Vec<PathBuf> =
        FILES.iter().map(|file| beside.join(file)).filter(|file| file.is_file()).collect();
    if files.is_empty() {
        return check_file(None);
    }
    files.iter().try_for_each(|file| check_file(Some(file)))
}

/// Runs it twice on one file, with data of its own.
fn check_file(file: Option<&Path>) -> Result<()> {
    let dir = DataDir::make()?;
    quickstart(file, &dir)?;
    let first = count(&dir)?;
    ensure!(!first.starts_with("0 tasks"), "the quickstart has stored no task");
    quickstart(file, &dir)?;
    let second = count(&dir)?;
    ensure!(first == second, "after the first run there were {first}, after the second {second}");
    println!("{first}, after the second run as after the first");
    Ok(())
}

fn quickstart(file: Option<&Path>, dir: &DataDir) -> Result<()> {
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--bin", "quickstart", "--"]).args(file);
    println!(
        "$ cargo run --bin quickstart{}",
        file.map(|file| format!(" -- {}", file.display())).unwrap_or_default()
    );
    // On a server of its own, so that the counts are those of this file.
    let status = command.env("TASKMASTER_DATA_DIR", &dir.0).env_remove("DATABASE_URL").status()?;
    ensure!(status.success(), "the quickstart ended with {status}");
    Ok(())
}

fn count(dir: &DataDir) -> Result<String> {
    let server = EmbeddedPostgres::start(Settings::durable(&dir.0))?;
    let psql = server.bin_dir().join("psql");
    let output = Command::new(&psql)
        .args(["--no-psqlrc", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--command", COUNT])
        .arg(server.database_url())
        .output()
        .with_context(|| format!("cannot run {}", psql.display()))?;
    ensure!(output.status.success(), "psql failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A directory for one server's data, removed at the end.
struct DataDir(PathBuf);

impl DataDir {
    fn make() -> io::Result<Self> {
        let dir = env::temp_dir().join(format!("taskmaster-ci-{}", this_process::id()));
        fs::create_dir(&dir)?;
        Ok(Self(dir))
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // The server ends after its last user, and holds its lock until then.
        let ended = File::open(self.0.join("postgres/lock")).and_then(|lock| lock.lock());
        // What cannot be removed is the temporary directory's to clean.
        let _ = ended.and_then(|()| fs::remove_dir_all(&self.0));
    }
}
