//! A pooler in front of a server shares the server's sessions, can be killed and started again, and leaves nothing behind.

use sqlx::{Connection, PgConnection};
use taskmaster_embedded::{EmbeddedError, TestPooler, TestServer, TestServerSettings};

use crate::process::{Actor, await_that, processes_with, say, throwaway_dirs, wait_for_word};
use crate::sql::ask;

fn before(server: &TestServer, settings: &[(&str, &str)]) -> Option<TestPooler> {
    let (dir, port) = (server.socket_dir().display().to_string(), server.port().to_string());
    let way = [("host", dir.as_str()), ("port", port.as_str()), ("user", "postgres")];
    // It is what the connections of these tests say at their beginning.
    let settings = [settings, &[("ignore_startup_parameters", "extra_float_digits")]].concat();
    match TestPooler::launch(&way, &settings) {
        Err(error @ EmbeddedError::NoPooler) => {
            println!("skipped: {error}");
            None
        }
        pooler => Some(pooler.unwrap()),
    }
}

/// A role: holds a pooler, if there is one to be had.
pub(crate) fn hold() {
    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    match before(&server, &[]) {
        Some(pooler) => {
            say(pooler.url_of("postgres"));
            wait_for_word();
        }
        None => say("skipped"),
    }
}

#[tokio::test]
async fn clients_of_a_pooler_share_the_sessions_of_the_server() {
    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    let Some(pooler) = before(&server, &[("default_pool_size", "1")]) else { return };
    let url = pooler.url_of("postgres");
    let mut clients =
        [PgConnection::connect(&url).await.unwrap(), PgConnection::connect(&url).await.unwrap()];
    let mut pids = Vec::new();
    for client in &mut clients {
        let row = sqlx::raw_sql("SELECT pg_backend_pid()::text").fetch_one(client).await.unwrap();
        pids.push(sqlx::Row::get::<String, _>(&row, 0));
    }
    assert_eq!(pids[0], pids[1], "there is one session for both");
}

#[test]
fn a_pooler_that_was_killed_can_be_started_again_and_is_gone_when_dropped() {
    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    let Some(pooler) = before(&server, &[]) else { return };
    let url = pooler.url_of("postgres");
    assert_eq!(ask(&url, "SELECT 'served'"), "served");
    pooler.kill().unwrap();
    pooler.start().unwrap();
    assert_eq!(ask(&url, "SELECT 'served again'"), "served again");
    let dir = pooler.socket_dir().to_owned();
    drop(pooler);
    assert!(!dir.exists());
    assert_eq!(processes_with(&dir.display().to_string()), 0);
}

#[test]
fn a_pooler_that_does_not_start_says_why() {
    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    let way = [("host", "/nowhere")];
    match TestPooler::launch(&way, &[("pool_mode", "whatever")]) {
        Err(EmbeddedError::PoolerDidNotStart { log }) => assert!(log.contains("pool_mode"), "{log}"),
        Err(EmbeddedError::NoPooler) => assert!(before(&server, &[]).is_none()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pooler_of_a_killed_process_is_gone() {
    let mut actor = Actor::play("hold-pooler", &[]);
    let said = actor.hear();
    let pid = actor.pid();
    actor.kill();
    await_that("everything of it is gone", || throwaway_dirs(pid).is_empty());
    if said != "skipped" {
        let name = format!("taskmaster-{pid}-");
        await_that("the processes end", || processes_with(&name) == 0);
    }
}
