//! A statement on a connection: how SeaORM's is put to sqlx, and what comes back.

use std::sync::Arc;

use futures::TryStreamExt as _;
use sea_orm::{
    ExecResult, QueryResult, Statement,
    sqlx::{
        self, Arguments as _, AssertSqlSafe, Either, Error, Executor as _, IntoArguments as _, PgConnection,
        postgres::{PgArguments, PgQueryResult, PgRow},
    },
};
use sea_query_sqlx::SqlxValues;

use super::{
    call::Call,
    telemetry::{Origin, Shape},
};

/// A statement that can be put more than once.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    text: Arc<str>,
    /// The values of a prepared statement. Without, it is not prepared, and may be several.
    arguments: Option<PgArguments>,
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
        Ok(Self { text: statement.sql.into(), arguments: Some(arguments) })
    }

    /// Statements that are not prepared, separated by semicolons.
    pub(crate) fn unprepared(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), arguments: None }
    }

    /// Its text as it may be logged.
    pub(crate) fn shape(&self) -> Shape {
        let origin = Origin::of(Call::current().name);
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
        while let Some(part) = stream.try_next().await? {
            match part {
                Either::Left(done) => answer.done.extend([done]),
                Either::Right(row) => answer.rows.push(row),
            }
        }
        Ok(answer)
    }
}

impl Answer {
    pub(crate) fn done(self) -> ExecResult {
        self.done.into()
    }

    pub(crate) fn first(self) -> Option<QueryResult> {
        self.rows.into_iter().next().map(Into::into)
    }

    pub(crate) fn all(self) -> Vec<QueryResult> {
        self.rows.into_iter().map(Into::into).collect()
    }
}
