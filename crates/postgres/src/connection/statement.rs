//! A statement on a connection: how SeaORM's is put to sqlx, and what comes back.

use std::sync::Arc;

use futures::TryStreamExt as _;
use sea_orm::{
    DbBackend, ExecResult, QueryResult, Statement,
    sqlx::{
        self, Arguments as _, AssertSqlSafe, Either, Error, Executor as _, IntoArguments as _, PgConnection,
        Row as _,
        postgres::{PgArguments, PgQueryResult, PgRow},
    },
};
use sea_query_sqlx::SqlxValues;

use super::{
    call::Call,
    telemetry::{Origin, Shape},
};

/// How many bytes the values of an answer have at most, if somebody else wrote the statement. It is held in memory as a whole.
pub(crate) const MAX_ANSWER: usize = 64 << 20;

/// A statement that can be put more than once.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    text: Arc<str>,
    /// The values of a prepared statement. Without, it is not prepared, and may be several.
    arguments: Option<PgArguments>,
    /// The transaction of a statement that did not come from this program.
    transaction: Option<Arc<OwnTransaction>>,
    /// How many rows its answer has at most.
    max_rows: usize,
}

/// The transaction that a statement has to itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnTransaction {
    /// What follows `BEGIN`, such as ` READ ONLY`.
    pub(crate) mode: &'static str,
    /// What is set in it, as SQL.
    pub(crate) settings: String,
    /// The actor as the JSON text that the function `set_actor` takes.
    pub(crate) actor: Option<Arc<str>>,
}

/// The answer is longer than it may be, and most of it is still to come.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum TooLong {
    /// It has more rows than it may.
    #[error("the answer has too many rows")]
    Rows,
    /// It has more bytes than [`MAX_ANSWER`].
    #[error("the answer has too many bytes")]
    Bytes,
}

/// Whether the answer was given up because it is too long.
pub(crate) fn is_cut(error: &Error) -> bool {
    cut(error).is_some()
}

/// Why the answer was given up, if it is too long.
pub(crate) fn cut(error: &Error) -> Option<TooLong> {
    let Error::AnyDriverError(error) = error else { return None };
    error.downcast_ref().copied()
}

/// All that the server answered.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    rows: Vec<PgRow>,
    done: PgQueryResult,
}

impl Question {
    /// A prepared statement.
    pub(crate) fn prepared(statement: Statement) -> Result<Self, Error> {
        let values = statement.values.map(|values| values.0).unwrap_or_default();
        let expected = values.len();
        let arguments = SqlxValues(sea_orm::sea_query::Values(values)).into_arguments();
        // What cannot be encoded is left out in silence there, and each value behind it would take another's place.
        if arguments.len() != expected {
            return Err(Error::Encode("a value is too large for the protocol or not one of its type".into()));
        }
        let text = statement.sql.into();
        Ok(Self { text, arguments: Some(arguments), transaction: None, max_rows: usize::MAX })
    }

    /// Statements that are not prepared, separated by semicolons.
    pub(crate) fn unprepared(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), arguments: None, transaction: None, max_rows: usize::MAX }
    }

    /// The function call that names the actor of a transaction.
    pub(crate) fn naming(actor: &Arc<str>) -> Result<Self, Error> {
        let sql = "SELECT set_actor($1)";
        Self::prepared(Statement::from_sql_and_values(DbBackend::Postgres, sql, [(&**actor).into()]))
    }

    /// A statement that somebody else wrote, in a transaction of its own.
    pub(crate) fn guarded(
        text: &str,
        arguments: PgArguments,
        transaction: OwnTransaction,
        max_rows: usize,
    ) -> Self {
        let (arguments, transaction) = (Some(arguments), Some(Arc::new(transaction)));
        Self { text: text.into(), arguments, transaction, max_rows }
    }

    /// The same in a transaction of its own, with these settings.
    pub(crate) fn in_transaction(mut self, transaction: OwnTransaction) -> Self {
        self.transaction = Some(Arc::new(transaction));
        self
    }

    /// The same, followed by more statements.
    pub(crate) fn and(mut self, more: &str) -> Self {
        if !more.is_empty() {
            self.text = format!("{}{more}", self.text).into();
        }
        self
    }

    /// The transaction that it is to have to itself.
    pub(crate) fn transaction(&self) -> Option<Arc<OwnTransaction>> {
        self.transaction.clone()
    }

    /// Whether it is prepared, and with that one statement.
    pub(crate) fn is_prepared(&self) -> bool {
        self.arguments.is_some()
    }

    /// Whether the transaction that it begins only reads. `None` if it begins none.
    pub(crate) fn begins_reading(&self) -> Option<bool> {
        let begin = self.text.split(';').next().filter(|first| first.starts_with("BEGIN"))?;
        (!self.is_prepared()).then(|| begin.contains("READ ONLY"))
    }

    /// Its text as it may be logged.
    pub(crate) fn shape(&self) -> Shape {
        let origin =
            if self.transaction.is_some() { Origin::Foreign } else { Origin::of(Call::current().name) };
        Shape::new(Arc::clone(&self.text), origin, self.arguments.is_some())
    }

    /// Puts it, and waits for all of the answer. Statements without a name are prepared anew each time.
    pub(crate) async fn put(self, connection: &mut PgConnection, named: bool) -> Result<Answer, Error> {
        let text = AssertSqlSafe(self.text);
        let mut stream = match self.arguments {
            Some(arguments) => connection.fetch_many(sqlx::query_with(text, arguments).persistent(named)),
            None => connection.fetch_many(sqlx::raw_sql(text)),
        };
        let mut answer = Answer::default();
        let mut room = if self.transaction.is_some() { MAX_ANSWER } else { usize::MAX };
        while let Some(part) = stream.try_next().await? {
            match part {
                Either::Left(done) => answer.done.extend([done]),
                Either::Right(_) if answer.rows.len() >= self.max_rows => {
                    return Err(Error::AnyDriverError(Box::new(TooLong::Rows)));
                }
                Either::Right(row) => {
                    if room < usize::MAX {
                        let fits = room.checked_sub(size(&row));
                        room = fits.ok_or_else(|| Error::AnyDriverError(Box::new(TooLong::Bytes)))?;
                    }
                    answer.rows.push(row);
                }
            }
        }
        Ok(answer)
    }
}

/// How many bytes the values of a row have.
fn size(row: &PgRow) -> usize {
    let bytes = |at| row.try_get_raw(at).ok().and_then(|value| value.as_bytes().ok()).map_or(0, <[u8]>::len);
    (0..row.len()).map(bytes).sum()
}

impl Answer {
    pub(crate) fn done(self) -> ExecResult {
        self.done.into()
    }

    pub(crate) fn first(self) -> Option<QueryResult> {
        self.rows.into_iter().next().map(Into::into)
    }

    /// The rows, and how many were read or written.
    pub(crate) fn into_rows(self) -> (Vec<PgRow>, u64) {
        (self.rows, self.done.rows_affected())
    }

    pub(crate) fn all(self) -> Vec<QueryResult> {
        self.rows.into_iter().map(Into::into).collect()
    }
}
