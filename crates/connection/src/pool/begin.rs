//! The statement that begins a transaction.

use std::fmt::Write as _;

use crate::{config::DatabaseConfig, connect::WATCH, host::quote_identifier};

/// Begins a transaction in this mode, such as ` READ ONLY`. Behind a pooler it brings the settings that a session has from its
/// beginning elsewhere. `is_watched` says whether the server can look after its clients.
pub(super) fn begin(config: &DatabaseConfig, is_watched: bool, mode: &str) -> String {
    let mut sql = format!("BEGIN{mode}");
    if !config.pool.behind_pooler {
        return sql;
    }
    let timeouts = &config.timeouts;
    for (name, limit) in [
        ("statement_timeout", timeouts.statement),
        ("lock_timeout", timeouts.lock),
        ("idle_in_transaction_session_timeout", timeouts.idle_in_transaction),
    ] {
        // Writing to a String cannot fail.
        let _ = write!(sql, "; SET LOCAL {name} = {}", limit.as_millis());
    }
    if is_watched {
        let _ = write!(sql, "; SET LOCAL {WATCH} = '1s'");
    }
    if let Some(schema) = &config.schema {
        let _ = write!(sql, "; SET LOCAL search_path = {}", quote_identifier(schema));
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_pooler_a_transaction_brings_its_own_settings() {
        let mut config = DatabaseConfig::new("localhost", "tasks", "app");
        config.schema = Some("ten\"ant".to_owned());
        assert_eq!(begin(&config, true, " READ ONLY"), "BEGIN READ ONLY");
        config.pool.behind_pooler = true;
        assert_eq!(
            begin(&config, false, ""),
            "BEGIN; SET LOCAL statement_timeout = 60000; SET LOCAL lock_timeout = 30000; \
             SET LOCAL idle_in_transaction_session_timeout = 300000; SET LOCAL search_path = \"ten\"\"ant\""
        );
        assert!(begin(&config, true, "").contains("; SET LOCAL client_connection_check_interval = '1s'; "));
    }
}
