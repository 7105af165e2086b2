//! One connection: to which host, how, and what it is then.

mod attempt;
mod bridge;
mod failure;
mod handshake;
mod server;
pub(in crate::connection) mod session;
mod tls;
mod verifier;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};
use sea_orm::sqlx::PgConnection;
use taskmaster_repository::{RepositoryError, Result};
use tokio::time::Instant;

use super::config::{DatabaseConfig, Host};

/// Makes connections.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    config: Arc<DatabaseConfig>,
    /// libpq's file of root certificates, which need not be there.
    default_roots: Option<PathBuf>,
    /// Whether the server is asked to look after its clients; some platforms cannot.
    watches_clients: Arc<AtomicBool>,
}

/// A connection that was just made, and what is known of it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) conn: PgConnection,
    pub(crate) host: Host,
    /// The server's process, by which a statement can be cancelled. None behind a pooler, where it changes all the time.
    pub(crate) backend_pid: Option<i32>,
    /// As `server_version_num` has it: 150004 is 15.4.
    pub(crate) server_version: u32,
    /// Whether the server follows another one.
    pub(crate) is_standby: bool,
    /// Whether a transaction that says nothing can only read: on a standby, and where it is the default.
    pub(crate) is_read_only: bool,
    /// How many connections the server has for all users but superusers. None behind a pooler, which has its own.
    pub(crate) slots: Option<u32>,
    /// What the server showed, if the connection is encrypted.
    pub(crate) certificate: Option<ServerCertificate>,
}

/// The certificate by which a server has said who it is. Whether anybody has checked it depends on the mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerCertificate {
    pub(crate) subject: String,
    pub(crate) expires: DateTime<Utc>,
}

impl Dialer {
    pub(crate) fn new(config: Arc<DatabaseConfig>) -> Self {
        let default_roots = std::env::home_dir().map(|home| home.join(".postgresql/root.crt"));
        Self { config, default_roots, watches_clients: Arc::new(AtomicBool::new(true)) }
    }

    /// Whether the server is asked to look after its clients.
    pub(crate) fn watches_clients(&self) -> bool {
        self.watches_clients.load(Ordering::Relaxed)
    }

    /// Connects to the first host that will do. What passes by itself, and a host that has not the right role, leads to the
    /// next one; what lasts until somebody acts, such as a wrong password, ends the search, as in libpq.
    pub(crate) async fn dial(&self) -> Result<Link> {
        let mut failures = Vec::new();
        for host in &self.config.hosts {
            let deadline = Instant::now() + self.config.pool.connect_timeout;
            let addresses = match self.within(deadline, addresses(host)).await {
                Ok(addresses) => addresses,
                Err(error) => {
                    failures.push((host.to_string(), error));
                    continue;
                }
            };
            for (tried, address) in addresses.iter().enumerate() {
                // An address that does not answer leaves time for the others.
                let share = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
                let now = Instant::now();
                let deadline = now + deadline.saturating_duration_since(now) / share;
                let error = match self.within(deadline, Box::pin(self.attempt(host, *address))).await {
                    Ok(link) => return Ok(link),
                    Err(error) => error,
                };
                let is_last = !error.is_retryable();
                let name = match address {
                    Some(address) if addresses.len() > 1 => format!("{host} at {}", address.ip()),
                    _ => host.to_string(),
                };
                failures.push((name, error));
                if is_last {
                    return Err(sum(failures));
                }
            }
        }
        Err(sum(failures))
    }

    async fn within<T>(&self, deadline: Instant, work: impl Future<Output = Result<T>>) -> Result<T> {
        match tokio::time::timeout_at(deadline, work).await {
            Ok(done) => done,
            Err(elapsed) => Err(RepositoryError::Unavailable {
                reason: format!(
                    "the server does not answer within {} s; check the host and the port",
                    self.config.pool.connect_timeout.as_secs_f32()
                ),
                source: Box::new(elapsed),
            }),
        }
    }
}

/// All addresses of a host, or none of a Unix socket.
async fn addresses(host: &Host) -> Result<Vec<Option<SocketAddr>>> {
    if host.name.starts_with('/') {
        return Ok(vec![None]);
    }
    match tokio::net::lookup_host((host.name.as_str(), host.port)).await {
        Ok(addresses) => Ok(addresses.map(Some).collect()),
        Err(error) => Err(RepositoryError::Unavailable {
            reason: format!("the host's address cannot be found ({error}); check the name"),
            source: Box::new(error),
        }),
    }
}

/// One error of what each one said, of the kind of the last.
fn sum(mut failures: Vec<(String, RepositoryError)>) -> RepositoryError {
    let said: Vec<String> = failures
        .iter()
        .map(|(name, error)| match error {
            RepositoryError::Refused { reason, .. } | RepositoryError::Unavailable { reason, .. } => {
                format!("{name}: {reason}")
            }
            RepositoryError::Backend { source } => format!("{name}: {source}"),
            error => format!("{name}: {error}"),
        })
        .collect();
    let reason = said.join("; ");
    match failures.pop() {
        None => RepositoryError::Refused {
            reason: "no host is configured; name one".to_owned(),
            source: "the list of hosts is empty".into(),
        },
        Some((_, RepositoryError::Refused { source, .. })) => RepositoryError::Refused { reason, source },
        Some((_, RepositoryError::Unavailable { source, .. } | RepositoryError::Timeout { source })) => {
            RepositoryError::Unavailable { reason, source }
        }
        Some(_) => RepositoryError::Backend { source: reason.into() },
    }
}

#[cfg(test)]
mod tests;
