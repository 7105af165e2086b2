//! A server of the story's own, and the way to it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, PgConnection};
use taskmaster_embedded::{EmbeddedError, TestServer, TestServerSettings};
use taskmaster_postgres::config::{DatabaseConfig, Host, RetryPolicy, RootCertificates, SslMode};
use taskmaster_testkit::standby_of;

/// The longest wait for anything; only a failing test ever waits so long.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// A server with our schema, on a TCP port.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    server: Arc<TestServer>,
    encryption: Encryption,
}

/// Is `true` if the way to the server is encrypted. Then there is more between the two that may hide a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    Plain,
    Tls,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(TestServerSettings::new()).await.unwrap()
    }

    pub(crate) async fn set_with(settings: TestServerSettings) -> Result<Self, EmbeddedError> {
        let launched = tokio::task::spawn_blocking(|| TestServer::launch(settings.tcp())).await;
        let server = Arc::new(launched.unwrap()?);
        taskmaster_migration::up(&server.url(), None).await.unwrap();
        Ok(Self { server, encryption: Encryption::Plain })
    }

    pub(crate) async fn set_over(encryption: Encryption) -> Self {
        let settings = match encryption {
            Encryption::Plain => TestServerSettings::new(),
            Encryption::Tls => speaks_tls(),
        };
        Self { encryption, ..Self::set_with(settings).await.unwrap() }
    }

    /// A standby without which nothing is acknowledged any more; `None` where there can be none.
    pub(crate) async fn synchronous_standby(&self) -> Option<Self> {
        let server = Arc::clone(&self.server);
        let standby = tokio::task::spawn_blocking(move || standby_of(&server)).await.unwrap()?;
        self.say("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        self.with(TestServer::reload).await;
        Some(Self { server: Arc::new(standby), encryption: self.encryption })
    }

    /// Does something with the server, without keeping those from their work who use it.
    pub(crate) async fn with(
        &self,
        action: impl FnOnce(&TestServer) -> Result<(), EmbeddedError> + Send + 'static,
    ) {
        let server = Arc::clone(&self.server);
        tokio::task::spawn_blocking(move || action(&server)).await.unwrap().unwrap();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The way to the server, with a pool for all [writers](crate::writers).
    pub(crate) fn config(&self) -> DatabaseConfig {
        self.config_by(self.address())
    }

    /// The way to the server that leads through what listens at `address`.
    pub(crate) fn config_by(&self, address: SocketAddr) -> DatabaseConfig {
        let mut config = config([address]);
        if self.encryption == Encryption::Tls {
            let root = self.server.socket_dir().join("data/authority.crt");
            config.tls.mode = Some(SslMode::VerifyFull);
            config.tls.root_certificates = Some(RootCertificates::File(root));
        }
        config
    }

    /// A connection of the story itself, past everything that it breaks.
    pub(crate) async fn connect(&self) -> PgConnection {
        self.try_connect().await.unwrap()
    }

    pub(crate) async fn try_connect(&self) -> sqlx::Result<PgConnection> {
        PgConnection::connect(&self.server.url()).await
    }

    /// Has the server do something as superuser.
    pub(crate) async fn say(&self, sql: &str) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    /// A number that the server tells a superuser.
    pub(crate) async fn ask(&self, sql: &str) -> i64 {
        let mut connection = self.connect().await;
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
    }

    /// Checks that the sessions of the store are encrypted if they should be.
    pub(crate) async fn is_as_encrypted_as_said(&self) {
        let encrypted = self
            .ask("SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'taskmaster'")
            .await;
        assert_eq!(encrypted > 0, self.encryption == Encryption::Tls);
    }

    /// The process numbers of the sessions that the store has.
    pub(crate) async fn sessions(&self) -> Vec<i32> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'taskmaster'";
        sqlx::query_scalar(sql).fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// Waits until a statement counts as many as expected.
    pub(crate) async fn await_count(&self, expected: i64, sql: &str) {
        let mut connection = self.connect().await;
        let counted = async {
            while sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql.to_owned()))
                .fetch_one(&mut connection)
                .await
                .unwrap()
                != expected
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let counted = tokio::time::timeout(LIMIT, counted).await;
        assert!(counted.is_ok(), "waited in vain for {expected} from {sql}");
    }
}

/// A server on this host that has a certificate, beside which is that of who has signed it.
fn speaks_tls() -> TestServerSettings {
    let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap().pem();
    let server = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap().pem();
    TestServerSettings::new().tls(certificate, key.serialize_pem()).file("authority.crt", root)
}

/// The way to whichever of these servers takes writes.
pub(crate) fn config(addresses: impl IntoIterator<Item = SocketAddr>) -> DatabaseConfig {
    let mut config = DatabaseConfig::new("127.0.0.1", "postgres", "postgres");
    let host = |address: SocketAddr| Host { name: address.ip().to_string(), port: address.port() };
    config.hosts = addresses.into_iter().map(host).collect();
    config.tls.mode = Some(SslMode::Disable);
    config.pool.max = crate::writers::WRITERS;
    config.pool.acquire_timeout = Duration::from_secs(10);
    config.pool.connect_timeout = Duration::from_secs(5);
    config.timeouts.call = Duration::from_secs(20);
    config.health_deadline = Duration::from_secs(1);
    config.retry = RetryPolicy {
        attempts: 4,
        base_delay: Duration::from_millis(20),
        factor: 2.0,
        max_delay: Duration::from_millis(200),
    };
    config
}
