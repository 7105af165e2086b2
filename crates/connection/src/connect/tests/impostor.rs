//! Servers that are none, and people on the way.

use std::time::Duration;

use sea_orm::sqlx;
use taskmaster_embedded::{TestServer, TestServerSettings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::{certificates::Authority, *};
use crate::config::{SslMode, Target};

/// Answers the request for TLS with this, and returns everything that comes then.
async fn impostor(answer: &'static [u8]) -> (Host, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = Host { name: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
    let heard = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        client.read_exact(&mut request).await.unwrap();
        client.write_all(answer).await.unwrap();
        let mut heard = Vec::new();
        // It may end with a reset.
        let _ = client.read_to_end(&mut heard).await;
        heard
    });
    (host, heard)
}

async fn refusal(answer: &'static [u8], mode: SslMode) -> (String, Vec<u8>) {
    let (host, heard) = impostor(answer).await;
    let mut config = config(vec![host]);
    config.tls.mode = Some(mode);
    let error = connect(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error:?}");
    (error.to_string(), heard.await.unwrap())
}

#[tokio::test]
async fn fault_11_who_strips_tls_hears_neither_name_nor_password() {
    for mode in [SslMode::Require, SslMode::VerifyFull] {
        let (said, heard) = refusal(b"N", mode).await;
        assert!(said.contains("the server has no TLS"), "{said}");
        assert_eq!(heard, b"", "nothing is sent in the clear");
    }
}

#[tokio::test]
async fn what_is_put_behind_the_servers_yes_is_never_taken_for_its_words() {
    // A session that begins at once: AuthenticationOk, ReadyForQuery.
    let (said, heard) = refusal(b"SR\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", SslMode::Require).await;
    assert!(said.contains("no agreement with the server about TLS"), "{said}");
    assert!(!heard.windows(2).any(|word| word == b"me"), "no start of a session in the clear");
}

#[tokio::test]
async fn what_is_no_postgres_is_called_so() {
    let (said, _) = refusal(b"HTTP/1.1 400 Bad Request", SslMode::Prefer).await;
    assert!(said.contains("no PostgreSQL"), "{said}");
}

#[tokio::test]
async fn a_host_that_says_nothing_is_left_for_the_next_one() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = TestServer::launch(TestServerSettings::new().tcp()).unwrap();
    let host = |port| Host { name: "127.0.0.1".to_owned(), port };
    let mut config = config(vec![host(silent.local_addr().unwrap().port()), host(server.port())]);
    config.user = "postgres".to_owned();
    config.database = "postgres".to_owned();
    config.pool.connect_timeout = Duration::from_secs(5);
    let link = connect(config).await.unwrap();
    assert_eq!(link.server.host.port, server.port());
}

#[tokio::test]
async fn a_connection_that_is_dropped_in_mid_query_ends_on_the_server_and_much_goes_through_one() {
    let pair = Authority::new("authority").signs(&["localhost"], "db");
    let settings = TestServerSettings::new().tls(&pair.certificate, &pair.key);
    let server = TestServer::launch(settings.tcp()).unwrap();
    let mut config = config(vec![Host { name: "localhost".to_owned(), port: server.port() }]);
    config.user = "postgres".to_owned();
    config.database = "postgres".to_owned();
    config.tls.mode = Some(SslMode::Require);
    let connector = Connector::new(Arc::new(config));

    let mut link = connector.connect().await.unwrap();
    let sent = "äöü".repeat(2_000_000);
    let back: String = query_scalar("SELECT $1 || '!'").bind(&sent).fetch_one(&mut link.conn).await.unwrap();
    assert!(back.strip_suffix('!') == Some(&sent), "{} bytes came back", back.len());

    let sleep = sqlx::raw_sql("SELECT pg_sleep(1000)").execute(&mut link.conn);
    tokio::time::timeout(Duration::from_millis(100), sleep).await.unwrap_err();
    let pid = link.backend_pid;
    drop(link);
    let mut other = connector.connect().await.unwrap();
    let count = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1";
    while query_scalar::<_, i64>(count).bind(pid).fetch_one(&mut other.conn).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    server.kill_backend(other.backend_pid.unwrap()).unwrap();
    query_scalar::<_, i32>("SELECT 1").fetch_one(&mut other.conn).await.unwrap_err();
}

#[tokio::test]
async fn fault_19_a_dial_that_fails_leaves_no_session() {
    let pair = Authority::new("authority").signs(&["localhost"], "db");
    let settings = TestServerSettings::new().tls(&pair.certificate, &pair.key);
    let server = TestServer::launch(settings.tcp()).unwrap();
    let mut config = config(vec![Host { name: "localhost".to_owned(), port: server.port() }]);
    config.user = "postgres".to_owned();
    config.database = "postgres".to_owned();
    for mode in [SslMode::Disable, SslMode::Require] {
        config.tls.mode = Some(mode);
        config.target = Target::ReadOnly;
        for _ in 0..5 {
            assert!(connect(config.clone()).await.unwrap_err().is_retryable());
        }
        config.target = Target::Any;
        let mut link = connect(config.clone()).await.unwrap();
        let others = "SELECT count(*) FROM pg_stat_activity \
                      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        while query_scalar::<_, i64>(others).fetch_one(&mut link.conn).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
