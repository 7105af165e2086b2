//! The program, the directory that holds its data, and what it has stored there.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{self, Child, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use sqlx::{Connection, PgConnection};
use taskmaster_embedded::{EmbeddedPostgres, Settings};
use taskmaster_postgres::PgStore;

/// A directory for one story, which is removed at its end.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("tm-quickstart-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A file of so many tasks that wait for nothing.
    pub(crate) fn file_of(&self, tasks: u32) -> PathBuf {
        let tasks: Vec<_> =
            (1..=tasks).map(|id| json!({ "id": id, "title": format!("Task {id}") })).collect();
        self.file("tasks.json", json!({ "tasks": tasks }).to_string())
    }

    /// The program, which keeps its data here.
    pub(crate) fn quickstart(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("DB_") || name == "DATABASE_URL") {
                command.env_remove(name);
            }
        }
        command.env("TASKMASTER_DATA_DIR", self.data_dir());
        command
    }

    /// What the program has stored here.
    pub(crate) async fn stored(&self) -> (EmbeddedPostgres, PgStore) {
        let server = EmbeddedPostgres::start(Settings::durable(self.data_dir())).unwrap();
        let store = PgStore::connect(&server.database_url()).await.unwrap();
        (server, store)
    }

    /// A connection to the database in which the program stores its data.
    pub(crate) async fn connection(&self) -> (EmbeddedPostgres, PgConnection) {
        let server = EmbeddedPostgres::start(Settings::durable(self.data_dir())).unwrap();
        let connection = PgConnection::connect(&server.database_url()).await.unwrap();
        (server, connection)
    }

    /// Waits until no server runs on these data.
    pub(crate) fn await_no_server(&self) {
        await_that("the server has ended", || !self.is_in_use());
    }

    /// Returns `true` if a process works in the data directory, as PostgreSQL and its watchdog do.
    fn is_in_use(&self) -> bool {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut working_dirs = processes.filter_map(|entry| fs::read_link(entry.path().join("cwd")).ok());
        working_dirs.any(|dir| dir.starts_with(&self.0))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.await_no_server();
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a run has said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// The number after `label` at the beginning of a line.
    #[track_caller]
    pub(crate) fn number(&self, label: &str) -> u64 {
        let number = |line: &str| {
            let rest = line.trim_start().strip_prefix(label)?.trim_start_matches([':', ' ']);
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        self.stdout.lines().find_map(number).unwrap_or_else(|| panic!("no {label:?} in {self:#?}"))
    }
}

/// Runs the command to its end.
pub(crate) fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> Said {
    let said = run(command);
    assert_eq!(said.code, Some(0), "{said:#?}");
    said
}

/// Runs a command that must fail with this code and one sentence, which it returns.
#[track_caller]
pub(crate) fn refused(command: &mut Command, code: i32) -> String {
    let said = run(command);
    assert_eq!(said.code, Some(code), "{said:#?}");
    assert!(!said.stderr.contains("panicked"), "{said:#?}");
    said.stderr.trim_end().to_owned()
}

/// A program that is still running; its standard error goes nowhere.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Waits for `count` further lines that begin so, apart from spaces.
    pub(crate) fn await_lines(&mut self, beginning: &str, count: usize) {
        let mut found = 0;
        let mut line = String::new();
        while found < count {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "it ended before {beginning:?}");
            found += usize::from(line.trim_start().starts_with(beginning));
        }
    }

    /// Ends it by `SIGKILL`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Presses Ctrl-C, and returns the exit code.
    pub(crate) fn interrupt(mut self) -> Option<i32> {
        let sent = Command::new("kill").arg("-INT").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
        // Its output is read to the end, so that a full pipe does not hold it up.
        std::io::copy(&mut self.lines, &mut std::io::sink()).unwrap();
        self.child.wait().unwrap().code()
    }

    /// Reads no further, and returns the exit code.
    pub(crate) fn stop_reading(self) -> Option<i32> {
        let Self { mut child, lines } = self;
        drop(lines);
        child.wait().unwrap().code()
    }
}

/// One of the real files beside the repository, where they are.
pub(crate) fn real_file(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if !path.exists() {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    }
    Some(path)
}

fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_mins(1), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
