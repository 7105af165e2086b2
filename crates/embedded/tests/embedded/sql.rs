//! Statements on a connection of their own.

use sqlx::{Connection, PgConnection};

pub(crate) async fn run(url: &str, statements: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// All values that a query of one column answers, as text.
pub(crate) async fn names(url: &str, query: &'static str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let names = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    names
}

/// The first value that a query answers, for tests without a runtime.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn ask(url: &str, query: &'static str) -> String {
    names(url, query).await.swap_remove(0)
}

/// Runs statements, for tests without a runtime.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn tell(url: &str, statements: &'static str) {
    run(url, statements).await;
}
