//! What must hold between the values of a configuration, whoever has set them.

use std::time::Duration;

use super::{ConfigError, DatabaseConfig, error::ConfigFault, tls};

/// The longest that the server takes, in milliseconds.
const LONGEST: u128 = i32::MAX as u128;

/// The most connections that PostgreSQL can be told to take.
const MOST_CONNECTIONS: usize = 262_143;

/// PostgreSQL cuts a longer name off, and would work with another thing than is meant.
const LONGEST_NAME: usize = 63;

impl DatabaseConfig {
    /// Returns `true` if all this can be used: limits, values that contradict each other, and files that are not there
    /// or open to others. It looks at this value and at nothing that is configured elsewhere.
    ///
    /// # Errors
    ///
    /// All that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let faults = faults(self);
        ConfigError::of(faults.into_iter().map(|(key, reason)| ConfigFault::new(key, None, reason)).collect())
    }
}

type Faults = Vec<(&'static str, String)>;

/// What is wrong, by the keys of the settings.
pub(super) fn faults(config: &DatabaseConfig) -> Faults {
    let mut faults = Vec::new();
    names(config, &mut faults);
    numbers(config, &mut faults);
    durations(config, &mut faults);
    networks(config, &mut faults);
    faults.extend(tls::faults(&config.tls));
    faults
}

fn names(config: &DatabaseConfig, faults: &mut Faults) {
    if config.hosts.is_empty() {
        faults.push(("host", "names no host".to_owned()));
    }
    let replicas = config.replica.iter().flat_map(|replica| &replica.hosts);
    let hosts = config.hosts.iter().map(|host| ("host", "port", host));
    for (key, port_key, host) in hosts.chain(replicas.map(|host| ("replica.hosts", "replica.hosts", host))) {
        if host.name.is_empty() || host.name.contains('\0') {
            faults.push((key, "has a host without a name, or with a zero byte in it".to_owned()));
        }
        if host.port == 0 {
            faults.push((port_key, "has the port 0; ports are the numbers from 1 to 65535".to_owned()));
        }
    }
    if config.replica.as_ref().is_some_and(|replica| replica.hosts.is_empty()) {
        faults.push(("replica.hosts", "names no host".to_owned()));
    }
    let password = config.password.as_ref().map(secrecy::ExposeSecret::expose_secret);
    for (key, text, longest) in [
        ("name", Some(config.database.as_str()), LONGEST_NAME),
        ("user", Some(config.user.as_str()), LONGEST_NAME),
        ("schema", config.schema.as_deref(), LONGEST_NAME),
        ("application_name", Some(config.application_name.as_str()), usize::MAX),
        ("password", password, usize::MAX),
    ] {
        let Some(text) = text else { continue };
        if text.contains('\0') {
            faults.push((key, "has a zero byte in it".to_owned()));
        } else if text.is_empty() && key != "application_name" {
            faults.push((key, "is empty".to_owned()));
        } else if text.len() > longest {
            faults.push((
                key,
                format!("has {} bytes, and PostgreSQL knows no name of more than {longest}", text.len()),
            ));
        }
    }
}

fn numbers(config: &DatabaseConfig, faults: &mut Faults) {
    let (pool, retry) = (&config.pool, &config.retry);
    if pool.max == 0 {
        faults
            .push(("pool.max", "is 0, and without a connection nothing works; give it 1 or more".to_owned()));
    } else if pool.min > pool.max {
        faults.push(("pool.min", format!("is {}, which is more than pool.max, {}", pool.min, pool.max)));
    }
    let replica_max = config.replica.as_ref().map_or(0, |replica| replica.max);
    for (key, max) in [("pool.max", pool.max), ("replica.max", replica_max)] {
        if max > MOST_CONNECTIONS {
            faults.push((key, format!("is {max}, and no PostgreSQL takes more than {MOST_CONNECTIONS}")));
        }
    }
    if retry.attempts == 0 {
        faults.push(("retry.attempts", "is 0; 1 is to try once and never again".to_owned()));
    }
    if !retry.factor.is_finite() || retry.factor < 1.0 {
        faults.push((
            "retry.factor",
            "is less than 1, or no number; each wait is as long as the last one or longer".to_owned(),
        ));
    }
    if retry.base_delay > retry.max_delay {
        faults.push(("retry.base_delay", "is longer than retry.max_delay".to_owned()));
    }
    if config.replica.as_ref().is_some_and(|replica| replica.max == 0) {
        faults.push(("replica.max", "is 0; give it 1 or more, or name no hosts of replicas".to_owned()));
    }
}

/// Zero is a value of its own where it means something, and refused where it means nothing.
fn durations(config: &DatabaseConfig, faults: &mut Faults) {
    let (pool, timeouts, retry, logging) = (&config.pool, &config.timeouts, &config.retry, &config.logging);
    for (key, duration, may_be_zero) in [
        ("pool.acquire_timeout", Some(pool.acquire_timeout), false),
        ("pool.connect_timeout", Some(pool.connect_timeout), true),
        ("pool.idle_timeout", Some(pool.idle_timeout), false),
        ("pool.max_lifetime", Some(pool.max_lifetime), false),
        ("pool.leak_threshold", Some(pool.leak_threshold), false),
        ("timeouts.call", Some(timeouts.call), true),
        ("timeouts.statement", Some(timeouts.statement), true),
        ("timeouts.lock", Some(timeouts.lock), true),
        ("timeouts.idle_in_transaction", Some(timeouts.idle_in_transaction), true),
        ("retry.base_delay", Some(retry.base_delay), true),
        ("retry.max_delay", Some(retry.max_delay), true),
        ("replica.max_lag", config.replica.as_ref().map(|replica| replica.max_lag), true),
        ("logging.pool_stats", logging.pool_stats, false),
        ("logging.slow_query", logging.slow_query, true),
        ("health_deadline", Some(config.health_deadline), false),
    ] {
        match duration {
            Some(Duration::ZERO) if !may_be_zero => {
                faults
                    .push((key, "is 0, and nothing takes no time; give it a duration such as 5s".to_owned()));
            }
            // It would become 0, which has a meaning of its own.
            Some(duration) if duration > Duration::ZERO && duration.as_millis() == 0 => {
                faults.push((key, "is less than a millisecond".to_owned()));
            }
            Some(duration) if duration.as_millis() > LONGEST => {
                faults.push((key, format!("is more than {LONGEST} ms, the longest that PostgreSQL takes")));
            }
            _ => {}
        }
    }
}

fn networks(config: &DatabaseConfig, faults: &mut Faults) {
    for network in config.allowed_networks.iter().filter(|network| network.ip() != network.network()) {
        let reason =
            format!("{network} is an address in a network; write {}/{}", network.network(), network.prefix());
        faults.push(("allowed_networks", reason));
    }
}
