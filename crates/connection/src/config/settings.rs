//! Every setting: its key in the file, its variable, and what it means. The one table that the loader, its messages and the
//! documentation go by, and the one place that reads the environment of this process.

use std::{env, ffi::OsString};

use Kind::{Duration, Flag, List, Number, Path, Text};

/// A setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// The key in the table `[database]` of a file.
    pub(super) key: &'static str,
    /// The variable of the environment.
    pub(super) variable: &'static str,
    pub(super) kind: Kind,
    /// The default as a variable would say it. Empty if there is none.
    pub(super) default: &'static str,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Path,
    Number,
    Flag,
    Duration,
    List,
}

const fn setting(key: &'static str, variable: &'static str, kind: Kind, default: &'static str) -> Setting {
    Setting { key, variable, kind, default }
}

/// All of them.
pub(super) const SETTINGS: &[Setting] = &[
    setting("url", "DATABASE_URL", Text, ""),
    setting("host", "DB_HOST", List, "localhost"),
    setting("port", "DB_PORT", List, "5432"),
    setting("name", "DB_NAME", Text, ""),
    setting("user", "DB_USER", Text, ""),
    setting("password", "DB_PASSWORD", Text, ""),
    setting("password_file", "DB_PASSWORD_FILE", Path, ""),
    setting("schema", "DB_SCHEMA", Text, ""),
    setting("application_name", "DB_APPLICATION_NAME", Text, "taskmaster"),
    setting("metrics_prefix", "DB_METRICS_PREFIX", Text, "taskmaster"),
    setting("target_session_attrs", "DB_TARGET_SESSION_ATTRS", Text, "read-write"),
    setting("allowed_networks", "DB_ALLOWED_IPS", List, ""),
    setting("health_deadline", "DB_HEALTH_CHECK_TIMEOUT", Duration, "5s"),
    setting("tls.mode", "DB_SSL_MODE", Text, ""),
    setting("tls.root_certificates", "DB_CA_CERT_PATH", Path, ""),
    setting("tls.client_certificate", "DB_CLIENT_CERT_PATH", Path, ""),
    setting("tls.client_key", "DB_CLIENT_KEY_PATH", Path, ""),
    setting("tls.min_version", "DB_SSL_MIN_VERSION", Text, "TLSv1.2"),
    setting("pool.min", "DB_POOL_MIN", Number, "2"),
    setting("pool.max", "DB_POOL_MAX", Number, "10"),
    setting("pool.acquire_timeout", "DB_POOL_ACQUIRE_TIMEOUT", Duration, "30s"),
    setting("pool.connect_timeout", "DB_POOL_CREATE_TIMEOUT", Duration, "10s"),
    setting("pool.idle_timeout", "DB_POOL_IDLE_TIMEOUT", Duration, "10m"),
    setting("pool.max_lifetime", "DB_POOL_MAX_LIFETIME", Duration, "30m"),
    setting("pool.leak_threshold", "DB_POOL_LEAK_THRESHOLD", Duration, "1m"),
    setting("pool.behind_pooler", "DB_POOLER", Flag, "false"),
    setting("timeouts.call", "DB_CALL_TIMEOUT", Duration, "2m"),
    setting("timeouts.statement", "DB_QUERY_TIMEOUT", Duration, "1m"),
    setting("timeouts.lock", "DB_LOCK_TIMEOUT", Duration, "30s"),
    setting("timeouts.idle_in_transaction", "DB_IDLE_IN_TRANSACTION_TIMEOUT", Duration, "5m"),
    setting("retry.attempts", "DB_RETRY_MAX_ATTEMPTS", Number, "3"),
    setting("retry.base_delay", "DB_RETRY_DELAY_MS", Duration, "100ms"),
    setting("retry.factor", "DB_RETRY_BACKOFF_FACTOR", Number, "2"),
    setting("retry.max_delay", "DB_RETRY_MAX_DELAY_MS", Duration, "10s"),
    setting("replica.hosts", "DB_REPLICA_HOSTS", List, ""),
    setting("replica.max", "DB_REPLICA_POOL_MAX", Number, "10"),
    setting("replica.max_lag", "DB_REPLICA_MAX_LAG", Duration, "10s"),
    setting("logging.queries", "DB_LOG_QUERIES", Flag, "false"),
    setting("logging.pool_stats", "DB_LOG_POOL_STATS", Text, "false"),
    setting("logging.slow_query", "DB_SLOW_QUERY_THRESHOLD", Duration, "1s"),
    setting("logging.slow_query_plan", "DB_SLOW_QUERY_PLAN", Flag, "false"),
];

/// Variables that say in other words what a setting says.
pub(super) const SSL_ENABLED: &str = "DB_SSL_ENABLED";
pub(super) const VERIFY_SERVER_CERT: &str = "DB_VERIFY_SERVER_CERT";
pub(super) const VERIFY_HOSTNAME: &str = "DB_VERIFY_HOSTNAME";
pub(super) const LOG_SLOW_QUERIES: &str = "DB_LOG_SLOW_QUERIES";
pub(super) const OTHER_WORDS: [&str; 4] =
    [SSL_ENABLED, VERIFY_SERVER_CERT, VERIFY_HOSTNAME, LOG_SLOW_QUERIES];

/// Where the file of passwords is, as libpq has it.
pub(super) const PASSFILE: &str = "PGPASSFILE";

/// What libpq tells each session. The driver would do so, too, and nobody could keep it from doing so.
pub(super) const OPTIONS: &str = "PGOPTIONS";

/// The setting of this key in a file.
pub(super) fn of_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The environment of this process.
pub(super) fn process_environment() -> Vec<(OsString, OsString)> {
    env::vars_os().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigLoader;

    /// What is loaded when these variables are set besides those that must be.
    fn loaded(variables: impl Iterator<Item = (&'static str, &'static str)>) -> String {
        let database = [("DB_NAME", "tasks"), ("DB_USER", "ada")].into_iter();
        let variables = variables.chain(database).map(|(name, value)| (name.into(), value.into()));
        format!("{:#?}", ConfigLoader::new().without_file().environment(variables).load().unwrap())
    }

    #[test]
    fn the_defaults_of_the_table_are_those_of_the_types() {
        let written = SETTINGS.iter().map(|setting| (setting.variable, setting.default));
        assert_eq!(loaded(written), loaded(std::iter::empty()));
    }

    #[test]
    fn the_example_of_the_environment_has_every_variable_with_its_default_and_no_other() {
        let example = include_str!("../../../../.env.example");
        let told: Vec<(&str, &str)> = example
            .lines()
            .filter_map(|line| line.trim_start_matches('#').split_once('='))
            .filter(|(name, _)| name.starts_with("DB_") && !name.contains(' '))
            .collect();
        for setting in SETTINGS.iter().filter(|setting| setting.variable != "DATABASE_URL") {
            let value = told.iter().find(|(name, _)| *name == setting.variable).map(|(_, value)| *value);
            let value = value.unwrap_or_else(|| panic!(".env.example has no {}", setting.variable));
            assert!(
                setting.default.is_empty() || setting.default == value,
                "{} is {value}",
                setting.variable
            );
        }
        for (name, _) in told {
            let is_known =
                SETTINGS.iter().any(|setting| setting.variable == name) || OTHER_WORDS.contains(&name);
            assert!(is_known, ".env.example has {name}, which is not read");
        }
    }

    #[test]
    fn the_documentation_has_every_setting_as_it_is_and_no_other() {
        let rows = include_str!("../../../../docs/configuration.md").lines().filter_map(|line| {
            let cells: Vec<&str> =
                line.strip_prefix("| `")?.split('|').map(|cell| cell.trim_matches([' ', '`'])).collect();
            (cells.len() > 5).then(|| cells[..4].join(" "))
        });
        let settings = SETTINGS.iter().map(|setting| {
            let Setting { key, variable, kind, default } = setting;
            format!("{key} {variable} {} {default}", format!("{kind:?}").to_lowercase())
        });
        assert_eq!(rows.collect::<Vec<_>>(), settings.collect::<Vec<_>>());
    }

    #[test]
    fn the_documentation_has_every_variable_that_means_nothing_here() {
        let documentation = include_str!("../../../../docs/configuration.md");
        for retired in crate::config::retired::RETIRED {
            let name = format!("`{}`", retired.variable);
            let word = if retired.refused { "refused" } else { "passed over" };
            let row = documentation.lines().find(|line| line.starts_with("| `") && line.contains(&name));
            assert!(row.is_some_and(|row| row.contains(word)), "{name}");
        }
    }
}
