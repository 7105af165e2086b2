//! The pool, and what its connections share.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{self, QueueMode, RecycleError};
use sea_orm::sqlx::{Connection as _, PgConnection};
use tokio::time::{Instant, timeout};

use super::{
    begin::begin,
    cancel::Canceller,
    checkouts::{Checkouts, HeldConnection},
};
use crate::{
    backoff::random,
    config::DatabaseConfig,
    connect::{Connector, RawConnection, ServerInfo},
    error::{Error, Result},
    host::Host,
    metrics::{Metrics, PoolStatus},
    operation::Operation,
    statement::Query,
    wal::ReplayState,
};

/// A connection that was used within this time is not tested before it is used again, as in `HikariCP`.
const ALIVE_BYPASS_WINDOW: Duration = Duration::from_secs(5);

/// The time that a connection has to answer a test, or to be closed.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The pool: cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) inner: managed::Pool<Manager>,
    pub(crate) shared: Arc<Shared>,
}

/// A handle that does not keep the pool open.
#[derive(Debug)]
pub(crate) struct WeakPool {
    inner: managed::WeakPool<Manager>,
    shared: Weak<Shared>,
}

impl WeakPool {
    pub(crate) fn upgrade(&self) -> Option<Pool> {
        Some(Pool { inner: self.inner.upgrade()?, shared: self.shared.upgrade()? })
    }

    /// Returns what connecting needs, which keeps no pool open.
    pub(super) fn upgrade_shared(&self) -> Option<Arc<Shared>> {
        self.shared.upgrade()
    }
}

/// The state that the pool, its connections and their holders share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Arc<DatabaseConfig>,
    pub(crate) connector: Connector,
    pub(super) canceller: Canceller,
    pub(super) checkouts: Checkouts,
    pub(crate) metrics: Arc<Metrics>,
    /// Connections that were made ahead of need.
    pub(super) prewarmed: Mutex<Vec<Connection>>,
    pub(super) is_closing: AtomicBool,
    /// The server, as the connection that was made last has found it.
    server: Mutex<Option<ServerInfo>>,
    /// A connection that was used before this is tested, since another one broke then.
    recheck_before: Mutex<Instant>,
    /// A connection that was used before this is dead, since another one did not answer then.
    dead_before: Mutex<Instant>,
}

/// Makes the pool's connections, and tests each before it is used again.
#[derive(Debug)]
pub(crate) struct Manager {
    shared: Arc<Shared>,
}

/// A connection of the pool.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) conn: PgConnection,
    pub(super) host: Host,
    pub(super) backend_pid: Option<i32>,
    pub(super) used_at: Instant,
    pub(super) retire_at: Instant,
    /// The replay of the replica, as it was seen on this connection.
    pub(super) replay: Option<ReplayState>,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection> {
        loop {
            let Some(mut spare) = self.shared.prewarmed().pop() else { return self.shared.connect().await };
            if self.shared.is_alive(&mut spare).await {
                return Ok(spare);
            }
            close(spare);
        }
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &managed::Metrics,
    ) -> managed::RecycleResult<Error> {
        if self.shared.is_alive(connection).await {
            return Ok(());
        }
        Err(RecycleError::message("it is of no more use"))
    }
}

impl Shared {
    /// Returns the statement that begins a transaction in this mode, such as ` READ ONLY`.
    pub(crate) fn begin(&self, operation: Operation, mode: &str) -> Query {
        Query::unprepared(operation, begin(&self.config, self.connector.watches_clients(), mode))
    }

    /// Makes a connection.
    pub(super) async fn connect(&self) -> Result<Connection> {
        // In a box, since each future around it would be larger by as much.
        let RawConnection { conn, backend_pid, server, .. } =
            Box::pin(self.metrics.connecting(self.connector.connect())).await?;
        let now = Instant::now();
        // A tenth more or less, so that those that were made together are not replaced together.
        let lifetime = self.config.pool.max_lifetime.mul_f64(0.9 + 0.2 * random());
        let host = server.host.clone();
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        Ok(Connection { conn, host, backend_pid, used_at: now, retire_at: now + lifetime, replay: None })
    }

    /// Returns `true` if a connection that was idle can be used. It is tried only if there is reason to doubt it.
    async fn is_alive(&self, connection: &mut Connection) -> bool {
        if connection.retire_at <= Instant::now() {
            return false;
        }
        let was_used_before = |time: &Mutex<Instant>| {
            connection.used_at <= *time.lock().unwrap_or_else(PoisonError::into_inner)
        };
        if !was_used_before(&self.recheck_before) && connection.used_at.elapsed() < ALIVE_BYPASS_WINDOW {
            return true;
        }
        // The network swallows what is sent on them. To find that out of each would take longer than anybody waits.
        let is_silent = was_used_before(&self.dead_before);
        let asked_at = Instant::now();
        let answered = if is_silent {
            false
        } else if let Ok(answer) = timeout(PING_TIMEOUT, Box::pin(connection.conn.ping())).await {
            answer.is_ok()
        } else {
            *self.dead_before.lock().unwrap_or_else(PoisonError::into_inner) = asked_at;
            self.recheck_idle();
            false
        };
        if !answered {
            self.metrics.dropped("unresponsive");
        }
        answered
    }

    /// Has every idle connection tried before it is used, since one has broken.
    pub(crate) fn recheck_idle(&self) {
        *self.recheck_before.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn prewarmed(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.prewarmed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says farewell to the server in the background.
pub(super) fn close(connection: Connection) {
    close_session(connection.conn);
}

/// Says farewell to the server in the background.
pub(crate) fn close_session(session: PgConnection) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move {
            // It is given up in any case.
            let _ = timeout(PING_TIMEOUT, session.close()).await;
        });
    }
}

/// Returns the error of an operation that comes after the end.
pub(super) fn closing() -> Error {
    Error::misconfigured("it is shutting down and takes no more calls", "the shutdown has begun")
}

impl Pool {
    /// A pool that metrics have by this name.
    pub(crate) fn new(config: Arc<DatabaseConfig>, name: impl Into<String>) -> Result<Self> {
        let shared = Arc::new(Shared {
            connector: Connector::new(Arc::clone(&config)),
            canceller: Canceller::new(Arc::clone(&config)),
            checkouts: Checkouts::default(),
            metrics: Metrics::new(Arc::clone(&config), name.into()),
            prewarmed: Mutex::default(),
            is_closing: AtomicBool::new(false),
            server: Mutex::default(),
            recheck_before: Mutex::new(Instant::now()),
            dead_before: Mutex::new(Instant::now()),
            config,
        });
        let inner = managed::Pool::builder(Manager { shared: Arc::clone(&shared) })
            .max_size(shared.config.pool.max)
            // Those that are used least go idle, and are closed.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| Error::misconfigured(error.to_string(), error))?;
        Ok(Self { inner, shared })
    }

    /// Returns a handle that does not keep the pool open.
    pub(crate) fn downgrade(&self) -> WeakPool {
        WeakPool { inner: self.inner.weak(), shared: Arc::downgrade(&self.shared) }
    }

    /// Returns `true` if it is closed, or about to be.
    pub(crate) fn is_closing(&self) -> bool {
        self.shared.is_closing.load(Ordering::Acquire)
    }

    /// Closes it: who waits for a connection gets none any more, and those that are given back are closed.
    pub(super) fn close(&self) {
        let idle = self.inner.retain(|_, _| false).removed;
        self.inner.close();
        let spares = std::mem::take(&mut *self.shared.prewarmed());
        for connection in idle.into_iter().chain(spares) {
            close(connection);
        }
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let status = self.inner.status();
        let spares = self.shared.prewarmed().len();
        PoolStatus {
            size: status.size + spares,
            idle: status.available + spares,
            in_use: status.size.saturating_sub(status.available),
            waiting: status.waiting,
            max: self.shared.config.pool.max,
        }
    }

    /// The server as it was seen by the connection that was made last.
    pub(crate) fn server(&self) -> Option<ServerInfo> {
        self.shared.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the connections that are held longer than `leak_threshold`, longest first.
    pub(crate) fn leaks(&self) -> Vec<HeldConnection> {
        self.shared.checkouts.longer_than(self.shared.config.pool.leak_threshold)
    }

    /// Returns the error of an operation whose time was up while it waited for a connection.
    pub(crate) fn too_late(&self) -> Error {
        let holders = self.shared.checkouts.summary();
        Error::timeout(format!("no connection came free in time ({holders})"))
    }

    /// Returns the error of an operation that has waited for a connection in vain.
    pub(super) fn exhausted(&self, limit: Duration) -> Error {
        let status = self.status();
        let limit = limit.as_secs_f32();
        let reason = if status.in_use >= status.max {
            let holders = self.shared.checkouts.summary();
            format!(
                "no connection came free within {limit} s ({holders}); use a larger pool or shorter units of work"
            )
        } else {
            format!("no connection could be made within {limit} s; check the server and the network")
        };
        Error::unavailable(reason, "the time to wait for a connection is up")
    }
}
