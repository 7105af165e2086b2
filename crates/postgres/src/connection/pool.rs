//! The connections that are kept.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{self, Metrics, PoolError, QueueMode, RecycleError, Timeouts};
use sea_orm::sqlx::{Connection as _, PgConnection};
use serde::Serialize;
use taskmaster_repository::RepositoryError;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    call::Call,
    cancel::Canceller,
    config::{DatabaseConfig, Host},
    dial::{Dialer, Link, ServerCertificate},
    holders::Holders,
    lease::Lease,
    pooler,
    replica::Seen,
    retry::{Delays, random},
    statement::Question,
    telemetry::{Telemetry, phase},
};

/// How long a connection may have been idle before it is tried when it is next used.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// How long a connection may take to answer when it is tried, or to be closed.
const PATIENCE: Duration = Duration::from_secs(2);

/// The pool: cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(super) inner: managed::Pool<Connector>,
    pub(super) shared: Arc<Shared>,
}

/// What the pool, its connections and those who hold them share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) config: Arc<DatabaseConfig>,
    pub(super) dialer: Dialer,
    pub(super) canceller: Canceller,
    pub(super) holders: Holders,
    pub(super) telemetry: Arc<Telemetry>,
    /// Connections that were made before anybody needs them.
    pub(super) spares: Mutex<Vec<Connection>>,
    pub(super) is_closing: AtomicBool,
    /// What is known of the server, from the connection that was made last.
    server: Mutex<Option<Server>>,
    /// A connection that was used before this may be dead like another one that broke then.
    suspect: Mutex<Instant>,
    /// A connection that was used before this is dead like another one that said nothing then.
    silent: Mutex<Instant>,
}

/// How many connections there are, and how many of them are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolStatus {
    /// How many are open.
    pub size: usize,
    /// How many of these wait for a call.
    pub idle: usize,
    /// How many of these are used.
    pub in_use: usize,
    /// How many calls wait for a connection.
    pub waiting: usize,
    /// How many connections there are at most.
    pub max: usize,
}

/// What is known of a server.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "who reads from standbys wants to know")]
pub(crate) struct Server {
    pub(crate) host: Host,
    pub(crate) version: u32,
    pub(crate) is_standby: bool,
    pub(crate) is_read_only: bool,
    /// How many connections it has for all users but superusers.
    pub(crate) slots: Option<u32>,
    pub(crate) certificate: Option<ServerCertificate>,
}

/// Makes the pool's connections, and looks at each before it is used again.
#[derive(Debug)]
pub(crate) struct Connector {
    shared: Arc<Shared>,
}

/// A connection of the pool.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) session: PgConnection,
    pub(super) host: Host,
    pub(super) backend_pid: Option<i32>,
    pub(super) used_at: Instant,
    pub(super) retire_at: Instant,
    /// What was seen of a replica on it.
    pub(super) seen: Option<Seen>,
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = RepositoryError;

    async fn create(&self) -> Result<Connection, RepositoryError> {
        loop {
            let Some(mut spare) = self.shared.spares().pop() else { return self.shared.connect().await };
            if self.shared.is_fit(&mut spare).await {
                return Ok(spare);
            }
            close(spare);
        }
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &Metrics,
    ) -> managed::RecycleResult<RepositoryError> {
        if self.shared.is_fit(connection).await {
            return Ok(());
        }
        Err(RecycleError::message("it is of no more use"))
    }
}

impl Shared {
    /// Begins a transaction in this mode, such as ` READ ONLY`.
    pub(super) fn begin(&self, mode: &str) -> Question {
        Question::unprepared(pooler::begin(&self.config, self.dialer.watches_clients(), mode))
    }

    /// Makes a connection.
    pub(super) async fn connect(&self) -> Result<Connection, RepositoryError> {
        let Link { conn, host, backend_pid, server_version, is_standby, is_read_only, slots, certificate } =
            // It is large, and should not make every call's future as large.
            Box::pin(self.telemetry.dial(self.dialer.dial())).await?;
        let now = Instant::now();
        // A tenth more or less, so that those that were made together are not replaced together.
        let lifetime = self.config.pool.max_lifetime.mul_f64(0.9 + 0.2 * random());
        let (version, for_server) = (server_version, host.clone());
        let server = Server { host: for_server, version, is_standby, is_read_only, slots, certificate };
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        Ok(Connection {
            session: conn,
            host,
            backend_pid,
            used_at: now,
            retire_at: now + lifetime,
            seen: None,
        })
    }

    /// Whether a connection that was idle can be used. It is tried only if there is reason to doubt it.
    async fn is_fit(&self, connection: &mut Connection) -> bool {
        if connection.retire_at <= Instant::now() {
            return false;
        }
        let was_used_before = |time: &Mutex<Instant>| {
            connection.used_at <= *time.lock().unwrap_or_else(PoisonError::into_inner)
        };
        if !was_used_before(&self.suspect) && connection.used_at.elapsed() < TRUSTED_IDLE {
            return true;
        }
        // The network swallows what is sent on them. To find that out of each would take longer than anybody waits.
        let is_silent = was_used_before(&self.silent);
        let asked_at = Instant::now();
        let answered = if is_silent {
            false
        } else if let Ok(answer) = timeout(PATIENCE, Box::pin(connection.session.ping())).await {
            answer.is_ok()
        } else {
            *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = asked_at;
            self.suspect_idle();
            false
        };
        if !answered {
            self.telemetry.dropped("unresponsive");
        }
        answered
    }

    /// Has every idle connection tried before it is used, since one has broken.
    pub(super) fn suspect_idle(&self) {
        *self.suspect.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn spares(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says farewell to the server in the background.
pub(super) fn close(connection: Connection) {
    close_session(connection.session);
}

/// Says farewell to the server in the background.
pub(super) fn close_session(session: PgConnection) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move {
            // It is given up in any case.
            let _ = timeout(PATIENCE, session.close()).await;
        });
    }
}

/// The error of a call that comes after the end.
fn closing() -> RepositoryError {
    RepositoryError::Refused {
        reason: "it is shutting down and takes no more calls".to_owned(),
        source: "the shutdown has begun".into(),
    }
}

impl Pool {
    /// A pool that metrics have by this name.
    pub(crate) fn new(config: Arc<DatabaseConfig>, name: impl Into<String>) -> Result<Self, RepositoryError> {
        let shared = Arc::new(Shared {
            dialer: Dialer::new(Arc::clone(&config)),
            canceller: Canceller::new(Arc::clone(&config)),
            holders: Holders::default(),
            telemetry: Telemetry::new(Arc::clone(&config), name.into()),
            spares: Mutex::default(),
            is_closing: AtomicBool::new(false),
            server: Mutex::default(),
            suspect: Mutex::new(Instant::now()),
            silent: Mutex::new(Instant::now()),
            config,
        });
        let inner = managed::Pool::builder(Connector { shared: Arc::clone(&shared) })
            .max_size(shared.config.pool.max)
            // Those that are used least go idle, and are closed.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| RepositoryError::Backend { source: Box::new(error) })?;
        Ok(Self { inner, shared })
    }

    /// A connection for this call, as soon as there is one. What passes by itself is tried again meanwhile.
    pub(crate) async fn lease(&self, call: Call) -> Result<Lease, RepositoryError> {
        let limit = self.shared.config.pool.acquire_timeout;
        let deadline = Instant::now() + limit;
        let mut delays = Delays::new(&self.shared.config.retry);
        let _waiting = self.shared.telemetry.waiting();
        loop {
            if self.is_closing() {
                return Err(closing());
            }
            let error = match timeout_at(deadline, self.inner.timeout_get(&Timeouts::new())).await {
                Ok(Ok(connection)) => return Ok(Lease::new(connection, call, Arc::clone(&self.shared))),
                Ok(Err(PoolError::Backend(error))) => error,
                Ok(Err(PoolError::Closed)) => return Err(closing()),
                Ok(Err(error)) => return Err(RepositoryError::Backend { source: Box::new(error) }),
                Err(_) => {
                    self.shared.telemetry.timed_out();
                    return Err(self.exhausted(limit));
                }
            };
            // The server has a connection for the next attempt, or none, at once or after a while.
            match delays.next() {
                Some(delay) if error.is_retryable() && Instant::now() + delay < deadline => {
                    tracing::debug!(call = call.name, %error, ?delay, "connecting is tried again");
                    phase::retried();
                    tokio::time::sleep(delay).await;
                }
                _ => return Err(error),
            }
        }
    }

    /// Whether it is closed, or about to be.
    pub(super) fn is_closing(&self) -> bool {
        self.shared.is_closing.load(Ordering::Acquire)
    }

    /// Closes it: who waits for a connection gets none any more, and those that are given back are closed.
    pub(super) fn close(&self) {
        let idle = self.inner.retain(|_, _| false).removed;
        self.inner.close();
        let spares = std::mem::take(&mut *self.shared.spares());
        for connection in idle.into_iter().chain(spares) {
            close(connection);
        }
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let status = self.inner.status();
        let spares = self.shared.spares().len();
        PoolStatus {
            size: status.size + spares,
            idle: status.available + spares,
            in_use: status.size.saturating_sub(status.available),
            waiting: status.waiting,
            max: self.shared.config.pool.max,
        }
    }

    /// What is known of the server, from the connection that was made last.
    pub(crate) fn server(&self) -> Option<Server> {
        self.shared.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The error of a call whose time was up while it waited for a connection.
    pub(crate) fn too_late(&self) -> RepositoryError {
        let holders = self.shared.holders.summary();
        RepositoryError::Timeout { source: format!("no connection came free in time ({holders})").into() }
    }

    /// The error of a call that has waited for a connection in vain.
    fn exhausted(&self, limit: Duration) -> RepositoryError {
        let status = self.status();
        let limit = limit.as_secs_f32();
        let reason = if status.in_use >= status.max {
            let holders = self.shared.holders.summary();
            format!(
                "no connection came free within {limit} s ({holders}); use a larger pool or shorter units of work"
            )
        } else {
            format!("no connection could be made within {limit} s; check the server and the network")
        };
        RepositoryError::Unavailable { reason, source: "the time to wait for a connection is up".into() }
    }
}
