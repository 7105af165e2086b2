//! From a byte stream into sqlx.
//!
//! sqlx connects by itself, over TCP or to a Unix socket, and takes no stream that is there already. So it gets a Unix
//! socket whose other end is ours, and a task that copies the bytes. ADR 14 says why, and what makes this file
//! superfluous.

use std::{
    fmt,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncWriteExt as _, copy},
    net::{UnixListener, UnixStream},
};

use crate::transport::ByteStream;

/// The limit for telling the server that the client has gone.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The socket at which sqlx meets this process: an abstract name on Linux, which no file shows and which is gone with
/// the listener, else a directory that only this user may enter.
#[derive(Debug)]
struct LocalSocket {
    /// The path that sqlx takes for the directory of a server's socket.
    dir: PathBuf,
    listener: UnixListener,
}

impl LocalSocket {
    fn listen(port: u16) -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!("postgres-proxy-{:032x}", u128::from_ne_bytes(random));
        if cfg!(target_os = "linux") {
            Self::bind(format!("\0{name}").into(), port)
        } else {
            Self::bind_in(&std::env::temp_dir().join(name), port)
        }
    }

    fn bind_in(dir: &Path, port: u16) -> io::Result<Self> {
        DirBuilder::new().mode(0o700).create(dir)?;
        Self::bind(dir.to_owned(), port).inspect_err(|_| remove(dir))
    }

    fn bind(dir: PathBuf, port: u16) -> io::Result<Self> {
        let listener = UnixListener::bind(format!("{}/.s.PGSQL.{port}", dir.display()))?;
        Ok(Self { dir, listener })
    }

    /// Accepts the one connection that this process makes. Other processes can find an abstract name, and get nothing.
    async fn accept(self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let peer = stream.peer_cred()?.pid();
            if peer.is_none_or(|peer| peer.unsigned_abs() == std::process::id()) {
                return Ok(stream);
            }
        }
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        if self.dir.is_absolute() {
            remove(&self.dir);
        }
    }
}

fn remove(dir: &Path) {
    // Another name is used the next time, so a failure has no consequence.
    let _ = fs::remove_dir_all(dir);
}

/// A stream to a server that waits for sqlx.
pub(super) struct Proxy {
    socket: LocalSocket,
    stream: Box<dyn ByteStream>,
}

/// A proxy with both of its ends.
pub(super) struct AcceptedProxy {
    client: UnixStream,
    stream: Box<dyn ByteStream>,
}

impl Proxy {
    pub(super) fn listen(port: u16, stream: Box<dyn ByteStream>) -> io::Result<Self> {
        Ok(Self { socket: LocalSocket::listen(port)?, stream })
    }

    /// Returns the directory of the socket, for sqlx.
    pub(super) fn dir(&self) -> &Path {
        &self.socket.dir
    }

    pub(super) async fn accept(self) -> io::Result<AcceptedProxy> {
        Ok(AcceptedProxy { client: self.socket.accept().await?, stream: self.stream })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl AcceptedProxy {
    /// Copies bytes until one of the two ends is closed, and then closes the other one. The error is the server's
    /// side's.
    pub(super) async fn run(self) -> io::Result<()> {
        let (mut from_client, mut to_client) = self.client.into_split();
        let (mut from_server, mut to_server) = tokio::io::split(self.stream);
        tokio::select! {
            biased;
            ended = copy(&mut from_server, &mut to_client) => ended.map(drop),
            ended = copy(&mut from_client, &mut to_server) => {
                // A server that cannot be reached any more hears nothing, and is not waited for.
                let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, to_server.shutdown()).await;
                ended.map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn meets(point: LocalSocket) {
        let socket = format!("{}/.s.PGSQL.5432", point.dir.display());
        let (theirs, ours) = tokio::join!(UnixStream::connect(&socket), point.accept());
        let (mut theirs, mut ours) = (theirs.unwrap(), ours.unwrap());
        theirs.write_all(b"?").await.unwrap();
        assert_eq!(ours.read_u8().await.unwrap(), b'?');
        assert!(UnixStream::connect(&socket).await.is_err(), "it is for one connection");
    }

    #[tokio::test]
    async fn one_connection_meets_at_a_point() {
        meets(LocalSocket::listen(5432).unwrap()).await;
    }

    #[tokio::test]
    async fn a_meeting_point_in_a_directory_leaves_nothing() {
        let dir = std::env::temp_dir().join(format!("taskmaster-meeting-{}", std::process::id()));
        meets(LocalSocket::bind_in(&dir, 5432).unwrap()).await;
        assert!(!dir.exists());
        drop(LocalSocket::bind_in(&dir, 5432).unwrap());
        assert!(!dir.exists());
    }
}
