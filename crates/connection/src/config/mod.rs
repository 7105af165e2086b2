//! What is configured about the way to the database: one [`DatabaseConfig`].

mod check;
mod environment;
mod error;
mod file;
mod layer;
mod load;
mod pgpass;
mod reader;
mod retired;
mod settings;
mod tls;
mod url;
mod url_options;
mod url_part;

use std::{path::PathBuf, time::Duration};

use ipnetwork::IpNetwork;
use secrecy::SecretString;

use crate::transport::Transport;

pub use error::{ConfigError, ConfigFault};
pub use file::settings_file;
pub use load::ConfigLoader;

pub use crate::host::Host;

/// The way to the database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// The servers, tried in this order until one serves as `target` demands. At least one.
    pub hosts: Vec<Host>,
    /// Which of the servers will do.
    pub target: Target,
    /// The database's name.
    pub database: String,
    /// Who logs in.
    pub user: String,
    /// The password, if the server asks for one.
    pub password: Option<SecretString>,
    /// The schema to work in. Without one it is the user's, mostly `public`.
    pub schema: Option<String>,
    /// What the server shows as the name of this program.
    pub application_name: String,
    /// The beginning of the names of metrics that OpenTelemetry has no name for, such as `taskmaster` in
    /// `taskmaster.db.operation.slow`.
    pub metrics_prefix: String,
    /// The way to the hosts, below TLS.
    pub transport: Transport,
    /// Encryption.
    pub tls: TlsConfig,
    /// The pool of connections.
    pub pool: PoolConfig,
    /// How long things may take on a connection.
    pub timeouts: TimeoutConfig,
    /// When and how often something is tried again.
    pub retry: RetryPolicy,
    /// Servers that only read, if there are some.
    pub replica: Option<ReplicaConfig>,
    /// What is logged.
    pub logging: LoggingConfig,
    /// How long `health` may take.
    pub health_deadline: Duration,
    /// The networks from which the server is to accept connections: `cargo xtask access` plans and checks them, the server
    /// enforces them.
    pub allowed_networks: Vec<IpNetwork>,
}

/// Which server of a list will do: libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The first one that answers.
    Any,
    /// One that takes writes: no standby, and not read-only by default.
    #[default]
    ReadWrite,
    /// One that takes no writes.
    ReadOnly,
}

/// Encryption of the connection.
#[derive(Clone, Debug, Default)]
pub struct TlsConfig {
    /// What is demanded. If it is not set: [`SslMode::Disable`] on a Unix socket, [`SslMode::Prefer`] for the hosts `localhost`,
    /// `127.0.0.0/8` and `::1`, and [`SslMode::VerifyFull`] for all others.
    pub mode: Option<SslMode>,
    /// Whom to trust. If it is not set: the file `~/.postgresql/root.crt` where there is one, else the system's, with
    /// [`SslMode::VerifyFull`] only.
    pub root_certificates: Option<RootCertificates>,
    /// How this program proves who it is.
    pub client: Option<ClientCertificate>,
    /// The oldest version of TLS that will do.
    pub min_version: TlsVersion,
}

/// What is demanded of the connection's encryption, as libpq has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// None.
    Disable,
    /// TLS if the server has it, else none. Protects against nobody who can change what is sent.
    Prefer,
    /// TLS. If a file of root certificates is there, the server's certificate must be signed by one of these.
    Require,
    /// TLS with a certificate that a root in a file has signed. Without such a file it is refused.
    VerifyCa,
    /// The same, and the certificate is the host's.
    VerifyFull,
}

/// Who may sign a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootCertificates {
    /// Those in a file of PEM, and nobody else.
    File(PathBuf),
    /// Those that this machine trusts, with [`SslMode::VerifyFull`] only.
    System,
}

/// The files, PEM both, with which a client proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, followed by those between it and the root.
    pub certificate: PathBuf,
    /// Its private key. Others must not be able to read it.
    pub key: PathBuf,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// The pool of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// How many connections are kept open when nobody uses them.
    pub min: usize,
    /// How many there are at most: from 1 to 262,143, which is PostgreSQL's most.
    pub max: usize,
    /// How long a call waits for a connection.
    pub acquire_timeout: Duration,
    /// How long it may take to connect to one host, from its name to its readiness.
    pub connect_timeout: Duration,
    /// After how long unused a connection is closed, if there are more than `min`.
    pub idle_timeout: Duration,
    /// After how long a connection is replaced, give or take a tenth, so that not all go at once.
    pub max_lifetime: Duration,
    /// After how long in one hand a connection is reported as leaked, with the call that holds it.
    pub leak_threshold: Duration,
    /// Is `true` if a pooler in transaction mode, such as `PgBouncer`, is between this program and the server. A
    /// session then is not one of the server's, so every call is a transaction that brings its own settings.
    pub behind_pooler: bool,
}

/// How long things may take on a connection. A duration of zero means no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeoutConfig {
    /// For a whole call of a repository, with waiting for a connection. The caller gets an error then.
    pub call: Duration,
    /// For a statement; the server cancels it.
    pub statement: Duration,
    /// For waiting on a lock; the server cancels the statement.
    pub lock: Duration,
    /// For a transaction that does nothing; the server closes the connection.
    pub idle_in_transaction: Duration,
}

/// When and how often something is tried again: after `base_delay`, then `factor` times longer each time up to `max_delay`,
/// with jitter.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How often it is tried in all. 1 means once and never again.
    pub attempts: usize,
    /// How long to wait before the second attempt.
    pub base_delay: Duration,
    /// By how much each wait is longer than the one before it.
    pub factor: f32,
    /// The longest wait.
    pub max_delay: Duration,
}

/// Servers that only read. They have the database, user, encryption and timeouts of the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaConfig {
    /// The servers, tried in this order. They are reached directly, never through a pooler in transaction mode.
    pub hosts: Vec<Host>,
    /// How many connections to each of them there are at most.
    pub max: usize,
    /// How far they may be behind before reads go to the primary. Zero means no limit.
    pub max_lag: Duration,
}

/// What is logged, by `tracing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingConfig {
    /// Is `true` if each statement is logged: its text, never its values.
    pub queries: bool,
    /// How often the pool's numbers are logged, if they are.
    pub pool_stats: Option<Duration>,
    /// From which duration on a statement is logged as slow. `None` is never.
    pub slow_query: Option<Duration>,
    /// Is `true` if a slow statement is logged with its plan, which costs one more round trip. The plan is that of the
    /// statement's text without its values.
    pub slow_query_plan: bool,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            min: 2,
            max: 10,
            acquire_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(10),
            max_lifetime: Duration::from_mins(30),
            leak_threshold: Duration::from_mins(1),
            behind_pooler: false,
        }
    }
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self {
            call: Duration::from_mins(2),
            statement: Duration::from_mins(1),
            lock: Duration::from_secs(30),
            idle_in_transaction: Duration::from_mins(5),
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            base_delay: Duration::from_millis(100),
            factor: 2.0,
            max_delay: Duration::from_secs(10),
        }
    }
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self {
            queries: false,
            pool_stats: None,
            slow_query: Some(Duration::from_secs(1)),
            slow_query_plan: false,
        }
    }
}

impl DatabaseConfig {
    /// The way to this database on this server, with the default of everything else.
    #[must_use]
    pub fn new(host: impl Into<String>, database: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            hosts: vec![Host { name: host.into(), port: 5432 }],
            target: Target::default(),
            database: database.into(),
            user: user.into(),
            password: None,
            schema: None,
            application_name: "taskmaster".to_owned(),
            metrics_prefix: "taskmaster".to_owned(),
            transport: Transport::default(),
            tls: TlsConfig::default(),
            pool: PoolConfig::default(),
            timeouts: TimeoutConfig::default(),
            retry: RetryPolicy::default(),
            replica: None,
            logging: LoggingConfig::default(),
            health_deadline: Duration::from_secs(5),
            allowed_networks: Vec::new(),
        }
    }
}

impl DatabaseConfig {
    /// Returns the database, its schema if one is configured, and its servers, for messages.
    #[must_use]
    pub fn location(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        let schema = self.schema.as_ref().map(|schema| format!("schema {schema:?} of ")).unwrap_or_default();
        format!("{schema}database {:?} at {}", self.database, hosts.join(", "))
    }
}

/// Words such as `; did you mean pool.max?`, if one of the names is like this one.
fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let likeness = known.map(|known| (strsim::jaro_winkler(name, known), known));
    match likeness.max_by(|(one, _), (other, _)| one.total_cmp(other)) {
        Some((likeness, known)) if likeness > 0.85 => format!("; did you mean {known}?"),
        _ => String::new(),
    }
}
