//! The way to a host, below TLS.

use std::{fmt, future::Future, io, path::PathBuf, pin::Pin, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::host::Host;

/// A byte stream to a server.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// A byte stream that is being opened.
type Opening = Pin<Box<dyn Future<Output = io::Result<Box<dyn ByteStream>>> + Send>>;

/// A function from a host to a byte stream. TLS, where it is demanded, is negotiated on that stream, and the
/// certificate is verified against the host's configured name.
///
/// The default opens a Unix socket where the host's name is a directory, and TCP everywhere else.
#[derive(Clone, Default)]
pub struct Transport(Option<Arc<dyn Fn(Host) -> Opening + Send + Sync>>);

/// The kind of stream that leads to one host.
pub(crate) enum Route {
    /// A Unix socket in this directory.
    Unix(PathBuf),
    /// TCP, to each address of the name.
    Tcp,
    /// The caller's own function.
    Custom(Arc<dyn Fn(Host) -> Opening + Send + Sync>),
}

impl Transport {
    /// Returns a transport that calls `open` for each connection. The function is called once per attempt, and dropping
    /// its future must abandon the attempt.
    pub fn new<F, Fut, S>(open: F) -> Self
    where
        F: Fn(Host) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: ByteStream + 'static,
    {
        Self(Some(Arc::new(move |host| {
            let opening = open(host);
            Box::pin(async move { opening.await.map(|stream| Box::new(stream) as Box<dyn ByteStream>) })
        })))
    }

    /// Returns the way to this host.
    pub(crate) fn route(&self, host: &Host) -> Route {
        match &self.0 {
            Some(open) => Route::Custom(Arc::clone(open)),
            None if host.is_socket() => Route::Unix(PathBuf::from(&host.name)),
            None => Route::Tcp,
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Transport(custom)" } else { "Transport(direct)" })
    }
}
