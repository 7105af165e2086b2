//! What the stories of this suite begin with: a database, a connection, a statement.

use std::process::{Command, Output};

use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Connection, Postgres};
use taskmaster_embedded::{Template, TestDatabase};

/// The names of all migrations, oldest first: what the folder holds, so that a new one changes no test.
pub(crate) fn migrations() -> Vec<String> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A database in whose schema `public` all migrations are applied.
pub(crate) async fn migrated() -> TestDatabase {
    let template = Template::new(taskmaster_migration::fingerprint());
    TestDatabase::create(&template, |url| async move { taskmaster_migration::up(&url, None).await.map(drop) })
        .await
        .unwrap()
}

pub(crate) async fn empty() -> TestDatabase {
    TestDatabase::empty().await.unwrap()
}

pub(crate) async fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::connect(&database.url()).await.unwrap()
}

/// Sets a default for all sessions on the database.
pub(crate) async fn database_setting(database: &TestDatabase, setting: &str) {
    let sql = format!("ALTER DATABASE \"{}\" SET {setting}", database.name());
    run(&mut connect(database).await, &sql).await;
}

/// Runs statements that must succeed.
pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await {
        panic!("{sql}: {error}");
    }
}

/// The one value that a query returns.
pub(crate) async fn value<T>(connection: &mut PgConnection, sql: &str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    match sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await {
        Ok(value) => value,
        Err(error) => panic!("{sql}: {error}"),
    }
}

/// The values of a query that returns one column.
pub(crate) async fn column(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await.unwrap()
}

/// SQLSTATE and constraint with which the database refuses a statement that it must refuse.
pub(crate) async fn refusal(connection: &mut PgConnection, sql: &str) -> (String, String) {
    match sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await {
        Ok(_) => panic!("{sql}: accepted"),
        Err(error) => refusal_of(&error),
    }
}

pub(crate) fn refusal_of(error: &sqlx::Error) -> (String, String) {
    let error = error.as_database_error().expect("the database's own error");
    (error.code().unwrap().into_owned(), error.constraint().unwrap_or_default().to_owned())
}

/// Waits until `sql`, a condition, is true; gives up when it stays false for far longer than anything takes here.
pub(crate) async fn wait_until(connection: &mut PgConnection, sql: &str) {
    for _ in 0..3_000 {
        if value(connection, sql).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("never became true: {sql}");
}

/// The `migrate` program, pointed at `url`.
pub(crate) fn program(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    command.args(arguments).env("DATABASE_URL", url);
    command
}

pub(crate) fn migrate(url: &str, arguments: &[&str]) -> Output {
    program(url, arguments).output().unwrap()
}

/// What a run printed that must succeed.
pub(crate) fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The error of a run that must fail: with code 1, and without a panic.
pub(crate) fn error_of(output: &Output) -> String {
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let at = errors.find("error: ").unwrap_or_else(|| panic!("no error: {errors}"));
    errors[at..].trim_end().to_owned()
}
