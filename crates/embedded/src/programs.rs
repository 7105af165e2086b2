use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::EmbeddedError;

/// The oldest major version that the schema works on.
const OLDEST: u32 = 14;

/// A directory that holds `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    pub(crate) bin_dir: PathBuf,
    pub(crate) major: u32,
}

impl Programs {
    /// Those that `PG_BIN` names, and no others when it is set; else the first that packages have installed, where those of
    /// the major version that made the data come before all others.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::PgBin`], [`EmbeddedError::NoPrograms`] or [`EmbeddedError::TooOld`].
    pub(crate) fn find(made_by: Option<u32>) -> Result<Self, EmbeddedError> {
        let found = if let Some(dir) = env::var_os("PG_BIN").filter(|dir| !dir.is_empty()) {
            let dir = PathBuf::from(dir);
            Self::of(&dir).ok_or(EmbeddedError::PgBin { dir })?
        } else {
            let mut installed: Vec<_> = installed_dirs().iter().filter_map(|dir| Self::of(dir)).collect();
            installed.sort_by_key(|programs| made_by != Some(programs.major));
            installed.into_iter().next().ok_or(EmbeddedError::NoPrograms)?
        };
        if found.major < OLDEST {
            return Err(EmbeddedError::TooOld { bin_dir: found.bin_dir, major: found.major });
        }
        Ok(found)
    }

    /// The programs in `dir`, or of the directory that its `initdb` is a link into.
    fn of(dir: &Path) -> Option<Self> {
        let bin_dir = fs::canonicalize(dir.join("initdb")).ok()?.parent()?.to_owned();
        let version = output_of(Command::new(bin_dir.join("postgres")).arg("--version"))?;
        let major =
            version.strip_prefix("postgres (PostgreSQL) ")?.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(Self { major: major.parse().ok()?, bin_dir })
    }
}

fn installed_dirs() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    dirs.retain(|dir| dir.is_absolute());
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

/// `bin` of each directory in `parent` whose name is `prefix` and a number; Alpine's have no `bin` inside.
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

fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
