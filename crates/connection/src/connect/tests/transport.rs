//! A way to the server of the program's own.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
};

use taskmaster_embedded::{TestServer, TestServerSettings};
use tokio::net::{TcpStream, UnixStream};

use super::{certificates::Authority, certificates::Files, *};
use crate::{
    Database,
    config::{RootCertificates, SslMode},
    transport::Transport,
};

#[tokio::test]
async fn a_transport_is_below_tls_and_the_certificate_is_compared_with_the_configured_name() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let pair = authority.signs(&["db.internal"], "db");
    let settings = TestServerSettings::new().tls(&pair.certificate, &pair.key);
    let server = TestServer::launch(settings.tcp()).unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    // No resolver knows these names.
    let through = |name: &str| {
        let mut config = config(vec![Host { name: name.to_owned(), port: 7 }]);
        (config.user, config.database) = ("postgres".to_owned(), "postgres".to_owned());
        config.tls.mode = Some(SslMode::VerifyFull);
        let roots = files.write("root.crt", &authority.certificate, 0o644);
        config.tls.root_certificates = Some(RootCertificates::File(roots));
        let (port, opened) = (server.port(), Arc::clone(&opened));
        config.transport = Transport::new(move |host: Host| {
            opened.fetch_add(1, Ordering::Relaxed);
            async move {
                assert_eq!(host.port, 7);
                TcpStream::connect(("127.0.0.1", port)).await
            }
        });
        config
    };
    let database = Database::connect(through("db.internal")).await.unwrap();
    assert!(database.server().unwrap().certificate.is_some());
    assert!(opened.load(Ordering::Relaxed) > 0);

    let error = connect(through("db.elsewhere")).await.unwrap_err();
    assert!(error.reason().contains("it is not this host's"), "{error}");
}

#[tokio::test]
async fn a_transport_without_tls_carries_a_session_and_its_failure_leads_to_the_next_host() {
    let server = TestServer::launch(TestServerSettings::new()).unwrap();
    let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
    let mut config = config(["down", "up"].map(|name| Host { name: name.to_owned(), port: 1 }).to_vec());
    (config.user, config.database) = ("postgres".to_owned(), "postgres".to_owned());
    config.tls.mode = Some(SslMode::Disable);
    config.transport = Transport::new(move |host: Host| {
        let socket = socket.clone();
        async move {
            match host.name.as_str() {
                "up" => UnixStream::connect(&socket).await,
                _ => Err(io::Error::other("the tunnel is closed")),
            }
        }
    });
    let mut connection = connect(config.clone()).await.unwrap();
    assert_eq!(connection.server.host.name, "up");
    assert_eq!(setting(&mut connection, "application_name").await, "taskmaster");

    config.hosts.pop();
    let error = connect(config).await.unwrap_err();
    assert!(error.reason().contains("the tunnel is closed") && error.is_retryable(), "{error}");
}
