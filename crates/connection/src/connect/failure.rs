//! Why one attempt to connect has failed.

use std::io;

use rustls::CertificateError;
use sea_orm::sqlx;

use crate::{
    error::{BoxError, Error},
    sqlstate,
};

/// Why one attempt to connect has failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing answers, or somebody has hung up.
    Network(io::Error),
    /// What answers is something else.
    NoPostgres,
    /// The server has no TLS.
    NoTls,
    /// No agreement about TLS, or the server's certificate will not do.
    Handshake(io::Error),
    /// The server does not begin a session.
    Session(sqlx::Error),
    /// It does not work with TLS, nor without.
    Both(Box<Self>, Box<Self>),
}

impl Failure {
    /// Returns `true` if the server might take the same session without encryption. libpq tries that after a wrong
    /// password, too, and so sends it in the clear; this does not.
    pub(super) fn is_about_tls(&self) -> bool {
        match self {
            Self::NoTls | Self::Handshake(_) => true,
            Self::Session(sqlx::Error::Database(error)) => {
                error.code().as_deref() == Some(sqlstate::NO_HBA_LINE)
            }
            _ => false,
        }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Network(error) => session(error.into()),
            Self::NoPostgres => no_postgres("an unknown answer to the request for TLS"),
            Self::NoTls => Error::misconfigured(
                "the server has no TLS, which the mode of encryption demands; set `ssl = on` there",
                "the server answers the request for TLS with no",
            ),
            Self::Handshake(error) => handshake(error),
            Self::Session(error) => session(error),
            Self::Both(encrypted, plain) => {
                let (encrypted, plain) = (encrypted.into_error(), plain.into_error());
                let reason = format!("with TLS: {}; without: {}", encrypted.reason(), plain.reason());
                plain.with_reason(reason)
            }
        }
    }
}

/// TLS says what is wrong; all else is the network.
fn handshake(error: io::Error) -> Error {
    match tls_error(&error) {
        Some(rustls::Error::InvalidCertificate(fault)) => Error::misconfigured(certificate(fault), error),
        Some(tls) => {
            let reason = format!(
                "no agreement with the server about TLS ({tls}); check its ssl_min_protocol_version and \
                 ssl_max_protocol_version against the minimum here, and the client's certificate"
            );
            Error::misconfigured(reason, error)
        }
        None => session(error.into()),
    }
}

/// What TLS itself has found wrong, if that is the cause.
pub(super) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|cause| cause.downcast_ref())
}

fn certificate(fault: &CertificateError) -> String {
    let advice = match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired; renew it there"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; check the clocks"
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "nobody has signed it who is trusted here; check the file of root certificates, and whether these have expired"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is not this host's; use a name that is among its subjectAltName"
        }
        _ => "it is not as it must be; have another one made",
    };
    format!("the server's certificate will not do: {advice} ({fault})")
}

fn session(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Protocol(said) => no_postgres(said),
        error => {
            let error = Error::from(error);
            // A pooler refuses the settings of the first message in these words of its own; the SQLSTATE says less.
            if error.sqlstate() == Some(sqlstate::PROTOCOL_VIOLATION)
                && error.reason().contains("startup parameter")
            {
                let reason = "a pooler is in front of the server, and takes no settings of the session; set DB_POOLER=true \
                              (pool.behind_pooler), which is right for its transaction mode and its session mode";
                return Error::misconfigured(reason, error);
            }
            error
        }
    }
}

fn no_postgres(said: impl Into<BoxError>) -> Error {
    Error::misconfigured(
        "what answers there is no PostgreSQL, or wants a password in a way that is not supported; check the port, and \
         that pg_hba.conf says scram-sha-256",
        said,
    )
}
