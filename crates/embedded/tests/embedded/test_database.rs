//! Each test gets a database of its own, on whatever server there is, and leaves nothing behind.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sqlx::{Connection, PgConnection};
use taskmaster_embedded::{EmbeddedPostgres, Settings, Template, TestDatabase};

use crate::process::{Actor, await_that, processes_with, say, throwaway_dirs, wait_for_word};
use crate::sql::{ask, names, run, tell};

/// A role: prepares a template that says by whom it was made, and holds a clone of it.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn hold() {
    let prepare = async |url: String| {
        say("preparing");
        run(&url, "CREATE TABLE whole ()").await;
        Ok::<_, Infallible>(())
    };
    match TestDatabase::create(&Template::new("shared"), prepare).await {
        Ok(database) => {
            say(format!("{} {}", database.name(), tables(&database.url()).await.join(" ")));
            wait_for_word();
        }
        Err(error) => say(error.to_string()),
    }
}

/// A role: gets no further than half of preparing the same template.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn get_stuck() {
    let prepare = async |url: String| {
        run(&url, "CREATE TABLE half ()").await;
        say("half");
        wait_for_word();
        Ok::<_, Infallible>(())
    };
    TestDatabase::create(&Template::new("shared"), prepare).await.unwrap();
}

async fn tables(url: &str) -> Vec<String> {
    names(url, "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1")
        .await
}

async fn databases(url: &str) -> Vec<String> {
    names(url, "SELECT datname::text FROM pg_database ORDER BY 1").await
}

#[tokio::main(flavor = "current_thread")]
async fn databases_now(url: &str) -> Vec<String> {
    databases(url).await
}

async fn make_notes(url: String) -> Result<(), sqlx::Error> {
    run(&url, "CREATE TABLE notes (text text)").await;
    Ok(())
}

#[tokio::test]
async fn two_databases_of_one_template_are_independent() {
    let template = Template::new("independent");
    let one = TestDatabase::create(&template, make_notes).await.unwrap();
    let other = TestDatabase::create(&template, make_notes).await.unwrap();
    run(&one.url(), "INSERT INTO notes VALUES ('one')").await;
    assert_eq!(names(&one.url(), "SELECT text FROM notes").await, ["one"]);
    assert!(names(&other.url(), "SELECT text FROM notes").await.is_empty());
    assert!(tables(&TestDatabase::empty().await.unwrap().url()).await.is_empty());
}

#[test]
fn many_threads_get_a_database_each_and_the_template_is_prepared_once() {
    static PREPARED: AtomicUsize = AtomicUsize::new(0);
    let prepare = async |url: String| {
        PREPARED.fetch_add(1, Ordering::Relaxed);
        make_notes(url).await
    };
    let one_test = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = TestDatabase::create(&Template::new("many"), prepare).await.unwrap();
            run(&database.url(), "INSERT INTO notes VALUES ('mine')").await;
            assert_eq!(names(&database.url(), "SELECT text FROM notes").await, ["mine"]);
            database.name().to_owned()
        })
    };
    thread::scope(|scope| {
        let tests: Vec<_> = (0..16).map(|_| scope.spawn(one_test)).collect();
        let mut names: Vec<_> = tests.into_iter().map(|test| test.join().unwrap()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 16);
    });
    assert_eq!(PREPARED.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_database_goes_away_at_the_end_of_a_test_that_is_still_connected() {
    let watched = TestDatabase::empty().await.unwrap();
    let database = TestDatabase::empty().await.unwrap();
    let name = database.name().to_owned();
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    assert!(databases(&watched.url()).await.contains(&name));
    drop(database);
    assert!(!databases(&watched.url()).await.contains(&name));
    assert!(connection.ping().await.is_err());
}

#[tokio::test]
async fn a_database_goes_away_when_its_test_panics() {
    let watched = TestDatabase::empty().await.unwrap();
    let failing = tokio::spawn(async {
        let database = TestDatabase::empty().await.unwrap();
        assert!(database.name().is_empty(), "{}", database.name());
    });
    let panic = failing.await.unwrap_err().into_panic();
    let name = panic.downcast_ref::<String>().unwrap();
    assert!(name.starts_with("taskmaster_test_"));
    assert!(!databases(&watched.url()).await.contains(name));
}

#[tokio::test]
async fn a_template_that_cannot_be_prepared_is_an_error_and_is_tried_again() {
    let template = Template::new("fails at first");
    let fails = async |_url: String| Err("the schema is wrong");
    let error = TestDatabase::create(&template, fails).await.unwrap_err();
    assert_eq!(error.to_string(), "could not prepare the template database: the schema is wrong");
    let database = TestDatabase::create(&template, make_notes).await.unwrap();
    assert_eq!(tables(&database.url()).await, ["notes"]);
}

#[tokio::test]
async fn a_connection_that_prepare_has_left_open_does_not_hinder_the_clones() {
    let mut left_open = None;
    let prepare = async |url: String| {
        left_open = Some(PgConnection::connect(&url).await?);
        Ok::<_, sqlx::Error>(())
    };
    TestDatabase::create(&Template::new("left open"), prepare).await.unwrap();
    assert!(left_open.is_some());
}

#[test]
fn a_killed_process_leaves_no_server_and_no_directory() {
    let mut actor = Actor::play("hold-database", &[]);
    assert_eq!(actor.hear(), "preparing");
    assert!(actor.hear().ends_with("_1 whole"));
    let dirs = throwaway_dirs(actor.pid());
    assert_eq!(dirs.len(), 1);
    actor.kill();
    await_that("the directory goes away", || !dirs[0].exists());
    await_that("the processes end", || processes_with(&dirs[0].display().to_string()) == 0);
}

#[test]
fn processes_on_one_server_prepare_the_template_once() {
    let server = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let url = server.database_url();
    let mut actors: Vec<_> =
        (0..4).map(|_| Actor::play("hold-database", &[("DATABASE_URL", &url)])).collect();
    let mut prepared = 0;
    for actor in &mut actors {
        let mut words = actor.hear();
        if words == "preparing" {
            prepared += 1;
            words = actor.hear();
        }
        assert!(words.starts_with("taskmaster_test_") && words.ends_with(" whole"), "{words}");
    }
    assert_eq!(prepared, 1);
}

#[test]
fn a_template_that_a_killed_process_left_half_prepared_is_made_again() {
    let server = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let url = server.database_url();
    let mut stuck = Actor::play("get-stuck", &[("DATABASE_URL", &url)]);
    assert_eq!(stuck.hear(), "half");
    let mut next = Actor::play("hold-database", &[("DATABASE_URL", &url)]);
    stuck.kill();
    assert_eq!(next.hear(), "preparing");
    assert!(next.hear().ends_with("_1 whole"), "and without the table that the killed one had made");
}

#[test]
fn on_a_given_server_the_databases_of_killed_processes_are_dropped_and_no_others() {
    let server = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let url = server.database_url();
    tell(&url, "CREATE DATABASE mine");
    tell(&url, "CREATE DATABASE taskmaster_test_notes");
    let hold = || {
        let mut actor = Actor::play("hold-database", &[("DATABASE_URL", &url)]);
        let mut words = actor.hear();
        if words == "preparing" {
            words = actor.hear();
        }
        (actor, words.split(' ').next().unwrap().to_owned())
    };
    let (living, living_database) = hold();
    let (killed, killed_database) = hold();
    killed.kill();
    assert!(databases_now(&url).contains(&killed_database), "nobody was left to drop it");
    await_that("the server notices the end of the killed process", || {
        ask(&url, "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'") == "1"
    });

    let (next, next_database) = hold();
    let left = databases_now(&url);
    assert!(!left.contains(&killed_database), "{left:?}");
    for kept in [living_database.as_str(), &next_database, "mine", "taskmaster_test_notes", "postgres"] {
        assert!(left.iter().any(|name| name == kept), "{kept} is missing from {left:?}");
    }
    living.finish();
    next.finish();
    let left = databases_now(&url);
    assert!(!left.contains(&living_database) && !left.contains(&next_database), "{left:?}");
}

#[test]
fn a_given_server_that_does_not_answer_is_an_error_and_nothing_is_started_instead() {
    let url = "postgres://me:secret@localhost:1/tasks";
    let mut actor = Actor::play("hold-database", &[("DATABASE_URL", url)]);
    let error = actor.hear();
    assert!(error.starts_with("DATABASE_URL is set but the server did not answer: "), "{error}");
    assert!(error.ends_with("; unset it to use the built-in server"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    assert!(throwaway_dirs(actor.pid()).is_empty());
}
