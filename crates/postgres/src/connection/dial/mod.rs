//! One connection: to which host, how, and what it is then.

mod server;
mod session;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};
use sea_orm::sqlx::{self, Connection as _, PgConnection};
use taskmaster_repository::{RepositoryError, Result};

use super::config::{DatabaseConfig, Host};

/// Makes connections.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    config: Arc<DatabaseConfig>,
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
        Self { config, watches_clients: Arc::new(AtomicBool::new(true)) }
    }

    /// Connects to the first host that will do. What passes by itself, and a host that has not the right role, leads to the
    /// next one; what lasts until somebody acts, such as a wrong password, ends the search, as in libpq.
    pub(crate) async fn dial(&self) -> Result<Link> {
        let mut failures = Vec::new();
        for host in &self.config.hosts {
            match self.dial_host(host).await {
                Ok(link) => return Ok(link),
                Err(error) => {
                    let goes_on = error.is_retryable();
                    failures.push((host, error));
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        Err(sum(failures))
    }

    async fn dial_host(&self, host: &Host) -> Result<Link> {
        let limit = self.config.pool.connect_timeout;
        match tokio::time::timeout(limit, self.connect(host)).await {
            Ok(linked) => linked,
            Err(elapsed) => Err(RepositoryError::Unavailable {
                reason: format!(
                    "the server does not answer within {} s; check the host and the port",
                    limit.as_secs_f32()
                ),
                source: Box::new(elapsed),
            }),
        }
    }

    async fn connect(&self, host: &Host) -> Result<Link> {
        let conn = self.open(host).await.map_err(session::failure)?;
        server::look(conn, host, None, &self.config).await
    }

    async fn open(&self, host: &Host) -> std::result::Result<PgConnection, sqlx::Error> {
        let watched = self.watches_clients.load(Ordering::Relaxed);
        let options = |watched| session::options(&self.config, watched).host(&host.name).port(host.port);
        match PgConnection::connect_with(&options(watched)).await {
            Err(error) if watched && session::cannot_watch(&error) => {
                let unwatched = PgConnection::connect_with(&options(false)).await;
                self.watches_clients.store(unwatched.is_err(), Ordering::Relaxed);
                unwatched
            }
            opened => opened,
        }
    }
}

/// One error of what each host said, of the kind of the last one.
fn sum(mut failures: Vec<(&Host, RepositoryError)>) -> RepositoryError {
    let said: Vec<String> = failures
        .iter()
        .map(|(host, error)| match error {
            RepositoryError::Refused { reason, .. } | RepositoryError::Unavailable { reason, .. } => {
                format!("{host}: {reason}")
            }
            RepositoryError::Backend { source } => format!("{host}: {source}"),
            error => format!("{host}: {error}"),
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
