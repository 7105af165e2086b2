//! A transaction on one of the pool's connections, and savepoints in it.

use std::{
    fmt::Write as _,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement,
    TransactionError, TransactionOptions, TransactionSession, TransactionTrait, sqlx,
};
use tokio::sync::Mutex;

use super::{
    database::failed,
    pool::Lease,
    statement::{Answer, Question},
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
}

impl Transaction {
    pub(crate) async fn begin_on(
        mut lease: Lease,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        let mut begin = "BEGIN".to_owned();
        // Writing to a String cannot fail.
        if let Some(isolation) = isolation {
            let _ = write!(begin, " ISOLATION LEVEL {isolation}");
        }
        if let Some(access) = access {
            let _ = write!(begin, " {access}");
        }
        lease.put(Question::unprepared(begin)).await.map_err(failed)?;
        lease.in_transaction(true);
        let session = Session { lease: Mutex::new(lease), left: AtomicU32::new(NOTHING_LEFT) };
        Ok(Self { session: Arc::new(session), depth: 0, ended: false })
    }

    async fn run(&self, question: Question) -> Result<Answer, DbErr> {
        let mut lease = self.session.lease.lock().await;
        self.session.leave_savepoints(&mut lease).await?;
        lease.put(question).await.map_err(failed)
    }

    /// Ends it with `COMMIT` or `ROLLBACK`, or their like for a savepoint.
    async fn end(mut self, whole: &'static str, savepoint: &'static str) -> Result<(), DbErr> {
        let session = Arc::clone(&self.session);
        let mut lease = session.lease.lock().await;
        session.leave_savepoints(&mut lease).await?;
        self.ended = true;
        if self.depth > 0 {
            let text = format!("{savepoint} SAVEPOINT s{}", self.depth);
            return lease.put(Question::unprepared(text)).await.map(drop).map_err(failed);
        }
        lease.put(Question::unprepared(whole)).await.map_err(failed)?;
        lease.in_transaction(false);
        Ok(())
    }
}

impl Session {
    async fn leave_savepoints(&self, lease: &mut Lease) -> Result<(), DbErr> {
        let left = self.left.load(Ordering::Relaxed);
        if left != NOTHING_LEFT {
            let text = format!("ROLLBACK TO SAVEPOINT s{left}; RELEASE SAVEPOINT s{left}");
            lease.put(Question::unprepared(text)).await.map_err(failed)?;
            self.left.store(NOTHING_LEFT, Ordering::Relaxed);
        }
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
    async fn commit(self) -> Result<(), DbErr> {
        self.end("COMMIT", "RELEASE").await
    }

    async fn rollback(self) -> Result<(), DbErr> {
        self.end("ROLLBACK", "ROLLBACK TO").await
    }
}
