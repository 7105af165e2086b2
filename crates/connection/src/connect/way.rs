//! The way to a host that an attempt takes.

use std::{fmt, future::Future, io, net::SocketAddr, path::PathBuf, pin::Pin, sync::Arc};

use crate::{host::Host, transport::ByteStream};

type OpenStream =
    dyn Fn(Host) -> Pin<Box<dyn Future<Output = io::Result<Box<dyn ByteStream>>> + Send>> + Send + Sync;

/// One way to a host.
#[derive(Clone)]
pub(super) enum Endpoint {
    /// A Unix socket in this directory.
    Unix(PathBuf),
    /// An address.
    Tcp(SocketAddr),
    /// The caller's transport.
    Custom(Arc<OpenStream>),
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(dir) => write!(f, "Unix({})", dir.display()),
            Self::Tcp(address) => write!(f, "Tcp({address})"),
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

/// The way by which a connection was made.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) endpoint: Endpoint,
    pub(super) is_encrypted: bool,
}
