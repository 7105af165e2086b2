//! PostgreSQL refuses to run as root; it is served all the same, and so is everybody else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use taskmaster_embedded::{EmbeddedError, EmbeddedPostgres, Settings};

use crate::process::{Actor, TempDir};

/// The numbers of the user `nobody` and of its group.
fn nobody() -> (u32, u32) {
    let number = |option: &str| {
        let id = Command::new("id").args([option, "nobody"]).output().unwrap();
        String::from_utf8(id.stdout).unwrap().trim().parse().unwrap()
    };
    (number("-u"), number("-g"))
}

/// Returns `true` if this process is a root that may become another user, unlike the root of many a container.
pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n" && Command::new("true").uid(nobody().0).status().is_ok()
}

/// A copy of this binary in a place where everybody may go, which the build directory may not be.
///
/// Another process writes it. If this one did, a process that another test starts at that moment would hold the file open for
/// writing until it runs its own program, and to run the copy would fail with "text file busy".
fn copy_for_all(dir: &TempDir) -> PathBuf {
    let binary = dir.path().join("tests");
    let this = std::env::current_exe().unwrap();
    let copied = Command::new("install").args(["-m", "755"]).args([&this, &binary]).status().unwrap();
    assert!(copied.success());
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    binary
}

/// Root may become somebody else, so a run of these tests as root shows both.
#[test]
fn all_of_this_holds_for_an_ordinary_user_too() {
    if !is_root() {
        return;
    }
    let home = TempDir::new("ordinary");
    let (uid, gid) = nobody();
    let mut command = Command::new(copy_for_all(&home));
    command.args(["--test-threads", "2"]).uid(uid).gid(gid).current_dir(home.path());
    command.env("HOME", home.path()).env("TMPDIR", home.path()).env_remove("XDG_CACHE_HOME");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn as_root_a_private_directory_is_refused_before_anything_is_made_in_it() {
    if !is_root() {
        return;
    }
    let home = TempDir::new("home");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let error = EmbeddedPostgres::start(Settings::durable(home.path().join("data"))).unwrap_err();
    assert!(matches!(error, EmbeddedError::Forbidden { .. }));
    let refused = error.to_string();
    assert!(refused.contains(&format!("may not enter {} (mode 700)", home.path().display())), "{refused}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn as_root_a_directory_with_files_of_root_is_refused_in_words() {
    if !is_root() {
        return;
    }
    let home = TempDir::new("of-root");
    let cluster = home.path().join("postgres");
    fs::create_dir(&cluster).unwrap();
    fs::write(cluster.join("notes"), "").unwrap();
    let refused = EmbeddedPostgres::start(Settings::durable(home.path())).unwrap_err().to_string();
    assert!(
        refused.starts_with(&format!("{} is not empty and belongs to root", cluster.display())),
        "{refused}"
    );
    assert_eq!(fs::read_dir(&cluster).unwrap().count(), 1, "nothing is added to it");

    fs::remove_file(cluster.join("notes")).unwrap();
    EmbeddedPostgres::start(Settings::durable(home.path())).expect("an empty one may be used");
}

/// `initdb` wants to know its user's name, which a container started with just a number cannot tell.
#[test]
fn a_user_without_a_name_is_served_wherever_it_may_have_a_namespace() {
    if !is_root() {
        return;
    }
    let nameless = |program: &Path| {
        let mut command = Command::new(program);
        command.uid(54321).gid(54321).current_dir("/");
        command
    };
    let home = TempDir::new("nameless");
    let binary = copy_for_all(&home);
    let mut actor = Actor::play_by(nameless(&binary), "locate", &[]);
    let namespaces = nameless(Path::new("unshare")).args(["--user", "true"]).status();
    if namespaces.is_ok_and(|status| status.success()) {
        let located = actor.hear();
        assert!(located.starts_with("Embedded("), "{located}");
    } else {
        assert_eq!(actor.hear(), EmbeddedError::NoIdentity.to_string());
    }
}
