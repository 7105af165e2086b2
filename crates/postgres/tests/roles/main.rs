//! What members of `taskmaster_readonly`, `taskmaster_app` and `taskmaster_admin` can do, found out by trying.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

mod beyond;
mod repositories;
mod rights;
mod trail;

use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _};
use taskmaster_embedded::{TestDatabase, TestLogin};
use taskmaster_testkit::migrated_database;

/// A database, and a user in each role.
struct Roles {
    logins: [TestLogin; 3],
    database: TestDatabase,
}

/// The roles, in the order of [`Roles::logins`].
const ROLES: [&str; 3] = ["taskmaster_readonly", "taskmaster_app", "taskmaster_admin"];

impl Roles {
    async fn new() -> Self {
        let database = migrated_database().await;
        let mut logins = Vec::new();
        for role in ROLES {
            logins.push(database.login(&[role]).await.unwrap());
        }
        Self { logins: logins.try_into().unwrap(), database }
    }

    fn url(&self, role: &str) -> &str {
        let at = ROLES.iter().position(|it| it.ends_with(role)).unwrap();
        self.logins[at].url()
    }

    async fn connect(&self, role: &str) -> PgConnection {
        PgConnection::connect(self.url(role)).await.unwrap()
    }

    async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.database.url()).await.unwrap()
    }
}

/// Runs statements. `Err` is the SQLSTATE with which the server refuses one.
async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), String> {
    match sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_database_error() {
            Some(error) => Err(error.code().unwrap().into_owned()),
            None => panic!("{sql}: {error}"),
        },
    }
}

/// Runs statements in a transaction that is rolled back.
async fn attempt(connection: &mut PgConnection, sql: &str) -> Result<(), String> {
    run(connection, "BEGIN").await.unwrap();
    let outcome = run(connection, sql).await;
    run(connection, "ROLLBACK").await.unwrap();
    outcome
}

/// The values of a query that returns one column of texts.
async fn column(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await.unwrap()
}
