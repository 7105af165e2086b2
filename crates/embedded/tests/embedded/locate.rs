//! What is set explicitly is used or refused by name, and what is refused says what to do.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use taskmaster_embedded::{EmbeddedError, EmbeddedPostgres, Server, Settings};

use crate::process::{Actor, TempDir, await_stopped};
use crate::sql::ask;
use crate::users::is_root;

fn refusal(settings: Settings) -> String {
    EmbeddedPostgres::start(settings).unwrap_err().to_string()
}

#[test]
fn an_explicit_pg_bin_is_not_passed_over() {
    let mut actor = Actor::play("locate", &[("PG_BIN", "/nowhere")]);
    assert_eq!(
        actor.hear(),
        "PG_BIN is /nowhere, which holds no PostgreSQL server programs (initdb, postgres): correct it, or unset it to \
         have them looked for"
    );
}

#[test]
fn programs_that_are_too_old_are_refused_by_name() {
    let bin = TempDir::new("old");
    for program in ["initdb", "postgres"] {
        // Another process writes what is to be run: see `copy_for_all` in users.rs.
        let write = r#"printf '#!/bin/sh\necho "postgres (PostgreSQL) 13.22"\n' > "$0" && chmod 755 "$0""#;
        let written = Command::new("sh").args(["-c", write]).arg(bin.path().join(program)).status().unwrap();
        assert!(written.success());
    }
    let dir = bin.path().display().to_string();
    let mut actor = Actor::play("locate", &[("PG_BIN", &dir)]);
    assert_eq!(
        actor.hear(),
        format!("{dir} is PostgreSQL 13, and 14 is the oldest that works: point PG_BIN at a newer one")
    );
}

#[test]
fn pg_bin_names_the_programs_that_are_used() {
    let found = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let bin_dir = found.bin_dir().to_str().unwrap();
    let mut actor = Actor::play("locate", &[("PG_BIN", bin_dir), ("PATH", "/usr/bin:/bin")]);
    let located = actor.hear();
    assert!(located.starts_with("Embedded(") && located.contains(bin_dir), "{located}");
}

#[test]
fn an_explicit_database_url_is_taken_and_nothing_started() {
    let url = "postgres://me:secret@db.invalid/tasks";
    let mut actor = Actor::play("locate", &[("DATABASE_URL", url), ("PG_BIN", "/nowhere")]);
    let located = actor.hear();
    assert_eq!(located, format!("Given(..) {url}"), "and its debug text keeps the password to itself");
}

#[test]
fn a_url_on_the_command_line_comes_before_everything_else() {
    let nowhere = || Ok(Settings::durable("/nowhere"));
    let server = Server::locate(Some("postgres://given/tasks"), nowhere).unwrap();
    assert_eq!(server.database_url(), "postgres://given/tasks");
}

#[test]
fn whoever_names_a_server_needs_no_place_for_data() {
    let no_place = || Err(EmbeddedError::NoDataDir);
    let server = Server::locate(Some("postgres://given/tasks"), no_place).unwrap();
    assert_eq!(server.database_url(), "postgres://given/tasks");
}

#[test]
fn a_database_url_that_is_not_text_is_refused_instead_of_passed_over() {
    let mut command = Command::new("sh");
    command.args(["-c", r#"DATABASE_URL=$(printf 'postgres://db/\377') exec "$0" "$@""#]);
    command.arg(std::env::current_exe().unwrap());
    let mut actor = Actor::play_by(command, "locate", &[]);
    assert_eq!(actor.hear(), "DATABASE_URL is not valid UTF-8: percent-encode what is not ASCII in it");
}

#[test]
fn a_directory_whose_name_is_not_text_is_refused_by_name() {
    let dir = TempDir::new("not-text");
    let odd = dir.path().join(OsStr::from_bytes(b"a\xff"));
    let refused = refusal(Settings::durable(&odd));
    assert!(refused.ends_with("/a\u{fffd}/postgres is not valid UTF-8: choose another"), "{refused}");
    assert!(!odd.exists());
}

#[test]
fn data_of_another_major_version_is_refused_by_name() {
    let dir = TempDir::new("major");
    drop(EmbeddedPostgres::start(Settings::durable(dir.path())).unwrap());
    await_stopped(dir.path());
    let data = dir.path().join("postgres/data");
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let refused = refusal(Settings::durable(dir.path()));
    assert!(refused.starts_with(&format!("{} was made by PostgreSQL 9, but ", data.display())), "{refused}");
    assert!(
        refused.ends_with("set PG_BIN to a PostgreSQL 9, or remove the directory to start afresh"),
        "{refused}"
    );
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let dir = TempDir::new("banana");
    drop(EmbeddedPostgres::start(Settings::durable(dir.path())).unwrap());
    await_stopped(dir.path());
    let configuration = dir.path().join("postgres/data/postgresql.conf");
    fs::write(&configuration, "shared_buffers = banana\n").unwrap();
    let refused = refusal(Settings::durable(dir.path()));
    assert!(refused.starts_with("PostgreSQL did not start; the end of its log: "), "{refused}");
    assert!(refused.contains("banana"), "{refused}");

    fs::write(&configuration, "").unwrap();
    EmbeddedPostgres::start(Settings::durable(dir.path())).expect("the failure has left nothing in the way");
}

#[test]
fn a_directory_that_is_too_deep_for_a_socket_is_refused_by_name() {
    let dir = TempDir::new("deep");
    let deep = dir.path().join("d".repeat(100));
    let refused = refusal(Settings::durable(&deep));
    assert!(
        refused.contains("this system allows 10") && refused.contains("choose a shorter directory"),
        "{refused}"
    );
    assert!(!deep.exists());
}

#[test]
fn a_directory_with_odd_characters_works() {
    let dir = TempDir::new("o'd, \"é");
    let postgres = EmbeddedPostgres::start(Settings::durable(dir.path().join("a $b"))).unwrap();
    assert_eq!(ask(&postgres.database_url(), "SELECT 'served'"), "served");
    assert_eq!(ask(&postgres.database_url_of("template1"), "SELECT current_database()::text"), "template1");
}

#[test]
fn the_data_directory_follows_the_environment() {
    let data_dir = |variables: &[(&str, &str)]| {
        let none = [("TASKMASTER_DATA_DIR", ""), ("XDG_DATA_HOME", ""), ("HOME", "")];
        Actor::play("data-dir", &[&none, variables].concat()).hear()
    };
    assert_eq!(data_dir(&[("TASKMASTER_DATA_DIR", "/here"), ("HOME", "/home/me")]), "/here");
    if is_root() {
        assert_eq!(data_dir(&[("HOME", "/root")]), "/var/lib/taskmaster");
    } else {
        assert_eq!(data_dir(&[("HOME", "/home/me")]), "/home/me/.local/share/taskmaster");
        assert_eq!(data_dir(&[("XDG_DATA_HOME", "/xdg"), ("HOME", "/home/me")]), "/xdg/taskmaster");
        assert_eq!(
            data_dir(&[]),
            "there is no home directory to keep data in: set TASKMASTER_DATA_DIR to a directory"
        );
    }
}
