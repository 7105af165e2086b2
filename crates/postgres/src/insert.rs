//! Inserts of one row and of many.

use chrono::SecondsFormat;
use sea_orm::Value;

use crate::sql::Sql;

/// How rows get into a table.
pub(crate) struct Insert {
    /// The table.
    pub(crate) table: &'static str,
    /// The columns that are written, with their types, in the order in which a row's values are given.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    /// The columns that are read back.
    pub(crate) returning: &'static str,
}

impl Insert {
    /// Inserts one row.
    pub(crate) fn one(&self, actor: Option<&str>, values: Vec<Value>) -> Sql {
        self.head(actor)
            .list(values, Sql::bind)
            .if_attributed(" FROM actor WHERE actor.ok")
            .text(" RETURNING ")
            .text(self.returning)
    }

    /// Inserts any number of rows. `tail` comes before RETURNING; in it the rows are called `new`, and `place` is their order.
    pub(crate) fn many(&self, actor: Option<&str>, rows: &[Vec<Value>], tail: &'static str) -> Sql {
        self.many_unread(actor, rows, tail).text(" RETURNING ").text(self.returning)
    }

    /// Inserts any number of rows that nobody reads back.
    pub(crate) fn many_unread(&self, actor: Option<&str>, rows: &[Vec<Value>], tail: &'static str) -> Sql {
        let sql = self
            .head(actor)
            .list(self.columns, |sql, (name, kind)| sql.text("new.").text(name).text("::").text(kind));
        self.rows(sql.text(" FROM "), rows)
            .if_attributed(" CROSS JOIN actor")
            .text(" WHERE TRUE")
            .if_attributed(" AND actor.ok")
            .text(tail)
    }

    /// The rows as the table `new` of texts, with their order in the column `place`: a bound value for each column, not for
    /// each field, since a statement has room for 65,535 values only.
    pub(crate) fn rows(&self, sql: Sql, rows: &[Vec<Value>]) -> Sql {
        sql.text("unnest(")
            .list(0..self.columns.len(), |sql, index| {
                let column = rows.iter().map(|row| &row[index]);
                sql.bind(array_literal(column)).text("::text::text[]")
            })
            .text(") WITH ORDINALITY AS new (")
            .list(self.columns, |sql, (name, _)| sql.text(name))
            .text(", place)")
    }

    fn head(&self, actor: Option<&str>) -> Sql {
        Sql::write(actor)
            .text(" INSERT INTO ")
            .text(self.table)
            .text(" (")
            .list(self.columns, |sql, (name, _)| sql.text(name))
            .text(") SELECT ")
    }
}

/// A PostgreSQL array literal of the values as texts, for example `{"a",NULL,"b \"c\""}`. SeaORM's own arrays cannot hold
/// NULL.
fn array_literal<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut literal = String::from("{");
    for (index, value) in values.enumerate() {
        if index > 0 {
            literal.push(',');
        }
        match text_of(value) {
            Some(text) => {
                literal.push('"');
                for c in text.chars() {
                    if matches!(c, '"' | '\\') {
                        literal.push('\\');
                    }
                    literal.push(c);
                }
                literal.push('"');
            }
            None => literal.push_str("NULL"),
        }
    }
    literal.push('}');
    literal
}

/// A value in PostgreSQL's text form, or `None` for NULL.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.clone(),
        Value::Uuid(uuid) => uuid.map(|uuid| uuid.to_string()),
        Value::Bool(truth) => truth.map(|truth| truth.to_string()),
        Value::Int(number) => number.map(|number| number.to_string()),
        Value::Decimal(number) => number.as_ref().map(ToString::to_string),
        Value::Json(json) => json.as_ref().map(ToString::to_string),
        Value::ChronoDateTimeUtc(time) => time.map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true)),
        other => unreachable!("no column of ours is written as {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_literal_keeps_quotes_backslashes_commas_and_nulls() {
        let values =
            [Value::from("a,{b}"), Value::from("say \"hi\" \\ "), Value::String(None), Value::from("NULL")];
        assert_eq!(array_literal(values.iter()), r#"{"a,{b}","say \"hi\" \\ ",NULL,"NULL"}"#);
        assert_eq!(array_literal([].iter()), "{}");
    }
}
