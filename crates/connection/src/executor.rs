//! The traits that a store is built on: statements of named operations, on a pool or in a transaction.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, QueryResult, Statement, TransactionSession,
    TransactionTrait,
};

use crate::{
    database::Database, error::Result, operation::Operation, statement::Query, transaction::Transaction,
};

/// Executes statements of named operations: on a pool each in a transaction of its own, or all in one transaction.
///
/// SeaORM's own pool and transaction are executors, too; they retry nothing and measure nothing.
#[async_trait]
pub trait Executor: Send + Sync {
    /// Executes a statement, and returns how many rows it has read or written.
    ///
    /// # Errors
    ///
    /// The failure of the statement or of the connection.
    async fn execute(&self, operation: Operation, statement: Statement) -> Result<u64>;

    /// Executes a statement, and returns the first row.
    ///
    /// # Errors
    ///
    /// The failure of the statement or of the connection.
    async fn fetch_optional(&self, operation: Operation, statement: Statement)
    -> Result<Option<QueryResult>>;

    /// Executes a statement, and returns all rows.
    ///
    /// # Errors
    ///
    /// The failure of the statement or of the connection.
    async fn fetch_all(&self, operation: Operation, statement: Statement) -> Result<Vec<QueryResult>>;
}

/// An executor that begins transactions.
#[async_trait]
pub trait Transactional: Executor {
    /// A transaction of it.
    type Transaction: OpenTransaction;

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// No connection can be had, or the server refuses.
    async fn begin(&self, operation: Operation) -> Result<Self::Transaction>;
}

/// A transaction. Dropped before its end, it is rolled back.
#[async_trait]
pub trait OpenTransaction: Executor {
    /// Commits it.
    ///
    /// # Errors
    ///
    /// Nothing was kept, unless the outcome is unknown.
    async fn commit(self, operation: Operation) -> Result<()>;

    /// Rolls it back.
    ///
    /// # Errors
    ///
    /// The connection broke, which rolls back, too.
    async fn rollback(self, operation: Operation) -> Result<()>;
}

#[async_trait]
impl Executor for Database {
    async fn execute(&self, operation: Operation, statement: Statement) -> Result<u64> {
        Ok(self.run(Query::prepared(operation, statement)?).await?.rows_affected())
    }

    async fn fetch_optional(
        &self,
        operation: Operation,
        statement: Statement,
    ) -> Result<Option<QueryResult>> {
        Ok(self.run(Query::prepared(operation, statement)?).await?.into_first())
    }

    async fn fetch_all(&self, operation: Operation, statement: Statement) -> Result<Vec<QueryResult>> {
        Ok(self.run(Query::prepared(operation, statement)?).await?.into_all())
    }
}

#[async_trait]
impl Transactional for Database {
    type Transaction = Transaction;

    async fn begin(&self, operation: Operation) -> Result<Transaction> {
        self.begin_transaction(operation, None, None).await
    }
}

#[async_trait]
impl Executor for Transaction {
    async fn execute(&self, operation: Operation, statement: Statement) -> Result<u64> {
        Ok(self.run(Query::prepared(operation, statement)?).await?.rows_affected())
    }

    async fn fetch_optional(
        &self,
        operation: Operation,
        statement: Statement,
    ) -> Result<Option<QueryResult>> {
        Ok(self.run(Query::prepared(operation, statement)?).await?.into_first())
    }

    async fn fetch_all(&self, operation: Operation, statement: Statement) -> Result<Vec<QueryResult>> {
        Ok(self.run(Query::prepared(operation, statement)?).await?.into_all())
    }
}

#[async_trait]
impl OpenTransaction for Transaction {
    async fn commit(self, operation: Operation) -> Result<()> {
        self.commit_as(operation).await
    }

    async fn rollback(self, operation: Operation) -> Result<()> {
        self.rollback_as(operation).await
    }
}

#[async_trait]
impl Executor for DatabaseConnection {
    async fn execute(&self, _: Operation, statement: Statement) -> Result<u64> {
        Ok(self.execute_raw(statement).await?.rows_affected())
    }

    async fn fetch_optional(&self, _: Operation, statement: Statement) -> Result<Option<QueryResult>> {
        Ok(self.query_one_raw(statement).await?)
    }

    async fn fetch_all(&self, _: Operation, statement: Statement) -> Result<Vec<QueryResult>> {
        Ok(self.query_all_raw(statement).await?)
    }
}

#[async_trait]
impl Transactional for DatabaseConnection {
    type Transaction = DatabaseTransaction;

    async fn begin(&self, _: Operation) -> Result<DatabaseTransaction> {
        Ok(TransactionTrait::begin(self).await?)
    }
}

#[async_trait]
impl Executor for DatabaseTransaction {
    async fn execute(&self, _: Operation, statement: Statement) -> Result<u64> {
        Ok(self.execute_raw(statement).await?.rows_affected())
    }

    async fn fetch_optional(&self, _: Operation, statement: Statement) -> Result<Option<QueryResult>> {
        Ok(self.query_one_raw(statement).await?)
    }

    async fn fetch_all(&self, _: Operation, statement: Statement) -> Result<Vec<QueryResult>> {
        Ok(self.query_all_raw(statement).await?)
    }
}

#[async_trait]
impl OpenTransaction for DatabaseTransaction {
    async fn commit(self, _: Operation) -> Result<()> {
        TransactionSession::commit(self).await.map_err(|error| {
            let error = crate::error::Error::from(error);
            // A commit without an answer may have taken place.
            if error.keeps_session() { error } else { error.with_unknown_outcome() }
        })
    }

    async fn rollback(self, _: Operation) -> Result<()> {
        Ok(TransactionSession::rollback(self).await?)
    }
}
