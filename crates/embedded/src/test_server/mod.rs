mod settings;
mod supervisor;

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

pub use settings::TestServerSettings;
pub(crate) use supervisor::Supervisor;

use crate::programs::Programs;
use crate::watchdog::{self, POLL, READY_LIMIT, not_ready};
use crate::{EmbeddedError, url};

/// Ports to listen on: below those that systems give to clients, so that a server that is stopped finds its own still free.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// A server of one test's own, to be stopped, killed and followed by a standby. It is gone with everything of it when the value
/// is dropped or the process ends, however that happens.
///
/// The first one of a process takes about a second, the others a few hundred milliseconds. All functions block until what they
/// do is done.
#[derive(Debug)]
pub struct TestServer {
    supervisor: Supervisor,
    tcp: bool,
    port: AtomicU16,
}

/// How to stop a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ends all sessions and writes a checkpoint.
    Fast,
    /// Ends all processes at once. The next start recovers what was committed.
    Immediate,
    /// Kills the server's first process, as the system does when memory is short; the sessions notice and end by themselves.
    /// The next start recovers what was committed.
    Kill,
}

impl TestServer {
    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    ///
    /// When there are no PostgreSQL programs, or the server does not start with these settings.
    pub fn launch(settings: TestServerSettings) -> Result<Self, EmbeddedError> {
        let template = template()?;
        let server = Self::spawn(settings.tcp, settings.wal_disk)?;
        server.supervisor.tell("copy", &template.display().to_string())?;
        if settings.wal_disk {
            server.supervisor.tell("wal-disk", settings::WAL_DISK)?;
        }
        server.configure(settings)?;
        server.start_anywhere()?;
        Ok(server)
    }

    /// Makes a standby of this server with the same settings, and starts it: it follows this one, and answers reads.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::NoBaseBackup`] when this machine has no `pg_basebackup` of the server's major version; also
    /// when the server refuses to be followed, or the standby does not start.
    pub fn standby(&self) -> Result<Self, EmbeddedError> {
        let base_backup = Programs::find(None)?.base_backup()?;
        let standby = Self::spawn(self.tcp, false)?;
        standby.supervisor.tell("base-backup", &base_backup.display().to_string())?;
        let source = format!("{} {}", self.port(), self.socket_dir().display());
        standby.supervisor.tell("follow", &source)?;
        standby.start_anywhere()?;
        Ok(standby)
    }

    /// Makes this standby a server that takes writes, and waits until it does.
    ///
    /// # Errors
    ///
    /// When it is no standby, or does not run.
    pub fn promote(&self) -> Result<(), EmbeddedError> {
        self.supervisor.tell("promote", "")
    }

    /// Stops the server.
    ///
    /// # Errors
    ///
    /// Only when the process that is told to do so has been killed.
    pub fn stop(&self, how: Stop) -> Result<(), EmbeddedError> {
        let signal = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
            Stop::Kill => "KILL",
        };
        self.supervisor.tell("stop", signal)
    }

    /// Starts the server again after [`stop`](Self::stop), or after it has ended by itself, on the port that it had.
    ///
    /// # Errors
    ///
    /// When it does not start; the text is the end of its log.
    pub fn start(&self) -> Result<(), EmbeddedError> {
        let begin = Instant::now();
        loop {
            match self.start_once() {
                Err(EmbeddedError::DidNotStart { log })
                    if begin.elapsed() < READY_LIMIT && is_for_the_moment(&log) =>
                {
                    thread::sleep(POLL);
                }
                outcome => return outcome,
            }
        }
    }

    /// Stops the server and starts it again.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub fn restart(&self, how: Stop) -> Result<(), EmbeddedError> {
        self.stop(how)?;
        self.start()
    }

    /// Has the server read its configuration files again, and waits until new connections see them.
    ///
    /// # Errors
    ///
    /// When the server does not run.
    pub fn reload(&self) -> Result<(), EmbeddedError> {
        const DONE: &str = "received SIGHUP, reloading";
        let before = self.log().matches(DONE).count();
        let server = fs::read_to_string(self.supervisor.dir.join("server.pid"))
            .map_err(EmbeddedError::io("read the server's number"))?;
        self.supervisor.tell("signal", &format!("HUP {}", server.trim()))?;
        let begin = Instant::now();
        while self.log().matches(DONE).count() <= before {
            if begin.elapsed() > READY_LIMIT {
                return Err(not_ready(&self.supervisor.dir));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Replaces `pg_hba.conf` for all connections to come.
    ///
    /// # Errors
    ///
    /// When the server does not run.
    pub fn set_hba(&self, content: &str) -> Result<(), EmbeddedError> {
        self.write("pg_hba.conf", content)?;
        self.reload()
    }

    /// Kills the process of one session, upon which the server ends all others and recovers.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub fn kill_backend(&self, pid: i32) -> Result<(), EmbeddedError> {
        self.supervisor.tell("signal", &format!("KILL {pid}"))
    }

    /// Leaves no byte free on the disk of the write-ahead log. A server that then writes panics, and cannot recover, either.
    ///
    /// # Errors
    ///
    /// When the server has no [`wal_disk`](TestServerSettings::wal_disk).
    pub fn fill_wal_disk(&self) -> Result<(), EmbeddedError> {
        self.supervisor.tell("fill", "")
    }

    /// Frees what [`fill_wal_disk`](Self::fill_wal_disk) has filled.
    ///
    /// # Errors
    ///
    /// When nothing is filled.
    pub fn free_wal_disk(&self) -> Result<(), EmbeddedError> {
        self.supervisor.tell("free", "")
    }

    /// Waits until the server has ended by itself.
    ///
    /// # Errors
    ///
    /// When it goes on for a minute.
    pub fn await_end(&self) -> Result<(), EmbeddedError> {
        let begin = Instant::now();
        while !self.supervisor.dir.join("ended").exists() {
            if begin.elapsed() > READY_LIMIT {
                let source = std::io::ErrorKind::TimedOut.into();
                return Err(EmbeddedError::io("see the server end")(source));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// The URL of the database `postgres` over the Unix socket, as superuser.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The URL of another database over the Unix socket, as superuser.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        url::of_socket(self.socket_dir(), self.port(), database)
    }

    /// The directory of the Unix socket; clients take it for the host's name.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.supervisor.dir
    }

    /// The number in the socket's name, and the TCP port on 127.0.0.1 if the server listens there.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    /// Where the server listens if it has [`tcp`](TestServerSettings::tcp).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port()).into()
    }

    /// All that the server has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read(self.supervisor.dir.join("postgres.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn spawn(tcp: bool, mounts: bool) -> Result<Self, EmbeddedError> {
        let listen = if tcp { "listen_addresses=127.0.0.1" } else { "listen_addresses=" };
        let supervisor = Supervisor::spawn(mounts, |dir| {
            // The list of socket directories is separated by commas, so a name is quoted.
            let sockets = dir.display().to_string().replace('"', "\"\"");
            let sockets = format!("unix_socket_directories=\"{sockets}\"");
            ["-c", listen, "-c", &sockets].map(str::to_owned).into()
        })?;
        Ok(Self { supervisor, tcp, port: AtomicU16::new(5432) })
    }

    fn configure(&self, settings: TestServerSettings) -> Result<(), EmbeddedError> {
        let path = self.supervisor.dir.join("data/postgresql.conf");
        let mut config = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(EmbeddedError::io(format!("open {}", path.display())))?;
        config
            .write_all(format!("{}{}", settings::BASE, settings.config).as_bytes())
            .map_err(EmbeddedError::io(format!("write {}", path.display())))?;
        if let Some(hba) = settings.hba {
            self.write("pg_hba.conf", &hba)?;
        }
        settings.files.iter().try_for_each(|(name, content)| self.write(name, content))
    }

    /// Writes a file of the data directory that only the server may read.
    fn write(&self, name: &str, content: &str) -> Result<(), EmbeddedError> {
        let path = self.supervisor.dir.join("data").join(name);
        let written = fs::write(&path, content)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)))
            .and_then(|()| self.supervisor.identity.give(&path));
        written.map_err(EmbeddedError::io(format!("write {}", path.display())))
    }

    /// Starts the server for the first time, on another port when somebody has taken the one that was chosen.
    fn start_anywhere(&self) -> Result<(), EmbeddedError> {
        let begin = Instant::now();
        loop {
            if self.tcp {
                self.port.store(free_port(), Ordering::Relaxed);
            }
            match self.start_once() {
                Err(EmbeddedError::DidNotStart { log })
                    if begin.elapsed() < READY_LIMIT && is_for_the_moment(&log) => {}
                outcome => return outcome,
            }
        }
    }

    fn start_once(&self) -> Result<(), EmbeddedError> {
        let dir = &self.supervisor.dir;
        let so_far = self.log().len();
        self.supervisor.tell("start", &self.port().to_string())?;
        let begin = Instant::now();
        while !watchdog::is_ready(dir) {
            if dir.join("ended").exists() {
                let log = self.log().split_off(so_far);
                return Err(EmbeddedError::DidNotStart { log });
            }
            if begin.elapsed() > READY_LIMIT {
                return Err(not_ready(dir));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

/// Returns `true` if the server did not start for a reason that passes: its port is taken, or processes of the one
/// before it still end.
fn is_for_the_moment(log: &str) -> bool {
    log.contains("Address already in use") || log.contains("pre-existing shared memory block")
}

fn free_port() -> u16 {
    let random = RandomState::new();
    (0..1000_u32)
        .map(|attempt| {
            let span = u64::from(PORTS.end - PORTS.start);
            PORTS.start + u16::try_from(random.hash_one(attempt) % span).expect("the span is of 16 bits")
        })
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("some port is free")
}

/// A cluster that no server has ever run on, for the others to be copied from. It lasts until this process ends.
fn template() -> Result<PathBuf, EmbeddedError> {
    static TEMPLATE: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut template = TEMPLATE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(dir) = &*template {
        return Ok(dir.clone());
    }
    let supervisor = Supervisor::spawn(false, |_| Vec::new())?;
    supervisor.tell("initdb", "")?;
    // It is to go with the process, and no earlier.
    let supervisor = Box::leak(Box::new(supervisor));
    Ok(template.insert(supervisor.dir.clone()).clone())
}
