//! What cannot work is refused in one sentence that says what to do, and nothing is stored.

use std::fs;

use sqlx::{Connection, Executor, PgConnection};
use taskmaster_embedded::{EmbeddedPostgres, Settings};

use crate::program::{Place, refused, succeed};

#[test]
fn unknown_arguments_are_refused_by_name() {
    let place = Place::new();
    let error = refused(place.quickstart().arg("--wrok"), 2);
    assert!(error.contains("unexpected argument '--wrok'"), "{error}");
    let error = refused(place.quickstart().args(["--work", "many"]), 2);
    assert!(error.contains("'many'") && error.contains("--work"), "{error}");
    let error = refused(place.quickstart().args(["a.json", "b.json"]), 2);
    assert!(error.contains("b.json"), "{error}");
    assert!(!place.data_dir().exists());
}

#[test]
fn help_tells_of_every_argument() {
    let said = succeed(Place::new().quickstart().arg("--help"));
    for word in ["[FILE]", "--project", "--work", "DATABASE_URL", "TASKMASTER_DATA_DIR"] {
        assert!(said.stdout.contains(word), "no {word} in {}", said.stdout);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_before_a_server_is_started() {
    let place = Place::new();
    for (name, content, expected) in [
        ("cut.json", r#"{"tasks": [{"id": 1, "title": "Bu"#, "cut off at line 1"),
        ("comma.json", "{\"tasks\": [\n  {\"id\": 1,, }]}", "malformed at line 2, column"),
        ("merge.json", "{\n<<<<<<< HEAD\n", "line 2 is a merge-conflict marker"),
        ("empty.json", " \n", "is empty"),
        (
            "other.json",
            r#"{"name": "left-pad"}"#,
            "neither a Task Master tasks.json nor a Beads issues.jsonl",
        ),
        ("latin1.json", "", "not UTF-8"),
    ] {
        let file = if name == "latin1.json" {
            place.file(name, b"{\"tasks\": [{\"title\": \"M\xe4hen\"}]}")
        } else {
            place.file(name, content)
        };
        let error = refused(place.quickstart().arg(&file), 1);
        assert!(error.contains(expected) && error.contains(name), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let error = refused(place.quickstart().arg("/no/such/tasks.json"), 1);
    assert!(error.contains("cannot read /no/such/tasks.json"), "{error}");
    let error = refused(place.quickstart().arg("/tmp"), 1);
    assert!(error.contains("cannot read /tmp"), "{error}");
    assert!(!place.data_dir().exists(), "a server was started for a file that cannot be read");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let place = Place::new();
    fs::write(place.data_dir(), "a file").unwrap();
    let error = refused(&mut place.quickstart(), 1);
    assert!(error.contains("TASKMASTER_DATA_DIR says which directory to use"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_serve_is_refused_in_a_sentence_without_its_password() {
    let place = Place::new();
    let server = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let mut admin = PgConnection::connect(&server.database_url()).await.unwrap();
    for sql in [
        "CREATE ROLE ada LOGIN PASSWORD 'right'",
        "CREATE DATABASE frozen",
        "ALTER DATABASE frozen SET default_transaction_read_only = on",
        "CREATE DATABASE newer",
    ] {
        admin.execute(sql).await.unwrap();
    }
    let hba: String = sqlx::query_scalar("SHOW hba_file").fetch_one(&mut admin).await.unwrap();
    fs::write(hba, "local all ada scram-sha-256\nlocal all all trust\n").unwrap();
    admin.execute("SELECT pg_reload_conf()").await.unwrap();

    let newer = server.database_url_of("newer");
    taskmaster_migration::up(&newer, Some("taskmaster_quickstart")).await.unwrap();
    let mut connection = PgConnection::connect(&newer).await.unwrap();
    for sql in [
        "SET search_path = taskmaster_quickstart",
        "INSERT INTO schema_migrations (version, description, checksum, duration_ms) VALUES ('m29990101_000001_later', '', '', 0)",
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)",
    ] {
        connection.execute(sql).await.unwrap();
    }
    connection.close().await.unwrap();

    let ada = server.database_url().replace("postgres://postgres@", "postgres://ada:s3cr3t@");
    for (url, expected) in [
        (server.database_url_of("nope"), "\"nope\" does not exist; create the database"),
        (ada, "user \"ada\"; check the user and the password"),
        ("postgres://ada:s3cr3t@127.0.0.1:1/app".to_owned(), "127.0.0.1:1: the server cannot be reached"),
        (
            "postgres://ada:s3cr3t@host.invalid/app".to_owned(),
            "host.invalid:5432: the host's address cannot be found",
        ),
        (server.database_url_of("frozen"), "is read-only: use the URL of the primary"),
        (newer.clone(), "does not know m29990101_000001_later: use the newer program"),
        (
            "mysql://ada:s3cr3t@host/app".to_owned(),
            "DATABASE_URL (environment): cannot be read; write it as postgres://",
        ),
    ] {
        let error = refused(place.quickstart().env("DATABASE_URL", &url), 1);
        assert!(!error.contains("s3cr3t"), "{error}");
        let mut lines = error.lines().filter(|line| !line.starts_with("working on "));
        let line = lines.next().unwrap_or_default();
        assert!(line.starts_with("error: ") && line.contains(expected), "{error}");
        assert_eq!(lines.next(), None, "{error}");
    }
    assert!(!place.data_dir().exists(), "the embedded server was started though DATABASE_URL is set");
}
