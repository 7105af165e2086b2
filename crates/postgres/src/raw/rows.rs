//! The answers to raw statements.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use ipnetwork::IpNetwork;
use rust_decimal::Decimal;
use sea_orm::sqlx::{
    self, Column as _, Decode, Postgres, Row as _, Type, TypeInfo as _,
    postgres::{PgRow, types::PgInterval},
};
use serde_json::{Map, Value, json};
use taskmaster_connection::statement::QueryOutput;
use uuid::Uuid;

use super::error::QueryError;

/// The answer to a raw statement.
#[derive(Debug, Default)]
pub struct QueryRows {
    rows: Vec<QueryRow>,
    rows_affected: u64,
}

/// A row of an answer.
pub struct QueryRow(PgRow);

impl QueryRows {
    pub(super) fn new(output: QueryOutput) -> Self {
        let (rows, rows_affected) = output.into_rows();
        Self { rows: rows.into_iter().map(QueryRow).collect(), rows_affected }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns `true` if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The first one.
    #[must_use]
    pub fn first(&self) -> Option<&QueryRow> {
        self.rows.first()
    }

    /// The rows in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, QueryRow> {
        self.rows.iter()
    }

    /// How many rows were read or written.
    #[must_use]
    pub fn rows_affected(&self) -> u64 {
        self.rows_affected
    }

    /// The rows as JSON, see [`QueryRow::to_json`].
    ///
    /// # Errors
    ///
    /// [`QueryError::Column`], which names the first column that has no form in JSON.
    pub fn to_json(&self) -> Result<Vec<Map<String, Value>>, QueryError> {
        self.iter().map(QueryRow::to_json).collect()
    }
}

impl<'a> IntoIterator for &'a QueryRows {
    type Item = &'a QueryRow;
    type IntoIter = std::slice::Iter<'a, QueryRow>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for QueryRows {
    type Item = QueryRow;
    type IntoIter = std::vec::IntoIter<QueryRow>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl QueryRow {
    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.columns().iter().map(sqlx::Column::name)
    }

    /// The value of a column; `Option` of a type where it may be NULL.
    ///
    /// # Errors
    ///
    /// [`QueryError::Column`] if there is no such column, if it has another type, or if it is NULL.
    pub fn get<T>(&self, column: &str) -> Result<T, QueryError>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        self.0.try_get(column).map_err(|error| {
            let reason = match error {
                sqlx::Error::ColumnNotFound(_) => "there is none of this name".to_owned(),
                sqlx::Error::ColumnDecode { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            QueryError::Column { column: column.to_owned(), reason }
        })
    }

    /// The row as a JSON object. Numbers are numbers, `numeric` as precise as JSON's are; ids, dates, times and addresses are texts,
    /// intervals in the form of ISO 8601, bytes in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`QueryError::Column`] for a column of another type, or of the name of another one.
    pub fn to_json(&self) -> Result<Map<String, Value>, QueryError> {
        let mut object = Map::new();
        for (index, column) in self.0.columns().iter().enumerate() {
            let name = column.name();
            let failed = |reason| QueryError::Column { column: name.to_owned(), reason };
            let value = value(&self.0, index, column.type_info().name()).map_err(failed)?;
            if object.insert(name.to_owned(), value).is_some() {
                return Err(failed("there are two of this name: give one another by AS".to_owned()));
            }
        }
        Ok(object)
    }
}

impl fmt::Debug for QueryRow {
    /// Tells the columns, not what is in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.columns()).finish()
    }
}

fn value(row: &PgRow, index: usize, type_name: &str) -> Result<Value, String> {
    let (item, is_array) = type_name.strip_suffix("[]").map_or((type_name, false), |item| (item, true));
    let at = At { row, index, is_array };
    let value = match item {
        "BOOL" => at.read::<bool>(Value::from),
        "INT2" => at.read::<i16>(Value::from),
        "INT4" => at.read::<i32>(Value::from),
        "INT8" => at.read::<i64>(Value::from),
        "FLOAT4" => at.read::<f32>(|float| number(float.into())),
        "FLOAT8" => at.read::<f64>(number),
        "NUMERIC" => at.read::<Decimal>(|decimal| json!(decimal)),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" => at.read::<String>(Value::from),
        "UUID" => at.read::<Uuid>(|uuid| json!(uuid)),
        "TIMESTAMPTZ" => at.read::<DateTime<Utc>>(|time| json!(time)),
        "TIMESTAMP" => at.read::<NaiveDateTime>(|time| json!(time)),
        "DATE" => at.read::<NaiveDate>(|date| json!(date)),
        "TIME" => at.read::<NaiveTime>(|time| json!(time)),
        "INTERVAL" => at.read::<PgInterval>(|interval| iso_8601(&interval).into()),
        "JSON" | "JSONB" => at.read::<Value>(|value| value),
        "INET" | "CIDR" => at.read::<IpNetwork>(|network| json!(network.to_string())),
        "BYTEA" if !is_array => at.read_bytes(),
        _ => return Err(format!("type {} has no form in JSON: cast it to text", type_name.to_lowercase())),
    };
    value.map_err(|_| "this value has no form in JSON: cast it to text".to_owned())
}

/// Where a value is.
struct At<'a> {
    row: &'a PgRow,
    index: usize,
    is_array: bool,
}

impl At<'_> {
    fn read<T>(&self, to_json: impl Fn(T) -> Value) -> Result<Value, sqlx::Error>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
        Vec<Option<T>>: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        let or_null = |value: Option<T>| value.map_or(Value::Null, &to_json);
        if self.is_array {
            let items: Option<Vec<Option<T>>> = self.row.try_get(self.index)?;
            return Ok(items.map_or(Value::Null, |items| items.into_iter().map(or_null).collect()));
        }
        self.row.try_get(self.index).map(or_null)
    }

    fn read_bytes(&self) -> Result<Value, sqlx::Error> {
        let bytes: Option<Vec<u8>> = self.row.try_get(self.index)?;
        Ok(bytes.map_or(Value::Null, |bytes| {
            let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect::<String>().into()
        }))
    }
}

/// A number, or the name of what JSON has no number for.
fn number(float: f64) -> Value {
    if float.is_finite() { float.into() } else { float.to_string().into() }
}

fn iso_8601(interval: &PgInterval) -> String {
    let PgInterval { months, days, microseconds } = *interval;
    let sign = if microseconds < 0 { "-" } else { "" };
    let (seconds, rest) = (microseconds.unsigned_abs() / 1_000_000, microseconds.unsigned_abs() % 1_000_000);
    format!("P{months}M{days}DT{sign}{seconds}.{rest:06}S")
}
