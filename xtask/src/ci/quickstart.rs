//! Runs the quickstart as a person does, on real files where they are at hand.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, fs, io, process as this_process};

use anyhow::{Context, Result, ensure};

use crate::process;

/// Real files, relative to the directory that holds the repository. Without them, the quickstart's own sample has to do.
const FILES: [&str; 2] = ["shared/data/task-master-tasks.json", "shared/data/beads-issues.jsonl"];

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
    let first = quickstart(file, &dir)?;
    ensure!(added(&first, "tasks") > Some(0), "the quickstart has stored no task");
    let second = quickstart(file, &dir)?;
    for noun in ["tasks", "subtasks", "contexts", "dependencies"] {
        let again = added(&second, noun).with_context(|| format!("the quickstart tells of no {noun}"))?;
        ensure!(again == 0, "the second run has added {again} {noun}");
    }
    Ok(())
}

/// Returns what the quickstart prints.
fn quickstart(file: Option<&Path>, dir: &DataDir) -> Result<String> {
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--bin", "quickstart", "--"]).args(file);
    println!(
        "$ cargo run --bin quickstart{}",
        file.map(|file| format!(" -- {}", file.display())).unwrap_or_default()
    );
    // On a server of its own, so that the counts are those of this file.
    command.env("TASKMASTER_DATA_DIR", &dir.0).env_remove("DATABASE_URL").stderr(Stdio::inherit());
    for (name, _) in env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"DB_")) {
        command.env_remove(name);
    }
    let output = command.output()?;
    let text = String::from_utf8(output.stdout)?;
    println!("{text}");
    ensure!(output.status.success(), "the quickstart ended with {}", output.status);
    Ok(text)
}

/// The number in a line such as `tasks added: 12 (there already: 0)`.
fn added(text: &str, noun: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(noun)?.strip_prefix(" added: "))?;
    rest.split(' ').next()?.parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_what_was_added_is_read() {
        let text =
            "tasks.json: 12 tasks\ntasks added: 12 (there already: 0)\nsubtasks added: 0 (there already: 7)";
        assert_eq!(added(text, "tasks"), Some(12));
        assert_eq!(added(text, "subtasks"), Some(0));
        assert_eq!(added(text, "contexts"), None);
    }
}
