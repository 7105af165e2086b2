//! Whether a server's certificate will do: as much as the mode demands, and no more.

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime},
    server::ParsedCertificate,
};
use x509_parser::{certificate::Validity, parse_x509_certificate, time::ASN1Time};

/// The certificates that may sign a server's, or be it.
#[derive(Debug)]
pub(super) struct Trust {
    roots: Vec<Root>,
}

#[derive(Debug)]
struct Root {
    certificate: CertificateDer<'static>,
    validity: Validity,
    /// What it takes to check a signature of its own. None of a certificate that is not there to sign others: it is trusted to
    /// be the server's, and to say nothing of anybody else.
    anchor: Option<TrustAnchor<'static>>,
}

impl Root {
    fn new(certificate: CertificateDer<'static>) -> Result<Self, Error> {
        let unreadable = || Error::from(CertificateError::BadEncoding);
        let (_, parsed) = parse_x509_certificate(&certificate).map_err(|_| unreadable())?;
        let validity = parsed.validity().clone();
        let constraints = parsed.basic_constraints().map_err(|_| unreadable())?;
        let is_authority = constraints.is_some_and(|constraints| constraints.value.ca);
        let mut store = RootCertStore::empty();
        store.add(certificate.clone())?;
        let anchor = store.roots.pop().filter(|_| is_authority);
        Ok(Self { certificate, validity, anchor })
    }
}

impl Trust {
    /// Each of these; an error for one that cannot be read.
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>) -> Result<Self, Error> {
        Ok(Self { roots: certificates.into_iter().map(Root::new).collect::<Result<_, _>>()? })
    }

    /// Those among them that can sign. In what a system collects, some may be too old for that.
    pub(super) fn of_usable(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut roots: Vec<_> = certificates.into_iter().filter_map(|root| Root::new(root).ok()).collect();
        roots.retain(|root| root.anchor.is_some());
        Self { roots }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Returns `true` if one of these has signed the certificate, with others between them perhaps, or is the
    /// certificate itself. Like OpenSSL, and unlike the rules of the web, it takes no root that has expired.
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Result<(), Error> {
        if let Some(itself) = self.roots.iter().find(|root| root.certificate == *certificate) {
            // A certificate that signs itself is common for PostgreSQL. By the rules of the web it could not be a server's if it
            // can also sign others; that it is this very one says enough.
            return verify_dates(&itself.validity, now);
        }
        let valid = self.roots.iter().filter(|root| verify_dates(&root.validity, now).is_ok());
        let roots = RootCertStore { roots: valid.filter_map(|root| root.anchor.clone()).collect() };
        let parsed = ParsedCertificate::try_from(certificate)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, intermediates, now, algorithms.all)
    }
}

fn verify_dates(validity: &Validity, now: UnixTime) -> Result<(), Error> {
    let now = i64::try_from(now.as_secs()).ok().and_then(|now| ASN1Time::from_timestamp(now).ok());
    let now = now.ok_or(CertificateError::BadEncoding)?;
    if now < validity.not_before {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// Checks a server's certificate in a handshake.
#[derive(Debug)]
pub(super) struct Verifier {
    /// None: whoever has signed it will do.
    pub(super) trust: Option<Trust>,
    /// Is `true` if the certificate must be for the host.
    pub(super) demands_name: bool,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(trust) = &self.trust {
            trust.verify(end_entity, intermediates, now, self.algorithms)?;
        }
        if self.demands_name {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
