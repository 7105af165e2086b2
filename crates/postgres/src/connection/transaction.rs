//! A transaction on one of the pool's connections, and savepoints in it.

use std::{
    fmt::Write as _,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement,
    TransactionError, TransactionOptions, TransactionSession, TransactionTrait, sqlx,
};
use tokio::sync::Mutex;

use taskmaster_repository::RepositoryError;

use crate::error::is_answer;

use super::{
    call::{self, Access, Call},
    config::DatabaseConfig,
    database::{carry, failed},
    lease::Lease,
    pool::Pool,
    replica::Reads,
    retry::{self, Delays},
    statement::{Answer, Question},
    telemetry::{Shape, Telemetry, phase},
};

/// No savepoint was left behind.
const NOTHING_LEFT: u32 = u32::MAX;

/// A transaction. Dropped before its end it is rolled back.
#[derive(Debug)]
pub struct Transaction {
    session: Arc<Session>,
    /// 0 for the transaction itself, else the number of the savepoint.
    depth: u32,
    ended: bool,
}

#[derive(Debug)]
struct Session {
    lease: Mutex<Lease>,
    /// The outermost savepoint that was dropped before its end: the next statement rolls back to it first.
    left: AtomicU32,
    /// Whether a statement failed, so that only a rollback is possible.
    is_aborted: AtomicBool,
    config: Arc<DatabaseConfig>,
    telemetry: Arc<Telemetry>,
    /// Where those read who have to see what it writes.
    reads: Reads,
}

impl Transaction {
    /// Begins one. Nothing was written before, so it is tried again on another connection if one breaks.
    pub(crate) async fn begin_on(
        pool: &Pool,
        reads: &Reads,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        let mut mode = String::new();
        // Writing to a String cannot fail.
        if let Some(isolation) = isolation {
            let _ = write!(mode, " ISOLATION LEVEL {isolation}");
        }
        if let Some(access) = access {
            let _ = write!(mode, " {access}");
        }
        let config = Arc::clone(&pool.shared.config);
        let begin = pool.shared.begin(&mode);
        let telemetry = Arc::clone(&pool.shared.telemetry);
        let in_time = async {
            let deadline = call::deadline(config.timeouts.call);
            call::until(deadline, Box::pin(begin_again(pool, &config, begin)))
                .await
                .map_err(|_| carry(pool.too_late()))?
        };
        let lease = telemetry.watch(call_named("unit_of_work.begin"), Shape::fixed("BEGIN"), in_time).await?;
        let (left, is_aborted) = (AtomicU32::new(NOTHING_LEFT), AtomicBool::new(false));
        let (lease, reads) = (Mutex::new(lease), reads.clone());
        let session = Session { lease, left, is_aborted, config, telemetry, reads };
        Ok(Self { session: Arc::new(session), depth: 0, ended: false })
    }

    async fn run(&self, question: Question) -> Result<Answer, DbErr> {
        let (name, shape) = (Call::current().name, question.shape());
        let in_time = self.session.in_time(self.session.put(question));
        self.session.telemetry.watch(name, shape, in_time).await
    }

    async fn keep(&self) -> Result<(), DbErr> {
        if self.depth > 0 {
            let text = format!("RELEASE SAVEPOINT s{}", self.depth);
            return self.session.put(Question::unprepared(text)).await.map(drop);
        }
        if self.session.is_aborted.load(Ordering::Relaxed) {
            // PostgreSQL would answer COMMIT by rolling back, which is no error to the driver.
            let _ = self.undo().await;
            let source = "a statement of this transaction failed before, so nothing of it was kept".into();
            return Err(carry(RepositoryError::Backend { source }));
        }
        self.session.put(Question::unprepared("COMMIT")).await?;
        self.session.lease.lock().await.in_transaction(false);
        Ok(())
    }

    async fn undo(&self) -> Result<(), DbErr> {
        if self.depth > 0 {
            return self.session.undo_savepoint(self.depth).await;
        }
        let mut lease = self.session.lease.lock().await;
        // One that is spoilt may have to be waited for. It will be closed, which rolls back, too.
        if !lease.is_spoilt() {
            lease.put(Question::unprepared("ROLLBACK")).await.map_err(failed)?;
            lease.in_transaction(false);
        }
        Ok(())
    }
}

/// Begins on one connection after the other, until one is alive.
async fn begin_again(pool: &Pool, config: &DatabaseConfig, begin: Question) -> Result<Lease, DbErr> {
    let call = Call::current();
    let mut delays = Delays::new(&config.retry);
    loop {
        let mut lease = pool.lease(call).await.map_err(carry)?;
        let Err(error) = lease.put(begin.clone()).await else {
            lease.in_transaction(true);
            return Ok(lease);
        };
        let delay = if retry::may_repeat(Access::Read, &error) { delays.next() } else { None };
        let Some(delay) = delay else { return Err(failed(error)) };
        drop(lease);
        phase::retried();
        tokio::time::sleep(delay).await;
    }
}

/// The name of the call that begins or ends it, also if no store does so.
fn call_named(name: &'static str) -> &'static str {
    let call = Call::current();
    if call.is_unnamed() { name } else { call.name }
}

/// The error of a call in a transaction whose time is up. Nothing of it will be kept, unless it was the commit.
fn too_late(elapsed: tokio::time::error::Elapsed) -> DbErr {
    carry(RepositoryError::Timeout { source: Box::new(elapsed) })
}

impl Session {
    /// Waits for `future` as long as a call may take.
    async fn in_time<T>(&self, future: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        // In a box, since each future around it would be larger by as much again.
        let future = Box::pin(future);
        call::until(call::deadline(self.config.timeouts.call), future).await.map_err(too_late)?
    }

    async fn put(&self, question: Question) -> Result<Answer, DbErr> {
        let left = self.left.load(Ordering::Relaxed);
        if left != NOTHING_LEFT {
            self.undo_savepoint(left).await?;
            self.left.store(NOTHING_LEFT, Ordering::Relaxed);
        }
        let answer = self.lease.lock().await.put(question).await;
        answer.map_err(|error| {
            self.is_aborted.store(true, Ordering::Relaxed);
            failed(error)
        })
    }

    async fn undo_savepoint(&self, depth: u32) -> Result<(), DbErr> {
        let text = format!("ROLLBACK TO SAVEPOINT s{depth}; RELEASE SAVEPOINT s{depth}");
        self.lease.lock().await.put(Question::unprepared(text)).await.map_err(failed)?;
        self.is_aborted.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.depth > 0 && !self.ended {
            self.session.left.fetch_min(self.depth, Ordering::Relaxed);
        }
    }
}

/// Runs `callback` in the transaction, which is committed if that succeeds and rolled back if not.
pub(crate) async fn run<F, T, E>(transaction: Transaction, callback: F) -> Result<T, TransactionError<E>>
where
    F: for<'c> FnOnce(&'c Transaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
    T: Send,
    E: std::fmt::Display + std::fmt::Debug + Send,
{
    match callback(&transaction).await {
        Ok(value) => {
            transaction.commit().await.map_err(TransactionError::Connection)?;
            Ok(value)
        }
        Err(error) => {
            // What went wrong first is what counts. A connection that cannot roll back is closed, which rolls back, too.
            let _ = transaction.rollback().await;
            Err(TransactionError::Transaction(error))
        }
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
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
impl TransactionTrait for Transaction {
    type Transaction = Self;

    async fn begin(&self) -> Result<Self, DbErr> {
        let depth = self.depth + 1;
        self.run(Question::unprepared(format!("SAVEPOINT s{depth}"))).await?;
        Ok(Self { session: Arc::clone(&self.session), depth, ended: false })
    }

    async fn begin_with_config(
        &self,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        if isolation.is_some() || access.is_some() {
            let reason = "a savepoint has the isolation and the access of its transaction";
            return Err(failed(sqlx::Error::Configuration(reason.into())));
        }
        self.begin().await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        self.begin_with_config(options.isolation_level, options.access_mode).await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        run(self.begin().await.map_err(TransactionError::Connection)?, callback).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let transaction = self.begin_with_config(isolation, access).await;
        run(transaction.map_err(TransactionError::Connection)?, callback).await
    }
}

#[async_trait]
impl TransactionSession for Transaction {
    async fn commit(mut self) -> Result<(), DbErr> {
        // Nothing of it can be seen before, and nothing at all of one that is not committed.
        let writing =
            (self.depth == 0).then(|| self.session.reads.writing(self.session.config.timeouts.statement));
        let in_time = self.session.in_time(self.keep());
        let kept = self
            .session
            .telemetry
            .watch(call_named("unit_of_work.commit"), Shape::fixed("COMMIT"), in_time)
            .await;
        if let Some(writing) = writing {
            writing.end(kept.as_ref().map_or_else(is_answer, |()| true));
        }
        self.ended = kept.is_ok();
        kept
    }

    async fn rollback(mut self) -> Result<(), DbErr> {
        let in_time = self.session.in_time(self.undo());
        let undone = self
            .session
            .telemetry
            .watch(call_named("unit_of_work.rollback"), Shape::fixed("ROLLBACK"), in_time)
            .await;
        self.ended = undone.is_ok();
        undone
    }
}
