//! What the writes of all nouns share.

use std::fmt::Display;

use sea_orm::{QueryResult, Value};
use taskmaster_connection::Executor;
use taskmaster_repository::{RepositoryError, Result};
use uuid::Uuid;

use crate::{noun::entity, row, sql::Sql, store::Pg};

impl<C: Executor> Pg<C> {
    /// Runs a write that returns the row it is about. If there is none, the row is not there.
    pub(crate) async fn written<T>(
        &self,
        name: &'static str,
        id: impl Display,
        sql: Sql,
        read: impl FnOnce(&QueryResult) -> Result<T>,
    ) -> Result<T> {
        let row = self.row(name, sql).await?;
        row.as_ref().map_or_else(|| Err(RepositoryError::not_found(entity(name), id)), read)
    }

    /// Why an update found no row: the row is not there, or has another version than expected.
    pub(crate) async fn not_updated(
        &self,
        name: &'static str,
        table: &'static str,
        id: Uuid,
        expected: Option<i64>,
    ) -> RepositoryError {
        let entity = entity(name);
        let not_found = RepositoryError::not_found(entity, id);
        let Some(expected) = expected else { return not_found };
        let sql = Sql::read_primary("SELECT version FROM ").text(table).text(" WHERE id = ").bind(id);
        let stored = match self.row(name, sql).await {
            Ok(Some(row)) => row::column(&row, "version"),
            Ok(None) => return not_found,
            Err(error) => Err(error),
        };
        match stored {
            Ok(stored) => RepositoryError::Stale { entity, id: id.to_string(), expected, stored },
            Err(error) => error,
        }
    }

    /// Deletes the rows of `table` whose `column` has this value, and returns how many there were.
    pub(crate) async fn delete_where(
        &self,
        name: &'static str,
        table: &'static str,
        column: &'static str,
        value: impl Into<Value> + Send,
    ) -> Result<u64> {
        let sql = Sql::write(self.actor())
            .text(" DELETE FROM ")
            .text(table)
            .if_attributed(" USING actor")
            .text(" WHERE ")
            .text(column)
            .text(" = ")
            .bind(value)
            .if_attributed(" AND actor.ok");
        self.execute(name, sql).await
    }
}
