//! The program and a pool have the same verdict on every server, in every mode of TLS.

use taskmaster_connection::Database;
use taskmaster_connection::config::{DatabaseConfig, Host, RootCertificates, SslMode};
use taskmaster_embedded::{TestServer, TestServerSettings};

use crate::certificates::{Authority, Files, Pair};
use crate::database::program;

const MODES: [SslMode; 5] =
    [SslMode::Disable, SslMode::Prefer, SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull];

const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// Returns the way to the server's database, where every certificate is compared with these roots.
fn config(server: &TestServer, mode: SslMode, roots: &std::path::Path) -> DatabaseConfig {
    let mut config = DatabaseConfig::new("localhost", "postgres", "postgres");
    config.hosts = vec![Host { name: "localhost".to_owned(), port: server.port() }];
    config.tls.mode = Some(mode);
    config.tls.root_certificates = Some(RootCertificates::File(roots.to_owned()));
    (config.pool.min, config.pool.max) = (0, 1);
    config
}

/// Returns `true` if `migrate status` gets to the server of this URL, else its error.
fn migrate(config: &DatabaseConfig) -> Result<(), String> {
    use secrecy::ExposeSecret as _;

    let output = program(config.to_url().expose_secret(), &["status"]).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8(output.stderr).unwrap()) }
}

#[tokio::test]
async fn each_mode_has_one_verdict_on_each_certificate() {
    let (authority, other, files) = (Authority::new("authority"), Authority::new("authority"), Files::new());
    let right = authority.signs(&HERE, "db");
    let own = Pair::self_signed(&HERE, true);
    let (t, f) = (true, false);
    // By mode: disable, prefer, require, verify-ca, verify-full.
    for (what, pair, roots, expected) in [
        ("the right root", &right, &authority.certificate, [t, t, t, t, t]),
        ("another root", &right, &other.certificate, [t, t, f, f, f]),
        ("self-signed and trusted", &own, &own.certificate, [t, t, t, t, t]),
        ("self-signed and not trusted", &own, &authority.certificate, [t, t, f, f, f]),
        (
            "another host",
            &authority.signs(&["other.example"], "localhost"),
            &authority.certificate,
            [t, t, t, t, f],
        ),
        ("expired", &authority.signed_long_ago(&HERE), &authority.certificate, [t, t, f, f, f]),
    ] {
        let settings = TestServerSettings::new().tls(&pair.certificate, &pair.key);
        let server = TestServer::launch(settings.tcp()).unwrap();
        let roots = files.write("root.crt", roots, 0o644);
        for (mode, expected) in MODES.into_iter().zip(expected) {
            let config = config(&server, mode, &roots);
            let program = migrate(&config);
            let pool = Database::connect(config).await;
            assert_eq!(program.is_ok(), expected, "{what}, {mode:?}: {program:?}");
            assert_eq!(pool.is_ok(), expected, "{what}, {mode:?}: {pool:?}");
            if let (Err(program), Err(pool)) = (program, pool) {
                assert!(program.contains(pool.reason()), "{what}, {mode:?}: {program} / {pool}");
            }
        }
    }
}

#[tokio::test]
async fn the_systems_roots_and_a_list_of_hosts_are_understood() {
    let authority = Authority::new("authority");
    let pair = authority.signs(&HERE, "db");
    let server =
        TestServer::launch(TestServerSettings::new().tls(&pair.certificate, &pair.key).tcp()).unwrap();
    let port = server.port();
    let refused = program(
        &format!("postgres://postgres@localhost:{port}/postgres?sslmode=verify-full&sslrootcert=system"),
        &["status"],
    );
    let files = Files::new();
    // A system whose roots are these.
    let bundle = files.write("bundle.crt", &authority.certificate, 0o644);
    let status = |mut command: std::process::Command, bundle: Option<&std::path::Path>| {
        match bundle {
            Some(bundle) => command.env("SSL_CERT_FILE", bundle),
            None => command.env_remove("SSL_CERT_FILE"),
        };
        command.output().unwrap()
    };
    assert!(!status(refused, None).status.success(), "no public authority has signed it");
    let url = format!(
        "postgres://postgres@127.0.0.1:1,localhost:{port}/postgres?sslmode=verify-full&sslrootcert=system"
    );
    let output = status(program(&url, &["status"]), Some(&bundle));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
