//! Statements: fixed text, bound values.

use sea_orm::{DbBackend, Statement, Value};
use taskmaster_connection::Access;

/// A statement in the making. Only `&'static str` becomes text; values are bound as `$1`, `$2`, ….
#[derive(Debug)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
    attributed: bool,
    access: Access,
}

impl Sql {
    /// A statement that reads.
    pub(crate) fn read(text: &'static str) -> Self {
        Self { text: text.to_owned(), values: Vec::new(), attributed: false, access: Access::Read }
    }

    /// A statement that reads what a replica must not be asked: whether somebody may do something, whether nobody has changed what
    /// must not be changed.
    pub(crate) fn read_primary(text: &'static str) -> Self {
        Self { access: Access::ReadPrimary, ..Self::read(text) }
    }

    /// A statement that writes. If there is an actor it begins with the common table expression `actor`, which tells the
    /// audit trigger who acts. The rest of the statement has to read from it (see [`if_attributed`](Self::if_attributed)),
    /// since PostgreSQL does not evaluate what nobody reads.
    pub(crate) fn write(actor: Option<&str>) -> Self {
        let attributed = actor.is_some();
        let sql = Self { text: String::new(), values: Vec::new(), attributed, access: Access::Write };
        match actor {
            Some(actor) => {
                sql.text("WITH actor AS MATERIALIZED (SELECT set_actor(").bind(actor).text(") AS ok)")
            }
            None => sql,
        }
    }

    /// Begins one more common table expression.
    pub(crate) fn cte(self, text: &'static str) -> Self {
        let separator = if self.text.is_empty() { "WITH " } else { ", " };
        self.text(separator).text(text)
    }

    pub(crate) fn text(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Text that belongs to the statement only if somebody is named as its actor.
    pub(crate) fn if_attributed(self, text: &'static str) -> Self {
        if self.attributed { self.text(text) } else { self }
    }

    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        use std::fmt::Write as _;

        self.values.push(value.into());
        // Writing to a String cannot fail.
        let _ = write!(self.text, "${}", self.values.len());
        self
    }

    /// Binds a value with text before it, if there is one: ` AND status = $3`.
    pub(crate) fn and(self, condition: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.text(" AND ").text(condition).bind(value),
            None => self,
        }
    }

    /// Puts `each` in place, separated by commas.
    pub(crate) fn list<T>(
        mut self,
        items: impl IntoIterator<Item = T>,
        each: impl Fn(Self, T) -> Self,
    ) -> Self {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self = self.text(", ");
            }
            self = each(self, item);
        }
        self
    }

    /// What it does to the data.
    pub(crate) fn access(&self) -> Access {
        self.access
    }

    pub(crate) fn into_statement(self) -> Statement {
        Statement::from_sql_and_values(DbBackend::Postgres, self.text, self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delete(actor: Option<&str>) -> Statement {
        Sql::write(actor)
            .text(" DELETE FROM tasks")
            .if_attributed(" USING actor")
            .text(" WHERE id = ")
            .bind(7)
            .if_attributed(" AND actor.ok")
            .into_statement()
    }

    #[test]
    fn fault_06_values_are_bound_and_never_part_of_the_text() {
        let statement = Sql::read("SELECT 1 WHERE TRUE").and("a = ", Some("x'; --")).and("b = ", None::<i32>);
        assert_eq!(statement.into_statement().sql, "SELECT 1 WHERE TRUE AND a = $1");
    }

    #[test]
    fn an_actor_is_named_in_the_statement_itself() {
        assert_eq!(delete(None).sql, " DELETE FROM tasks WHERE id = $1");
        assert_eq!(
            delete(Some("{}")).sql,
            "WITH actor AS MATERIALIZED (SELECT set_actor($1) AS ok) DELETE FROM tasks USING actor \
             WHERE id = $2 AND actor.ok"
        );
    }

    #[test]
    fn further_expressions_follow_the_actor() {
        let text = |actor| Sql::write(actor).cte("old AS (SELECT 1)").into_statement().sql;
        assert_eq!(text(None), "WITH old AS (SELECT 1)");
        assert!(text(Some("{}")).ends_with(", old AS (SELECT 1)"));
    }
}
