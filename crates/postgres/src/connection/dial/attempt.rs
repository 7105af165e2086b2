//! One attempt at one address, with encryption or without.

use std::{net::SocketAddr, sync::atomic::Ordering};

use sea_orm::sqlx::{Connection as _, PgConnection};
use taskmaster_repository::{RepositoryError, Result};
use x509_parser::parse_x509_certificate;

use super::{
    Dialer, Link, ServerCertificate,
    bridge::{MeetingPoint, carry},
    failure::{Failure, tls_error},
    handshake, server, session, sum,
    tls::Tls,
};
use crate::connection::config::{Host, SslMode};

type Attempt<T> = std::result::Result<T, Failure>;

type Session = (PgConnection, Option<ServerCertificate>);

impl Dialer {
    /// Connects to the host at this address, or to its Unix socket without one, and looks whether it will do.
    pub(super) async fn attempt(&self, host: &Host, address: Option<SocketAddr>) -> Result<Link> {
        let (conn, certificate) = match (self.config.ssl_mode(host), address) {
            (SslMode::Disable, address) | (_, address @ None) => {
                self.open(host, address, None).await.map_err(Failure::into_error)?
            }
            (SslMode::Prefer, Some(_)) => self.prefer(host, address).await?,
            (mode, Some(_)) => {
                let tls = self.tls(host, mode).await?;
                self.open(host, address, Some(&tls)).await.map_err(Failure::into_error)?
            }
        };
        server::look(conn, host, certificate, self).await
    }

    /// With encryption, and if it is for this that it fails, without.
    async fn prefer(&self, host: &Host, address: Option<SocketAddr>) -> Result<Session> {
        let tls = self.tls(host, SslMode::Prefer).await?;
        match self.open(host, address, Some(&tls)).await {
            Err(encrypted) if encrypted.is_about_tls() => {
                self.open(host, address, None).await.map_err(|plain| match encrypted {
                    Failure::NoTls => plain.into_error(),
                    encrypted => sum(vec![
                        ("with TLS".to_owned(), encrypted.into_error()),
                        ("without".to_owned(), plain.into_error()),
                    ]),
                })
            }
            opened => opened.map_err(Failure::into_error),
        }
    }

    /// Reads the files, which may take a while.
    async fn tls(&self, host: &Host, mode: SslMode) -> Result<Tls> {
        let (config, default_roots) = (self.config.clone(), self.default_roots.clone());
        let name = host.name.clone();
        let read = move || Tls::new(&config.tls, mode, &name, default_roots.as_deref());
        let tls = tokio::task::spawn_blocking(read).await;
        tls.map_err(|error| RepositoryError::Backend { source: error.into() })?
    }

    async fn open(&self, host: &Host, address: Option<SocketAddr>, tls: Option<&Tls>) -> Attempt<Session> {
        let is_watched = self.watches_clients.load(Ordering::Relaxed);
        match self.open_once(host, address, tls, is_watched).await {
            Err(Failure::Session(error)) if is_watched && session::cannot_watch(&error) => {
                let unwatched = self.open_once(host, address, tls, false).await;
                self.watches_clients.store(unwatched.is_err(), Ordering::Relaxed);
                unwatched
            }
            opened => opened,
        }
    }

    async fn open_once(
        &self,
        host: &Host,
        address: Option<SocketAddr>,
        tls: Option<&Tls>,
        is_watched: bool,
    ) -> Attempt<Session> {
        let options = session::options(&self.config, is_watched).port(host.port);
        let (address, tls) = match (address, tls) {
            (Some(address), Some(tls)) => (address, tls),
            (Some(address), None) => {
                let options = options.host(&address.ip().to_string());
                return Ok((PgConnection::connect_with(&options).await.map_err(Failure::Session)?, None));
            }
            (None, _) => {
                let options = options.socket(&host.name);
                return Ok((PgConnection::connect_with(&options).await.map_err(Failure::Session)?, None));
            }
        };
        let encrypted = handshake::encrypted(address, tls).await?;
        let shown = encrypted.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let certificate = shown.and_then(|certificate| describe(certificate));

        let point = MeetingPoint::open(host.port).map_err(Failure::Network)?;
        let options = options.socket(point.dir());
        let mut carrier = None;
        let met = async {
            let clear = point.meet().await.map_err(Failure::Network)?;
            carrier = Some(tokio::spawn(carry(clear, encrypted)));
            Ok(())
        };
        let opened = async { PgConnection::connect_with(&options).await.map_err(Failure::Session) };
        match tokio::try_join!(opened, met) {
            Ok((conn, ())) => Ok((conn, certificate)),
            // In TLS 1.3 a server says only after the handshake what it thinks of the client's certificate.
            Err(failure) => match carrier {
                Some(carrier) => match carrier.await {
                    Ok(Err(error)) if tls_error(&error).is_some() => Err(Failure::Handshake(error)),
                    _ => Err(failure),
                },
                None => Err(failure),
            },
        }
    }
}

/// Who the server says that it is. None if that cannot be read.
fn describe(certificate: &[u8]) -> Option<ServerCertificate> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    let expires = certificate.validity().not_after.timestamp();
    Some(ServerCertificate {
        subject: certificate.subject().to_string(),
        expires: chrono::DateTime::from_timestamp(expires, 0)?,
    })
}
