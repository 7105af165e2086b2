use std::fmt::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs, thread};

use crate::identity::Identity;
use crate::settings::Place;
use crate::test_server::Supervisor;
use crate::watchdog::{POLL, READY_LIMIT};
use crate::{EmbeddedError, url};

/// Obeys a line at a time, and removes everything when this process ends.
const SCRIPT: &str = include_str!("test_pooler.sh");

/// The number in the socket's name. Nobody else is in its directory.
const PORT: u16 = 6432;

/// What every pooler of this kind has in its configuration, before what the test adds. It is the right of the directory that
/// keeps others away, so whoever gets to the socket may do everything.
const BASE: &str = "\
pool_mode = transaction
auth_type = any
admin_users = postgres
unix_socket_mode = 0700
max_client_conn = 1000
";

/// A `PgBouncer` in transaction mode, of one test's own, in front of a server. It is gone with everything of it when the value is
/// dropped or the process ends, however that happens. All functions block until what they do is done.
///
/// The program is that of the variable `PGBOUNCER`, else the one of the machine's packages.
#[derive(Debug)]
pub struct TestPooler {
    supervisor: Supervisor,
}

impl TestPooler {
    /// Starts a pooler for all databases of a server. `server` is how to get there, by the keys that `PgBouncer` has for it:
    /// `host`, `port`, `user`, `password`. `settings` are added to its configuration.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::NoPooler`] when it is not installed, [`EmbeddedError::PoolerDidNotStart`] when it refuses a setting.
    pub fn launch(server: &[(&str, &str)], settings: &[(&str, &str)]) -> Result<Self, EmbeddedError> {
        let program = Self::program()?;
        let dir = Place::Throwaway.dir()?;
        let identity = Identity::of_cluster(&dir)?;
        identity.check_may_enter(dir.parent().unwrap_or(&dir))?;
        let mut command = identity.command("/bin/sh");
        command.arg("-c").arg(SCRIPT).arg("taskmaster-pooler");
        command.arg(&dir).arg(&program).arg(configuration(&dir, server, settings));
        let pooler = Self { supervisor: Supervisor::run(command, dir, identity)? };
        pooler.start()?;
        Ok(pooler)
    }

    /// Where the program is.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::NoPooler`] when it is not installed.
    pub fn program() -> Result<PathBuf, EmbeddedError> {
        if let Some(program) = env::var_os("PGBOUNCER").filter(|program| !program.is_empty()) {
            let program = PathBuf::from(program);
            return if program.is_file() { Ok(program) } else { Err(EmbeddedError::Pgbouncer { program }) };
        }
        let mut dirs: Vec<_> =
            env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
        dirs.extend(
            ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from),
        );
        let programs = dirs.iter().filter(|dir| dir.is_absolute()).map(|dir| dir.join("pgbouncer"));
        programs.into_iter().find(|program| program.is_file()).ok_or(EmbeddedError::NoPooler)
    }

    /// Kills it, with all connections on both sides. Clients are refused until it is started again.
    ///
    /// # Errors
    ///
    /// Only when the process that is told to do so has been killed.
    pub fn kill(&self) -> Result<(), EmbeddedError> {
        self.supervisor.tell("kill", "")
    }

    /// Starts it again after [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// When it does not start; the text is its log.
    pub fn start(&self) -> Result<(), EmbeddedError> {
        self.supervisor.tell("start", "")?;
        let socket = self.socket_dir().join(format!(".s.PGSQL.{PORT}"));
        let begin = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            if self.socket_dir().join("ended").exists() || begin.elapsed() > READY_LIMIT {
                return Err(EmbeddedError::PoolerDidNotStart { log: self.log() });
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// The URL of a database behind it.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        url::of_socket(self.socket_dir(), PORT, database)
    }

    /// The directory of the Unix socket; clients take it for the host's name.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.supervisor.dir
    }

    /// The number in the socket's name.
    #[must_use]
    pub fn port(&self) -> u16 {
        PORT
    }

    /// All that it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read(self.socket_dir().join("pgbouncer.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}

fn configuration(dir: &Path, server: &[(&str, &str)], settings: &[(&str, &str)]) -> String {
    let mut text = "[databases]\n*".to_owned();
    for (index, (key, value)) in server.iter().enumerate() {
        let separator = if index == 0 { " =" } else { "" };
        write!(text, "{separator} {key}='{}'", value.replace('\'', "''")).expect("a string takes all text");
    }
    let dir = dir.display();
    write!(text, "\n[pgbouncer]\nlisten_port = {PORT}\nunix_socket_dir = {dir}\n{BASE}")
        .expect("a string takes all text");
    for (name, value) in settings {
        writeln!(text, "{name} = {value}").expect("a string takes all text");
    }
    text
}
