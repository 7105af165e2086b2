//! Values for the parameters of raw statements.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sea_orm::sqlx::{
    Arguments as _, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, types::Oid},
};
use serde_json::Value;
use taskmaster_repository::RepositoryError;
use uuid::Uuid;

/// The value of a parameter. It is bound and never becomes text of the statement.
///
/// PostgreSQL takes its type as it is: an id is compared with a [`Uuid`](Self::Uuid), not with its text, unless the statement
/// says `$1::uuid`.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Param {
    /// NULL, of whatever type is needed.
    Null,
    /// `boolean`.
    Bool(bool),
    /// `bigint`, which PostgreSQL also compares with and stores as `integer`.
    Int(i64),
    /// `double precision`.
    Float(f64),
    /// `numeric`.
    Decimal(Decimal),
    /// `text`.
    Text(String),
    /// `uuid`.
    Uuid(Uuid),
    /// `timestamptz`.
    Time(DateTime<Utc>),
    /// `date`.
    Date(NaiveDate),
    /// `jsonb`.
    Json(Value),
    /// `bigint[]`, for `= ANY ($1)`.
    Ints(Vec<i64>),
    /// `text[]`.
    Texts(Vec<String>),
    /// `uuid[]`.
    Uuids(Vec<Uuid>),
}

impl fmt::Debug for Param {
    /// Tells the type only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(…)",
            Self::Int(_) => "Int(…)",
            Self::Float(_) => "Float(…)",
            Self::Decimal(_) => "Decimal(…)",
            Self::Text(_) => "Text(…)",
            Self::Uuid(_) => "Uuid(…)",
            Self::Time(_) => "Time(…)",
            Self::Date(_) => "Date(…)",
            Self::Json(_) => "Json(…)",
            Self::Ints(_) => "Ints(…)",
            Self::Texts(_) => "Texts(…)",
            Self::Uuids(_) => "Uuids(…)",
        })
    }
}

macro_rules! from {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Param {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from! {
    bool => Bool, i16 => Int, i32 => Int, i64 => Int, f64 => Float, Decimal => Decimal, &str => Text, String => Text,
    Uuid => Uuid, DateTime<Utc> => Time, NaiveDate => Date, Value => Json, Vec<i64> => Ints, Vec<String> => Texts,
    Vec<Uuid> => Uuids,
}

impl<T: Into<Self>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A NULL whose type is for the server to find out.
struct Untyped;

impl Type<Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Untyped {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

/// The values as they are sent.
pub(super) fn arguments(params: &[Param]) -> Result<PgArguments, RepositoryError> {
    let mut arguments = PgArguments::default();
    for param in params {
        let added = match param {
            Param::Null => arguments.add(Untyped),
            Param::Bool(value) => arguments.add(value),
            Param::Int(value) => arguments.add(value),
            Param::Float(value) => arguments.add(value),
            Param::Decimal(value) => arguments.add(value),
            Param::Text(value) => arguments.add(value),
            Param::Uuid(value) => arguments.add(value),
            Param::Time(value) => arguments.add(value),
            Param::Date(value) => arguments.add(value),
            Param::Json(value) => arguments.add(value),
            Param::Ints(value) => arguments.add(value),
            Param::Texts(value) => arguments.add(value),
            Param::Uuids(value) => arguments.add(value),
        };
        added.map_err(|source| RepositoryError::Backend { source })?;
    }
    Ok(arguments)
}
