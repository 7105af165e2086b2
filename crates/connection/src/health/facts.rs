//! The state of the database, as of one moment.
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::{
    clock,
    config::ReplicaConfig,
    connect::ServerCertificate,
    metrics::{LastError, PoolStatus},
    pool::Pool,
};

/// From how many days before its end on a certificate is worth a word.
const CERTIFICATE_NOTICE_DAYS: i64 = 14;

/// How the database is, as of one moment.
///
/// It is written by serde with durations in seconds, and is fit to be shown to those who operate the service: no password, no
/// statement and no value is in it, but hosts and names are.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// In one word.
    pub status: HealthStatus,
    /// Why it is not healthy, and what to do about it.
    pub reasons: Vec<String>,
    /// Is `true` if the server has answered.
    pub connected: bool,
    /// The server that was asked.
    pub host: Option<String>,
    /// Its version, such as `15.4`.
    pub server_version: Option<String>,
    /// How long it took to ask it something and get the answer.
    #[serde(rename = "latency_seconds", serialize_with = "seconds")]
    pub latency: Option<Duration>,
    /// The pool of connections.
    pub pool: PoolStatus,
    /// The schema, if somebody has said [what to expect](crate::Database::expecting_migrations).
    pub migrations: Option<MigrationHealth>,
    /// Replication, if it could be asked for.
    pub replication: Option<Replication>,
    /// The certificate that the server has shown, if the connection is encrypted.
    pub certificate: Option<CertificateHealth>,
    /// The last call that failed.
    pub last_error: Option<LastError>,
    /// When this was, by this machine's clock.
    pub checked_at: DateTime<Utc>,
    /// How long it took to find all this out.
    #[serde(rename = "took_seconds", serialize_with = "some_seconds")]
    pub took: Duration,
}

/// How the database is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// It serves.
    Healthy,
    /// It serves, and somebody should look at it.
    Degraded,
    /// It does not serve.
    Down,
}

/// Is `true` if the schema is what the program expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationHealth {
    /// How many migrations were applied.
    pub applied: usize,
    /// Those that the program expects and that were not applied.
    pub pending: Vec<String>,
    /// Those that were applied and that the program does not know: a newer program has migrated the schema.
    pub unknown: Vec<String>,
}

/// The server's part in replication.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Replication {
    /// It takes writes.
    Primary {
        /// How many servers follow it.
        standbys: usize,
        /// How far the last of them is behind.
        #[serde(rename = "lag_seconds", serialize_with = "seconds")]
        lag: Option<Duration>,
        /// Why the lag is not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        unknown: Option<&'static str>,
    },
    /// It follows another server.
    Standby {
        /// How far it is behind what it has received; if it receives nothing, how long ago its last transaction was committed.
        /// Zero is only what follows, and has replayed all that came.
        #[serde(rename = "lag_seconds", serialize_with = "seconds")]
        lag: Option<Duration>,
        /// Is `true` if it is connected to the server that it follows.
        streaming: bool,
    },
}

/// The server's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateHealth {
    /// Whose it is.
    pub subject: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// How many whole days are left. Negative when it has ended.
    pub days_left: i64,
}

impl Health {
    /// Returns `true` if the database serves.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.status != HealthStatus::Down
    }

    /// What is known without the server.
    pub(super) fn pending(pool: &Pool) -> Self {
        Self {
            status: HealthStatus::Healthy,
            reasons: Vec::new(),
            connected: false,
            host: None,
            server_version: None,
            latency: None,
            pool: pool.status(),
            migrations: None,
            replication: None,
            certificate: None,
            last_error: pool.shared.metrics.last_error(),
            checked_at: clock::now(),
            took: Duration::ZERO,
        }
    }

    /// Adds a reason why it is not better than this.
    pub(super) fn degrade_to(&mut self, status: HealthStatus, reason: impl Into<String>) {
        self.status = self.status.max(status);
        self.reasons.push(reason.into());
    }

    /// Says what the facts mean.
    pub(super) fn evaluate(&mut self, replica: Option<&ReplicaConfig>) {
        let PoolStatus { in_use, max, waiting, .. } = self.pool;
        if in_use >= max && waiting > 0 {
            let reason = format!(
                "all {max} connections of the pool are in use, and {waiting} calls wait for one; use a larger pool or \
                 shorter units of work"
            );
            self.degrade_to(HealthStatus::Degraded, reason);
        }
        if let Some(MigrationHealth { pending, .. }) = &self.migrations
            && let Some(first) = pending.first()
        {
            let reason =
                format!("{} migrations are pending, beginning with {first}; apply them", pending.len());
            self.degrade_to(HealthStatus::Degraded, reason);
        }
        if let Some(CertificateHealth { days_left, expires_at, .. }) = self.certificate
            && days_left < CERTIFICATE_NOTICE_DAYS
        {
            let ends = if days_left < 0 { "ended" } else { "ends" };
            let reason = format!("the server's certificate {ends} at {expires_at}; renew it");
            self.degrade_to(HealthStatus::Degraded, reason);
        }
        self.evaluate_replication(replica);
    }

    fn evaluate_replication(&mut self, replica: Option<&ReplicaConfig>) {
        let lag = match self.replication {
            None => return,
            Some(Replication::Primary { standbys: 0, .. }) if replica.is_some() => {
                let reason = "no standby follows the server, though replicas are configured; check that they run and reach it";
                self.degrade_to(HealthStatus::Degraded, reason);
                return;
            }
            Some(Replication::Standby { streaming: false, .. }) => {
                let reason = "the standby is not connected to the server that it follows, so what it knows is old; check that \
                              server, the network and `primary_conninfo`";
                self.degrade_to(HealthStatus::Degraded, reason);
                return;
            }
            Some(Replication::Primary { lag, .. } | Replication::Standby { lag, .. }) => lag,
        };
        let max_lag = replica.map(|replica| replica.max_lag).filter(|max_lag| !max_lag.is_zero());
        if let (Some(lag), Some(max_lag)) = (lag, max_lag)
            && lag > max_lag
        {
            let reason = format!("a standby is {:.1} s behind", lag.as_secs_f64());
            self.degrade_to(HealthStatus::Degraded, reason);
        }
    }
}

impl CertificateHealth {
    pub(super) fn new(certificate: &ServerCertificate, now: DateTime<Utc>) -> Self {
        let ServerCertificate { subject, expires, .. } = certificate;
        let days_left = (*expires - now).num_seconds().div_euclid(24 * 60 * 60);
        Self { subject: subject.clone(), expires_at: *expires, days_left }
    }
}

#[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
fn seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}

fn some_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
