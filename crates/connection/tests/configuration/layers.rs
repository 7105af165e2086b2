//! Defaults, file, environment, program.

use std::time::Duration;

use taskmaster_connection::config::{Host, PoolConfig, SslMode, Target, TimeoutConfig};

use crate::{DATABASE, Directory, faults, load, loader, only, password, variables};

fn host(name: &str, port: u16) -> Host {
    Host { name: name.to_owned(), port }
}

#[test]
fn fault_18_what_is_not_configured_has_its_default_whatever_else_is() {
    let config = load(&[("DB_POOL_MAX", "20")]);
    assert_eq!(config.pool, PoolConfig { max: 20, ..PoolConfig::default() });
    let default = load(&[]);
    assert_eq!(config.retry, default.retry);
    assert_eq!(config.timeouts, default.timeouts);
    assert_eq!(config.hosts, [host("localhost", 5432)]);
}

#[test]
fn fault_18_a_configuration_is_checked_by_its_own_values_and_loading_changes_no_other() {
    let mut one = load(&[("DB_HOST", "one"), ("DB_POOL_MAX", "3")]);
    let other = load(&[("DB_HOST", "other")]);
    assert_eq!((one.hosts[0].name.as_str(), one.pool.max), ("one", 3));
    assert_eq!((other.hosts[0].name.as_str(), other.pool.max), ("other", 10));
    other.validate().unwrap();
    one.pool.max = 1;
    assert_eq!(
        one.validate().unwrap_err().to_string(),
        "the configuration cannot be used: pool.min: is 2, which is more than pool.max, 1"
    );
    assert!(other.validate().is_ok());
}

#[test]
fn each_layer_goes_before_those_below_it_value_by_value() {
    let directory = Directory::new();
    let file = directory.file(
        "settings.toml",
        "[database]\nname = \"tasks\"\nuser = \"ada\"\nschema = \"of_file\"\n\
         [database.pool]\nmin = 3\nmax = 30\nacquire_timeout = \"3s\"\n[retention]\naudit_logs = \"1year\"\n",
        0o600,
    );
    let config = only(&[("DB_POOL_MAX", "20"), ("DB_POOL_ACQUIRE_TIMEOUT", "2000")])
        .file(file)
        .set("pool.acquire_timeout", "1s", "--patience")
        .load()
        .unwrap();
    assert_eq!((config.pool.min, config.pool.max), (3, 20));
    assert_eq!(config.pool.acquire_timeout, Duration::from_secs(1));
    assert_eq!(config.schema.as_deref(), Some("of_file"));
}

#[test]
fn a_url_replaces_the_url_below_it_with_its_password_and_all() {
    let config = only(&[("DATABASE_URL", "postgres://root:secret@one/prod?sslmode=disable")])
        .set("url", "postgres://ada@other/test", "--database-url")
        .load()
        .unwrap();
    assert_eq!(password(&config), None);
    assert_eq!(config.tls.mode, None);
    assert_eq!(config.hosts, [host("other", 5432)]);
}

#[test]
fn a_url_that_names_a_host_takes_nothing_that_a_lower_layer_says_of_another_server() {
    let directory = Directory::new();
    let file = directory.file(
        "settings.toml",
        "[database]\nhost = \"prod.example\"\nname = \"tasks\"\nuser = \"root\"\npassword = \"prodsecret\"\n\
         schema = \"mine\"\n[database.tls]\nmode = \"disable\"\n",
        0o600,
    );
    let url = "postgres://ada@other.example/test";
    let config = only(&[("DATABASE_URL", url)]).file(&file).load().unwrap();
    assert_eq!((config.user.as_str(), password(&config), config.tls.mode), ("ada", None, None));
    assert_eq!(config.schema.as_deref(), Some("mine"), "what is not about the server stays");
    // Nor what a variable says in other words.
    let config =
        only(&[("DB_SSL_ENABLED", "false"), ("DB_PASSWORD", "secret")]).file(&file).set("url", url, "--url");
    let config = config.load().unwrap();
    assert_eq!((password(&config), config.tls.mode), (None, None));
    // One that names no host is about the same server.
    let config = only(&[("DATABASE_URL", "postgres:///test")]).file(&file).load().unwrap();
    assert_eq!((config.database.as_str(), password(&config)), ("test", Some("prodsecret")));
}

#[test]
fn hosts_of_a_url_have_its_ports_and_not_those_of_a_file() {
    let directory = Directory::new();
    let file = directory.file("settings.toml", "[database]\nhost = [\"a\", \"b\"]\nport = [1, 2]\n", 0o600);
    let config = only(&[("DATABASE_URL", "postgres://ada@c/tasks")]).file(&file).load().unwrap();
    assert_eq!(config.hosts, [host("c", 5432)]);
    let config = loader(&[]).file(&file).load().unwrap();
    assert_eq!(config.hosts, [host("a", 1), host("b", 2)]);
}

#[test]
fn every_variable_reaches_its_value() {
    let config = load(&[
        ("DB_HOST", "a, /run/pg,::1"),
        ("DB_PORT", "1,2,3"),
        ("DB_PASSWORD", " p w "),
        ("DB_SCHEMA", "Größe 1"),
        ("DB_APPLICATION_NAME", "worker"),
        ("DB_TARGET_SESSION_ATTRS", "any"),
        ("DB_ALLOWED_IPS", "10.0.0.0/8, 192.168.1.5,fd00::/8"),
        ("DB_HEALTH_CHECK_TIMEOUT", "2000"),
        ("DB_SSL_MODE", "verify-full"),
        ("DB_CA_CERT_PATH", "system"),
        ("DB_SSL_MIN_VERSION", "TLSv1.3"),
        ("DB_POOL_MIN", "0"),
        ("DB_POOL_MAX", "7"),
        ("DB_POOL_ACQUIRE_TIMEOUT", "1"),
        ("DB_POOL_CREATE_TIMEOUT", "2s"),
        ("DB_POOL_IDLE_TIMEOUT", "3s"),
        ("DB_POOL_MAX_LIFETIME", "4m"),
        ("DB_POOL_LEAK_THRESHOLD", "5s"),
        ("DB_POOLER", "true"),
        ("DB_CALL_TIMEOUT", "6s"),
        ("DB_QUERY_TIMEOUT", "7000"),
        ("DB_LOCK_TIMEOUT", "8s"),
        ("DB_IDLE_IN_TRANSACTION_TIMEOUT", "9s"),
        ("DB_RETRY_MAX_ATTEMPTS", "1"),
        ("DB_RETRY_DELAY_MS", "10"),
        ("DB_RETRY_BACKOFF_FACTOR", "1.5"),
        ("DB_RETRY_MAX_DELAY_MS", "11s"),
        ("DB_REPLICA_HOSTS", "r1,r2:5433,[::1]:5434,::1"),
        ("DB_REPLICA_POOL_MAX", "4"),
        ("DB_REPLICA_MAX_LAG", "0"),
        ("DB_LOG_QUERIES", "yes"),
        ("DB_LOG_POOL_STATS", "on"),
        ("DB_SLOW_QUERY_THRESHOLD", "250"),
        ("DB_SLOW_QUERY_PLAN", "1"),
    ]);
    assert_eq!(config.hosts, [host("a", 1), host("/run/pg", 2), host("::1", 3)]);
    assert_eq!(password(&config), Some(" p w "));
    assert_eq!(config.schema.as_deref(), Some("Größe 1"));
    assert_eq!((config.application_name.as_str(), config.target), ("worker", Target::Any));
    let networks: Vec<String> = config.allowed_networks.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "192.168.1.5/32", "fd00::/8"]);
    assert_eq!(config.health_deadline, Duration::from_secs(2));
    assert_eq!(config.tls.mode, Some(SslMode::VerifyFull));
    let pool = &config.pool;
    assert_eq!((pool.min, pool.max, pool.behind_pooler), (0, 7, true));
    let seconds = [pool.connect_timeout, pool.idle_timeout, pool.leak_threshold].map(|time| time.as_secs());
    assert_eq!((pool.acquire_timeout, seconds), (Duration::from_millis(1), [2, 3, 5]));
    assert_eq!(pool.max_lifetime, Duration::from_mins(4));
    let timeouts = &config.timeouts;
    let seconds = [timeouts.call, timeouts.statement, timeouts.lock, timeouts.idle_in_transaction];
    assert_eq!(seconds.map(|time| time.as_secs()), [6, 7, 8, 9]);
    assert_eq!((config.retry.attempts, config.retry.base_delay), (1, Duration::from_millis(10)));
    assert_eq!(config.retry.max_delay, Duration::from_secs(11));
    assert!((config.retry.factor - 1.5).abs() < f32::EPSILON);
    let replica = config.replica.unwrap();
    assert_eq!(replica.hosts, [host("r1", 5432), host("r2", 5433), host("::1", 5434), host("::1", 5432)]);
    assert_eq!((replica.max, replica.max_lag), (4, Duration::ZERO));
    assert!(config.logging.queries && config.logging.slow_query_plan);
    assert_eq!(config.logging.pool_stats, Some(Duration::from_mins(1)));
    assert_eq!(config.logging.slow_query, Some(Duration::from_millis(250)));
}

#[test]
fn fault_20_zero_can_be_configured_where_it_means_something() {
    let config = load(&[
        ("DB_POOL_MIN", "0"),
        ("DB_QUERY_TIMEOUT", "0"),
        ("DB_SLOW_QUERY_THRESHOLD", "0"),
        ("DB_RETRY_DELAY_MS", "0s"),
    ]);
    assert_eq!((config.pool.min, config.timeouts.statement), (0, Duration::ZERO));
    assert_eq!((config.logging.slow_query, config.retry.base_delay), (Some(Duration::ZERO), Duration::ZERO));
}

#[test]
fn a_program_has_limits_of_its_own_unless_others_are_set() {
    let timeouts =
        TimeoutConfig { call: Duration::ZERO, statement: Duration::ZERO, ..TimeoutConfig::default() };
    let config = loader(&[("DB_CALL_TIMEOUT", "9s")]).default_timeouts(timeouts.clone()).load().unwrap();
    assert_eq!(config.timeouts, TimeoutConfig { call: Duration::from_secs(9), ..timeouts });
}

#[test]
fn what_is_not_logged_is_said_in_three_ways() {
    for given in [("DB_SLOW_QUERY_THRESHOLD", "never"), ("DB_LOG_SLOW_QUERIES", "false")] {
        assert_eq!(load(&[given]).logging.slow_query, None);
    }
    assert_eq!(load(&[("DB_LOG_SLOW_QUERIES", "true")]).logging.slow_query, Some(Duration::from_secs(1)));
    assert_eq!(load(&[("DB_LOG_POOL_STATS", "false")]).logging.pool_stats, None);
    assert_eq!(load(&[("DB_LOG_POOL_STATS", "15s")]).logging.pool_stats, Some(Duration::from_secs(15)));
}

#[test]
fn whether_slow_statements_are_logged_is_said_once_in_a_layer_and_goes_before_the_layers_below() {
    for given in [
        [("DB_LOG_SLOW_QUERIES", "false"), ("DB_SLOW_QUERY_THRESHOLD", "2s")],
        [("DB_LOG_SLOW_QUERIES", "true"), ("DB_SLOW_QUERY_THRESHOLD", "never")],
    ] {
        let told = faults(&given);
        let contradicts =
            "DB_SLOW_QUERY_THRESHOLD (environment): contradicts DB_LOG_SLOW_QUERIES (environment)";
        assert!(told.len() == 1 && told[0].starts_with(contradicts), "{told:?}");
    }
    let directory = Directory::new();
    for (below, expected) in [("never", Some(1)), ("2s", Some(2))] {
        let text = format!("[database.logging]\nslow_query = \"{below}\"\n");
        let file = directory.file("settings.toml", &text, 0o600);
        let load =
            |word| loader(&[("DB_LOG_SLOW_QUERIES", word)]).file(&file).load().unwrap().logging.slow_query;
        assert_eq!(load("true"), expected.map(Duration::from_secs));
        assert_eq!(load("false"), None);
    }
}

#[test]
fn an_empty_variable_is_none_and_a_foreign_one_is_passed_over() {
    let config = load(&[
        ("DB_PORT", ""),
        ("DB_POOL_MAXX", ""),
        ("DATABASE_URL", ""),
        ("DBUS_PATH", "x"),
        ("PGHOST", "y"),
    ]);
    assert_eq!(config.hosts, [host("localhost", 5432)]);
    assert_eq!(loader(&[]).environment(variables(&DATABASE)).load().unwrap().pool.max, 10);
}
