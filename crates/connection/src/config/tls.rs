//! Which encryption is demanded of which host, and whether the files for it can be used.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use super::{DatabaseConfig, Host, RootCertificates, SslMode, TlsConfig, TlsVersion};

/// The modes by the words that libpq has for them.
pub(super) const MODES: [(&str, SslMode); 5] = [
    ("disable", SslMode::Disable),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

pub(super) const VERSIONS: [(&str, TlsVersion); 4] = [
    ("TLSv1.2", TlsVersion::Tls12),
    ("TLSv1.3", TlsVersion::Tls13),
    ("1.2", TlsVersion::Tls12),
    ("1.3", TlsVersion::Tls13),
];

impl SslMode {
    /// The word that libpq has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl DatabaseConfig {
    /// What is demanded of the connection to this host. Over a Unix socket there is no TLS, whatever is configured, as in libpq.
    #[must_use]
    pub fn ssl_mode(&self, host: &Host) -> SslMode {
        match self.tls.mode {
            _ if host.is_socket() => SslMode::Disable,
            Some(mode) => mode,
            None if host.is_local() => SslMode::Prefer,
            None => SslMode::VerifyFull,
        }
    }
}

/// What is wrong with the files, by the keys of their settings.
pub(super) fn faults(tls: &TlsConfig) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let mut check = |key, file: &Path, label| {
        if let Err(reason) = has_pem(file, label) {
            faults.push((key, reason));
        }
    };
    if let Some(RootCertificates::File(file)) = &tls.root_certificates {
        check("tls.root_certificates", file, "CERTIFICATE");
    }
    if let Some(client) = &tls.client {
        check("tls.client_certificate", &client.certificate, "CERTIFICATE");
        check("tls.client_key", &client.key, "PRIVATE KEY");
        if let Some(reason) = readable_by_others(&client.key) {
            faults.push(("tls.client_key", reason));
        }
    }
    if let (Some(RootCertificates::System), Some(mode)) = (&tls.root_certificates, tls.mode)
        && mode != SslMode::VerifyFull
    {
        let reason = format!(
            "is the system's, whose certificates anybody can have; use the mode verify-full with it, not {}",
            mode.as_str()
        );
        faults.push(("tls.root_certificates", reason));
    }
    faults
}

fn has_pem(file: &Path, label: &str) -> Result<(), String> {
    let text = fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let end = format!("{label}-----");
    let is_there = text
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"-----BEGIN ") && line.trim_ascii_end().ends_with(end.as_bytes()));
    if is_there { Ok(()) } else { Err(format!("{} has no PEM block of a {label}", file.display())) }
}

/// As libpq has it: a key of this user is for him alone; one of root's may be read by a group.
fn readable_by_others(file: &Path) -> Option<String> {
    let metadata = fs::metadata(file).ok()?;
    let (forbidden, allowed) = if metadata.uid() == 0 { (0o037, "0640") } else { (0o077, "0600") };
    (metadata.mode() & forbidden != 0)
        .then(|| format!("{} is open to others; run chmod {allowed} on it", file.display()))
}
