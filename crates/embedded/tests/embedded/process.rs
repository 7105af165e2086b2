//! Further processes for the tests: the test binary is run again, to play a role instead of testing.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Names the role in the environment of such a process.
const ROLE: &str = "TASKMASTER_EMBEDDED_TEST_ROLE";

/// Longest wait for anything; only a failing test ever waits so long.
const LIMIT: Duration = Duration::from_mins(1);

/// A process that plays a role. It is killed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Actor {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Actor {
    /// Starts a process that plays `role` in the test `plays_its_role` of this binary, with `variables` in its environment
    /// besides ours, without `DATABASE_URL` and `PG_BIN`.
    pub(crate) fn play(role: &str, variables: &[(&str, &str)]) -> Self {
        Self::play_by(
            Command::new(std::env::current_exe().expect("a running program has a path")),
            role,
            variables,
        )
    }

    /// The same by a command that runs this binary, or a copy of it, in its own way.
    pub(crate) fn play_by(mut command: Command, role: &str, variables: &[(&str, &str)]) -> Self {
        command.args(["plays_its_role", "--exact", "--nocapture"]);
        command.env_remove("DATABASE_URL").env_remove("PG_BIN");
        command.env(ROLE, role).envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next thing that it says.
    pub(crate) fn hear(&mut self) -> String {
        self.hear_or_end().expect("the process ended without a word")
    }

    /// The next thing that it says, or nothing when it has ended.
    pub(crate) fn hear_or_end(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.stdout.read_line(&mut line).unwrap() > 0 {
            if let Some(said) = line.strip_prefix('@') {
                return Some(said.trim_end().to_owned());
            }
            line.clear();
        }
        None
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it go on from [`wait_for_word`] and waits for its end.
    pub(crate) fn finish(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success(), "the process failed");
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The role that this process plays, if it is not the one that tests.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// Says something to [`Actor::hear`].
pub(crate) fn say(words: impl AsRef<str>) {
    // The test harness may have begun a line of its own.
    println!("\n@{}", words.as_ref().replace('\n', " "));
    std::io::stdout().flush().unwrap();
}

/// Waits until [`Actor::finish`] is called.
pub(crate) fn wait_for_word() {
    std::io::stdin().lines().for_each(drop);
}

/// Waits until `condition` holds.
pub(crate) fn await_that(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < LIMIT, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The directories of throwaway clusters that the process `pid` has started.
pub(crate) fn throwaway_dirs(pid: u32) -> Vec<PathBuf> {
    let prefix = format!("taskmaster-{pid}-");
    [PathBuf::from("/dev/shm"), std::env::temp_dir()]
        .iter()
        .flat_map(|parent| fs::read_dir(parent).into_iter().flatten().flatten())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect()
}

/// How many processes have `words` in their command line: servers, watchdogs and initdb name their directory there.
pub(crate) fn processes_with(words: &str) -> usize {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .filter(|line| String::from_utf8_lossy(line).contains(words))
        .count()
}

/// The children of the process `parent` that have `words` in their command line.
pub(crate) fn children_with(parent: &str, words: &str) -> Vec<String> {
    let is_child = |process: &Path| {
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        // The program's name comes before, in parentheses, and may hold anything.
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)) == Some(parent)
    };
    let has_words = |process: &Path| {
        fs::read(process.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(words))
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|process| process.path());
    processes
        .filter(|process| is_child(process) && has_words(process))
        .filter_map(|process| Some(process.file_name()?.to_str()?.to_owned()))
        .collect()
}

/// A directory that others may enter. It is removed at the end, once the servers in it have stopped.
#[derive(Debug)]
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tm-test-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        if !thread::panicking() {
            await_stopped(&self.0);
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Waits until nothing of the cluster in `dir` runs or can be connected to.
pub(crate) fn await_stopped(dir: &Path) {
    let name = dir.display().to_string();
    await_that("the server and its watchdog end", || processes_with(&format!("{name}/")) == 0);
    assert!(!dir.join("postgres/.s.PGSQL.5432").exists(), "a socket is left in {name}");
}
