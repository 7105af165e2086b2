//! Each mode against each kind of server.

use taskmaster_embedded::{TestServer, TestServerSettings};

use super::{
    certificates::{Authority, Files, Pair},
    *,
};
use crate::config::{ClientCertificate, RootCertificates, SslMode, TlsVersion};

const ALL: [SslMode; 5] =
    [SslMode::Disable, SslMode::Prefer, SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull];

const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// Nobody gets in but as superuser over the socket, and as the test says.
const LOCAL: &str = "local all all trust\n";

fn server(settings: TestServerSettings) -> TestServer {
    TestServer::launch(settings.tcp()).unwrap()
}

fn server_with(pair: &Pair) -> TestServer {
    server(TestServerSettings::new().tls(&pair.certificate, &pair.key))
}

/// The way to a server of the test's own, over TCP.
fn config_to(server: &TestServer, mode: SslMode, roots: Option<PathBuf>) -> DatabaseConfig {
    let mut config = config(vec![Host { name: "localhost".to_owned(), port: server.port() }]);
    config.user = "postgres".to_owned();
    config.database = "postgres".to_owned();
    config.tls.mode = Some(mode);
    config.tls.root_certificates = roots.map(RootCertificates::File);
    config
}

/// What the server says of the connection: the version of TLS, if there is any.
async fn version(link: &mut RawConnection) -> Option<String> {
    query_scalar("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        .fetch_one(&mut link.conn)
        .await
        .unwrap()
}

/// Tries a mode: how it is encrypted then, or why it is refused.
async fn outcome(config: DatabaseConfig) -> std::result::Result<Option<String>, String> {
    let mut connector = Connector::new(Arc::new(config));
    // What is in the home of whoever runs the test must not matter.
    connector.default_roots = None;
    match connector.connect().await {
        Ok(mut link) => {
            let version = version(&mut link).await;
            assert_eq!(link.server.certificate.is_some(), version.is_some());
            Ok(version)
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error:?}");
            assert!(!format!("{error:?}{error}").contains("hunter2"));
            Err(error.to_string())
        }
    }
}

/// What becomes of each mode with these roots: `-` is plaintext, `+` is TLS, else a part of the error.
async fn assert_outcomes(server: &TestServer, roots: Option<&PathBuf>, expected: [&str; 5]) {
    for (mode, expected) in ALL.into_iter().zip(expected) {
        let outcome = outcome(config_to(server, mode, roots.cloned())).await;
        match (expected, &outcome) {
            ("-", Ok(None)) => {}
            ("+", Ok(Some(version))) if version == "TLSv1.3" => {}
            (part, Err(said)) if said.contains(part) => {}
            _ => panic!("{mode:?}: expected {expected}, got {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn the_right_certificate_is_good_for_each_mode() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let server = server_with(&authority.signs(&HERE, "db"));
    let roots = files.write("root.crt", &authority.certificate, 0o644);
    assert_outcomes(&server, Some(&roots), ["-", "+", "+", "+", "+"]).await;

    // By address, too, and it is the name that is compared, not where it leads.
    let mut config = config_to(&server, SslMode::VerifyFull, Some(roots));
    config.hosts[0].name = "127.0.0.1".to_owned();
    let link = connect(config).await.unwrap();
    let certificate = link.server.certificate.unwrap();
    assert_eq!(certificate.subject, "CN=db");
    assert_eq!(certificate.expires.to_rfc3339(), "2099-12-31T00:00:00+00:00");
}

#[tokio::test]
async fn another_hosts_certificate_is_good_for_all_but_verify_full() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let server = server_with(&authority.signs(&["other.example"], "localhost"));
    let roots = files.write("root.crt", &authority.certificate, 0o644);
    assert_outcomes(&server, Some(&roots), ["-", "+", "+", "+", "it is not this host's"]).await;
}

#[tokio::test]
async fn an_expired_certificate_is_good_only_where_nobody_looks() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let server = server_with(&authority.signed_long_ago(&HERE));
    let roots = files.write("root.crt", &authority.certificate, 0o644);
    assert_outcomes(&server, Some(&roots), ["-", "+", "expired", "expired", "expired"]).await;
    assert_eq!(outcome(config_to(&server, SslMode::Require, None)).await.unwrap().unwrap(), "TLSv1.3");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_good_only_where_nobody_looks() {
    let (known, unknown, files) = (Authority::new("authority"), Authority::new("authority"), Files::new());
    let server = server_with(&unknown.signs(&HERE, "db"));
    let roots = files.write("root.crt", &known.certificate, 0o644);
    let nobody = "nobody has signed it who is trusted";
    assert_outcomes(&server, Some(&roots), ["-", "+", nobody, nobody, nobody]).await;
    // Without a file: those of the system, and there it is not either.
    let said = outcome(config_to(&server, SslMode::VerifyFull, None)).await.unwrap_err();
    assert!(said.contains(nobody) || said.contains("no root certificates"), "{said}");
}

#[tokio::test]
async fn fault_11_verify_ca_without_a_file_of_roots_is_refused_since_anybody_has_a_public_certificate() {
    let authority = Authority::new("authority");
    let server = server_with(&authority.signs(&HERE, "db"));
    let said = outcome(config_to(&server, SslMode::VerifyCa, None)).await.unwrap_err();
    assert!(said.contains("name a file of root certificates, or use verify-full"), "{said}");
    // The file in the home is one, too.
    let files = Files::new();
    let mut connector = Connector::new(Arc::new(config_to(&server, SslMode::VerifyCa, None)));
    connector.default_roots = Some(files.write("root.crt", &authority.certificate, 0o644));
    assert!(connector.connect().await.unwrap().server.certificate.is_some());
}

#[tokio::test]
async fn fault_11_a_root_that_has_expired_or_is_no_authority_vouches_for_nobody() {
    let files = Files::new();
    let nobody = "nobody has signed it who is trusted";
    for authority in [Authority::expired("authority"), Authority::without_the_right("authority")] {
        let server = server_with(&authority.signs(&HERE, "db"));
        let roots = files.write("root.crt", &authority.certificate, 0o644);
        assert_outcomes(&server, Some(&roots), ["-", "+", nobody, nobody, nobody]).await;
    }
}

#[tokio::test]
async fn a_certificate_that_signs_itself_is_trusted_when_it_is_the_root() {
    let files = Files::new();
    for can_sign in [false, true] {
        let pair = Pair::self_signed(&HERE, can_sign);
        let server = server_with(&pair);
        let itself = files.write("itself.crt", &pair.certificate, 0o644);
        assert_outcomes(&server, Some(&itself), ["-", "+", "+", "+", "+"]).await;
        let another = files.write("another.crt", &Pair::self_signed(&HERE, can_sign).certificate, 0o644);
        for mode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
            let said = outcome(config_to(&server, mode, Some(another.clone()))).await.unwrap_err();
            assert!(said.contains("the server's certificate will not do"), "{said}");
        }
    }
    let pair = Pair::self_signed(&["other.example"], true);
    let itself = files.write("itself.crt", &pair.certificate, 0o644);
    let it = "it is not this host's";
    assert_outcomes(&server_with(&pair), Some(&itself), ["-", "+", "+", "+", it]).await;
}

#[tokio::test]
async fn fault_11_a_server_without_tls_is_for_disable_and_prefer_only() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let server = server(TestServerSettings::new());
    let roots = files.write("root.crt", &authority.certificate, 0o644);
    let none = "the server has no TLS";
    assert_outcomes(&server, Some(&roots), ["-", "-", none, none, none]).await;
}

#[tokio::test]
async fn require_looks_at_the_certificate_when_there_is_a_file_of_roots_in_the_home() {
    let (known, unknown, files) = (Authority::new("authority"), Authority::new("authority"), Files::new());
    let server = server_with(&known.signs(&HERE, "db"));
    for (root, is_signed) in [(&known, true), (&unknown, false)] {
        let root = files.write("root.crt", &root.certificate, 0o644);
        let mut connector = Connector::new(Arc::new(config_to(&server, SslMode::Require, None)));
        connector.default_roots = Some(root);
        assert_eq!(connector.connect().await.is_ok(), is_signed);
        // With `prefer` it changes nothing: whoever could show a wrong certificate could as well say that there is no TLS.
        connector.config = Arc::new(config_to(&server, SslMode::Prefer, None));
        assert!(connector.connect().await.unwrap().server.certificate.is_some());
    }
}

#[tokio::test]
async fn the_systems_roots_go_with_verify_full_only() {
    let server = server(TestServerSettings::new());
    for mode in [SslMode::Require, SslMode::VerifyCa] {
        let mut config = config_to(&server, mode, None);
        config.tls.root_certificates = Some(RootCertificates::System);
        let said = outcome(config).await.unwrap_err();
        assert!(said.contains("use the mode verify-full"), "{said}");
    }
}

#[tokio::test]
async fn a_version_of_tls_that_is_too_old_is_refused() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let pair = authority.signs(&HERE, "db");
    let roots = files.write("root.crt", &authority.certificate, 0o644);
    let settings = TestServerSettings::new().tls(&pair.certificate, &pair.key);
    let server = server(settings.setting("ssl_max_protocol_version", "TLSv1.2"));

    let mut config = config_to(&server, SslMode::VerifyFull, Some(roots));
    assert_eq!(outcome(config.clone()).await.unwrap().unwrap(), "TLSv1.2");
    config.tls.min_version = TlsVersion::Tls13;
    let said = outcome(config.clone()).await.unwrap_err();
    assert!(said.contains("no agreement with the server about TLS"), "{said}");
    config.tls.mode = Some(SslMode::Prefer);
    assert_eq!(outcome(config).await.unwrap(), None);
}

#[tokio::test]
async fn a_client_proves_who_it_is_by_its_certificate() {
    let (authority, stranger, files) = (Authority::new("ours"), Authority::new("theirs"), Files::new());
    let pair = authority.signs(&HERE, "db");
    let settings = TestServerSettings::new().tls(&pair.certificate, &pair.key);
    let hba = format!("{LOCAL}hostssl all all 127.0.0.1/32 cert\n");
    let server = server(settings.client_ca(&authority.certificate).hba(hba));
    let roots = files.write("root.crt", &authority.certificate, 0o644);

    let with = |name: &str, pair: &Pair, mode| {
        let certificate = files.write(&format!("{name}.crt"), &pair.certificate, 0o644);
        let key = files.write(&format!("{name}.key"), &pair.key, mode);
        let mut config = config_to(&server, SslMode::VerifyFull, Some(roots.clone()));
        config.tls.client = Some(ClientCertificate { certificate, key });
        config
    };
    let right = authority.signs(&[], "postgres");
    assert_eq!(outcome(with("right", &right, 0o600)).await.unwrap().unwrap(), "TLSv1.3");
    let expected = [
        (config_to(&server, SslMode::VerifyFull, Some(roots.clone())), "certificate"),
        (with("open", &right, 0o644), "others can read it (mode 644)"),
        (with("somebody", &authority.signs(&[], "somebody"), 0o600), "check the user"),
        (with("stranger", &stranger.signs(&[], "postgres"), 0o600), "no agreement with the server about TLS"),
        (with("mixed", &Pair { key: pair.key.clone(), ..right }, 0o600), "client's certificate"),
        (with("none", &Pair { certificate: String::new(), key: pair.key.clone() }, 0o600), "there is none"),
    ];
    for (config, part) in expected {
        let said = outcome(config).await.unwrap_err();
        assert!(said.contains(part), "expected {part}: {said}");
    }
}

#[tokio::test]
async fn prefer_goes_without_tls_where_the_server_takes_it_so_only_and_else_tells_of_both() {
    let authority = Authority::new("authority");
    let pair = authority.signs(&HERE, "db");
    let settings = TestServerSettings::new().tls(&pair.certificate, &pair.key);
    let server = server(settings.hba(format!("{LOCAL}hostnossl all all 127.0.0.1/32 trust\n")));
    assert_outcomes(&server, None, ["-", "-", "no pg_hba.conf entry", "name a file", "nobody"]).await;

    server.set_hba(LOCAL).unwrap();
    let said = outcome(config_to(&server, SslMode::Prefer, None)).await.unwrap_err();
    assert!(said.contains("with TLS: ") && said.contains("without: "), "{said}");
}
