//! TLS on a byte stream.

use std::{io, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{failure::Failure, tls::Tls};
use crate::transport::ByteStream;

/// Asks a PostgreSQL server for TLS: the message's length, and the number that it is known by.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A network that is gone without a word is noticed after a minute: 30 s of silence, and three questions without an answer.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(30))
    .with_interval(Duration::from_secs(10))
    .with_retries(3);

/// The longest time that sent data may stay without an acknowledgement. TCP sends no keepalive as long as it waits for
/// one.
#[cfg(target_os = "linux")]
fn give_up_on_silence(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_user_timeout(Some(Duration::from_mins(1)))
}

#[cfg(not(target_os = "linux"))]
fn give_up_on_silence(_: &SockRef<'_>) -> io::Result<()> {
    Ok(())
}

/// Sets what keeps a TCP connection from waiting for a network that is gone.
pub(super) fn keep_alive(tcp: TcpStream) -> io::Result<TcpStream> {
    let socket = SockRef::from(&tcp);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&KEEPALIVE)?;
    give_up_on_silence(&socket)?;
    Ok(tcp)
}

/// Negotiates TLS on a stream to a PostgreSQL server.
pub(super) async fn encrypt<S: ByteStream>(mut stream: S, tls: &Tls) -> Result<TlsStream<S>, Failure> {
    // One byte is read and no more. Bytes that an attacker has put behind it in the clear are then taken for the
    // beginning of the handshake, which they spoil, and never for something that was said under encryption
    // (CVE-2021-23222).
    match request(&mut stream).await.map_err(Failure::Network)? {
        b'S' => {}
        b'N' => return Err(Failure::NoTls),
        b'E' => {
            return Err(Failure::Network(io::Error::other("it answers the request for TLS with an error")));
        }
        _ => return Err(Failure::NoPostgres),
    }
    TlsConnector::from(tls.config.clone()).connect(tls.name.clone(), stream).await.map_err(Failure::Handshake)
}

async fn request(stream: &mut impl ByteStream) -> io::Result<u8> {
    stream.write_all(&SSL_REQUEST).await?;
    stream.read_u8().await
}
