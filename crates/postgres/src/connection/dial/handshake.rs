//! From a host's address to an encrypted connection.

use std::{io, net::SocketAddr, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{failure::Failure, tls::Tls};

/// Asks a PostgreSQL server for TLS: the message's length, and the number that it is known by.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A network that is gone without a word is noticed after a minute: 30 s of silence, and three questions without an answer.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(30))
    .with_interval(Duration::from_secs(10))
    .with_retries(3);

/// How long what is sent may stay without an acknowledgement. TCP asks nobody whether he is alive as long as it waits for one.
#[cfg(target_os = "linux")]
fn give_up_on_silence(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_user_timeout(Some(Duration::from_mins(1)))
}

#[cfg(not(target_os = "linux"))]
fn give_up_on_silence(_: &SockRef<'_>) -> io::Result<()> {
    Ok(())
}

/// Connects and encrypts.
pub(super) async fn encrypted(address: SocketAddr, tls: &Tls) -> Result<TlsStream<TcpStream>, Failure> {
    let mut tcp = TcpStream::connect(address).await.map_err(Failure::Network)?;
    let socket = SockRef::from(&tcp);
    socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_tcp_keepalive(&KEEPALIVE))
        .and_then(|()| give_up_on_silence(&socket))
        .map_err(Failure::Network)?;
    // One byte is read and no more. What somebody on the way has put behind it in the clear is then taken for the beginning of
    // the handshake, which it spoils, and never for something that was said under encryption (CVE-2021-23222).
    match request(&mut tcp).await.map_err(Failure::Network)? {
        b'S' => {}
        b'N' => return Err(Failure::NoTls),
        b'E' => {
            return Err(Failure::Network(io::Error::other("it answers the request for TLS with an error")));
        }
        _ => return Err(Failure::NoPostgres),
    }
    TlsConnector::from(tls.config.clone()).connect(tls.name.clone(), tcp).await.map_err(Failure::Handshake)
}

async fn request(tcp: &mut TcpStream) -> io::Result<u8> {
    tcp.write_all(&SSL_REQUEST).await?;
    tcp.read_u8().await
}
