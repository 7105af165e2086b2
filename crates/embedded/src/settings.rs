use std::env;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

use crate::EmbeddedError;

/// Free kilobytes that `/dev/shm` must have for a throwaway cluster; containers often give it no more than 64 MB.
const TMPFS_KILOBYTES: u64 = 1024 * 1024;

/// The name of a cluster's own directory in the data directory.
pub(crate) const CLUSTER: &str = "postgres";

/// Which cluster to run, and whether it is to last.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) place: Place,
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    Durable(PathBuf),
    Throwaway,
}

impl Settings {
    /// A cluster in `dir/postgres` that survives the process and the machine's power cut. Processes that name the same
    /// directory share one server, which ends with the last of them.
    #[must_use]
    pub fn durable(dir: impl Into<PathBuf>) -> Self {
        Self { place: Place::Durable(dir.into()) }
    }

    /// A fresh cluster for tests, in memory where that has 1 GB free and else in the temporary directory. It gives up
    /// safety in a power cut for speed, and is removed when this process ends.
    #[must_use]
    pub fn throwaway() -> Self {
        Self { place: Place::Throwaway }
    }

    /// Where programs keep their data: `TASKMASTER_DATA_DIR`; else for root `/var/lib/taskmaster`, because PostgreSQL then
    /// runs as another user, who may not enter root's home; else `$XDG_DATA_HOME/taskmaster` or
    /// `~/.local/share/taskmaster`.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::NoDataDir`] when none of those variables is set.
    pub fn default_data_dir() -> Result<PathBuf, EmbeddedError> {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(dir) = variable("TASKMASTER_DATA_DIR") {
            return Ok(dir);
        }
        if crate::identity::is_root() {
            return Ok(PathBuf::from("/var/lib/taskmaster"));
        }
        variable("XDG_DATA_HOME")
            .filter(|dir| dir.is_absolute())
            .or_else(|| variable("HOME").map(|home| home.join(".local/share")))
            .map(|data| data.join("taskmaster"))
            .ok_or(EmbeddedError::NoDataDir)
    }
}

impl Place {
    /// The directory that holds the cluster, its log and its socket.
    pub(crate) fn dir(&self) -> Result<PathBuf, EmbeddedError> {
        let dir = match self {
            Self::Durable(dir) => dir.join(CLUSTER),
            Self::Throwaway => {
                let random = RandomState::new().hash_one("throwaway");
                throwaway_parent().join(format!("taskmaster-{}-{:08x}", process::id(), random >> 32))
            }
        };
        std::path::absolute(&dir).map_err(EmbeddedError::io(format!("make {} absolute", dir.display())))
    }

    pub(crate) fn initdb_options(&self) -> &'static str {
        match (self, cfg!(target_os = "macos")) {
            (Self::Durable(_), false) => "--locale=C.UTF-8",
            (Self::Durable(_), true) => "--no-locale",
            (Self::Throwaway, false) => "--locale=C.UTF-8 --no-sync",
            (Self::Throwaway, true) => "--no-locale --no-sync",
        }
    }

    pub(crate) fn server_settings(&self) -> &'static [&'static str] {
        match self {
            Self::Durable(_) => &[],
            Self::Throwaway => &[
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "autovacuum=off",
                "wal_level=minimal",
                "max_wal_senders=0",
                "max_wal_size=512MB",
                "checkpoint_timeout=1h",
                "jit=off",
                "max_connections=200",
                // Files in the cluster go away with it, while those in /dev/shm outlive a killed server.
                "dynamic_shared_memory_type=mmap",
            ],
        }
    }
}

fn throwaway_parent() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let roomy = free_kilobytes(memory).is_some_and(|free| free >= TMPFS_KILOBYTES);
    if roomy { memory.to_owned() } else { env::temp_dir() }
}

fn free_kilobytes(dir: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(dir).stderr(Stdio::null()).output().ok()?;
    let table = String::from_utf8(output.stdout).ok()?;
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}
