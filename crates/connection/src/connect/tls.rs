//! What is demanded of a server's certificate, and what it is shown of ours. The files are read for each connection, so a renewed
//! one needs no restart.

use std::{
    fs::{self, File},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::Arc,
};

use super::verifier::{Trust, Verifier};
use crate::{
    config::{ClientCertificate, RootCertificates, SslMode, TlsConfig, TlsVersion},
    error::{Error, Result},
};
use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};

/// What a handshake needs to know.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    /// The host's name as it is configured: whatever its address may be, this must be in the certificate.
    pub(super) name: ServerName<'static>,
}

impl Tls {
    /// `default_roots` is libpq's file of root certificates, which need not be there.
    pub(super) fn new(
        config: &TlsConfig,
        mode: SslMode,
        host: &str,
        default_roots: Option<&Path>,
    ) -> Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| {
            Error::misconfigured(format!("{host} is no name that a certificate can be for"), error)
        })?;
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier {
            trust: trust(config, mode, default_roots)?,
            demands_name: mode == SslMode::VerifyFull,
            algorithms: provider.signature_verification_algorithms,
        };
        let versions: &[_] = match config.min_version {
            TlsVersion::Tls12 => &[&TLS12, &TLS13],
            TlsVersion::Tls13 => &[&TLS13],
        };
        let unusable = |error| {
            Error::misconfigured(
                "TLS cannot be used as it is configured; check the client's certificate",
                error,
            )
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match &config.client {
            None => builder.with_no_client_auth(),
            Some(client) => builder
                .with_client_auth_cert(certificates(&client.certificate)?, private_key(client)?)
                .map_err(unusable)?,
        };
        Ok(Self { config: Arc::new(config), name })
    }
}

/// Who may sign the server's certificate. None: it is not looked at.
fn trust(tls: &TlsConfig, mode: SslMode, default_file: Option<&Path>) -> Result<Option<Trust>> {
    let default_file = default_file.filter(|file| file.exists());
    let file = match &tls.root_certificates {
        Some(RootCertificates::File(file)) => Some(file.as_path()),
        Some(RootCertificates::System) => None,
        None => default_file,
    };
    match (mode, file) {
        (SslMode::Disable | SslMode::Prefer, _) => Ok(None),
        (_, Some(file)) => Trust::new(certificates(file)?).map(Some).map_err(|error| {
            Error::misconfigured(
                format!("{} holds a certificate that cannot be a root", file.display()),
                error,
            )
        }),
        // Anybody can have a certificate that the system trusts. Only together with the name it means something.
        (SslMode::Require | SslMode::VerifyCa, None) if tls.root_certificates.is_some() => {
            Err(Error::misconfigured(
                "the system's root certificates prove nothing without the host's name; use the mode verify-full with them",
                "a mode that is too weak for the system's root certificates",
            ))
        }
        (SslMode::VerifyCa, None) => Err(Error::misconfigured(
            "verify-ca proves nothing without an authority of one's own; name a file of root certificates, or use verify-full",
            "no file of root certificates",
        )),
        (SslMode::Require, None) => Ok(None),
        (SslMode::VerifyFull, None) => system().map(Some),
    }
}

fn system() -> Result<Trust> {
    let found = rustls_native_certs::load_native_certs();
    let trust = Trust::of_usable(found.certs);
    if trust.is_empty() {
        let why: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(Error::misconfigured(
            "this system has no root certificates; install its package of them (ca-certificates), or name a file",
            why.join("; "),
        ));
    }
    Ok(trust)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unreadable = |error: String| {
        Error::misconfigured(format!("the certificates in {} cannot be read: {error}", path.display()), error)
    };
    let pem = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| unreadable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(unreadable("there is none; they must be PEM".to_owned()));
    }
    Ok(certificates)
}

/// A key that others can read is theirs, too. Root may share one with a group, as packages of certificates do.
fn private_key(client: &ClientCertificate) -> Result<PrivateKeyDer<'static>> {
    let path = &client.key;
    let unreadable = |error: String| {
        Error::misconfigured(format!("the key in {} cannot be used: {error}", path.display()), error)
    };
    let mut file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let metadata = file.metadata().map_err(|error| unreadable(error.to_string()))?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        let mode = metadata.mode() & 0o777;
        return Err(unreadable(format!("others can read it (mode {mode:o}); chmod 600 it")));
    }
    let mut pem = Vec::new();
    file.read_to_end(&mut pem).map_err(|error| unreadable(error.to_string()))?;
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| unreadable("it holds no private key without a passphrase as PEM".to_owned()))
}
