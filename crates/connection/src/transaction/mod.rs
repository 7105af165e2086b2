//! A transaction on one of the pool's connections, and savepoints in it.

mod savepoints;

use std::{
    fmt::Write as _,
    future::Future,
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use sea_orm::{AccessMode, IsolationLevel};
use tokio::sync::Mutex;

use crate::{
    backoff::Backoff,
    config::DatabaseConfig,
    deadline,
    error::{Error, Result},
    metrics::{Metrics, timings},
    operation::{Access, Operation},
    pool::{Pool, PoolConnection},
    query_text::QueryText,
    replica::ReadRouter,
    statement::{Query, QueryOutput},
};
use savepoints::Savepoints;

/// A transaction. Dropped before its end it is rolled back.
#[derive(Debug)]
pub struct Transaction {
    state: Arc<TransactionState>,
    /// `None` for the transaction itself.
    savepoint: Option<u32>,
    is_finished: bool,
}

#[derive(Debug)]
struct TransactionState {
    connection: Mutex<PoolConnection>,
    savepoints: std::sync::Mutex<Savepoints>,
    /// Is `true` if a statement failed or was not finished in time, so that only a rollback is possible.
    is_aborted: AtomicBool,
    config: Arc<DatabaseConfig>,
    metrics: Arc<Metrics>,
    /// The reads that have to see what it writes.
    reads: ReadRouter,
}

impl Transaction {
    /// Begins one. Nothing was written before, so it is tried again on another connection if one breaks.
    pub(crate) async fn begin_on(
        pool: &Pool,
        reads: &ReadRouter,
        operation: Operation,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<Self> {
        let mut mode = String::new();
        // Writing to a String cannot fail.
        if let Some(isolation) = isolation {
            let _ = write!(mode, " ISOLATION LEVEL {isolation}");
        }
        if let Some(access) = access {
            let _ = write!(mode, " {access}");
        }
        let config = Arc::clone(&pool.shared.config);
        let begin = pool.shared.begin(operation, &mode);
        let metrics = Arc::clone(&pool.shared.metrics);
        let in_time = async {
            let deadline = deadline::deadline(config.timeouts.call);
            deadline::until(deadline, Box::pin(begin_until_alive(pool, &config, begin)))
                .await
                .map_err(|_| pool.too_late())?
        };
        let measured = operation.or_named("unit_of_work.begin");
        let connection = metrics.measure(measured, QueryText::fixed("BEGIN"), in_time).await?;
        let state = TransactionState {
            connection: Mutex::new(connection),
            savepoints: std::sync::Mutex::default(),
            is_aborted: AtomicBool::new(false),
            config,
            metrics,
            reads: reads.clone(),
        };
        Ok(Self { state: Arc::new(state), savepoint: None, is_finished: false })
    }

    /// Begins a savepoint, which is a transaction in this one.
    pub(crate) async fn begin_savepoint(&self) -> Result<Self> {
        let savepoint = self.state.savepoints().next();
        self.run(Query::unprepared(Operation::UNNAMED, format!("SAVEPOINT s{savepoint}"))).await?;
        self.state.savepoints().opened(savepoint);
        Ok(Self { state: Arc::clone(&self.state), savepoint: Some(savepoint), is_finished: false })
    }

    /// Executes a statement.
    pub(crate) async fn run(&self, query: Query) -> Result<QueryOutput> {
        let (operation, text) = (query.operation(), query.query_text());
        let in_time = self.state.in_time(self.state.execute(query));
        self.state.metrics.measure(operation, text, in_time).await
    }

    /// Commits it as this operation.
    pub(crate) async fn commit_as(mut self, operation: Operation) -> Result<()> {
        // Nothing of it can be seen before, and nothing at all of one that is not committed.
        let is_whole = self.savepoint.is_none();
        let pending = is_whole.then(|| self.state.reads.writing(self.state.config.timeouts.statement));
        let is_sent = AtomicBool::new(false);
        let in_time = self.state.in_time(self.commit_or_release(operation, &is_sent));
        let measured = operation.or_named("unit_of_work.commit");
        let committed = self.state.metrics.measure(measured, QueryText::fixed("COMMIT"), in_time).await;
        let committed = committed.map_err(|error| {
            let may_have_committed = is_whole && is_sent.load(Ordering::Relaxed) && !error.keeps_session();
            if may_have_committed { error.with_unknown_outcome() } else { error }
        });
        if let Some(pending) = pending {
            pending.end(!committed.as_ref().is_err_and(Error::is_outcome_unknown));
        }
        self.is_finished = committed.is_ok();
        committed
    }

    /// Rolls it back as this operation.
    pub(crate) async fn rollback_as(mut self, operation: Operation) -> Result<()> {
        let in_time = self.state.in_time(self.roll_back(operation));
        let measured = operation.or_named("unit_of_work.rollback");
        let rolled_back = self.state.metrics.measure(measured, QueryText::fixed("ROLLBACK"), in_time).await;
        self.is_finished = rolled_back.is_ok();
        rolled_back
    }

    /// Commits the transaction or releases the savepoint. `is_sent` is set from when on the whole transaction may be
    /// committed although no answer comes.
    async fn commit_or_release(&self, operation: Operation, is_sent: &AtomicBool) -> Result<()> {
        if let Some(savepoint) = self.savepoint {
            self.state.ensure_open(savepoint)?;
            let release = Query::unprepared(operation, format!("RELEASE SAVEPOINT s{savepoint}"));
            self.state.execute(release).await?;
            self.state.savepoints().ended(savepoint);
            return Ok(());
        }
        self.state.rollback_abandoned(operation).await?;
        if self.state.is_aborted.load(Ordering::Relaxed) {
            // PostgreSQL would answer COMMIT by rolling back, which is no error to the driver.
            let _ = self.roll_back(operation).await;
            return Err(Error::misuse(
                "a statement of this transaction failed before, so nothing of it was kept",
            ));
        }
        let mut connection = self.state.connection.lock().await;
        is_sent.store(!connection.is_unfinished(), Ordering::Relaxed);
        self.state.execute_on(&mut connection, Query::unprepared(operation, "COMMIT")).await?;
        connection.set_in_transaction(false);
        Ok(())
    }

    async fn roll_back(&self, operation: Operation) -> Result<()> {
        if let Some(savepoint) = self.savepoint {
            return self.state.rollback_to(operation, savepoint).await;
        }
        let mut connection = self.state.connection.lock().await;
        // One that is broken may have to be waited for. It will be closed, which rolls back, too.
        if !connection.is_broken() {
            connection.execute(Query::unprepared(operation, "ROLLBACK")).await?;
            connection.set_in_transaction(false);
        }
        Ok(())
    }
}

/// Begins on one connection after the other, until one is alive.
async fn begin_until_alive(pool: &Pool, config: &DatabaseConfig, begin: Query) -> Result<PoolConnection> {
    let mut backoff = Backoff::new(&config.retry);
    loop {
        let mut connection = pool.acquire(begin.operation()).await?;
        let Err(error) = connection.execute(begin.clone()).await else {
            connection.set_in_transaction(true);
            return Ok(connection);
        };
        let delay = if error.is_repeatable(Access::Read) { backoff.next() } else { None };
        let Some(delay) = delay else { return Err(error) };
        drop(connection);
        timings::retried();
        tokio::time::sleep(delay).await;
    }
}

impl TransactionState {
    /// Waits for `future` as long as an operation may take.
    async fn in_time<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        // In a box, since each future around it would be larger by as much again.
        let future = Box::pin(future);
        deadline::until(deadline::deadline(self.config.timeouts.call), future).await.map_err(|elapsed| {
            // Whatever it was, a commit without it would keep a part.
            self.is_aborted.store(true, Ordering::Relaxed);
            Error::timeout(elapsed)
        })?
    }

    fn savepoints(&self) -> MutexGuard<'_, Savepoints> {
        self.savepoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if this savepoint has ended with one around it.
    fn ensure_open(&self, savepoint: u32) -> Result<()> {
        if self.savepoints().is_open(savepoint) {
            return Ok(());
        }
        Err(Error::misuse("the savepoint has ended with the one around it"))
    }

    /// Rolls back to the savepoint that was dropped before its end, if there is one.
    async fn rollback_abandoned(&self, operation: Operation) -> Result<()> {
        let abandoned = self.savepoints().left();
        match abandoned {
            Some(savepoint) => self.rollback_to(operation, savepoint).await,
            None => Ok(()),
        }
    }

    async fn execute(&self, query: Query) -> Result<QueryOutput> {
        self.rollback_abandoned(query.operation()).await?;
        self.execute_on(&mut *self.connection.lock().await, query).await
    }

    async fn execute_on(&self, connection: &mut PoolConnection, query: Query) -> Result<QueryOutput> {
        if connection.is_unfinished() {
            return Err(Error::misuse(
                "the caller of a statement of this transaction stopped waiting for it, so nothing of it is kept",
            ));
        }
        let output = connection.execute(query).await;
        output.map_err(|error| {
            self.is_aborted.store(true, Ordering::Relaxed);
            if connection.is_demoted() { error.of_demoted_server() } else { error }
        })
    }

    async fn rollback_to(&self, operation: Operation, savepoint: u32) -> Result<()> {
        self.ensure_open(savepoint)?;
        let text = format!("ROLLBACK TO SAVEPOINT s{savepoint}; RELEASE SAVEPOINT s{savepoint}");
        self.execute_on(&mut *self.connection.lock().await, Query::unprepared(operation, text)).await?;
        self.savepoints().ended(savepoint);
        self.is_aborted.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let (Some(savepoint), false) = (self.savepoint, self.is_finished) {
            self.state.savepoints().leave(savepoint);
        }
    }
}
