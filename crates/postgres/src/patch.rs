//! Updates of the columns that a patch names, and of no other.

use sea_orm::Value;

use crate::sql::Sql;

/// Columns and their new values.
#[derive(Debug, Default)]
pub(crate) struct Assignments(Vec<(&'static str, Value)>);

impl Assignments {
    /// Sets a column if there is a value for it.
    pub(crate) fn set(mut self, column: &'static str, value: Option<impl Into<Value>>) -> Self {
        self.0.extend(value.map(|value| (column, value.into())));
        self
    }

    /// The update of one row, if it has the expected version.
    pub(crate) fn update(self, update: &Update<'_>) -> Sql {
        Sql::write(update.actor)
            .text(" UPDATE ")
            .text(update.table)
            .text(" SET ")
            .list(self.0, |sql, (column, value)| sql.text(column).text(" = ").bind(value))
            .if_attributed(" FROM actor")
            .text(" WHERE id = ")
            .bind(update.id)
            .if_attributed(" AND actor.ok")
            .and("version = ", update.expected_version)
            .text(" RETURNING ")
            .text(update.returning)
    }
}

/// Which row an update is about, and what it reads back.
pub(crate) struct Update<'a> {
    pub(crate) actor: Option<&'a str>,
    pub(crate) table: &'static str,
    pub(crate) id: uuid::Uuid,
    pub(crate) expected_version: Option<i64>,
    pub(crate) returning: &'static str,
}
