//! Keyset pages in SQL, and the values of filters.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::Value;
use taskmaster_models::{Direction, PageRequest, Sort, SortKey, ValidationError, clock};

use crate::sql::Sql;

/// Ends a query that has a WHERE clause with the page's bounds, order and limit: one row more than asked for, to see
/// whether there is a next page. `column` is the key's column.
pub(crate) fn paged<S: Sort>(
    sql: Sql,
    page: &PageRequest<S>,
    column: &'static str,
) -> Result<Sql, ValidationError> {
    let position = page.position()?;
    let direction = direction(page.direction);
    let before = match page.direction {
        Direction::Ascending => ") > (",
        Direction::Descending => ") < (",
    };
    let sql = match position {
        Some((key, id)) => sql
            .text(" AND (")
            .text(column)
            .text(", id")
            .text(before)
            .bind(key_value(key))
            .text(", ")
            .bind(id)
            .text(")"),
        None => sql,
    };
    let sql = sql.text(" ORDER BY ").text(column).text(direction).text(", id").text(direction);
    Ok(sql.text(" LIMIT ").bind(i64::from(page.limit) + 1))
}

/// What follows a column in ORDER BY.
pub(crate) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => " ASC",
        Direction::Descending => " DESC",
    }
}

fn key_value(key: SortKey) -> Value {
    match key {
        SortKey::Time(time) => time.into(),
        SortKey::Number(number) => number.into(),
        SortKey::Text(text) => text.into(),
    }
}

/// A time to compare with. PostgreSQL knows fewer years than Rust, so one outside the years that can be stored becomes the
/// first or last of these: no row lies beyond.
pub(crate) fn bound(time: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    time.map(|time| time.clamp(clock::earliest(), clock::latest()))
}

/// A time before which rows are old. One after the years that can be stored becomes the first instant that lies behind them: all
/// rows lie before it.
pub(crate) fn before(time: DateTime<Utc>) -> DateTime<Utc> {
    time.clamp(clock::earliest(), clock::latest() + TimeDelta::microseconds(1))
}
