//! Checks the server on a connection of its own: those of the pool may all be in use when health is asked for most
//! urgently.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tokio::{
    task::AbortHandle,
    time::{Instant, timeout_at},
};

use super::{
    facts::{CertificateHealth, Health, HealthStatus, Replication},
    queries::{self, ExpectedMigrations, ServerState},
};
use crate::{
    clock,
    config::Target,
    connect::RawConnection,
    error::{Error, ErrorKind},
    metrics::{Metrics, export},
    pool::{Pool, close_session},
    sqlstate,
};

/// The shortest time between the beginnings of two looks. A caller that asks before gets the
/// answer of the last one.
const CACHED_FOR: Duration = Duration::from_millis(250);

/// Looks at the server. However many ask and however often, there is one look at a time, and few in a second.
#[derive(Debug, Default)]
pub(crate) struct HealthChecker {
    /// The connection from the last look.
    kept: Mutex<Option<CachedConnection>>,
    /// The look that is being taken, or was taken last.
    look: Mutex<Option<Look>>,
    /// The migrations that the program expects, if it has said so.
    expected: Mutex<Option<Arc<ExpectedMigrations>>>,
}

/// A look that goes on also if nobody waits for it any more.
#[derive(Debug)]
struct Look {
    answer: Shared<BoxFuture<'static, Health>>,
    task: AbortHandle,
    begun: Instant,
}

#[derive(Debug)]
struct CachedConnection {
    connection: RawConnection,
    since: Instant,
}

/// A server that has answered.
struct Answering {
    kept: CachedConnection,
    state: ServerState,
    latency: Duration,
}

impl HealthChecker {
    pub(crate) fn expect(&self, table: String, names: Vec<String>) {
        *lock(&self.expected) = Some(Arc::new(ExpectedMigrations { table, names }));
    }

    /// Closes the connection, which is made again when somebody asks.
    pub(crate) fn close(&self) {
        if let Some(kept) = lock(&self.kept).take() {
            close(kept);
        }
    }

    /// How the database is, before the deadline that is configured.
    pub(crate) async fn ask(self: &Arc<Self>, pool: &Pool) -> Health {
        let look = {
            let mut current = lock(&self.look);
            match &*current {
                // What was found before the end began is no longer so.
                Some(look) if look.is_current() && !pool.is_closing() => look.answer.clone(),
                _ => current.insert(self.begin(pool)).answer.clone(),
            }
        };
        look.await
    }

    fn begin(self: &Arc<Self>, pool: &Pool) -> Look {
        let begun = Instant::now();
        let (probe, of) = (Arc::clone(self), pool.clone());
        let looking = tokio::spawn(async move { probe.look(&of).await });
        let task = looking.abort_handle();
        let pool = pool.clone();
        let interrupted = move |_| {
            let mut health = Health::pending(&pool);
            health
                .degrade_to(HealthStatus::Down, "the look at it was interrupted; the program may be ending");
            health
        };
        let answer = looking.map(move |looked| looked.unwrap_or_else(interrupted)).boxed().shared();
        Look { answer, task, begun }
    }

    async fn look(&self, pool: &Pool) -> Health {
        let begun = Instant::now();
        let mut health = Health::pending(pool);
        if pool.is_closing() {
            self.close();
            health.degrade_to(HealthStatus::Down, "it is shutting down");
        } else {
            self.ask_server(pool, begun + pool.shared.config.health_deadline, &mut health).await;
        }
        // The numbers of the pool may have changed meanwhile.
        health.pool = pool.status();
        health.evaluate(pool.shared.config.replica.as_ref());
        health.took = begun.elapsed();
        record(&pool.shared.metrics, &health);
        health
    }

    async fn ask_server(&self, pool: &Pool, deadline: Instant, health: &mut Health) {
        let mut answering = match self.answering(pool, deadline).await {
            Ok(answering) => answering,
            Err(error) => return unreachable(pool, &error, health),
        };
        health.connected = true;
        health.latency = Some(answering.latency);
        let server = &answering.kept.connection.server;
        health.host = Some(server.host.to_string());
        health.server_version = Some(queries::version(answering.state.version));
        health.certificate =
            server.certificate.as_ref().map(|certificate| CertificateHealth::new(certificate, clock::now()));
        match timeout_at(deadline, self.details(&mut answering, health)).await {
            Ok(Ok(())) => self.keep(pool, answering.kept),
            Ok(Err(error)) => {
                if error.keeps_session() {
                    self.keep(pool, answering.kept);
                }
                let reason = error.sqlstate().map_or_else(
                    || "the connection broke while it was asked for details".to_owned(),
                    |sqlstate| format!("the server does not tell all details (SQLSTATE {sqlstate})"),
                );
                health.degrade_to(HealthStatus::Degraded, reason);
            }
            Err(_) => {
                let reason = "the server answers, but tells no details in time; it may be overloaded, or a migration holds a \
                              lock";
                health.degrade_to(HealthStatus::Degraded, reason);
            }
        }
    }

    /// What takes longer to answer, or needs a right.
    async fn details(&self, answering: &mut Answering, health: &mut Health) -> Result<(), Error> {
        let connection = &mut answering.kept.connection.conn;
        health.replication = Some(queries::replication(connection, answering.state.is_standby).await?);
        let expected = lock(&self.expected).clone();
        if let Some(expected) = expected {
            health.migrations = Some(queries::migrations(connection, &expected).await?);
        }
        Ok(())
    }

    /// A server that answers. The connection that is there has half of the time, since it may lead nowhere while the server is
    /// well; a new one has the rest.
    async fn answering(&self, pool: &Pool, deadline: Instant) -> Result<Answering, Error> {
        let now = Instant::now();
        let kept = lock(&self.kept).take();
        // One that is too old is replaced: the server may have another certificate by now.
        let max_lifetime = pool.shared.config.pool.max_lifetime;
        if let Some(kept) = kept.filter(|kept| kept.since.elapsed() < max_lifetime) {
            let half = now + deadline.saturating_duration_since(now) / 2;
            if let Some(answering) = answer_of(pool, kept, half).await {
                return Ok(answering);
            }
        }
        let connecting = Box::pin(pool.shared.connector.connect());
        let connection = timeout_at(deadline, connecting).await.map_err(Error::timeout)??;
        let kept = CachedConnection { connection, since: Instant::now() };
        answer_of(pool, kept, deadline).await.ok_or_else(|| {
            Error::unavailable("the connection broke as soon as it was made", "it does not answer")
        })
    }

    /// Keeps the connection for the next look, unless there will be none.
    fn keep(&self, pool: &Pool, kept: CachedConnection) {
        let mut slot = lock(&self.kept);
        // Asked under the lock: whoever closes says so before it empties the slot.
        let superfluous = if pool.is_closing() { Some(kept) } else { slot.replace(kept) };
        drop(slot);
        if let Some(superfluous) = superfluous {
            close(superfluous);
        }
    }
}

impl Look {
    fn is_current(&self) -> bool {
        !self.task.is_finished() || self.begun.elapsed() < CACHED_FOR
    }
}

/// Says why the server was not to be asked, with what is known of it from before.
fn unreachable(pool: &Pool, error: &Error, health: &mut Health) {
    if let Some(server) = pool.server() {
        health.host = Some(server.host.to_string());
        health.server_version = Some(queries::version(server.version));
        health.certificate =
            server.certificate.as_ref().map(|certificate| CertificateHealth::new(certificate, clock::now()));
    }
    let is_full = error.sqlstate() == Some(sqlstate::TOO_MANY_CONNECTIONS);
    if is_full && health.pool.size > 0 {
        // The pool has connections, so calls are served.
        health.connected = true;
        health.degrade_to(HealthStatus::Degraded, error.to_string());
    } else if error.kind() == ErrorKind::Timeout {
        let limit = pool.shared.config.health_deadline.as_secs_f32();
        let reason = format!("the server does not answer within {limit} s; check the server and the network");
        health.degrade_to(HealthStatus::Down, reason);
    } else {
        health.degrade_to(HealthStatus::Down, error.to_string());
    }
}

/// Asks for what every server answers at once. None if it does not, or has another role by now than is wanted.
async fn answer_of(pool: &Pool, mut kept: CachedConnection, deadline: Instant) -> Option<Answering> {
    let begun = Instant::now();
    let asked = timeout_at(deadline, queries::server_state(&mut kept.connection.conn)).await;
    let latency = begun.elapsed();
    let Ok(Ok(state)) = asked else { return None };
    let will_do = match pool.shared.config.target {
        Target::Any => true,
        Target::ReadWrite => !state.is_standby && !state.is_read_only,
        Target::ReadOnly => state.is_standby || state.is_read_only,
    };
    if will_do {
        return Some(Answering { kept, state, latency });
    }
    close(kept);
    None
}

/// Says farewell to the server in the background.
fn close(kept: CachedConnection) {
    close_session(kept.connection.conn);
}

/// Sets the gauges of what was found out about the server.
fn record(metrics: &Metrics, health: &Health) {
    let instruments = &metrics.instruments;
    let set = |instrument: &export::Instrument, value: f64| {
        export::set(&instrument.key(metrics.labels.clone()), value);
    };
    set(&instruments.up, f64::from(u8::from(health.is_up())));
    if let Some(latency) = health.latency {
        set(&instruments.probe_latency, latency.as_secs_f64());
    }
    if let Some(migrations) = &health.migrations {
        set(&instruments.pending_migrations, export::float(migrations.pending.len() as u64));
    }
    let lag = match health.replication {
        Some(Replication::Primary { lag, .. } | Replication::Standby { lag, .. }) => lag,
        None => None,
    };
    // The last number would look as if it were still so.
    set(&instruments.replication_lag, lag.map_or(f64::NAN, |lag| lag.as_secs_f64()));
    if let Some(certificate) = &health.certificate {
        let left = certificate.expires_at - health.checked_at;
        set(&instruments.certificate, left.as_seconds_f64());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
