//! What is demanded of the encryption, and the files for it.

use taskmaster_connection::config::{ClientCertificate, DatabaseConfig, Host, RootCertificates, SslMode};

use crate::{Directory, faults, load};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";

fn mode_for(name: &str, given: &[(&str, &str)]) -> SslMode {
    load(given).ssl_mode(&Host { name: name.to_owned(), port: 5432 })
}

#[test]
fn fault_11_a_host_that_is_not_this_one_is_verified_unless_somebody_says_otherwise() {
    for name in ["db.example", "10.0.0.1", "fd00::1", "localhost.example", "127.0.0.1.example", "128.0.0.1"] {
        assert_eq!(mode_for(name, &[]), SslMode::VerifyFull, "{name}");
    }
    for name in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(mode_for(name, &[]), SslMode::Prefer, "{name}");
        assert_eq!(mode_for(name, &[("DB_SSL_MODE", "verify-full")]), SslMode::VerifyFull, "{name}");
    }
    assert_eq!(mode_for("/run/postgresql", &[("DB_SSL_MODE", "verify-full")]), SslMode::Disable);
}

#[test]
fn fault_11_each_mode_is_the_one_that_its_name_says() {
    for (word, mode) in [
        ("disable", SslMode::Disable),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ] {
        assert_eq!(load(&[("DB_SSL_MODE", word)]).tls.mode, Some(mode));
        assert_eq!(mode.as_str(), word);
        let url = format!("postgres://u@h/d?sslmode={word}");
        assert_eq!(DatabaseConfig::from_url(&url).unwrap().tls.mode, Some(mode));
    }
}

#[test]
fn fault_11_the_other_words_of_the_described_system_ask_for_the_strictest_mode_that_they_leave() {
    const ENABLED: &str = "DB_SSL_ENABLED";
    const CERTIFICATE: &str = "DB_VERIFY_SERVER_CERT";
    const HOSTNAME: &str = "DB_VERIFY_HOSTNAME";
    for (given, mode) in [
        ([(ENABLED, "true"), (CERTIFICATE, ""), (HOSTNAME, "")], SslMode::VerifyFull),
        ([(ENABLED, "true"), (CERTIFICATE, "true"), (HOSTNAME, "true")], SslMode::VerifyFull),
        ([(ENABLED, "true"), (CERTIFICATE, "true"), (HOSTNAME, "false")], SslMode::VerifyCa),
        ([(ENABLED, "true"), (CERTIFICATE, "false"), (HOSTNAME, "")], SslMode::Require),
        ([(ENABLED, "false"), (CERTIFICATE, "false"), (HOSTNAME, "false")], SslMode::Disable),
        ([(ENABLED, ""), (CERTIFICATE, ""), (HOSTNAME, "true")], SslMode::VerifyFull),
    ] {
        assert_eq!(load(&given).tls.mode, Some(mode), "{given:?}");
    }
    for given in [
        [(ENABLED, "false"), ("DB_SSL_MODE", "require")],
        [(ENABLED, "true"), ("DB_SSL_MODE", "prefer")],
        [(ENABLED, "true"), ("DB_SSL_MODE", "disable")],
        [(CERTIFICATE, "true"), ("DB_SSL_MODE", "require")],
        [(CERTIFICATE, "false"), ("DB_SSL_MODE", "verify-ca")],
        [(HOSTNAME, "true"), ("DB_SSL_MODE", "verify-ca")],
        [(HOSTNAME, "false"), ("DB_SSL_MODE", "verify-full")],
        [(ENABLED, "false"), (HOSTNAME, "true")],
        [(CERTIFICATE, "false"), (HOSTNAME, "true")],
    ] {
        let faults = faults(&given);
        assert!(faults.len() == 1 && faults[0].contains("contradicts"), "{faults:?}");
        assert!(given.iter().all(|(name, _)| faults[0].contains(name)), "{faults:?}");
    }
    assert_eq!(
        faults(&[(ENABLED, "perhaps")]),
        ["DB_SSL_ENABLED (environment): \"perhaps\" is neither true nor false"]
    );
}

#[test]
fn fault_11_the_systems_roots_go_with_verify_full_only() {
    let system = ("DB_CA_CERT_PATH", "system");
    for mode in ["disable", "prefer", "require", "verify-ca"] {
        let told = faults(&[system, ("DB_SSL_MODE", mode)]);
        assert!(told.len() == 1 && told[0].contains("use the mode verify-full with it"), "{told:?}");
    }
    let told = faults(&[system, ("DB_SSL_ENABLED", "true"), ("DB_VERIFY_HOSTNAME", "false")]);
    assert!(told.len() == 1 && told[0].starts_with("DB_CA_CERT_PATH (environment)"), "{told:?}");
    load(&[system, ("DB_SSL_MODE", "verify-full")]);
    // Where no mode is said, each host has its own, and where that is a weak one they are not needed.
    load(&[system]);
}

#[test]
fn the_files_must_be_there_and_hold_what_they_should() {
    let directory = Directory::new();
    let certificate = directory.file("client.pem", CERTIFICATE, 0o644);
    let key = directory.file("client.key", KEY, 0o600);
    let given = [
        ("DB_CA_CERT_PATH", certificate.as_str()),
        ("DB_CLIENT_CERT_PATH", &certificate),
        ("DB_CLIENT_KEY_PATH", &key),
    ];
    let config = load(&given);
    assert_eq!(config.tls.root_certificates, Some(RootCertificates::File(certificate.clone().into())));
    let client = ClientCertificate { certificate: certificate.clone().into(), key: key.clone().into() };
    assert_eq!(config.tls.client, Some(client));

    let nowhere = directory.0.join("nowhere.pem");
    let told = faults(&[("DB_CA_CERT_PATH", nowhere.to_str().unwrap())]);
    assert!(
        told[0].starts_with("DB_CA_CERT_PATH (environment): ") && told[0].contains("cannot be read"),
        "{told:?}"
    );
    assert!(faults(&[("DB_CA_CERT_PATH", &key)])[0].contains("has no PEM block of a CERTIFICATE"));
    assert!(
        faults(&[("DB_CLIENT_CERT_PATH", &certificate)])[0].contains("needs its key; set DB_CLIENT_KEY_PATH")
    );
    assert!(faults(&[("DB_CLIENT_KEY_PATH", &key)])[0].contains("needs its certificate"));
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let directory = Directory::new();
    let certificate = directory.file("client.pem", CERTIFICATE, 0o644);
    let key = directory.file("open.key", KEY, 0o644);
    let told = faults(&[("DB_CLIENT_CERT_PATH", &certificate), ("DB_CLIENT_KEY_PATH", &key)]);
    assert!(told.len() == 1 && told[0].contains("is open to others; run chmod 06"), "{told:?}");
}
