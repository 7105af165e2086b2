//! A statement on a connection: SeaORM's statement is executed by sqlx, and its result is collected.

use std::sync::Arc;

use futures::TryStreamExt as _;
use sea_orm::{
    ExecResult, QueryResult, Statement,
    sqlx::{
        self, Arguments as _, AssertSqlSafe, Either, Executor as _, IntoArguments as _, PgConnection,
        Row as _,
        postgres::{PgArguments, PgQueryResult, PgRow},
    },
};
use sea_query_sqlx::SqlxValues;

use crate::{
    error::{Error, ErrorKind, Result},
    operation::{Access, Operation},
    query_text::QueryText,
};

/// The most bytes that the values of a guarded statement's result may have: it is held in memory as a whole.
pub const MAX_GUARDED_BYTES: usize = 64 << 20;

/// A statement that can be executed more than once.
#[derive(Clone, Debug)]
pub struct Query {
    operation: Operation,
    text: Arc<str>,
    /// The values of a prepared statement. Without, it is not prepared, and may be several.
    arguments: Option<PgArguments>,
    /// The transaction that the statement has to itself.
    transaction: Option<Arc<ImplicitTransaction>>,
    is_guarded: bool,
    max_rows: usize,
}

/// A transaction that one statement has to itself.
#[derive(Clone, Debug, Default)]
pub struct ImplicitTransaction {
    /// The mode behind `BEGIN`, such as ` READ ONLY`.
    pub mode: &'static str,
    /// Settings, as SQL that begins with a semicolon, such as `; SET LOCAL ROLE reader`.
    pub settings: String,
    /// A statement to execute first.
    pub first: Option<Query>,
}

/// All that the server answered.
#[derive(Debug, Default)]
pub struct QueryOutput {
    rows: Vec<PgRow>,
    done: PgQueryResult,
}

impl Query {
    /// Returns a prepared statement.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Driver`] for a value that the protocol cannot carry.
    pub fn prepared(operation: Operation, statement: Statement) -> Result<Self> {
        let values = statement.values.map(|values| values.0).unwrap_or_default();
        let expected = values.len();
        let arguments = SqlxValues(sea_orm::sea_query::Values(values)).into_arguments();
        // A value that cannot be encoded is left out in silence there, and each value behind it would take another's
        // place.
        if arguments.len() != expected {
            let reason = "a value is too large for the protocol or not one of its type";
            return Err(sqlx::Error::Encode(reason.into()).into());
        }
        Ok(Self { arguments: Some(arguments), ..Self::unprepared(operation, statement.sql) })
    }

    /// Returns statements that are not prepared, separated by semicolons.
    pub fn unprepared(operation: Operation, text: impl Into<Arc<str>>) -> Self {
        Self {
            operation,
            text: text.into(),
            arguments: None,
            transaction: None,
            is_guarded: false,
            max_rows: usize::MAX,
        }
    }

    /// Returns a prepared statement of foreign text in a transaction of its own. Its result has at most `max_rows` rows
    /// and [`MAX_GUARDED_BYTES`] bytes, and it is prepared anew each time.
    #[must_use]
    pub fn guarded(
        operation: Operation,
        text: &str,
        arguments: PgArguments,
        transaction: ImplicitTransaction,
        max_rows: usize,
    ) -> Self {
        let unprepared = Self::unprepared(operation, text);
        Self { arguments: Some(arguments), is_guarded: true, max_rows, ..unprepared }
            .in_transaction(transaction)
    }

    /// Returns the same statement in a transaction of its own.
    #[must_use]
    pub fn in_transaction(mut self, transaction: ImplicitTransaction) -> Self {
        self.transaction = Some(Arc::new(transaction));
        self
    }

    /// Returns the same statements followed by others.
    pub(crate) fn and(mut self, more: &str) -> Self {
        if !more.is_empty() {
            self.text = format!("{}{more}", self.text).into();
        }
        self
    }

    pub(crate) fn operation(&self) -> Operation {
        self.operation
    }

    pub(crate) fn access(&self) -> Access {
        self.operation.access
    }

    pub(crate) fn transaction(&self) -> Option<Arc<ImplicitTransaction>> {
        self.transaction.clone()
    }

    /// Returns `true` if it is prepared, and with that one statement.
    pub(crate) fn is_prepared(&self) -> bool {
        self.arguments.is_some()
    }

    /// Returns whether the transaction that it begins only reads, or `None` if it begins none.
    pub(crate) fn begins_reading(&self) -> Option<bool> {
        let begin = self.text.split(';').next().filter(|first| first.starts_with("BEGIN"))?;
        (!self.is_prepared()).then(|| begin.contains("READ ONLY"))
    }

    /// Returns its text as it may be logged.
    pub(crate) fn query_text(&self) -> QueryText {
        let binds_values = self.operation.binds_values && self.transaction.is_none();
        QueryText::new(Arc::clone(&self.text), binds_values, self.arguments.is_some())
    }

    /// Executes it and collects the result. Without `is_named`, the statement is prepared anew each time.
    pub(crate) async fn execute(self, connection: &mut PgConnection, is_named: bool) -> Result<QueryOutput> {
        let text = AssertSqlSafe(self.text);
        let mut stream = match self.arguments {
            Some(arguments) => connection.fetch_many(sqlx::query_with(text, arguments).persistent(is_named)),
            None => connection.fetch_many(sqlx::raw_sql(text)),
        };
        let mut output = QueryOutput::default();
        let mut room = if self.is_guarded { MAX_GUARDED_BYTES } else { usize::MAX };
        while let Some(part) = stream.try_next().await? {
            match part {
                Either::Left(done) => output.done.extend([done]),
                Either::Right(_) if output.rows.len() >= self.max_rows => {
                    let reason = format!("the result has more than {} rows", self.max_rows);
                    return Err(Error::new(ErrorKind::TooManyRows, reason, "its limit of rows is reached"));
                }
                Either::Right(row) => {
                    if room < usize::MAX {
                        let reason = format!("the result has more than {MAX_GUARDED_BYTES} bytes");
                        room = room.checked_sub(size(&row)).ok_or_else(|| {
                            Error::new(ErrorKind::TooManyBytes, reason, "its limit of bytes is reached")
                        })?;
                    }
                    output.rows.push(row);
                }
            }
        }
        Ok(output)
    }
}

/// Returns the bytes that the values of a row have.
fn size(row: &PgRow) -> usize {
    let bytes = |at| row.try_get_raw(at).ok().and_then(|value| value.as_bytes().ok()).map_or(0, <[u8]>::len);
    (0..row.len()).map(bytes).sum()
}

impl QueryOutput {
    pub(crate) fn into_exec_result(self) -> ExecResult {
        self.done.into()
    }

    pub(crate) fn into_first(self) -> Option<QueryResult> {
        self.rows.into_iter().next().map(Into::into)
    }

    pub(crate) fn into_all(self) -> Vec<QueryResult> {
        self.rows.into_iter().map(Into::into).collect()
    }

    pub(crate) fn rows_affected(&self) -> u64 {
        self.done.rows_affected()
    }

    /// Returns the rows, and how many were read or written.
    #[must_use]
    pub fn into_rows(self) -> (Vec<PgRow>, u64) {
        let affected = self.rows_affected();
        (self.rows, affected)
    }
}
