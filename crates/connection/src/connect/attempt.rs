//! One attempt at one endpoint of a host, with TLS or without.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use sea_orm::sqlx::{
    Connection as _,
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::net::TcpStream;

use super::{
    failure::{Failure, tls_error},
    handshake,
    proxy::Proxy,
    server::{self, RawConnection, ServerCertificate},
    startup,
    tls::Tls,
    way::{Endpoint, Way},
};
use crate::{
    config::{DatabaseConfig, SslMode},
    error::{Error, Result},
    host::Host,
    transport::ByteStream,
};

type Attempt<T> = std::result::Result<T, Failure>;

/// The state that all attempts of one search share.
pub(super) struct Attempts<'a> {
    config: &'a DatabaseConfig,
    default_roots: Option<&'a Path>,
    watches_clients: &'a AtomicBool,
}

/// A way for sqlx into a server: its options, and the proxy that they lead to where sqlx cannot go by itself.
pub(super) struct Entrance {
    pub(super) options: PgConnectOptions,
    pub(super) proxy: Option<Proxy>,
    certificate: Option<ServerCertificate>,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(
        config: &'a DatabaseConfig,
        default_roots: Option<&'a Path>,
        watches_clients: &'a AtomicBool,
    ) -> Self {
        Self { config, default_roots, watches_clients }
    }

    /// Connects, and checks the server.
    pub(super) async fn connect(&self, host: &Host, endpoint: &Endpoint) -> Result<RawConnection> {
        let mode = self.config.ssl_mode(host);
        let (opened, is_encrypted) = match mode {
            SslMode::Disable => (self.open(host, endpoint, None).await, false),
            mode => {
                let tls = self.tls(host, mode).await?;
                match self.open(host, endpoint, Some(&tls)).await {
                    Err(encrypted) if mode == SslMode::Prefer && encrypted.is_about_tls() => {
                        (self.open_in_clear(host, endpoint, encrypted).await, false)
                    }
                    opened => (opened, true),
                }
            }
        };
        let (conn, certificate) = opened.map_err(Failure::into_error)?;
        let way = Way { endpoint: endpoint.clone(), is_encrypted };
        server::check(conn, host, certificate, way, self.config, self.watches_clients).await
    }

    /// Opens without TLS what could not be opened with it.
    async fn open_in_clear(
        &self,
        host: &Host,
        endpoint: &Endpoint,
        encrypted: Failure,
    ) -> Attempt<(PgConnection, Option<ServerCertificate>)> {
        self.open(host, endpoint, None).await.map_err(|plain| match encrypted {
            Failure::NoTls => plain,
            encrypted => Failure::Both(Box::new(encrypted), Box::new(plain)),
        })
    }

    /// Returns a way for sqlx to this server again.
    pub(super) async fn again(&self, host: &Host, way: &Way) -> Result<Entrance> {
        let tls =
            if way.is_encrypted { Some(self.tls(host, self.config.ssl_mode(host)).await?) } else { None };
        let is_watched = self.watches_clients.load(Ordering::Relaxed);
        let entrance = self.entrance(host, &way.endpoint, tls.as_ref(), is_watched).await;
        entrance.map_err(Failure::into_error)
    }

    /// Reads the files, which may take a while.
    async fn tls(&self, host: &Host, mode: SslMode) -> Result<Tls> {
        let (config, default_roots) = (self.config.tls.clone(), self.default_roots.map(Path::to_owned));
        let name = host.name.clone();
        let read = move || Tls::new(&config, mode, &name, default_roots.as_deref());
        let tls = tokio::task::spawn_blocking(read).await;
        tls.map_err(|error| Error::unavailable("the files for TLS were not read to their end", error))?
    }

    async fn open(
        &self,
        host: &Host,
        endpoint: &Endpoint,
        tls: Option<&Tls>,
    ) -> Attempt<(PgConnection, Option<ServerCertificate>)> {
        let is_watched = self.watches_clients.load(Ordering::Relaxed);
        match self.entrance(host, endpoint, tls, is_watched).await?.connect().await {
            Err(Failure::Session(error)) if is_watched && startup::cannot_watch(&error) => {
                let unwatched = match self.entrance(host, endpoint, tls, false).await {
                    Ok(entrance) => entrance.connect().await,
                    Err(failure) => Err(failure),
                };
                self.watches_clients.store(unwatched.is_err(), Ordering::Relaxed);
                unwatched
            }
            opened => opened,
        }
    }

    async fn entrance(
        &self,
        host: &Host,
        endpoint: &Endpoint,
        tls: Option<&Tls>,
        is_watched: bool,
    ) -> Attempt<Entrance> {
        let options = startup::options(self.config, is_watched).port(host.port);
        let stream: Box<dyn ByteStream> = match (endpoint, tls) {
            (Endpoint::Unix(dir), _) => {
                return Ok(Entrance { options: options.socket(dir), proxy: None, certificate: None });
            }
            // Nothing stands between sqlx and the server.
            (Endpoint::Tcp(address), None) => {
                let options = options.host(&address.ip().to_string());
                return Ok(Entrance { options, proxy: None, certificate: None });
            }
            (Endpoint::Tcp(address), Some(_)) => {
                let stream = TcpStream::connect(address).await.and_then(handshake::keep_alive);
                Box::new(stream.map_err(Failure::Network)?)
            }
            (Endpoint::Custom(open), _) => open(host.clone()).await.map_err(Failure::Network)?,
        };
        let (stream, certificate) = match tls {
            None => (stream, None),
            Some(tls) => {
                let encrypted = handshake::encrypt(stream, tls).await?;
                let shown = encrypted.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let certificate = shown.and_then(|certificate| ServerCertificate::read(certificate));
                (Box::new(encrypted) as Box<dyn ByteStream>, certificate)
            }
        };
        let proxy = Proxy::listen(host.port, stream).map_err(Failure::Network)?;
        Ok(Entrance { options: options.socket(proxy.dir()), proxy: Some(proxy), certificate })
    }
}

impl Entrance {
    async fn connect(self) -> Attempt<(PgConnection, Option<ServerCertificate>)> {
        let opened = async { PgConnection::connect_with(&self.options).await.map_err(Failure::Session) };
        let Some(proxy) = self.proxy else { return Ok((opened.await?, self.certificate)) };
        let mut proxied = None;
        let accepted = async {
            let accepted = proxy.accept().await.map_err(Failure::Network)?;
            proxied = Some(tokio::spawn(accepted.run()));
            Ok(())
        };
        match tokio::try_join!(opened, accepted) {
            Ok((conn, ())) => Ok((conn, self.certificate)),
            // In TLS 1.3 a server says only after the handshake what it thinks of the client's certificate.
            Err(failure) => match proxied {
                Some(proxied) => match proxied.await {
                    Ok(Err(error)) if tls_error(&error).is_some() => Err(Failure::Handshake(error)),
                    _ => Err(failure),
                },
                None => Err(failure),
            },
        }
    }
}
