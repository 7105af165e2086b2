//! The handle on the database.

use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, RuntimeErr,
    Statement, TransactionError, TransactionOptions, TransactionTrait, sqlx,
};
use taskmaster_repository::RepositoryError;

use super::{
    config::DatabaseConfig,
    pool::{Pool, PoolStatus},
    statement::{Answer, Question},
    transaction::{self, Transaction},
};
use crate::store::{Pg, PgStore};

/// The database: a pool of connections. It is cheap to clone, and all clones are the same pool, which is closed when the last
/// one is dropped.
#[derive(Clone, Debug)]
pub struct Database {
    config: Arc<DatabaseConfig>,
    pool: Pool,
}

impl Database {
    /// Connects, and looks whether the server will do.
    ///
    /// # Errors
    ///
    /// [`Refused`](RepositoryError::Refused) or [`Unavailable`](RepositoryError::Unavailable), with what to do about it: the
    /// server cannot be reached, refuses the user, has no such database, or is older than PostgreSQL 14. No error shows the
    /// password.
    pub async fn connect(config: DatabaseConfig) -> Result<Self, RepositoryError> {
        config.validate()?;
        let config = Arc::new(config);
        let database = Self { pool: Pool::new(Arc::clone(&config))?, config };
        drop(database.pool.lease().await?);
        Ok(database)
    }

    /// The repositories.
    #[must_use]
    pub fn store(&self) -> PgStore {
        Pg::new(self.clone())
    }

    /// What is configured.
    #[must_use]
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    /// How many connections there are, and how many of them are used.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    async fn run(&self, question: Question) -> Result<Answer, DbErr> {
        let mut lease = self.pool.lease().await.map_err(carry)?;
        lease.put(question).await.map_err(failed)
    }
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
        let lease = self.pool.lease().await.map_err(carry)?;
        Transaction::begin_on(lease, isolation, access).await
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
