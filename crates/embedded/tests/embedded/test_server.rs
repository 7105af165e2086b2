//! A server of a test's own can be configured, stopped, killed and followed, and leaves nothing behind.

use std::process::Command;

use sqlx::{Connection, PgConnection};
use taskmaster_embedded::{EmbeddedError, Stop, TestServer, TestServerSettings};

use crate::process::{Actor, await_that, processes_with, say, throwaway_dirs, wait_for_word};
use crate::sql::{ask, names, run, tell};

/// A role: holds a server that has been killed once.
pub(crate) fn hold() {
    let server = TestServer::launch(TestServerSettings::new().tcp()).unwrap();
    server.stop(Stop::Kill).unwrap();
    say(server.url());
    wait_for_word();
}

/// The number of the server's piece of System V shared memory, which a killed server leaves.
fn shared_memory_of(server: &TestServer) -> Option<String> {
    let status = std::fs::read_to_string(server.socket_dir().join("data/postmaster.pid")).ok()?;
    Some(status.lines().nth(6)?.split_whitespace().nth(1)?.to_owned())
}

fn has_shared_memory(id: &str) -> bool {
    let list = Command::new("ipcs").arg("-m").output().unwrap();
    String::from_utf8_lossy(&list.stdout).lines().any(|line| line.split_whitespace().nth(1) == Some(id))
}

#[test]
fn a_server_has_the_settings_of_its_test_and_is_gone_when_dropped() {
    let settings = TestServerSettings::new().setting("max_connections", "7").setting("cluster_name", "it's");
    let server = TestServer::launch(settings).unwrap();
    let url = server.url();
    assert_eq!(ask(&url, "SHOW max_connections"), "7");
    assert_eq!(ask(&url, "SHOW cluster_name"), "it's");
    assert_eq!(ask(&url, "SHOW listen_addresses"), "");
    assert_eq!(ask(&url, "SHOW synchronous_commit"), "on");
    let dir = server.socket_dir().to_owned();
    drop(server);
    assert!(!dir.exists());
    assert_eq!(processes_with(&dir.display().to_string()), 0);
}

#[test]
fn what_is_acknowledged_survives_every_way_to_stop_and_the_port_stays() {
    let server = TestServer::launch(TestServerSettings::new().tcp()).unwrap();
    let (url, address) = (server.url(), server.address());
    tell(&url, "CREATE TABLE kept (word text)");
    for (how, note) in [
        (Stop::Fast, "INSERT INTO kept VALUES ('fast')"),
        (Stop::Immediate, "INSERT INTO kept VALUES ('immediate')"),
        (Stop::Kill, "INSERT INTO kept VALUES ('killed')"),
    ] {
        tell(&url, note);
        server.restart(how).unwrap();
    }
    assert_eq!(ask(&url, "SELECT string_agg(word, ' ') FROM kept"), "fast immediate killed");
    assert_eq!(server.address(), address);
    let over_tcp = format!("postgres://postgres@{address}/postgres?sslmode=disable");
    assert_eq!(ask(&over_tcp, "SELECT host(inet_server_addr())"), "127.0.0.1");
}

#[test]
fn a_killed_session_makes_the_server_recover_by_itself() {
    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut bystander = PgConnection::connect(&server.url()).await.unwrap();
        let mut victim = PgConnection::connect(&server.url()).await.unwrap();
        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut victim).await.unwrap();
        server.kill_backend(pid).unwrap();
        assert!(victim.ping().await.is_err());
        while bystander.ping().await.is_ok() {}
    });
    await_that("it recovers", || server.log().matches("ready to accept connections").count() == 2);
    assert_eq!(ask(&server.url(), "SELECT 'served'"), "served");
}

#[test]
fn other_lines_of_pg_hba_count_for_the_next_connection() {
    let server = TestServer::launch(TestServerSettings::new().hba("local all postgres trust\n")).unwrap();
    tell(&server.url(), "CREATE ROLE guest LOGIN");
    let guest = server.url().replace("postgres@", "guest@");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(PgConnection::connect(&guest)).unwrap_err();
    assert!(refused.to_string().contains("pg_hba.conf"), "{refused}");
    server.set_hba("local all all trust\n").unwrap();
    assert_eq!(ask(&guest, "SELECT current_user::text"), "guest");
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let error = TestServer::launch(TestServerSettings::new().setting("work_mem", "much")).unwrap_err();
    assert!(matches!(error, EmbeddedError::DidNotStart { .. }));
    assert!(error.to_string().contains("work_mem"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_follows_and_takes_over() {
    let primary = TestServer::launch(TestServerSettings::new().tcp()).unwrap();
    run(&primary.url(), "CREATE TABLE notes AS SELECT 'before' AS text").await;
    let standby = match primary.standby() {
        Err(error @ EmbeddedError::NoBaseBackup { .. }) => return eprintln!("not shown here: {error}"),
        followed => followed.unwrap(),
    };
    assert_ne!(standby.address(), primary.address());
    assert_eq!(names(&standby.url(), "SELECT pg_is_in_recovery()::text").await, ["true"]);

    run(&primary.url(), "ALTER SYSTEM SET synchronous_standby_names = '*'").await;
    primary.reload().unwrap();
    let mut writer = PgConnection::connect(&primary.url()).await.unwrap();
    sqlx::raw_sql("SET synchronous_commit = remote_apply").execute(&mut writer).await.unwrap();
    sqlx::raw_sql("INSERT INTO notes VALUES ('after')").execute(&mut writer).await.unwrap();
    assert_eq!(names(&standby.url(), "SELECT text FROM notes").await, ["before", "after"]);

    primary.stop(Stop::Immediate).unwrap();
    standby.promote().unwrap();
    run(&standby.url(), "INSERT INTO notes VALUES ('later')").await;
    assert!(standby.promote().is_err(), "it is none any more");
}

#[test]
fn a_server_whose_disk_is_full_ends_and_has_lost_nothing_when_there_is_room_again() {
    let server = match TestServer::launch(TestServerSettings::new().wal_disk()) {
        Err(error @ EmbeddedError::MayNotMount) => return eprintln!("not shown here: {error}"),
        launched => launched.unwrap(),
    };
    let url = server.url();
    tell(&url, "CREATE TABLE kept AS SELECT 'kept' AS word");
    server.fill_wal_disk().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut writer = PgConnection::connect(&url).await.unwrap();
        let fill = "CREATE TABLE lost AS SELECT repeat('x', 1000) FROM generate_series(1, 10000)";
        sqlx::raw_sql(fill).execute(&mut writer).await.unwrap_err();
    });
    server.await_end().unwrap();
    assert!(server.log().contains("No space left on device"), "{}", server.log());
    server.free_wal_disk().unwrap();
    server.start().unwrap();
    assert_eq!(ask(&url, "SELECT word FROM kept"), "kept");
}

#[test]
fn a_killed_process_leaves_neither_files_nor_processes_nor_shared_memory() {
    let mut actor = Actor::play("hold-server", &[]);
    actor.hear();
    let dirs = throwaway_dirs(actor.pid());
    assert_eq!(dirs.len(), 2, "the server's and the template's: {dirs:?}");
    actor.kill();
    for dir in dirs {
        await_that("the directory goes away", || !dir.exists());
        await_that("the processes end", || processes_with(&dir.display().to_string()) == 0);
    }

    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    let memory = shared_memory_of(&server).unwrap();
    assert!(has_shared_memory(&memory));
    server.stop(Stop::Kill).unwrap();
    drop(server);
    assert!(!has_shared_memory(&memory));
}
