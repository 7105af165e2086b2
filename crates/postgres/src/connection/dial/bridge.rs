//! From an encrypted connection of ours into sqlx.
//!
//! sqlx connects by itself, over TCP or to a Unix socket, and takes no stream that is there already. So it gets a Unix socket whose
//! other end is ours, and a task that carries the bytes. ADR 11 says why.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncWriteExt as _, copy},
    net::{TcpStream, UnixListener, UnixStream},
};
use tokio_rustls::client::TlsStream;

/// How long the server may take to hear that the client has gone.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where sqlx meets the task: an abstract name on Linux, which no file shows and which is gone with the listener, else a
/// directory that only this user may enter.
#[derive(Debug)]
pub(super) struct MeetingPoint {
    /// What sqlx takes for the directory of a server's socket.
    dir: PathBuf,
    listener: UnixListener,
}

impl MeetingPoint {
    pub(super) fn open(port: u16) -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!("taskmaster-{:032x}", u128::from_ne_bytes(random));
        if cfg!(target_os = "linux") {
            Self::listen(format!("\0{name}").into(), port)
        } else {
            Self::listen_in(&std::env::temp_dir().join(name), port)
        }
    }

    fn listen_in(dir: &Path, port: u16) -> io::Result<Self> {
        DirBuilder::new().mode(0o700).create(dir)?;
        Self::listen(dir.to_owned(), port).inspect_err(|_| remove(dir))
    }

    fn listen(dir: PathBuf, port: u16) -> io::Result<Self> {
        let listener = UnixListener::bind(format!("{}/.s.PGSQL.{port}", dir.display()))?;
        Ok(Self { dir, listener })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The end of the connection that this process makes. Other processes can find an abstract name, and get nothing.
    pub(super) async fn meet(self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let peer = stream.peer_cred()?.pid();
            if peer.is_none_or(|peer| peer.unsigned_abs() == std::process::id()) {
                return Ok(stream);
            }
        }
    }
}

impl Drop for MeetingPoint {
    fn drop(&mut self) {
        if self.dir.is_absolute() {
            remove(&self.dir);
        }
    }
}

fn remove(dir: &Path) {
    // Nobody can be told, and another name is used the next time.
    let _ = fs::remove_dir_all(dir);
}

/// Carries bytes until one of the two ends is closed, and then closes the other one. The error is the server's side's.
pub(super) async fn carry(clear: UnixStream, encrypted: TlsStream<TcpStream>) -> io::Result<()> {
    let (mut from_client, mut to_client) = clear.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(encrypted);
    tokio::select! {
        biased;
        ended = copy(&mut from_server, &mut to_client) => ended.map(drop),
        ended = copy(&mut from_client, &mut to_server) => {
            // A server that cannot be reached any more hears nothing, and is not waited for.
            let _ = tokio::time::timeout(FAREWELL, to_server.shutdown()).await;
            ended.map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn meets(point: MeetingPoint) {
        let socket = format!("{}/.s.PGSQL.5432", point.dir().display());
        let (theirs, ours) = tokio::join!(UnixStream::connect(&socket), point.meet());
        let (mut theirs, mut ours) = (theirs.unwrap(), ours.unwrap());
        theirs.write_all(b"?").await.unwrap();
        assert_eq!(ours.read_u8().await.unwrap(), b'?');
        assert!(UnixStream::connect(&socket).await.is_err(), "it is for one connection");
    }

    #[tokio::test]
    async fn one_connection_meets_at_a_point() {
        meets(MeetingPoint::open(5432).unwrap()).await;
    }

    #[tokio::test]
    async fn a_meeting_point_in_a_directory_leaves_nothing() {
        let dir = std::env::temp_dir().join(format!("taskmaster-meeting-{}", std::process::id()));
        meets(MeetingPoint::listen_in(&dir, 5432).unwrap()).await;
        assert!(!dir.exists());
        drop(MeetingPoint::listen_in(&dir, 5432).unwrap());
        assert!(!dir.exists());
    }
}
