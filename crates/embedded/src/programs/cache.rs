use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use super::package::Package;
use super::{Programs, install};
use crate::identity::{is_root, own_uid};
use crate::{EmbeddedError, directory};

/// The file that is locked while programs are being installed.
const LOCK: &str = "lock";

/// The beginning of the name of a directory in which an installation is prepared.
const SCRATCH: &str = "installing-";

/// Returns the programs in the cache, those of the default major version first.
pub(super) fn programs() -> impl Iterator<Item = Programs> {
    let dir = trusted_dir();
    Package::preferred_first().into_iter().filter_map(move |package| in_dir(dir.as_ref()?, package))
}

/// Returns the programs of a package, if it is in the cache.
pub(super) fn find(package: &Package) -> Option<Programs> {
    in_dir(&trusted_dir()?, package)
}

/// The cache while this process may change it. Others wait until it is dropped.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) dir: PathBuf,
    _lock: File,
}

impl Cache {
    /// Makes the cache's directory, if need be, and waits until no other process installs anything.
    ///
    /// # Errors
    ///
    /// Fails if the directory cannot be made, or other users may write to it.
    pub(super) fn open() -> Result<Self, EmbeddedError> {
        let unusable = |problem: String| EmbeddedError::NoCacheDir { problem };
        let dir = dir().ok_or_else(|| unusable("there is no home directory".to_owned()))?;
        directory::make(&dir).map_err(|error| unusable(error.to_string()))?;
        check_trusted(&dir)?;
        let path = dir.join(LOCK);
        let failed = || EmbeddedError::io(format!("lock {}", path.display()));
        let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(failed())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                install::say("waiting for another process that is installing PostgreSQL");
                lock.lock().map_err(failed())?;
            }
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
        }
        Ok(Self { dir, _lock: lock })
    }

    /// Makes a directory to prepare an installation in, after removing those that killed processes have left.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses.
    pub(super) fn scratch(&self) -> Result<Scratch<'_>, EmbeddedError> {
        let entries =
            fs::read_dir(&self.dir).map_err(EmbeddedError::io(format!("read {}", self.dir.display())))?;
        for entry in entries.flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(SCRATCH.as_bytes()) {
                // A program that outlives its killed process may still write there; the next installation tries again.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        // No name is used twice, so that such a program cannot spoil this installation.
        let random = RandomState::new().hash_one("scratch");
        let dir = self.dir.join(format!("{SCRATCH}{}-{random:016x}", process::id()));
        let made = DirBuilder::new().mode(0o700).create(&dir);
        made.map_err(EmbeddedError::io(format!("make the directory {}", dir.display())))?;
        Ok(Scratch { cache: self, dir })
    }
}

/// A directory of an installation that is not whole yet. It is removed when this value is dropped.
#[derive(Debug)]
pub(super) struct Scratch<'a> {
    cache: &'a Cache,
    pub(super) dir: PathBuf,
}

impl Scratch<'_> {
    /// Gives `root`, a directory in here, its place in the cache in one step.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses, or the programs do not run from there.
    pub(super) fn adopt(self, root: &Path, package: &Package) -> Result<Programs, EmbeddedError> {
        let place = self.cache.dir.join(package.dir_name());
        let failed = || EmbeddedError::io(format!("put PostgreSQL into {}", place.display()));
        if fs::symlink_metadata(&place).is_ok() {
            // It has just been found to be of no use.
            fs::remove_dir_all(&place).map_err(failed())?;
        }
        fs::rename(root, &place).map_err(failed())?;
        in_dir(&self.cache.dir, package).ok_or_else(|| failed()(std::io::ErrorKind::NotFound.into()))
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        // The next installation removes what is left.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Returns the directory of the cache. PostgreSQL runs as another user when this process is root, and that user may not
/// enter root's home.
fn dir() -> Option<PathBuf> {
    if is_root() {
        return Some(PathBuf::from("/var/cache/taskmaster"));
    }
    let variable = |name| env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    let caches = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    caches.map(|caches| caches.join("taskmaster"))
}

fn trusted_dir() -> Option<PathBuf> {
    dir().filter(|dir| check_trusted(dir).is_ok())
}

/// Programs that another user can replace must not run as this one.
fn check_trusted(dir: &Path) -> Result<(), EmbeddedError> {
    let Ok(found) = fs::metadata(dir) else { return Ok(()) };
    let (uid, mode) = (found.uid(), found.mode() & 0o7777);
    if mode & 0o022 == 0 && (uid == 0 || own_uid() == Some(uid)) {
        return Ok(());
    }
    Err(EmbeddedError::CacheNotPrivate { dir: dir.to_owned(), uid, mode })
}

fn in_dir(cache: &Path, package: &Package) -> Option<Programs> {
    Programs::of(&cache.join(package.dir_name()).join("bin"))
        .filter(|programs| programs.major == package.major)
}
