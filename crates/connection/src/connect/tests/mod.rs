mod certificates;
mod impostor;
mod tls;
mod transport;

use std::{sync::atomic::Ordering, time::Duration};

use sea_orm::sqlx::{self, postgres::PgConnectOptions, query_scalar};
use taskmaster_embedded::TestDatabase;

use super::*;
use crate::config::Target;

fn config(hosts: Vec<Host>) -> DatabaseConfig {
    let mut config = DatabaseConfig::new("", "tasks", "me");
    config.hosts = hosts;
    config.password = Some("hunter2".to_owned().into());
    config.pool.connect_timeout = Duration::from_secs(30);
    config
}

/// The way to a database of the test's own.
fn config_of(database: &TestDatabase) -> DatabaseConfig {
    let options: PgConnectOptions = database.url().parse().unwrap();
    let socket = options.get_socket().map(|socket| socket.to_str().unwrap());
    let name = socket.unwrap_or(options.get_host()).to_owned();
    let host = Host { name, port: options.get_port() };
    let mut config = config(vec![host]);
    config.user = options.get_username().to_owned();
    config.database = database.name().to_owned();
    config
}

async fn connect(config: DatabaseConfig) -> Result<RawConnection> {
    Connector::new(Arc::new(config)).connect().await
}

async fn setting(link: &mut RawConnection, name: &str) -> String {
    query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut link.conn).await.unwrap()
}

#[tokio::test]
async fn a_link_knows_what_its_server_is_and_its_session_has_the_settings() {
    let database = TestDatabase::empty().await.unwrap();
    let mut config = config_of(&database);
    config.schema = Some("tenant \\ \"a\"".to_owned());
    config.timeouts.lock = Duration::from_millis(1234);
    let mut link = connect(config.clone()).await.unwrap();

    assert_eq!(link.server.host, config.hosts[0]);
    assert!(link.server.version >= 140_000 && link.server.slots > Some(0));
    assert!(!link.server.is_standby && !link.server.is_read_only && link.server.certificate.is_none());
    let pid: i32 = query_scalar("SELECT pg_backend_pid()").fetch_one(&mut link.conn).await.unwrap();
    assert_eq!(link.backend_pid, Some(pid));
    assert_eq!(setting(&mut link, "lock_timeout").await, "1234ms");
    assert_eq!(setting(&mut link, "statement_timeout").await, "1min");
    assert_eq!(setting(&mut link, "idle_in_transaction_session_timeout").await, "5min");
    assert_eq!(setting(&mut link, "search_path").await, "\"tenant \\ \"\"a\"\"\"");
    assert_eq!(setting(&mut link, "application_name").await, "taskmaster");
    if cfg!(target_os = "linux") {
        assert_eq!(setting(&mut link, "client_connection_check_interval").await, "1s");
    }
}

#[tokio::test]
async fn a_setting_that_the_server_refuses_for_its_value_is_an_error() {
    let database = TestDatabase::empty().await.unwrap();
    let mut config = config_of(&database);
    config.timeouts.lock = Duration::MAX;
    let connector = Connector::new(Arc::new(config));
    let error = connector.connect().await.unwrap_err();
    assert!(!error.is_retryable() && error.to_string().contains("22023"), "{error}");
    // It was not for this one that the server refused.
    assert!(connector.watches_clients.load(Ordering::Relaxed));
}

#[tokio::test]
async fn behind_a_pooler_there_is_no_process_to_cancel_and_no_setting() {
    let database = TestDatabase::empty().await.unwrap();
    let mut config = config_of(&database);
    config.pool.behind_pooler = true;
    let mut link = connect(config).await.unwrap();
    assert_eq!((link.backend_pid, link.server.slots), (None, None));
    assert_eq!(setting(&mut link, "statement_timeout").await, "0");
}

#[tokio::test]
async fn the_next_host_is_tried_after_one_that_does_not_answer_or_is_read_only() {
    let read_only = TestDatabase::empty().await.unwrap();
    let mut config = config_of(&read_only);
    config.hosts.insert(0, Host { name: "/nowhere".to_owned(), port: 5432 });
    let mut link = connect(config.clone()).await.unwrap();
    assert_eq!(link.server.host, config.hosts[1]);

    let name = read_only.name();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on"
    )))
    .execute(&mut link.conn)
    .await
    .unwrap();
    let error = connect(config.clone()).await.unwrap_err();
    let said = error.to_string();
    assert!(error.is_retryable() && said.contains("connect to the primary"), "{said}");
    assert!(said.contains("/nowhere/.s.PGSQL.5432: the server cannot be reached"), "{said}");
    config.target = Target::ReadOnly;
    assert!(connect(config.clone()).await.unwrap().server.is_read_only);
    config.target = Target::Any;
    assert!(connect(config).await.unwrap().server.is_read_only);
}

#[tokio::test]
async fn what_lasts_ends_the_search() {
    let database = TestDatabase::empty().await.unwrap();
    let mut config = config_of(&database);
    config.hosts.push(config.hosts[0].clone());
    config.database = "nowhere".to_owned();
    let error = connect(config).await.unwrap_err();
    let said = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error:?}");
    assert_eq!(said.matches("create the database").count(), 1, "{said}");
}

#[tokio::test]
async fn each_host_is_tried_and_the_error_tells_what_each_has_said() {
    let nobody = |port| Host { name: "127.0.0.1".to_owned(), port };
    let error = connect(config(vec![nobody(1), nobody(2)])).await.unwrap_err();
    let said = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(said.contains("127.0.0.1:1: the server cannot be reached"), "{said}");
    assert!(said.contains("127.0.0.1:2: the server cannot be reached"), "{said}");
    assert!(!format!("{error:?}{error}").contains("hunter2"));
}
