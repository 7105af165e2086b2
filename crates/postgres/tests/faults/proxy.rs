//! A network between a client and a server that does what networks do.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::stage::LIMIT;

/// What happens to what is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    /// Nothing of what the client sends arrives, not even that it hangs up.
    pub(crate) stalls_to_server: bool,
    /// Nothing of what the server sends arrives, not even that it hangs up.
    pub(crate) stalls_to_client: bool,
    /// How much later everything arrives, each way.
    pub(crate) delay: Duration,
}

impl Weather {
    /// What a cable that somebody has pulled does: nothing arrives, and nobody is told.
    pub(crate) const HALF_OPEN: Self =
        Self { stalls_to_server: true, stalls_to_client: true, delay: Duration::ZERO };

    /// The server gets everything and does it, but its answers are lost.
    pub(crate) const ANSWERS_LOST: Self =
        Self { stalls_to_server: false, stalls_to_client: true, delay: Duration::ZERO };

    fn stalls(self, way: Way) -> bool {
        match way {
            Way::ToServer => self.stalls_to_server,
            Way::ToClient => self.stalls_to_client,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Way {
    ToServer,
    ToClient,
}

/// A proxy on a port of its own, which it keeps while it refuses. It ends with the value, and its connections with it.
#[derive(Debug)]
pub(crate) struct Proxy {
    target: SocketAddr,
    /// Holds the port, and never listens.
    _claim: TcpSocket,
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    /// How often the connections were cut. Each change cuts those that there are.
    cuts: Arc<watch::Sender<usize>>,
    accepted: Arc<AtomicUsize>,
    /// Each connection that is open holds one of these.
    open: Arc<()>,
    /// There is none while connections are refused.
    listening: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Lets everything pass to `target`.
    pub(crate) fn to(target: SocketAddr) -> Self {
        let claim = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = claim.local_addr().unwrap();
        let mut proxy = Self {
            target,
            _claim: claim,
            address,
            weather: Arc::new(watch::Sender::default()),
            cuts: Arc::new(watch::Sender::default()),
            accepted: Arc::default(),
            open: Arc::default(),
            listening: None,
        };
        proxy.accept();
        proxy
    }

    /// Where clients connect to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    pub(crate) async fn await_open(&self, count: usize) {
        let open = || Arc::strong_count(&self.open) - 1 - usize::from(self.listening.is_some());
        let reached = async {
            while open() != count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let reached = tokio::time::timeout(LIMIT, reached).await;
        assert!(reached.is_ok(), "{} connections are open, not {count}", open());
    }

    /// From now on, for the connections that are there and those to come.
    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Cuts the connections that are there: both sides get a reset. New ones are accepted.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Swallows for good what is sent on the connections that are there. New ones are as good as ever.
    pub(crate) async fn forget(&mut self) {
        self.set(Weather::HALF_OPEN);
        self.refuse().await;
        self.weather = Arc::default();
        self.accept();
    }

    /// Refuses new connections, as a host on which nothing listens does. Those that are there stay.
    pub(crate) async fn refuse(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            // The port is closed when the task is gone.
            let _ = listening.await;
        }
    }

    /// Accepts connections again.
    pub(crate) fn accept(&mut self) {
        if self.listening.is_some() {
            return;
        }
        let listener = socket(self.address).listen(1024).unwrap();
        let (target, weather, cuts) = (self.target, Arc::clone(&self.weather), Arc::clone(&self.cuts));
        let (accepted, open) = (Arc::clone(&self.accepted), Arc::clone(&self.open));
        self.listening = Some(tokio::spawn(async move {
            serve(&listener, |client| {
                accepted.fetch_add(1, Ordering::SeqCst);
                let mut cut = cuts.subscribe();
                let connection = connect(client, target, weather.subscribe());
                let open = Arc::clone(&open);
                tokio::spawn(async move {
                    tokio::select! {
                        _ = connection => {}
                        // The value or its sender is gone: the sockets are closed with the future, and reset as they were told to be.
                        _ = cut.changed() => {}
                    }
                    drop(open);
                });
            })
            .await;
        }));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
        self.cut();
    }
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn serve(listener: &TcpListener, mut begin: impl FnMut(TcpStream)) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => begin(client),
            // A client that has given up before it was accepted.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Carries what both sides send until both have hung up. If this is dropped before, both sides get a reset.
async fn connect(
    mut client: TcpStream,
    target: SocketAddr,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    client.set_zero_linger()?;
    // A server that nobody can reach is not told of its client either.
    arrives(&mut weather, Way::ToServer).await;
    let mut server = TcpStream::connect(target).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        stream.set_zero_linger()?;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let weather_back = weather.clone();
    tokio::try_join!(
        carry(&mut from_client, &mut to_server, weather, Way::ToServer),
        carry(&mut from_server, &mut to_client, weather_back, Way::ToClient),
    )?;
    Ok(())
}

async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut weather: watch::Receiver<Weather>,
    way: Way,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await;
        let delay = arrives(&mut weather, way).await;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match read? {
            0 => return to.shutdown().await,
            length => to.write_all(&buffer[..length]).await?,
        }
    }
}

/// Waits until something that is sent this way arrives, and tells how much later.
async fn arrives(weather: &mut watch::Receiver<Weather>, way: Way) -> Duration {
    let fair = weather.wait_for(|weather| !weather.stalls(way)).await.map(|weather| weather.delay);
    match fair {
        Ok(delay) => delay,
        // The proxy is gone, and its connections are about to be cut.
        Err(_) => std::future::pending().await,
    }
}

#[tokio::test]
async fn the_network_of_these_tests_does_what_it_is_told() {
    let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let target = echo.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut heard = Vec::new();
        loop {
            let (mut stream, _) = echo.accept().await.unwrap();
            let mut word = [0; 4];
            while stream.read_exact(&mut word).await.is_ok() {
                heard.push(word);
                if stream.write_all(&word).await.is_err() || &word == b"last" {
                    break;
                }
            }
            if heard.last() == Some(b"last") {
                return heard;
            }
        }
    });
    let mut proxy = Proxy::to(target);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let mut word = [0; 4];

    client.write_all(b"here").await.unwrap();
    client.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"here");

    proxy.set(Weather::ANSWERS_LOST);
    client.write_all(b"lost").await.unwrap();
    let silence = tokio::time::timeout(Duration::from_millis(50), client.read_exact(&mut word)).await;
    assert!(silence.is_err());
    proxy.set(Weather { delay: Duration::from_millis(1), ..Weather::default() });
    client.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"lost", "it comes when the network is well again");

    proxy.cut();
    let reset = client.read(&mut word).await.unwrap_err();
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);

    proxy.refuse().await;
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    proxy.accept();

    proxy.set(Weather::HALF_OPEN);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    client.write_all(b"last").await.unwrap();
    let silence = tokio::time::timeout(Duration::from_millis(50), client.read_exact(&mut word)).await;
    assert!(silence.is_err());
    proxy.set(Weather::default());
    client.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"last");
    assert_eq!(proxy.accepted(), 2);
    assert_eq!(server.await.unwrap(), [*b"here", *b"lost", *b"last"]);
}
