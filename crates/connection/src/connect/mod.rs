//! One connection: to which host, how, and what the server is.
//!
//! - `attempt`: one attempt at one endpoint, with TLS or without.
//! - `failure`: why an attempt has failed, with what to do.
//! - `handshake`, `tls`, `verifier`: TLS on any byte stream.
//! - `proxy`: from such a stream into sqlx.
//! - `startup`: the settings of a session.
//! - `server`: the server's version, encoding and role.
//! - `single`: a session of one's own.

mod attempt;
mod failure;
mod handshake;
mod proxy;
mod server;
mod single;
mod startup;
mod tls;
mod verifier;
mod way;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    config::DatabaseConfig,
    deadline::after,
    error::{Error, ErrorKind, Result},
    host::Host,
    transport::Route,
};
use attempt::Attempts;
use way::Endpoint;

pub(crate) use server::RawConnection;
pub use server::{ServerCertificate, ServerInfo};
pub use single::SingleSession;
pub(crate) use startup::WATCH;

/// Makes connections.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    config: Arc<DatabaseConfig>,
    /// libpq's file of root certificates, which need not be there.
    default_roots: Option<PathBuf>,
    /// Is `true` if the server is asked to watch its clients; some platforms cannot.
    watches_clients: Arc<AtomicBool>,
}

impl Connector {
    pub(crate) fn new(config: Arc<DatabaseConfig>) -> Self {
        let default_roots = std::env::home_dir().map(|home| home.join(".postgresql/root.crt"));
        Self { config, default_roots, watches_clients: Arc::new(AtomicBool::new(true)) }
    }

    /// Returns `true` if the server is asked to watch its clients.
    pub(crate) fn watches_clients(&self) -> bool {
        self.watches_clients.load(Ordering::Relaxed)
    }

    /// Connects to the first host that will do. A failure that passes by itself, and a host of another role, lead to
    /// the next host; one that lasts until a person acts, such as a wrong password, ends the search, as in libpq.
    pub(crate) async fn connect(&self) -> Result<RawConnection> {
        let attempts = Attempts::new(&self.config, self.default_roots.as_deref(), &self.watches_clients);
        let mut failures = Vec::new();
        for host in &self.config.hosts {
            let deadline = self.deadline();
            let endpoints = match self.within(deadline, self.endpoints(host)).await {
                Ok(endpoints) => endpoints,
                Err(error) => {
                    failures.push((host.to_string(), error));
                    continue;
                }
            };
            for (tried, endpoint) in endpoints.iter().enumerate() {
                // An address that does not answer leaves time for the others.
                let share = u32::try_from(endpoints.len() - tried).unwrap_or(u32::MAX);
                let now = Instant::now();
                let deadline = now + deadline.saturating_duration_since(now) / share;
                let attempt = Box::pin(attempts.connect(host, endpoint));
                let error = match self.within(deadline, attempt).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) => error,
                };
                let is_last = !error.is_retryable();
                let name = match endpoint {
                    Endpoint::Tcp(address) if endpoints.len() > 1 => format!("{host} at {}", address.ip()),
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

    /// Returns the time by which a host that is tried now must have answered. Zero is no limit, as in libpq.
    fn deadline(&self) -> Instant {
        let limit = self.config.pool.connect_timeout;
        after(if limit.is_zero() { Duration::MAX } else { limit })
    }

    /// Returns all addresses of a host that is reached by TCP, else the one way to it.
    async fn endpoints(&self, host: &Host) -> Result<Vec<Endpoint>> {
        match self.config.transport.route(host) {
            Route::Unix(dir) => Ok(vec![Endpoint::Unix(dir)]),
            Route::Custom(open) => Ok(vec![Endpoint::Custom(open)]),
            Route::Tcp => match tokio::net::lookup_host((host.name.as_str(), host.port)).await {
                Ok(addresses) => Ok(addresses.map(Endpoint::Tcp).collect()),
                Err(error) => {
                    let reason = format!("the host's address cannot be found ({error}); check the name");
                    Err(Error::unavailable(reason, error))
                }
            },
        }
    }

    async fn within<T>(&self, deadline: Instant, work: impl Future<Output = Result<T>>) -> Result<T> {
        match tokio::time::timeout_at(deadline, work).await {
            Ok(done) => done,
            Err(elapsed) => Err(Error::unavailable(
                format!(
                    "the server does not answer within {} s; check the host and the port",
                    self.config.pool.connect_timeout.as_secs_f32()
                ),
                elapsed,
            )),
        }
    }
}

/// Returns one error of what each host has said, of the kind of the last.
fn sum(mut failures: Vec<(String, Error)>) -> Error {
    let said: Vec<String> =
        failures.iter().map(|(name, error)| format!("{name}: {}", error.reason())).collect();
    match failures.pop() {
        None => Error::misconfigured("no host is configured; name one", "the list of hosts is empty"),
        Some((_, last)) => {
            let kind = if last.kind() == ErrorKind::Timeout { ErrorKind::Unavailable } else { last.kind() };
            last.with_kind(kind).with_reason(said.join("; "))
        }
    }
}

#[cfg(test)]
mod tests;
