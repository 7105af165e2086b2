//! A transaction on one of the pool's connections, and savepoints in it.

use std::{
    fmt::Write as _,
    future::Future,
    pin::Pin,
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement,
    TransactionError, TransactionOptions, TransactionSession, TransactionTrait, sqlx,
};
use tokio::sync::Mutex;

use taskmaster_repository::RepositoryError;

use crate::error::{from_db, is_answer, is_outcome_unknown, turned};

use super::{
    call::{self, Access, Call},
    config::DatabaseConfig,
    database::{carry, failed},
    lease::Lease,
    pool::Pool,
    replica::Reads,
    retry::{self, Delays},
    savepoints::Savepoints,
    statement::{Answer, Question},
    telemetry::{Shape, Telemetry, phase},
};

/// A transaction. Dropped before its end it is rolled back.
#[derive(Debug)]
pub struct Transaction {
    session: Arc<Session>,
    /// `None` for the transaction itself.
    savepoint: Option<u32>,
    ended: bool,
}

#[derive(Debug)]
struct Session {
    lease: Mutex<Lease>,
    savepoints: std::sync::Mutex<Savepoints>,
    /// Whether a statement failed or was not put in time, so that only a rollback is possible.
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
        let (savepoints, is_aborted) = (std::sync::Mutex::default(), AtomicBool::new(false));
        let (lease, reads) = (Mutex::new(lease), reads.clone());
        let session = Session { lease, savepoints, is_aborted, config, telemetry, reads };
        Ok(Self { session: Arc::new(session), savepoint: None, ended: false })
    }

    async fn run(&self, question: Question) -> Result<Answer, DbErr> {
        let (name, shape) = (Call::current().name, question.shape());
        let in_time = self.session.in_time(self.session.put(question));
        self.session.telemetry.watch(name, shape, in_time).await
    }

    /// Keeps what it did. `is_sent` tells from when on the whole transaction may be kept although no answer comes.
    async fn keep(&self, is_sent: &AtomicBool) -> Result<(), DbErr> {
        if let Some(savepoint) = self.savepoint {
            self.session.demand(savepoint)?;
            self.session.put(Question::unprepared(format!("RELEASE SAVEPOINT s{savepoint}"))).await?;
            self.session.savepoints().ended(savepoint);
            return Ok(());
        }
        self.session.settle().await?;
        if self.session.is_aborted.load(Ordering::Relaxed) {
            // PostgreSQL would answer COMMIT by rolling back, which is no error to the driver.
            let _ = self.undo().await;
            let source = "a statement of this transaction failed before, so nothing of it was kept".into();
            return Err(carry(RepositoryError::Backend { source }));
        }
        let mut lease = self.session.lease.lock().await;
        is_sent.store(!lease.is_unfinished(), Ordering::Relaxed);
        self.session.put_on(&mut lease, Question::unprepared("COMMIT")).await?;
        lease.in_transaction(false);
        Ok(())
    }

    async fn undo(&self) -> Result<(), DbErr> {
        if let Some(savepoint) = self.savepoint {
            return self.session.undo_savepoint(savepoint).await;
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

/// An error of this program's own.
fn refused(reason: &'static str) -> DbErr {
    carry(RepositoryError::Backend { source: reason.into() })
}

/// The error that the commit ended with, with whether it may have taken place all the same.
fn of_commit(error: DbErr, is_sent: bool) -> DbErr {
    if is_sent && is_answer(&error) {
        return error;
    }
    let error = from_db("transaction", error);
    carry(if is_sent { error.with_unknown_outcome() } else { error })
}

impl Session {
    /// Waits for `future` as long as a call may take.
    async fn in_time<T>(&self, future: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        // In a box, since each future around it would be larger by as much again.
        let future = Box::pin(future);
        call::until(call::deadline(self.config.timeouts.call), future).await.map_err(|elapsed| {
            // Whatever it was, who commits without it would keep a part.
            self.is_aborted.store(true, Ordering::Relaxed);
            carry(RepositoryError::Timeout { source: Box::new(elapsed) })
        })?
    }

    fn savepoints(&self) -> MutexGuard<'_, Savepoints> {
        self.savepoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if this savepoint has ended with one around it.
    fn demand(&self, savepoint: u32) -> Result<(), DbErr> {
        if self.savepoints().is_open(savepoint) {
            return Ok(());
        }
        Err(refused("the savepoint has ended with the one around it"))
    }

    /// Rolls back to the savepoint that was dropped before its end, if there is one.
    async fn settle(&self) -> Result<(), DbErr> {
        let left = self.savepoints().left();
        match left {
            Some(left) => self.undo_savepoint(left).await,
            None => Ok(()),
        }
    }

    async fn put(&self, question: Question) -> Result<Answer, DbErr> {
        self.settle().await?;
        self.put_on(&mut *self.lease.lock().await, question).await
    }

    async fn put_on(&self, lease: &mut Lease, question: Question) -> Result<Answer, DbErr> {
        if lease.is_unfinished() {
            return Err(refused(
                "nobody waited for the end of a statement of this transaction, so nothing of it is kept",
            ));
        }
        let answer = lease.put(question).await;
        answer.map_err(|error| {
            self.is_aborted.store(true, Ordering::Relaxed);
            if lease.has_turned() { carry(turned(&error)) } else { failed(error) }
        })
    }

    async fn undo_savepoint(&self, savepoint: u32) -> Result<(), DbErr> {
        self.demand(savepoint)?;
        let text = format!("ROLLBACK TO SAVEPOINT s{savepoint}; RELEASE SAVEPOINT s{savepoint}");
        self.put_on(&mut *self.lease.lock().await, Question::unprepared(text)).await?;
        self.savepoints().ended(savepoint);
        self.is_aborted.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let (Some(savepoint), false) = (self.savepoint, self.ended) {
            self.session.savepoints().leave(savepoint);
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
        let savepoint = self.session.savepoints().next();
        self.run(Question::unprepared(format!("SAVEPOINT s{savepoint}"))).await?;
        self.session.savepoints().opened(savepoint);
        Ok(Self { session: Arc::clone(&self.session), savepoint: Some(savepoint), ended: false })
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
        let writing = self
            .savepoint
            .is_none()
            .then(|| self.session.reads.writing(self.session.config.timeouts.statement));
        let is_sent = AtomicBool::new(false);
        let in_time = self.session.in_time(self.keep(&is_sent));
        let kept = self
            .session
            .telemetry
            .watch(call_named("unit_of_work.commit"), Shape::fixed("COMMIT"), in_time)
            .await;
        let kept = match self.savepoint {
            None => kept.map_err(|error| of_commit(error, is_sent.load(Ordering::Relaxed))),
            Some(_) => kept,
        };
        if let Some(writing) = writing {
            writing.end(!kept.as_ref().is_err_and(is_outcome_unknown));
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
