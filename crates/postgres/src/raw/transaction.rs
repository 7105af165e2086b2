//! The transaction of a raw statement.

use std::{fmt::Write as _, sync::Arc};

use sea_orm::{DbBackend, Statement};
use taskmaster_connection::{
    Access, Error, Operation, quote_identifier,
    statement::{ImplicitTransaction, Query},
};

/// One of the roles that the migrations make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `taskmaster_readonly`.
    Readonly,
    /// `taskmaster_app`.
    App,
    /// `taskmaster_admin`.
    Admin,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Readonly => "taskmaster_readonly",
            Self::App => "taskmaster_app",
            Self::Admin => "taskmaster_admin",
        }
    }
}

/// Returns a transaction in which unqualified names mean what is in this schema, and no temporary table.
pub(super) fn in_schema(schema: &str, mode: &'static str) -> ImplicitTransaction {
    let settings = format!("; SET LOCAL search_path = {}, pg_temp", quote_identifier(schema));
    ImplicitTransaction { mode, settings, first: None }
}

/// Returns the transaction of a statement that was checked for this schema. `actor` is the JSON text that the function
/// `set_actor` takes.
pub(super) fn of_checked(
    schema: &str,
    writes: bool,
    role: Option<Role>,
    actor: Option<&Arc<str>>,
) -> Result<ImplicitTransaction, Error> {
    let mut transaction = in_schema(schema, if writes { "" } else { " READ ONLY" });
    if let Some(role) = role {
        // Writing to a String cannot fail.
        let _ = write!(transaction.settings, "; SET LOCAL ROLE {}", role.name());
    }
    if let Some(actor) = actor.filter(|_| writes) {
        let values = [(&**actor).into()];
        let set_actor = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT set_actor($1)", values);
        let operation = Operation { binds_values: true, ..Operation::new("raw.set_actor", Access::Write) };
        transaction.first = Some(Query::prepared(operation, set_actor)?);
    }
    Ok(transaction)
}
