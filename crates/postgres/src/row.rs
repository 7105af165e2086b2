//! From rows to models: every value is parsed, and what does not parse is named.

use std::{collections::HashMap, hash::Hash};

use sea_orm::{DbErr, FromQueryResult, QueryResult, RuntimeErr, sqlx};
use serde_json::{Map, Value};
use taskmaster_models::SearchHit;
use taskmaster_repository::{RepositoryError, Result};
use uuid::Uuid;

use crate::error::from_connection;

/// Reads the columns of an entity from a row.
pub(crate) fn entity<M: FromQueryResult>(table: &'static str, row: &QueryResult) -> Result<M> {
    M::from_query_result(row, "").map_err(|error| {
        let id = row.try_get::<Uuid>("", "id").map_or_else(|_| "unknown".to_owned(), |id| id.to_string());
        unreadable(table, id, error)
    })
}

/// Reads one more column of a row, such as a count or a joined column.
pub(crate) fn column<T: sea_orm::TryGetable>(row: &QueryResult, name: &'static str) -> Result<T> {
    row.try_get("", name).map_err(|error| unreadable("query", "unknown".to_owned(), error))
}

/// Reads a count.
pub(crate) fn count(row: &QueryResult, name: &'static str) -> Result<u64> {
    let count = column::<i64>(row, name)?;
    u64::try_from(count).map_err(|error| RepositoryError::Inconsistent {
        table: "query",
        column: name.to_owned(),
        id: "unknown".to_owned(),
        detail: error.to_string(),
    })
}

fn unreadable(table: &'static str, id: String, error: DbErr) -> RepositoryError {
    let detail = error.to_string();
    match &error {
        DbErr::Query(RuntimeErr::SqlxError(cause)) => match &**cause {
            sqlx::Error::ColumnDecode { index, source } => {
                RepositoryError::Inconsistent { table, column: index.clone(), id, detail: source.to_string() }
            }
            _ => from_connection(table, error.into()),
        },
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => {
            RepositoryError::Inconsistent { table, column: "unknown".to_owned(), id, detail }
        }
        _ => from_connection(table, error.into()),
    }
}

/// One stored row, for parsing its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) table: &'static str,
    pub(crate) id: Uuid,
}

impl Stored {
    /// A text that stands for a value of an enum.
    pub(crate) fn parse<T: std::str::FromStr<Err: ToString>>(
        self,
        column: &'static str,
        text: &str,
    ) -> Result<T> {
        text.parse().map_err(|error: T::Err| self.inconsistent(column, error.to_string()))
    }

    /// A JSON array.
    pub(crate) fn array(self, column: &'static str, json: Value) -> Result<Vec<Value>> {
        match json {
            Value::Array(items) => Ok(items),
            _ => Err(self.inconsistent(column, "it is no JSON array".to_owned())),
        }
    }

    /// A JSON array of texts.
    pub(crate) fn texts(self, column: &'static str, json: Value) -> Result<Vec<String>> {
        self.array(column, json)?
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(self.inconsistent(column, "an item is no text".to_owned())),
            })
            .collect()
    }

    /// A JSON object.
    pub(crate) fn object(self, column: &'static str, json: Value) -> Result<Map<String, Value>> {
        match json {
            Value::Object(fields) => Ok(fields),
            _ => Err(self.inconsistent(column, "it is no JSON object".to_owned())),
        }
    }

    /// The error for a value that no model can hold.
    pub(crate) fn inconsistent(self, column: &'static str, detail: String) -> RepositoryError {
        let Self { table, id } = self;
        RepositoryError::Inconsistent { table, column: column.to_owned(), id: id.to_string(), detail }
    }
}

/// A hit of a search, from a row that has the columns `rank` and `snippet`.
pub(crate) fn hit<T>(row: &QueryResult, item: T) -> Result<SearchHit<T>> {
    Ok(SearchHit { item, rank: column(row, "rank")?, snippet: column(row, "snippet")? })
}

/// Puts rows that a statement returned in any order into the order of `ids`.
pub(crate) fn in_order_of<T, I: Eq + Hash>(
    ids: impl Iterator<Item = I>,
    rows: &mut [T],
    id_of: impl Fn(&T) -> I,
) {
    let places: HashMap<I, usize> = ids.zip(0..).collect();
    rows.sort_by_cached_key(|row| places.get(&id_of(row)).copied());
}
