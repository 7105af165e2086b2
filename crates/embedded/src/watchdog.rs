use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::EmbeddedError;
use crate::identity::Identity;
use crate::programs::Programs;
use crate::settings::Place;

/// Stops the server when the last process that uses it has ended, in whatever way that happens.
const SCRIPT: &str = include_str!("watchdog.sh");

/// How long a server may take to get ready; initdb on a busy machine takes seconds.
pub(crate) const READY_LIMIT: Duration = Duration::from_mins(1);

/// How often files are looked at while waiting.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// Lines of the log that an error quotes.
const LOG_LINES: usize = 5;

/// What a watchdog needs to know of its cluster.
#[derive(Debug)]
pub(crate) struct Watchdog<'a> {
    pub(crate) place: &'a Place,
    pub(crate) dir: &'a Path,
    pub(crate) programs: &'a Programs,
    pub(crate) identity: Identity,
}

impl Watchdog<'_> {
    /// Starts the watchdog, which makes the cluster when there is none and starts its server.
    ///
    /// `stdin` is what ends when the users do, and `lock` is held for as long as the watchdog lives.
    pub(crate) fn spawn(&self, stdin: Stdio, lock: Stdio) -> Result<Child, EmbeddedError> {
        let afterwards = match self.place {
            Place::Durable(_) => "keep",
            Place::Throwaway => "remove",
        };
        let mut command = self.identity.command("/bin/sh");
        command.arg("-c").arg(SCRIPT).arg("taskmaster-watchdog");
        command.arg(self.dir).arg(&self.programs.bin_dir).arg(afterwards).arg(self.place.initdb_options());
        // The list of socket directories is separated by commas, so a name is quoted.
        let socket_dir = self.dir.display().to_string().replace('"', "\"\"");
        command.arg("-c").arg(format!("unix_socket_directories=\"{socket_dir}\""));
        let fixed = ["listen_addresses=", "unix_socket_permissions=0700", "port=5432", "timezone=UTC"];
        for setting in fixed.iter().chain(self.place.server_settings()) {
            command.args(["-c", setting]);
        }
        // Standard error carries only what goes wrong before there is a log.
        command.stdin(stdin).stdout(lock).stderr(Stdio::piped());
        command.spawn().map_err(EmbeddedError::io("run /bin/sh"))
    }

    /// Waits until the server answers.
    pub(crate) fn await_ready(&self, watchdog: &mut Child) -> Result<(), EmbeddedError> {
        let begin = Instant::now();
        while !is_ready(self.dir) {
            // Asked first: a watchdog that is gone has already written what there is to read.
            let gone = matches!(watchdog.try_wait(), Ok(Some(_)));
            if self.dir.join("ended").exists() {
                return Err(EmbeddedError::DidNotStart { log: end_of_log(self.dir) });
            }
            if gone {
                return Err(EmbeddedError::DidNotStart { log: remaining_words(watchdog) });
            }
            if begin.elapsed() > READY_LIMIT {
                return Err(not_ready(self.dir));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

/// Whether the server that the watchdog has started is ready. The file of a killed server goes on saying so, but belongs
/// to another process or to one that the watchdog knows to have ended.
pub(crate) fn is_ready(dir: &Path) -> bool {
    let Ok(server) = fs::read_to_string(dir.join("server.pid")) else { return false };
    let Ok(status) = fs::read_to_string(dir.join("data/postmaster.pid")) else { return false };
    let mut lines = status.lines();
    !dir.join("ended").exists()
        && lines.next() == Some(server.trim_end())
        && lines.nth(6).is_some_and(|state| state.trim_end() == "ready")
}

pub(crate) fn not_ready(dir: &Path) -> EmbeddedError {
    EmbeddedError::NotReady { dir: dir.to_owned(), seconds: READY_LIMIT.as_secs() }
}

pub(crate) fn end_of_log(dir: &Path) -> String {
    let log = fs::read(dir.join("postgres.log")).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

fn remaining_words(watchdog: &mut Child) -> String {
    let mut words = String::new();
    if let Some(mut stderr) = watchdog.stderr.take() {
        // What cannot be read is not there to be shown.
        let _ = stderr.read_to_string(&mut words);
    }
    words.trim_end().to_owned()
}
