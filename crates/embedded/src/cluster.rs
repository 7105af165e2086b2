use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Stdio};
use std::thread;
use std::time::Instant;

use crate::identity::Identity;
use crate::programs::Programs;
use crate::settings::Place;
use crate::watchdog::{self, Watchdog};
use crate::{EmbeddedError, Settings, directory, url};

/// Bytes that a socket's path may have, without the closing NUL.
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "macos") { 103 } else { 107 };

/// A PostgreSQL of ours that runs for at least as long as this value lives.
///
/// Dropping the last user of a durable cluster stops its server shortly afterwards. Dropping a throwaway cluster stops it
/// and removes its directory before it returns.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    dir: PathBuf,
    bin_dir: PathBuf,
    hold: Hold,
}

/// The end of the pipe that keeps the server running.
#[derive(Debug)]
enum Hold {
    /// A named pipe, which every process that uses the cluster holds.
    Shared { _users: File },
    /// The watchdog's own standard input.
    Private(Child),
}

impl EmbeddedPostgres {
    /// Attaches to the cluster when it is running, else starts it, else makes it. Blocks until the server is ready: a few
    /// milliseconds, tens of them, or about a second.
    ///
    /// # Errors
    ///
    /// When there are no PostgreSQL programs or they do not fit the data, when the directory cannot be used, and when the
    /// server does not start; each says what to do.
    pub fn start(settings: Settings) -> Result<Self, EmbeddedError> {
        let place = settings.place;
        let dir = place.dir()?;
        if dir.to_str().is_none() {
            return Err(EmbeddedError::DirNotUtf8 { dir });
        }
        let socket = dir.join(".s.PGSQL.5432");
        if socket.as_os_str().len() > SOCKET_PATH_LIMIT {
            return Err(EmbeddedError::SocketPath { path: socket, limit: SOCKET_PATH_LIMIT });
        }
        let identity = Identity::of_cluster(&dir)?;
        match place {
            Place::Durable(_) => Self::start_durable(&place, dir, identity),
            Place::Throwaway => Self::start_throwaway(&place, dir, identity),
        }
    }

    /// The URL of the database `postgres`, for any client that reads libpq's URLs.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database_url_of("postgres")
    }

    /// The URL of another database of this cluster, whether it exists or not.
    #[must_use]
    pub fn database_url_of(&self, database: &str) -> String {
        url::of_socket(&self.dir, 5432, database)
    }

    /// The directory of the running server's programs; packages of the whole of PostgreSQL have `psql` and `pg_dump` there.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    fn start_throwaway(place: &Place, dir: PathBuf, identity: Identity) -> Result<Self, EmbeddedError> {
        identity.check_may_enter(dir.parent().unwrap_or(&dir))?;
        let programs = Programs::find(None)?;
        identity.check_may_enter(&programs.bin_dir)?;
        let plan = Watchdog { place, dir: &dir, programs: &programs, identity };
        // The watchdog itself makes the directory, so that there is no moment at which a kill would leave it behind.
        let mut watchdog = plan.spawn(Stdio::piped(), Stdio::null())?;
        let ready = plan.await_ready(&mut watchdog);
        let server = Self { dir, bin_dir: programs.bin_dir, hold: Hold::Private(watchdog) };
        ready.map(|()| server)
    }

    fn start_durable(place: &Place, dir: PathBuf, identity: Identity) -> Result<Self, EmbeddedError> {
        make_dir(&dir, identity)?;
        let lock_path = dir.join("lock");
        let opening = || format!("open {}", lock_path.display());
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&lock_path)
            .map_err(EmbeddedError::io(opening()))?;
        identity.give(&lock_path).map_err(EmbeddedError::io(opening()))?;
        let users = open_users(&dir, identity)?;

        // An installation takes its time, so it does not begin while the lock keeps others waiting. To attach, none is
        // needed.
        let programs = (!watchdog::is_ready(&dir)).then(|| Programs::find(major_of_data(&dir)));
        let mut knock = None;
        let begin = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    let programs = programs.unwrap_or_else(|| Programs::find(major_of_data(&dir)))?;
                    return Self::start_locked(place, dir, identity, programs, lock, users);
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(EmbeddedError::io(opening())(error)),
            }
            let welcome = match &knock {
                Some(welcome) => welcome,
                None => knock.insert(knock_at(&users, &dir)?),
            };
            if welcome.exists() && watchdog::is_ready(&dir) {
                // A name that is left is removed at the next start.
                let _ = fs::remove_file(welcome);
                let bin_dir = running_bin_dir(&dir)?;
                return Ok(Self { dir, bin_dir, hold: Hold::Shared { _users: users } });
            }
            if begin.elapsed() > watchdog::READY_LIMIT {
                return Err(watchdog::not_ready(&dir));
            }
            thread::sleep(watchdog::POLL);
        }
    }

    fn start_locked(
        place: &Place,
        dir: PathBuf,
        identity: Identity,
        programs: Programs,
        lock: File,
        users: File,
    ) -> Result<Self, EmbeddedError> {
        identity.check_may_enter(&programs.bin_dir)?;
        if let Some(made_by) = version_of_data(&dir).filter(|made_by| *made_by != programs.major.to_string())
        {
            return Err(EmbeddedError::OtherMajor {
                data_dir: dir.join("data"),
                made_by,
                bin_dir: programs.bin_dir,
                major: programs.major,
            });
        }
        remove_stale_marks(&dir)?;
        // The watchdog gets an end that only reads, and `users` is the one that keeps it waiting.
        let reader = File::open(users_path(&dir)).map_err(EmbeddedError::io("open the pipe of the users"))?;
        let plan = Watchdog { place, dir: &dir, programs: &programs, identity };
        let mut watchdog = plan.spawn(reader.into(), lock.into())?;
        plan.await_ready(&mut watchdog)?;
        Ok(Self { dir, bin_dir: programs.bin_dir, hold: Hold::Shared { _users: users } })
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        if let Hold::Private(watchdog) = &mut self.hold {
            // Waiting closes the pipe first. There is nobody to tell of an error, and nothing that could be done.
            let _ = watchdog.wait();
        }
    }
}

/// Returns the version that made the cluster's data, if there are any.
fn version_of_data(dir: &Path) -> Option<String> {
    let version = fs::read_to_string(dir.join("data/PG_VERSION")).ok()?;
    Some(version.trim().to_owned())
}

fn major_of_data(dir: &Path) -> Option<u32> {
    version_of_data(dir)?.parse().ok()
}

/// Makes the cluster's own directory, which only its user may enter, in the data directory that the caller has chosen.
fn make_dir(dir: &Path, identity: Identity) -> Result<(), EmbeddedError> {
    let failed = || EmbeddedError::io(format!("make the directory {}", dir.display()));
    if let Some(data_dir) = dir.parent() {
        identity.check_may_enter(data_dir.parent().unwrap_or(data_dir))?;
        directory::make(data_dir)?;
        directory::secure(data_dir, identity)?;
        identity.check_may_enter(data_dir)?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed()(error)),
        Err(_) if !dir.is_dir() => return Err(EmbeddedError::NotADirectory { path: dir.to_owned() }),
        _ => {}
    }
    // An empty one may be what a process left that was killed right here.
    let is_empty = fs::read_dir(dir).map_err(failed())?.next().is_none();
    if is_empty {
        identity.give(dir).map_err(failed())?;
    }
    if matches!(identity, Identity::User { .. }) && fs::metadata(dir).map_err(failed())?.uid() == 0 {
        return Err(EmbeddedError::BelongsToRoot { dir: dir.to_owned() });
    }
    directory::close(dir, identity, is_empty || dir.join("lock").exists())
}

fn users_path(dir: &Path) -> PathBuf {
    dir.join("users")
}

/// Opens the named pipe of all users. Opened for both directions, it neither waits for a reader nor fails without one.
fn open_users(dir: &Path, identity: Identity) -> Result<File, EmbeddedError> {
    let path = users_path(dir);
    let open = || OpenOptions::new().read(true).write(true).open(&path);
    if let Ok(users) = open() {
        return Ok(users);
    }
    // Another process may have made it meanwhile, so only the second attempt to open it decides.
    let _ = identity.command("mkfifo").arg("-m").arg("600").arg(&path).stderr(Stdio::null()).status();
    open().map_err(EmbeddedError::io(format!("open {}", path.display())))
}

/// Asks the watchdog to count this process among the users; it answers by making the file that is returned.
///
/// Holding the pipe open is not enough: the watchdog may have seen its end just before, and be about to stop the server.
fn knock_at(mut users: &File, dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let name = format!("welcome-{}-{:x}", process::id(), RandomState::new().hash_one("welcome"));
    users
        .write_all(format!("{name}\n").as_bytes())
        .map_err(EmbeddedError::io("write to the pipe of the users"))?;
    Ok(dir.join(name))
}

/// Removes what an earlier server left that would be taken for news of the next one. Nobody else can be starting one, for
/// the lock is ours.
fn remove_stale_marks(dir: &Path) -> Result<(), EmbeddedError> {
    let data = dir.join("data");
    let mut stale = vec![dir.join("ended"), dir.join("server.pid")];
    // PostgreSQL takes this for a running server when its process number now belongs to something else. Without /proc the
    // decision is left to it.
    let pid_file = data.join("postmaster.pid");
    if let Ok(content) = fs::read_to_string(&pid_file)
        && Path::new("/proc/self").exists()
    {
        let pid = content.lines().next().unwrap_or_default();
        let working_dir = fs::read_link(format!("/proc/{pid}/cwd")).ok();
        if working_dir.is_none() || working_dir != fs::canonicalize(&data).ok() {
            stale.push(pid_file);
        }
    }
    for path in stale {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(EmbeddedError::io(format!("remove {}", path.display()))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The server writes its own command line beside its data; the program's path comes first and unquoted.
fn running_bin_dir(dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let path = dir.join("data/postmaster.opts");
    let options = fs::read_to_string(&path).map_err(EmbeddedError::io(format!("read {}", path.display())))?;
    let program = options.split(" \"").next().unwrap_or_default();
    Ok(Path::new(program).parent().unwrap_or(Path::new("/")).to_owned())
}
