//! The settings of a session, in the first message of a connection.

use std::time::Duration;

use sea_orm::sqlx::{
    self, ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use secrecy::ExposeSecret as _;

use crate::{config::DatabaseConfig, host::quote_identifier};

/// How the server is to look whether the client of a running statement is still there.
pub(crate) const WATCH: &str = "client_connection_check_interval";

/// Everything that does not depend on the host. The settings are in the first message, so they cost no round trip and hold from
/// the first statement on; sqlx puts them behind those of the variable `PGOPTIONS`, and the last one counts.
pub(super) fn options(config: &DatabaseConfig, watched: bool) -> PgConnectOptions {
    // An empty password is as good as none, and keeps that of the variable PGPASSWORD away.
    let password = config.password.as_ref().map_or("", |password| password.expose_secret());
    let options = PgConnectOptions::new_without_pgpass()
        .username(&config.user)
        .password(password)
        .database(&config.database)
        .application_name(&config.application_name)
        // The server's own default tells a float as exactly, and PgBouncer takes no word of this.
        .extra_float_digits(None)
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging();
    if config.pool.behind_pooler {
        // It refuses settings that it does not know, and gives each transaction another session. A statement that is prepared
        // in one of them is unknown in the next one.
        return options.statement_cache_capacity(0);
    }
    let timeouts = &config.timeouts;
    let mut options = options.options([
        ("statement_timeout", milliseconds(timeouts.statement)),
        ("lock_timeout", milliseconds(timeouts.lock)),
        ("idle_in_transaction_session_timeout", milliseconds(timeouts.idle_in_transaction)),
    ]);
    if let Some(schema) = &config.schema {
        options = options.options([("search_path", quote_identifier(schema))]);
    }
    if watched {
        // Without it, a statement whose client has gone runs to its end, and holds its locks.
        options = options.options([(WATCH, "1s")]);
    }
    options
}

/// Returns `true` if the server has refused a setting: on some platforms it cannot look after its clients, and servers
/// before PostgreSQL 14 do not know how to.
pub(super) fn cannot_watch(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("22023" | "42704"))
}

fn milliseconds(duration: Duration) -> String {
    duration.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_pooler_nothing_is_set_for_the_session() {
        let mut config = DatabaseConfig::new("localhost", "tasks", "app");
        let settings = |config: &DatabaseConfig| options(config, true).get_options().map(str::to_owned);
        assert!(settings(&config).unwrap().contains("statement_timeout=60000"));
        config.pool.behind_pooler = true;
        assert!(!settings(&config).unwrap_or_default().contains("statement_timeout"));
    }
}
