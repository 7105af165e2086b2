//! The umask and the modes of directories neither lock PostgreSQL out nor let other users in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use taskmaster_embedded::{EmbeddedError, EmbeddedPostgres, Settings};

use crate::process::{Actor, TempDir, await_stopped};
use crate::users::is_root;

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn dir_with_mode(path: &Path, mode: u32) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Starts and stops a cluster in `dir` under a umask, and returns what the process says of it.
fn locate_under(umask: &str, dir: &Path) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", r#"umask "$0"; exec "$@""#, umask]).arg(std::env::current_exe().unwrap());
    let mut actor = Actor::play_by(command, &format!("locate {}", dir.display()), &[]);
    let located = actor.hear();
    actor.finish();
    await_stopped(dir);
    located
}

#[test]
fn every_umask_leads_to_directories_that_postgresql_may_enter_and_others_may_not_change() {
    for umask in ["077", "000", "022"] {
        let home = TempDir::new(&format!("umask-{umask}"));
        let data_dir = home.path().join("on/the/way");
        for _ in 0..2 {
            let located = locate_under(umask, &data_dir);
            assert!(located.starts_with("Embedded("), "{umask}: {located}");
        }
        let expected = if is_root() { 0o711 } else { 0o700 };
        for dir in ["on", "on/the", "on/the/way"] {
            assert_eq!(mode_of(&home.path().join(dir)), expected, "{dir} under {umask}");
        }
        assert_eq!(mode_of(&data_dir.join("postgres")), 0o700, "{umask}");
    }
}

#[test]
fn processes_that_start_at_once_under_a_strict_umask_share_one_server() {
    let home = TempDir::new("umask-at-once");
    let data_dir = home.path().join("on/the/way");
    let role = format!("hold {}", data_dir.display());
    let start = || {
        let mut command = Command::new("sh");
        command.args(["-c", r#"umask 077; exec "$0" "$@""#]).arg(std::env::current_exe().unwrap());
        Actor::play_by(command, &role, &[])
    };
    let mut actors: Vec<_> = (0..6).map(|_| start()).collect();
    let urls: Vec<_> = actors.iter_mut().map(Actor::hear).collect();
    assert!(urls.iter().all(|url| *url == urls[0]), "{urls:?}");
    actors.into_iter().for_each(Actor::finish);
    await_stopped(&data_dir);
}

#[test]
fn a_private_data_directory_that_holds_nothing_else_is_opened_for_postgresql_to_pass() {
    let home = TempDir::new("left-behind");
    let data_dir = home.path().join("data");
    dir_with_mode(&data_dir, 0o700);
    drop(EmbeddedPostgres::start(Settings::durable(&data_dir)).unwrap());
    await_stopped(&data_dir);
    // The same when it holds a cluster already.
    fs::set_permissions(&data_dir, fs::Permissions::from_mode(0o700)).unwrap();
    drop(EmbeddedPostgres::start(Settings::durable(&data_dir)).unwrap());
    await_stopped(&data_dir);
    assert_eq!(mode_of(&data_dir), if is_root() { 0o711 } else { 0o700 });
}

#[test]
fn as_root_a_private_data_directory_with_other_files_stays_private_and_the_error_says_what_to_do() {
    if !is_root() {
        return;
    }
    let home = TempDir::new("private");
    let data_dir = home.path().join("data");
    dir_with_mode(&data_dir, 0o700);
    fs::write(data_dir.join("notes"), "").unwrap();
    let refused = EmbeddedPostgres::start(Settings::durable(&data_dir)).unwrap_err().to_string();
    let remedy = format!("or let it pass with `chmod o+x {}`", data_dir.display());
    assert!(refused.contains("(mode 700)") && refused.ends_with(&remedy), "{refused}");
    assert_eq!(mode_of(&data_dir), 0o700);
}

#[test]
fn a_data_directory_that_others_may_write_to_is_closed_to_them_when_it_holds_nothing_else() {
    let home = TempDir::new("open");
    let data_dir = home.path().join("data");
    dir_with_mode(&data_dir, 0o777);
    drop(EmbeddedPostgres::start(Settings::durable(&data_dir)).unwrap());
    await_stopped(&data_dir);
    assert_eq!(mode_of(&data_dir), 0o755);
    for open in [0o775, 0o757] {
        fs::set_permissions(&data_dir, fs::Permissions::from_mode(open)).unwrap();
        drop(EmbeddedPostgres::start(Settings::durable(&data_dir)).unwrap());
        await_stopped(&data_dir);
        assert_eq!(mode_of(&data_dir), 0o755);
    }
}

#[test]
fn a_data_directory_that_others_write_to_with_right_is_refused_with_the_remedy() {
    let home = TempDir::new("shared");
    let (mixed, sticky) = (home.path().join("mixed"), home.path().join("sticky"));
    dir_with_mode(&mixed, 0o775);
    fs::write(mixed.join("notes"), "").unwrap();
    dir_with_mode(&sticky, 0o1777);
    for (dir, mode) in [(mixed, 0o775), (sticky, 0o1777)] {
        let error = EmbeddedPostgres::start(Settings::durable(&dir)).unwrap_err();
        assert!(matches!(error, EmbeddedError::WritableByOthers { .. }));
        assert_eq!(
            error.to_string(),
            format!(
                "{0} may be written to by other users (mode {mode:o}), who could replace the data in it: take that \
                 right away with `chmod go-w {0}`, or name a directory inside it",
                dir.display()
            )
        );
        assert_eq!(mode_of(&dir), mode);
        assert!(!dir.join("postgres").exists(), "nothing is made in it");
    }
}

#[test]
fn a_clusters_own_directory_is_closed_to_all_others() {
    let home = TempDir::new("cluster");
    let cluster = home.path().join("postgres");
    dir_with_mode(&cluster, 0o777);
    drop(EmbeddedPostgres::start(Settings::durable(home.path())).unwrap());
    await_stopped(home.path());
    assert_eq!(mode_of(&cluster), 0o700);
    fs::set_permissions(&cluster, fs::Permissions::from_mode(0o770)).unwrap();
    drop(EmbeddedPostgres::start(Settings::durable(home.path())).unwrap());
    await_stopped(home.path());
    assert_eq!(mode_of(&cluster), 0o700);
}

#[test]
fn a_file_in_the_place_of_a_directory_is_refused_by_name() {
    let home = TempDir::new("file");
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let cluster = home.path().join("data/postgres");
    fs::create_dir(home.path().join("data")).unwrap();
    fs::write(&cluster, "").unwrap();
    for (data_dir, named) in
        [(file.clone(), &file), (file.join("below"), &file), (home.path().join("data"), &cluster)]
    {
        let error = EmbeddedPostgres::start(Settings::durable(data_dir)).unwrap_err();
        assert!(matches!(error, EmbeddedError::NotADirectory { .. }));
        assert_eq!(
            error.to_string(),
            format!(
                "{} is a file where a directory has to be: move it away, or name another directory",
                named.display()
            )
        );
    }
}
