//! Each way in which a database can be out of reach is one clear sentence, with exit code 1 and without the password.

use std::io::Read as _;
use std::net::TcpListener;

use sea_orm_migration::sea_orm::sqlx::Connection as _;
use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use taskmaster_embedded::{EmbeddedPostgres, Settings};

use crate::database::{connect, database_setting, empty, error_of, migrate, run, value};

#[tokio::test]
async fn an_unknown_database_is_named() {
    let database = empty().await;
    let url = database.url().replacen(database.name(), "no_such_database", 1);
    let error = error_of(&migrate(&url, &["up"]));
    assert!(error.contains("\"no_such_database\" does not exist; create the database"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_told_without_the_password() {
    let server = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let mut connection = PgConnection::connect(&server.database_url()).await.unwrap();
    let hba: String = value(&mut connection, "SHOW hba_file").await;
    run(
        &mut connection,
        &format!(
            "CREATE ROLE keeper LOGIN PASSWORD 'right';
             COPY (VALUES ('local all keeper scram-sha-256'), ('local all all trust')) TO '{hba}';
             SELECT pg_reload_conf()"
        ),
    )
    .await;
    // The new rules are read a moment later, so ask until they are there.
    crate::database::wait_until(&mut connection, "SELECT count(*) = 2 FROM pg_hba_file_rules").await;
    let url = |password: &str| server.database_url().replacen("postgres@", &format!("keeper:{password}@"), 1);
    let mut error = String::new();
    for _ in 0..500 {
        let output = migrate(&url("wR0ng"), &["status"]);
        if !output.status.success() {
            error = error_of(&output);
            break;
        }
    }
    assert!(
        error.contains("user \"keeper\"") && error.contains("check the user and the password"),
        "{error}"
    );
    assert!(!error.contains("wR0ng"), "{error}");
    assert!(migrate(&url("right"), &["status"]).status.success());
}

#[test]
fn an_unreachable_host_is_named_with_what_happened() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = error_of(&migrate(&format!("postgres://u:s3cret@{free}/x"), &["up"]));
    assert!(
        error.contains(&format!("{free}: the server cannot be reached")) && error.contains("refused"),
        "{error}"
    );
    assert!(!error.contains("s3cret"), "{error}");

    let error = error_of(&migrate("postgres://u:s3cret@host.invalid/x", &["status"]));
    assert!(
        error.contains("host.invalid:5432: the host's address cannot be found") && !error.contains("s3cret"),
        "{error}"
    );
}

#[test]
fn something_else_than_postgresql_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let hangs_up = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 8]);
    });
    let error = error_of(&migrate(&format!("postgres://u@{address}/x"), &["status"]));
    hangs_up.join().unwrap();
    assert!(error.contains(&format!("{address}: the server cannot be reached")), "{error}");
}

#[tokio::test]
async fn a_read_only_server_is_told_from_a_failure() {
    let database = empty().await;
    database_setting(&database, "default_transaction_read_only = on").await;
    let url = database.url();
    for command in [vec!["up"], vec!["down"], vec!["fresh", "--yes"]] {
        let error = error_of(&migrate(&url, &command));
        assert!(error.contains("is read-only: use the URL of the primary"), "{error}");
    }
}

#[tokio::test]
async fn names_that_no_schema_can_have_are_refused() {
    let database = empty().await;
    let error = error_of(&migrate(&database.url(), &["up", "--schema", "pg_mine"]));
    assert!(error.contains("\"pg_mine\" cannot be the name of a schema"), "{error}");
}

#[test]
fn a_url_that_is_none_is_refused_without_repeating_it() {
    for url in ["not a url with s3cret", "postgres://u:s3cret@h:port/x", "mysql://u:s3cret@h/x"] {
        let error = error_of(&migrate(url, &["status"]));
        assert!(error.contains("DATABASE_URL (environment): ") && !error.contains("s3cret"), "{error}");
    }
    let error = error_of(&migrate("", &["status"]));
    assert!(
        error.starts_with("error: no database is named: use --database-url, set DATABASE_URL"),
        "{error}"
    );
}

#[test]
fn help_does_not_show_the_url_of_the_environment() {
    let output = migrate("postgres://u:s3cret@h/x", &["--help"]);
    assert!(output.status.success());
    assert!(!String::from_utf8(output.stdout).unwrap().contains("s3cret"));
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let database = empty().await;
    let mut connection = connect(&database).await;
    let latin = format!("{}_latin", database.name());
    run(
        &mut connection,
        &format!("CREATE DATABASE {latin} ENCODING LATIN1 TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"),
    )
    .await;
    let output = migrate(&database.url().replacen(database.name(), &latin, 1), &["up"]);
    run(&mut connection, &format!("DROP DATABASE {latin}")).await;
    let error = error_of(&output);
    assert!(
        error.contains("the database has the encoding LATIN1; create one with ENCODING 'UTF8'"),
        "{error}"
    );
}

#[tokio::test]
async fn a_search_path_that_leads_nowhere_is_refused_and_nothing_is_made_elsewhere() {
    let database = empty().await;
    database_setting(&database, "search_path = tenant_x").await;
    let error = error_of(&migrate(&database.url(), &["up"]));
    assert!(error.contains("tenant_x") && error.contains("--schema"), "{error}");
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let tables: i64 =
        value(&mut connection, "SELECT count(*) FROM pg_class c WHERE relnamespace = 'public'::regnamespace")
            .await;
    assert_eq!(tables, 0);
}
