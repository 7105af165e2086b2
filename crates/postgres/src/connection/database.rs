//! The handle on the database.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, RuntimeErr,
    Statement, TransactionError, TransactionOptions, TransactionTrait, sqlx,
};
use taskmaster_repository::RepositoryError;

use tokio::sync::OnceCell;

use super::{
    call::{self, Access, Call},
    config::DatabaseConfig,
    health::{Health, Probe},
    holders::HeldConnection,
    lease,
    pool::{Pool, PoolStatus},
    raw::RawStatements,
    replica::{ReadMark, Reads, Writing},
    retry::{self, Delays},
    shutdown::{self, ShutdownReport},
    statement::{Answer, Question, is_cut},
    telemetry::{DatabaseMetrics, gauges, phase},
    transaction::{self, Transaction},
    upkeep,
};
use crate::{
    error::{from_db, is_outcome_unknown, turned},
    store::{Pg, PgStore},
};

/// The database: a pool of connections. It is cheap to clone, and all clones are the same pool, which is closed when the last
/// one is dropped.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool,
    reads: Reads,
    shutdown: Arc<OnceCell<ShutdownReport>>,
    probe: Arc<Probe>,
    pub(super) raw: Arc<RawStatements>,
}

impl Database {
    /// Connects, and looks whether the server will do.
    ///
    /// # Errors
    ///
    /// [`Refused`](RepositoryError::Refused) or [`Unavailable`](RepositoryError::Unavailable), with what to do about it: the
    /// server cannot be reached, refuses the user, has no such database, is older than PostgreSQL 14, or has fewer connections
    /// than the pool may have. No error shows the password.
    pub async fn connect(config: DatabaseConfig) -> Result<Self, RepositoryError> {
        config.validate()?;
        let pool = Pool::new(Arc::new(config), "primary")?;
        let call = Call { name: "database.connect", access: Access::Read };
        drop(pool.lease(call).await?);
        check_slots(&pool)?;
        upkeep::begin(&pool);
        gauges::begin(&pool);
        let reads = Reads::begin(&pool)?;
        Ok(Self { pool, reads, shutdown: Arc::default(), probe: Arc::default(), raw: Arc::default() })
    }

    /// Has [`health`](Self::health) tell which of these migrations are pending: `taskmaster_migration::names()`. Holds for all
    /// clones.
    #[must_use]
    pub fn expecting_migrations(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.probe.expect(names.into_iter().map(Into::into).collect());
        self
    }

    /// How the database is. It is never an error, and it is told within the
    /// [`health_deadline`](DatabaseConfig::health_deadline), also when the pool is exhausted and the server says nothing: it is
    /// found out on a connection of its own, one more than the pool's, which stays open for the next time. Those who ask at the
    /// same time, or within a quarter of a second after the last look began, get the same answer, so a storm of questions is
    /// one for the server.
    pub async fn health(&self) -> Health {
        self.probe.ask(&self.pool).await
    }

    /// The repositories.
    #[must_use]
    pub fn store(&self) -> PgStore {
        Pg::new(self.clone())
    }

    /// The same database for reads and writes that have nothing to do with those made so far: of another request, say, or another
    /// user. Where there are replicas, reads see what was written by the same handle, its clones and their stores; who shares
    /// one with many who write reads mostly from the primary.
    #[must_use]
    pub fn session(&self) -> Self {
        Self { reads: self.reads.of_another_session(), ..self.clone() }
    }

    /// What reads elsewhere need to see all that was written by this handle and its clones: by another session, in another
    /// process. Give it to [`read_after`](Self::read_after) there.
    ///
    /// # Errors
    ///
    /// When the primary has to be asked, which is so after a write, and cannot be.
    pub async fn read_mark(&self) -> Result<ReadMark, RepositoryError> {
        self.reads.mark(&self.pool).await
    }

    /// From now on, reads by this handle and its clones see all that was written before `mark`.
    pub fn read_after(&self, mark: ReadMark) {
        self.reads.see(mark);
    }

    /// What is configured.
    #[must_use]
    pub fn config(&self) -> &DatabaseConfig {
        &self.pool.shared.config
    }

    /// How many connections there are, and how many of them are used.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// What was measured since the database was connected to.
    #[must_use]
    pub fn metrics(&self) -> DatabaseMetrics {
        let replicas = self.reads.metrics();
        DatabaseMetrics { replicas, ..self.pool.shared.telemetry.snapshot(self.status()) }
    }

    /// Sets the gauges that are told to the crate `metrics` now, rather than within the next five seconds: for a page that
    /// Prometheus is about to read.
    pub fn record_gauges(&self) {
        self.pool.shared.telemetry.record_gauges(self.status());
    }

    /// The connections that are held longer than `leak_threshold`, longest first. Each is also logged, once, as a warning.
    #[must_use]
    pub fn leaks(&self) -> Vec<HeldConnection> {
        self.pool.shared.holders.longer_than(self.config().pool.leak_threshold)
    }

    /// Takes no more calls, waits for the running ones, and cuts on the server what is left after `deadline`, which takes a few
    /// seconds more at most, also when the server is dead. Units of work that have begun may go on until then.
    ///
    /// Whoever calls it again gets the same report.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let pools = std::iter::once(&self.pool).chain(self.reads.pools());
        let report = self.shutdown.get_or_init(|| shutdown::shut_down_all(pools, deadline)).await;
        self.probe.close();
        report.clone()
    }

    /// Puts a statement that is a transaction of its own, until it succeeds, can only fail, or its time is up.
    pub(super) async fn run(&self, question: Question) -> Result<Answer, DbErr> {
        let (call, shape) = (Call::current(), question.shape());
        let writing = (call.access == Access::Write).then(|| self.writing());
        let in_time = async {
            let progress = Progress::default();
            let deadline = call::deadline(self.config().timeouts.call);
            if self.reads.may_serve(call)
                && let Some(read) = Box::pin(self.reads.read(call, &question, deadline)).await
            {
                return read.map_err(failed);
            }
            // In a box, since each future around it would be larger by as much again.
            let attempts = Box::pin(self.attempts(call, question, &progress));
            match call::until(deadline, attempts).await {
                Ok(answered) => answered,
                Err(elapsed) => Err(carry(self.too_late(call, &progress, elapsed))),
            }
        };
        let answered = self.pool.shared.telemetry.watch(call.name, shape, in_time).await;
        if let Some(writing) = writing {
            writing.end(!answered.as_ref().is_err_and(is_outcome_unknown));
        }
        answered
    }

    /// A write begins that reads of this session have to see once it has ended.
    fn writing(&self) -> Writing {
        self.reads.writing(self.config().timeouts.statement)
    }

    async fn attempts(&self, call: Call, question: Question, progress: &Progress) -> Result<Answer, DbErr> {
        let mut delays = Delays::new(&self.config().retry);
        loop {
            let mut lease = self.pool.lease(call).await.map_err(carry)?;
            progress.has_connection.store(true, Ordering::Relaxed);
            let error = match lease.put_alone(question.clone(), &progress.may_be_kept).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let has_turned = lease.has_turned();
            drop(lease);
            // What surely was not kept may be put again like a read.
            let access = progress.access(call);
            let may_repeat = if call.is_unnamed() && access == Access::Write {
                // It may have committed, by itself or in a procedure, before it failed.
                question.is_prepared() && lease::was_outdated(&error)
            } else {
                has_turned || retry::may_repeat(access, &error)
            };
            let Some(delay) = may_repeat.then(|| delays.next()).flatten() else {
                return Err(if has_turned { carry(turned(&error)) } else { ended(call, access, error) });
            };
            progress.begin_again();
            tracing::debug!(call = call.name, %error, ?delay, "a statement is put again");
            phase::retried();
            tokio::time::sleep(delay).await;
        }
    }

    /// The error of a call whose time is up.
    fn too_late(
        &self,
        call: Call,
        progress: &Progress,
        elapsed: tokio::time::error::Elapsed,
    ) -> RepositoryError {
        if progress.has_connection.load(Ordering::Relaxed) {
            let error = RepositoryError::Timeout { source: Box::new(elapsed) };
            let is_write = progress.access(call) == Access::Write;
            return if is_write { error.with_unknown_outcome() } else { error };
        }
        self.pool.too_late()
    }
}

/// How far a statement outside a unit of work has come.
#[derive(Debug, Default)]
struct Progress {
    has_connection: AtomicBool,
    may_be_kept: AtomicBool,
}

impl Progress {
    /// What the call can have done to the data so far.
    fn access(&self, call: Call) -> Access {
        if self.may_be_kept.load(Ordering::Relaxed) { call.access } else { Access::Read }
    }

    fn begin_again(&self) {
        self.has_connection.store(false, Ordering::Relaxed);
        self.may_be_kept.store(false, Ordering::Relaxed);
    }
}

/// A pool that may grow larger than the server would take other programs' connections, and fail when it is needed most.
fn check_slots(pool: &Pool) -> Result<(), RepositoryError> {
    let max = pool.shared.config.pool.max;
    match pool.server().and_then(|server| server.slots) {
        Some(slots) if max > slots as usize => Err(RepositoryError::Refused {
            reason: format!(
                "the pool may have {max} connections, and the server has {slots} for all its users; use a smaller pool or \
                 raise max_connections"
            ),
            source: "the pool is larger than the server".into(),
        }),
        _ => Ok(()),
    }
}

/// The error that a statement outside a unit of work ended with.
fn ended(call: Call, access: Access, error: sqlx::Error) -> DbErr {
    if access != Access::Write || is_cut(&error) || lease::leaves_session_in_order(&error) {
        return failed(error);
    }
    carry(from_db(call.entity(), failed(error)).with_unknown_outcome())
}

/// A repository's error on its way through SeaORM. [`from_db`](crate::error::from_db) takes it out again.
pub(crate) fn carry(error: RepositoryError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(sqlx::Error::AnyDriverError(Box::new(error)))))
}

/// The error that a statement ended with.
pub(crate) fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

#[async_trait]
impl ConnectionTrait for Database {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let question = Question::prepared(statement).map_err(failed)?;
        self.run(question).await.map(Answer::done)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(Question::unprepared(sql)).await.map(Answer::done)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let question = Question::prepared(statement).map_err(failed)?;
        self.run(question).await.map(Answer::first)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let question = Question::prepared(statement).map_err(failed)?;
        self.run(question).await.map(Answer::all)
    }
}

#[async_trait]
impl TransactionTrait for Database {
    type Transaction = Transaction;

    async fn begin(&self) -> Result<Transaction, DbErr> {
        self.begin_with_config(None, None).await
    }

    async fn begin_with_config(
        &self,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<Transaction, DbErr> {
        Transaction::begin_on(&self.pool, &self.reads, isolation, access).await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<Transaction, DbErr> {
        self.begin_with_config(options.isolation_level, options.access_mode).await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Transaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        self.transaction_with_config(callback, None, None).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Transaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let transaction = self.begin_with_config(isolation, access).await;
        transaction::run(transaction.map_err(TransactionError::Connection)?, callback).await
    }
}
