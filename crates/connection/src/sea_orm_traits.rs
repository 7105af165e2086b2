//! SeaORM's traits for the database and for transactions on it.
//!
//! A statement by way of these traits belongs to no named operation: its effect on the data and on the session is
//! unknown. So it goes to the primary, is retried only if nothing of it was run, and the session is reset afterwards.

use std::pin::Pin;

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement,
    TransactionError, TransactionOptions, TransactionSession, TransactionTrait,
};

use crate::{
    database::Database,
    error::{Error, Result},
    operation::Operation,
    statement::{Query, QueryOutput},
    transaction::Transaction,
};

impl Database {
    async fn run_unnamed(&self, statement: Statement) -> Result<QueryOutput> {
        self.run(Query::prepared(Operation::UNNAMED, statement)?).await
    }
}

impl Transaction {
    async fn run_unnamed(&self, statement: Statement) -> Result<QueryOutput> {
        self.run(Query::prepared(Operation::UNNAMED, statement)?).await
    }
}

#[async_trait]
impl ConnectionTrait for Database {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.run_unnamed(statement).await?.into_exec_result())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        Ok(self.run(Query::unprepared(Operation::UNNAMED, sql)).await?.into_exec_result())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.run_unnamed(statement).await?.into_first())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.run_unnamed(statement).await?.into_all())
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.run_unnamed(statement).await?.into_exec_result())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        Ok(self.run(Query::unprepared(Operation::UNNAMED, sql)).await?.into_exec_result())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.run_unnamed(statement).await?.into_first())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.run_unnamed(statement).await?.into_all())
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
        Ok(self.begin_transaction(Operation::UNNAMED, isolation, access).await?)
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
        run(transaction.map_err(TransactionError::Connection)?, callback).await
    }
}

/// A transaction in a transaction is a savepoint.
#[async_trait]
impl TransactionTrait for Transaction {
    type Transaction = Self;

    async fn begin(&self) -> Result<Self, DbErr> {
        Ok(self.begin_savepoint().await?)
    }

    async fn begin_with_config(
        &self,
        isolation: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        if isolation.is_some() || access.is_some() {
            let error = Error::misuse("a savepoint has the isolation and the access of its transaction");
            return Err(error.into());
        }
        TransactionTrait::begin(self).await
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
        run(TransactionTrait::begin(self).await.map_err(TransactionError::Connection)?, callback).await
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
        Ok(self.commit_as(Operation::UNNAMED).await?)
    }

    async fn rollback(self) -> Result<(), DbErr> {
        Ok(self.rollback_as(Operation::UNNAMED).await?)
    }
}

/// Runs `callback` in the transaction, which is committed if that succeeds and rolled back if not.
async fn run<F, T, E>(transaction: Transaction, callback: F) -> Result<T, TransactionError<E>>
where
    F: for<'c> FnOnce(&'c Transaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
    T: Send,
    E: std::fmt::Display + std::fmt::Debug + Send,
{
    match callback(&transaction).await {
        Ok(value) => {
            let committed = TransactionSession::commit(transaction).await;
            committed.map_err(TransactionError::Connection)?;
            Ok(value)
        }
        Err(error) => {
            // The first failure is what counts. A connection that cannot roll back is closed, which rolls back, too.
            let _ = TransactionSession::rollback(transaction).await;
            Err(TransactionError::Transaction(error))
        }
    }
}
