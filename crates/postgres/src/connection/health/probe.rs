//! Looks at the server, on a connection of its own: that of the pool may all be in use when health is asked for most urgently.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use sea_orm::sqlx::error::DatabaseError;
use taskmaster_models::clock;
use taskmaster_repository::RepositoryError;
use tokio::{
    task::AbortHandle,
    time::{Instant, timeout_at},
};

use super::{CertificateHealth, Health, HealthStatus, questions};
use crate::connection::{
    config::Target,
    dial::Link,
    lease::leaves_session_in_order,
    pool::{self, Pool},
    telemetry::ErrorType,
};

/// SQLSTATE: the server has no connection slot left.
const TOO_MANY_CONNECTIONS: &str = "53300";

/// How soon after the beginning of a look the next one begins at the earliest. Who asks before has the answer of the last one.
const KEPT: Duration = Duration::from_millis(250);

/// Looks at the server. However many ask and however often, there is one look at a time, and few in a second.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// The connection from the last look.
    kept: Mutex<Option<Kept>>,
    /// The look that is being taken, or was taken last.
    look: Mutex<Option<Look>>,
    /// The migrations that the program expects, if it has said so.
    expected: Mutex<Option<Arc<[String]>>>,
}

/// A look that goes on also if nobody waits for it any more.
#[derive(Debug)]
struct Look {
    answer: Shared<BoxFuture<'static, Health>>,
    task: AbortHandle,
    begun: Instant,
}

#[derive(Debug)]
struct Kept {
    link: Link,
    since: Instant,
}

/// A server that has answered.
struct Answering {
    kept: Kept,
    greeting: questions::Greeting,
    latency: Duration,
}

impl Probe {
    pub(crate) fn expect(&self, migrations: Vec<String>) {
        *lock(&self.expected) = Some(migrations.into());
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
            let mut health = Health::unasked(&pool);
            health
                .is_at_best(HealthStatus::Down, "the look at it was interrupted; the program may be ending");
            health
        };
        let answer = looking.map(move |looked| looked.unwrap_or_else(interrupted)).boxed().shared();
        Look { answer, task, begun }
    }

    async fn look(&self, pool: &Pool) -> Health {
        let begun = Instant::now();
        let mut health = Health::unasked(pool);
        if pool.is_closing() {
            self.close();
            health.is_at_best(HealthStatus::Down, "it is shutting down");
        } else {
            self.ask_server(pool, begun + pool.shared.config.health_deadline, &mut health).await;
        }
        // The numbers of the pool may have changed meanwhile.
        health.pool = pool.status();
        health.judge(pool.shared.config.replica.as_ref());
        health.took = begun.elapsed();
        pool.shared.telemetry.record_health(&health);
        health
    }

    async fn ask_server(&self, pool: &Pool, deadline: Instant, health: &mut Health) {
        let mut answering = match self.answering(pool, deadline).await {
            Ok(answering) => answering,
            Err(error) => return unreachable(pool, &error, health),
        };
        health.connected = true;
        health.latency = Some(answering.latency);
        let link = &answering.kept.link;
        health.host = Some(link.host.to_string());
        health.server_version = Some(questions::version(answering.greeting.version));
        health.certificate =
            link.certificate.as_ref().map(|certificate| CertificateHealth::new(certificate, clock::now()));
        match timeout_at(deadline, self.details(&mut answering, health)).await {
            Ok(Ok(())) => self.keep(pool, answering.kept),
            Ok(Err(error)) => {
                if leaves_session_in_order(&error) {
                    self.keep(pool, answering.kept);
                }
                let reason = error.as_database_error().and_then(DatabaseError::code).map_or_else(
                    || "the connection broke while it was asked for details".to_owned(),
                    |sqlstate| format!("the server does not tell all details (SQLSTATE {sqlstate})"),
                );
                health.is_at_best(HealthStatus::Degraded, reason);
            }
            Err(_) => {
                let reason = "the server answers, but tells no details in time; it may be overloaded, or a migration holds a \
                              lock";
                health.is_at_best(HealthStatus::Degraded, reason);
            }
        }
    }

    /// What takes longer to answer, or needs a right.
    async fn details(
        &self,
        answering: &mut Answering,
        health: &mut Health,
    ) -> Result<(), sea_orm::sqlx::Error> {
        let connection = &mut answering.kept.link.conn;
        health.replication = Some(questions::replication(connection, answering.greeting.is_standby).await?);
        let expected = lock(&self.expected).clone();
        if let Some(expected) = expected {
            health.migrations = Some(questions::migrations(connection, &expected).await?);
        }
        Ok(())
    }

    /// A server that answers. The connection that is there has half of the time, since it may lead nowhere while the server is
    /// well; a new one has the rest.
    async fn answering(&self, pool: &Pool, deadline: Instant) -> Result<Answering, RepositoryError> {
        let now = Instant::now();
        let kept = lock(&self.kept).take();
        // One that is too old is replaced: the server may have another certificate by now.
        let max_lifetime = pool.shared.config.pool.max_lifetime;
        if let Some(kept) = kept.filter(|kept| kept.since.elapsed() < max_lifetime) {
            let half = now + deadline.saturating_duration_since(now) / 2;
            if let Some(answering) = greeted(pool, kept, half).await {
                return Ok(answering);
            }
        }
        let too_late = |elapsed| RepositoryError::Timeout { source: Box::new(elapsed) };
        let link = timeout_at(deadline, pool.shared.dialer.dial()).await.map_err(too_late)??;
        let kept = Kept { link, since: Instant::now() };
        greeted(pool, kept, deadline).await.ok_or_else(|| RepositoryError::Unavailable {
            reason: "the connection broke as soon as it was made".to_owned(),
            source: "it does not answer".into(),
        })
    }

    /// Keeps the connection for the next look, unless there will be none.
    fn keep(&self, pool: &Pool, kept: Kept) {
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
        !self.task.is_finished() || self.begun.elapsed() < KEPT
    }
}

/// Says why the server was not to be asked, with what is known of it from before.
fn unreachable(pool: &Pool, error: &RepositoryError, health: &mut Health) {
    if let Some(server) = pool.server() {
        health.host = Some(server.host.to_string());
        health.server_version = Some(questions::version(server.version));
        health.certificate =
            server.certificate.as_ref().map(|certificate| CertificateHealth::new(certificate, clock::now()));
    }
    let is_full = ErrorType::of_repository(error).sqlstate.as_deref() == Some(TOO_MANY_CONNECTIONS);
    if is_full && health.pool.size > 0 {
        // The pool has connections, so calls are served.
        health.connected = true;
        health.is_at_best(HealthStatus::Degraded, error.to_string());
    } else if let RepositoryError::Timeout { .. } = error {
        let limit = pool.shared.config.health_deadline.as_secs_f32();
        let reason = format!("the server does not answer within {limit} s; check the server and the network");
        health.is_at_best(HealthStatus::Down, reason);
    } else {
        health.is_at_best(HealthStatus::Down, error.to_string());
    }
}

/// Asks for what every server answers at once. None if it does not, or has another role by now than is wanted.
async fn greeted(pool: &Pool, mut kept: Kept, deadline: Instant) -> Option<Answering> {
    let begun = Instant::now();
    let greeted = timeout_at(deadline, questions::greet(&mut kept.link.conn)).await;
    let latency = begun.elapsed();
    let Ok(Ok(greeting)) = greeted else { return None };
    let will_do = match pool.shared.config.target {
        Target::Any => true,
        Target::ReadWrite => !greeting.is_standby && !greeting.is_read_only,
        Target::ReadOnly => greeting.is_standby || greeting.is_read_only,
    };
    if will_do {
        return Some(Answering { kept, greeting, latency });
    }
    close(kept);
    None
}

/// Says farewell to the server in the background.
fn close(kept: Kept) {
    pool::close_session(kept.link.conn);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
