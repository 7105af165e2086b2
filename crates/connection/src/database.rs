//! The handle on the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sea_orm::{AccessMode, IsolationLevel};
use tokio::sync::OnceCell;

use crate::{
    backoff::Backoff,
    config::DatabaseConfig,
    connect::ServerInfo,
    deadline,
    error::{Error, Result},
    health::{Health, HealthChecker},
    metrics::{DatabaseMetrics, PoolStatus, timings},
    operation::{Access, Operation},
    pool::{HeldConnection, Pool, ShutdownReport, shut_down_all, start_housekeeping},
    replica::{PendingWrite, ReadRouter},
    statement::{Query, QueryOutput},
    transaction::Transaction,
    wal::ReadMark,
};

/// The operation that connects for the first time.
const CONNECT: Operation = Operation::new("database.connect", Access::Read);

/// The database: a pool of connections. It is cheap to clone, and all clones are the same pool, which is closed when
/// the last one is dropped.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool,
    reads: ReadRouter,
    shutdown: Arc<OnceCell<ShutdownReport>>,
    health: Arc<HealthChecker>,
}

impl Database {
    /// Connects, and verifies the server's version, encoding and role.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](crate::ErrorKind::Misconfigured) or [`Unavailable`](crate::ErrorKind::Unavailable), with what
    /// to do about it: the server cannot be reached, refuses the user, has no such database, is older than PostgreSQL
    /// 14, or has fewer connections than the pool may have.
    pub async fn connect(config: DatabaseConfig) -> Result<Self> {
        config.validate()?;
        let pool = Pool::new(Arc::new(config), "primary")?;
        drop(pool.acquire(CONNECT).await?);
        check_slots(&pool)?;
        start_housekeeping(&pool);
        let reads = ReadRouter::start(&pool)?;
        Ok(Self { pool, reads, shutdown: Arc::default(), health: Arc::default() })
    }

    /// Has [`health`](Self::health) report which of these migrations are pending, and which applied ones are not among
    /// them. `table` is the one whose column `version` names those that were applied. Holds for all clones.
    #[must_use]
    pub fn expecting_migrations(
        self,
        table: impl Into<String>,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.health.expect(table.into(), names.into_iter().map(Into::into).collect());
        self
    }

    /// Returns the state of the database. It is never an error, and it is told within the
    /// [`health_deadline`](DatabaseConfig::health_deadline), also when the pool is exhausted and the server says
    /// nothing: it is found out on a connection of its own, one more than the pool's, which stays open for the next
    /// time. Those who ask at the same time, or within a quarter of a second after the last look began, get the same
    /// answer, so a storm of questions is one for the server.
    pub async fn health(&self) -> Health {
        self.health.ask(&self.pool).await
    }

    /// The same database for reads and writes that have nothing to do with those made so far: of another request, say,
    /// or another user. Where there are replicas, reads see what was written by the same handle, its clones and their
    /// stores; who shares one with many who write reads mostly from the primary.
    #[must_use]
    pub fn session(&self) -> Self {
        Self { reads: self.reads.of_another_session(), ..self.clone() }
    }

    /// Returns the mark that reads elsewhere need to see all that was written by this handle and its clones: by another
    /// session, in another process. Give it to [`read_after`](Self::read_after) there.
    ///
    /// # Errors
    ///
    /// If the primary has to be asked, which is so after a write, and cannot be.
    pub async fn read_mark(&self) -> Result<ReadMark> {
        self.reads.mark(&self.pool).await
    }

    /// From now on, reads by this handle and its clones see all that was written before `mark`.
    pub fn read_after(&self, mark: ReadMark) {
        self.reads.see(mark);
    }

    /// Returns the configuration.
    #[must_use]
    pub fn config(&self) -> &DatabaseConfig {
        &self.pool.shared.config
    }

    /// Returns the server, as the connection that was made last has found it.
    #[must_use]
    pub fn server(&self) -> Option<ServerInfo> {
        self.pool.server()
    }

    /// The numbers of connections, and of those in use.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Returns the measurements since the database was connected to.
    #[must_use]
    pub fn metrics(&self) -> DatabaseMetrics {
        let replicas = self.reads.metrics();
        DatabaseMetrics { replicas, ..self.pool.shared.metrics.snapshot(self.status()) }
    }

    /// Sets the gauges of the crate `metrics` now, rather than within the next five seconds: for a page
    /// that Prometheus is about to read.
    pub fn record_gauges(&self) {
        self.pool.shared.metrics.record_gauges(self.status());
    }

    /// The connections that are held longer than `leak_threshold`, longest first. Each is also logged, once, as a
    /// warning.
    #[must_use]
    pub fn leaks(&self) -> Vec<HeldConnection> {
        self.pool.leaks()
    }

    /// Takes no more calls, waits for the running ones, and cuts on the server what is left after `deadline`, which
    /// takes a few seconds more at most, also when the server is dead. Units of work that have begun may go on until
    /// then.
    ///
    /// Whoever calls it again gets the same report.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let pools = std::iter::once(&self.pool).chain(self.reads.pools());
        let report = self.shutdown.get_or_init(|| shut_down_all(pools, deadline)).await;
        self.health.close();
        report.clone()
    }

    /// Begins a transaction.
    pub(crate) async fn begin_transaction(
        &self,
        operation: Operation,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<Transaction> {
        Transaction::begin_on(&self.pool, &self.reads, operation, isolation, access).await
    }

    /// Executes a statement in a transaction of its own, until it succeeds, can only fail, or its time is up.
    ///
    /// # Errors
    ///
    /// The failure of the last attempt.
    pub async fn run(&self, query: Query) -> Result<QueryOutput> {
        let (operation, text) = (query.operation(), query.query_text());
        let pending = (operation.access == Access::Write).then(|| self.pending_write());
        let in_time = async {
            let progress = Progress::default();
            let deadline = deadline::deadline(self.config().timeouts.call);
            if self.reads.may_serve(&query)
                && let Some(read) = Box::pin(self.reads.read(&query, deadline)).await
            {
                return read;
            }
            // In a box, since each future around it would be larger by as much again.
            let attempts = Box::pin(self.attempts(query, &progress));
            match deadline::until(deadline, attempts).await {
                Ok(output) => output,
                Err(elapsed) => Err(self.too_late(operation, &progress, elapsed)),
            }
        };
        let output = self.pool.shared.metrics.measure(operation, text, in_time).await;
        if let Some(pending) = pending {
            pending.end(!output.as_ref().is_err_and(Error::is_outcome_unknown));
        }
        output
    }

    /// A write starts that reads of this session have to see once it has ended.
    fn pending_write(&self) -> PendingWrite {
        self.reads.writing(self.config().timeouts.statement)
    }

    async fn attempts(&self, query: Query, progress: &Progress) -> Result<QueryOutput> {
        let operation = query.operation();
        let mut backoff = Backoff::new(&self.config().retry);
        loop {
            let mut connection = self.pool.acquire(operation).await?;
            progress.has_connection.store(true, Ordering::Relaxed);
            let error = match connection.execute_autocommit(query.clone(), &progress.may_take_place).await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            let is_demoted = connection.is_demoted();
            drop(connection);
            // A write that surely has not taken place may be executed again like a read.
            let access = progress.access(operation);
            let is_repeatable = if operation.is_unnamed() && access == Access::Write {
                // It may have committed, by itself or in a procedure, before it failed.
                query.is_prepared() && error.is_outdated()
            } else {
                is_demoted || error.is_repeatable(access)
            };
            let Some(delay) = is_repeatable.then(|| backoff.next()).flatten() else {
                return Err(if is_demoted { error.of_demoted_server() } else { last(access, error) });
            };
            progress.start_again();
            tracing::debug!(call = operation.name, %error, ?delay, "a statement is executed again");
            timings::retried();
            tokio::time::sleep(delay).await;
        }
    }

    /// Returns the error of an operation whose time is up.
    fn too_late(
        &self,
        operation: Operation,
        progress: &Progress,
        elapsed: tokio::time::error::Elapsed,
    ) -> Error {
        if progress.has_connection.load(Ordering::Relaxed) {
            let error = Error::timeout(elapsed);
            let is_write = progress.access(operation) == Access::Write;
            return if is_write { error.with_unknown_outcome() } else { error };
        }
        self.pool.too_late()
    }
}

/// Returns the error of the last attempt, with whether the statement may have taken place all the same.
fn last(access: Access, error: Error) -> Error {
    if access != Access::Write || error.exceeds_limit() || error.keeps_session() {
        return error;
    }
    error.with_unknown_outcome()
}

/// The progress of a statement outside a transaction.
#[derive(Debug, Default)]
struct Progress {
    has_connection: AtomicBool,
    may_take_place: AtomicBool,
}

impl Progress {
    /// The effect that the call can have had on the data so far.
    fn access(&self, operation: Operation) -> Access {
        if self.may_take_place.load(Ordering::Relaxed) { operation.access } else { Access::Read }
    }

    fn start_again(&self) {
        self.has_connection.store(false, Ordering::Relaxed);
        self.may_take_place.store(false, Ordering::Relaxed);
    }
}

/// A pool that may grow larger than the server would take other programs' connections, and fail when it is needed most.
fn check_slots(pool: &Pool) -> Result<()> {
    let max = pool.shared.config.pool.max;
    match pool.server().and_then(|server| server.slots) {
        Some(slots) if max > slots as usize => Err(Error::misconfigured(
            format!(
                "the pool may have {max} connections, and the server has {slots} for all its users; use a smaller pool or \
                 raise max_connections"
            ),
            "the pool is larger than the server",
        )),
        _ => Ok(()),
    }
}
