mod cache;
mod install;
mod package;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::EmbeddedError;

pub use install::install_programs;

/// The oldest major version that the schema works on.
const OLDEST: u32 = 14;

/// A directory that holds `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    pub(crate) bin_dir: PathBuf,
    pub(crate) major: u32,
}

impl Programs {
    /// Finds the programs that `PG_BIN` names, and no others when it is set. Else the order is: this machine's
    /// packages, the cache, an installation into the cache. Programs of the major version that made the data come
    /// before all others.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::PgBin`], [`EmbeddedError::NoPrograms`] or [`EmbeddedError::TooOld`]; [`EmbeddedError::Install`]
    /// and [`EmbeddedError::Checksum`] when an installation fails.
    pub(crate) fn find(made_by: Option<u32>) -> Result<Self, EmbeddedError> {
        if let Some(dir) = env::var_os("PG_BIN").filter(|dir| !dir.is_empty()) {
            let dir = PathBuf::from(dir);
            let found = Self::of(&dir).ok_or(EmbeddedError::PgBin { dir })?;
            return if found.major < OLDEST { Err(found.too_old()) } else { Ok(found) };
        }
        let (local, old): (Vec<_>, Vec<_>) =
            Self::of_packages().into_iter().partition(|programs| programs.major >= OLDEST);
        let fits = |programs: &Self| made_by.is_none_or(|major| major == programs.major);
        if let Some(found) = local.iter().find(|programs| fits(programs)) {
            return Ok(found.clone());
        }
        if let Some(found) = cache::programs().find(fits) {
            return Ok(found);
        }
        // Programs of another major version are the caller's to refuse: it knows the data that they do not fit.
        if let Some(other) = local.into_iter().next() {
            return Ok(other);
        }
        install::install(made_by).map_err(|error| match (error, old.first()) {
            (EmbeddedError::NoPrograms { .. }, Some(old)) => old.too_old(),
            (error, _) => error,
        })
    }

    /// Finds a `pg_basebackup` for servers of these programs: their own, or another installation's of the same major
    /// version.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::NoBaseBackup`] when there is none.
    #[cfg(feature = "test-database")]
    pub(crate) fn base_backup(&self) -> Result<PathBuf, EmbeddedError> {
        let dirs = std::iter::once(self.bin_dir.clone()).chain(package_dirs());
        dirs.map(|dir| dir.join("pg_basebackup"))
            .find(|program| major_of(program) == Some(self.major))
            .ok_or(EmbeddedError::NoBaseBackup { major: self.major })
    }

    /// Finds the programs that packages have put on this machine, of whatever version.
    fn of_packages() -> Vec<Self> {
        package_dirs().iter().filter_map(|dir| Self::of(dir)).collect()
    }

    /// Takes the programs in `dir`, or in the directory that its `initdb` is a link into.
    fn of(dir: &Path) -> Option<Self> {
        let bin_dir = fs::canonicalize(dir.join("initdb")).ok()?.parent()?.to_owned();
        let major = major_of(&bin_dir.join("postgres"))?;
        Some(Self { bin_dir, major })
    }

    fn too_old(&self) -> EmbeddedError {
        EmbeddedError::TooOld { bin_dir: self.bin_dir.clone(), major: self.major }
    }
}

/// Returns the directories in which packages put PostgreSQL's programs, whether they exist or not.
fn package_dirs() -> Vec<PathBuf> {
    let mut dirs = path_dirs();
    dirs.extend(output_of(Command::new("pg_config").arg("--bindir")).map(PathBuf::from));
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/usr/libexec", "postgresql"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
        ("/Applications/Postgres.app/Contents/Versions", ""),
    ] {
        dirs.extend(newest_first(Path::new(parent), prefix));
    }
    dirs
}

/// Returns the directories of `PATH`, without those that depend on the current directory.
fn path_dirs() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    dirs.retain(|dir| dir.is_absolute());
    dirs
}

/// Returns `bin` of each directory in `parent` whose name is `prefix` and a number; Alpine's have no `bin` inside.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?, entry.path()))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().flat_map(|(_, dir)| [dir.join("bin"), dir]).collect()
}

/// Returns the major version that a program of PostgreSQL states, such as 15 of `postgres (PostgreSQL) 15.18`.
fn major_of(program: &Path) -> Option<u32> {
    let version = output_of(Command::new(program).arg("--version"))?;
    let (_, number) = version.split_once(" (PostgreSQL) ")?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
