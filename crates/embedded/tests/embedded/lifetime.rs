//! A cluster lives for as long as its users, and leaves nothing behind, however they end.

use std::fs;
use std::process::Command;

use taskmaster_embedded::{EmbeddedPostgres, Settings};

use crate::process::{
    Actor, TempDir, await_stopped, await_that, children_with, processes_with, throwaway_dirs,
};
use crate::sql::{ask, tell};

#[test]
fn a_throwaway_cluster_answers_and_is_gone_when_dropped() {
    let before = throwaway_dirs(std::process::id());
    let postgres = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    assert_eq!(ask(&postgres.database_url(), "SHOW fsync"), "off");
    assert!(postgres.bin_dir().join("postgres").is_file());
    let mine: Vec<_> =
        throwaway_dirs(std::process::id()).into_iter().filter(|dir| !before.contains(dir)).collect();
    assert!(!mine.is_empty());
    drop(postgres);
    // Others of this process may run beside it in another test, so only one must be gone.
    assert!(mine.iter().any(|dir| !dir.exists() && processes_with(&dir.display().to_string()) == 0));
}

#[test]
fn psql_understands_the_url_as_well() {
    let postgres = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let psql = postgres.bin_dir().join("psql");
    if !psql.exists() {
        eprintln!("not shown here: {} is not installed", psql.display());
        return;
    }
    let output =
        Command::new(psql).arg(postgres.database_url()).args(["-Atc", "SELECT 6 * 7"]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "42\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_killed_process_leaves_no_server_socket_or_directory() {
    let mut actor = Actor::play("hold", &[]);
    let url = actor.hear();
    assert_eq!(ask(&url, "SELECT 'served'"), "served");
    let dirs = throwaway_dirs(actor.pid());
    assert_eq!(dirs.len(), 1);
    assert!(processes_with(&dirs[0].display().to_string()) >= 2, "a watchdog and a server");
    actor.kill();
    await_that("the directory goes away", || !dirs[0].exists());
    await_that("the processes end", || processes_with(&dirs[0].display().to_string()) == 0);
}

#[test]
fn a_panicking_process_leaves_nothing_either() {
    let mut actor = Actor::play("panic", &[]);
    actor.hear();
    await_that("the directory goes away", || throwaway_dirs(actor.pid()).is_empty());
}

#[test]
fn a_process_killed_while_the_server_is_starting_leaves_nothing() {
    for stage in ["", "data.new/global", "server.pid", "data/postmaster.pid", ".s.PGSQL.5432"] {
        let actor = Actor::play("hold", &[]);
        let pid = actor.pid();
        await_that(stage, || throwaway_dirs(pid).first().is_some_and(|dir| dir.join(stage).exists()));
        let dir = throwaway_dirs(pid).remove(0);
        actor.kill();
        await_that("the directory goes away", || !dir.exists());
        await_that("the processes end", || processes_with(&dir.display().to_string()) == 0);
    }
}

#[test]
fn durable_data_survives_a_restart_and_kill_9() {
    let dir = TempDir::new("durable");
    let role = format!("hold {}", dir.path().display());
    let mut first = Actor::play(&role, &[]);
    let url = first.hear();
    assert_eq!(ask(&url, "SELECT current_setting('fsync') || current_setting('full_page_writes')"), "onon");
    tell(&url, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('kept')");
    first.kill();
    await_stopped(dir.path());

    let again = EmbeddedPostgres::start(Settings::durable(dir.path())).unwrap();
    assert_eq!(ask(&again.database_url(), "SELECT word FROM kept"), "kept");
    drop(again);
    await_stopped(dir.path());
}

#[test]
fn a_server_that_is_killed_itself_is_recovered_by_the_next_start_in_spite_of_its_users() {
    let dir = TempDir::new("server-killed");
    let postgres = EmbeddedPostgres::start(Settings::durable(dir.path())).unwrap();
    tell(&postgres.database_url(), "CREATE TABLE kept AS SELECT 'kept' AS word");
    let server = fs::read_to_string(dir.path().join("postgres/server.pid")).unwrap();
    assert!(Command::new("kill").args(["-9", server.trim()]).status().unwrap().success());
    await_that("the watchdog notices", || dir.path().join("postgres/ended").exists());
    assert!(dir.path().join("postgres/data/postmaster.pid").exists(), "a killed server leaves its mark");

    let again = EmbeddedPostgres::start(Settings::durable(dir.path())).unwrap();
    assert_eq!(ask(&again.database_url(), "SELECT word FROM kept"), "kept");
    drop(postgres);
    assert_eq!(ask(&again.database_url(), "SELECT word FROM kept"), "kept");
}

#[test]
fn a_stale_mark_of_a_server_does_not_pass_for_a_running_one() {
    let dir = TempDir::new("stale");
    drop(EmbeddedPostgres::start(Settings::durable(dir.path())).unwrap());
    await_stopped(dir.path());
    // As after a power cut, when the number has since been given to something else: this process.
    let cluster = dir.path().join("postgres");
    let mark =
        format!("{0}\n{1}/data\n1\n5432\n{1}\n\n1 2\nready   \n", std::process::id(), cluster.display());
    fs::write(cluster.join("data/postmaster.pid"), mark).unwrap();
    fs::write(cluster.join("server.pid"), format!("{}\n", std::process::id())).unwrap();
    fs::write(cluster.join("ended"), "").unwrap();

    let postgres = EmbeddedPostgres::start(Settings::durable(dir.path())).unwrap();
    assert_eq!(ask(&postgres.database_url(), "SELECT 'served'"), "served");
}

#[test]
fn a_second_process_attaches_and_keeps_the_server_when_the_first_is_killed() {
    let dir = TempDir::new("attach");
    let role = format!("hold {}", dir.path().display());
    let mut first = Actor::play(&role, &[]);
    let url = first.hear();
    let mut second = Actor::play(&role, &[]);
    assert_eq!(second.hear(), url);
    let in_this_process = EmbeddedPostgres::start(Settings::durable(dir.path())).unwrap();
    assert!(in_this_process.bin_dir().join("postgres").is_file());
    let born = ask(&url, "SELECT pg_postmaster_start_time()::text");

    first.kill();
    drop(in_this_process);
    // A newcomer is served by the same server, which shows that it has not stopped in between.
    Actor::play(&format!("visit {}", dir.path().display()), &[]).hear();
    assert_eq!(ask(&url, "SELECT pg_postmaster_start_time()::text"), born);
    second.finish();
    await_stopped(dir.path());
}

#[test]
fn a_watchdog_that_loses_one_of_its_readers_goes_on() {
    let dir = TempDir::new("reader-killed");
    for nth in 0..2 {
        let mut holder = Actor::play(&format!("hold {}", dir.path().display()), &[]);
        let born = ask(&holder.hear(), "SELECT pg_postmaster_start_time()::text");
        let watchdog = children_with(&holder.pid().to_string(), "taskmaster-watchdog").remove(0);
        // They start right after the server.
        await_that("the readers", || children_with(&watchdog, "taskmaster-watchdog").len() == 2);
        let reader = &children_with(&watchdog, "taskmaster-watchdog")[nth];
        assert!(Command::new("kill").args(["-9", reader]).status().unwrap().success());

        let mut newcomer = Actor::play(&format!("hold {}", dir.path().display()), &[]);
        assert_eq!(ask(&newcomer.hear(), "SELECT pg_postmaster_start_time()::text"), born);
        newcomer.finish();
        holder.kill();
        await_stopped(dir.path());
    }
}

#[test]
fn many_processes_that_start_at_once_share_one_server() {
    let dir = TempDir::new("at-once");
    let role = format!("hold {}", dir.path().display());
    let mut actors: Vec<_> = (0..8).map(|_| Actor::play(&role, &[])).collect();
    let births: Vec<_> = actors
        .iter_mut()
        .map(|actor| ask(&actor.hear(), "SELECT pg_postmaster_start_time()::text"))
        .collect();
    assert!(births.iter().all(|born| *born == births[0]), "{births:?}");
    actors.into_iter().for_each(Actor::kill);
    await_stopped(dir.path());
}

#[test]
fn nobody_is_let_in_to_a_server_that_is_about_to_stop() {
    let dir = TempDir::new("come-and-go");
    let role = format!("visit {}", dir.path().display());
    let mut actors: Vec<_> = (0..3).map(|_| Actor::play(&role, &[])).collect();
    for actor in &mut actors {
        assert_eq!(actor.hear(), "done");
    }
    await_stopped(dir.path());
}
