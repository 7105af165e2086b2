//! What is refused: all at once, each with where it is from.

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};

use taskmaster_connection::config::ConfigLoader;
use taskmaster_connection::{Error, ErrorKind};

use crate::{DATABASE, Directory, faults, load, loader, only, told, variables};

#[test]
fn all_faults_are_told_at_once_each_with_its_source() {
    let directory = Directory::new();
    let text = "[database]\nschema = \"\"\npoll = 1\n[database.pool]\nmin = \"many\"\n[database.timeouts]\nlock = 30\n";
    let file = directory.file("settings.toml", text, 0o600);
    let error = only(&[("DB_POOL_MAX", "0"), ("DB_PORT", "70000"), ("DB_NAME", "tasks")])
        .file(&file)
        .set("retry.attempts", "-1", "--attempts")
        .load()
        .unwrap_err();
    let expected = [
        format!("poll ({file}): is not a setting"),
        "DB_PORT (environment): \"70000\" is no port; ports are the numbers from 1 to 65535".to_owned(),
        "user: is not set; set DB_USER, or name it in the URL".to_owned(),
        format!("schema ({file}): is empty; remove it or give it a value"),
        format!("pool.min ({file}): \"many\" is no number that fits here"),
        format!("timeouts.lock ({file}): \"30\" has no unit; write it as 30s or 500ms"),
        "--attempts: \"-1\" is no number that fits here".to_owned(),
        "DB_POOL_MAX (environment): is 0, and without a connection nothing works; give it 1 or more"
            .to_owned(),
    ];
    assert_eq!(told(&error), expected);
    let text = error.to_string();
    assert!(text.starts_with("the configuration has 8 faults:\n  poll ("), "{text}");
    assert_eq!(Error::from(error).kind(), ErrorKind::Misconfigured);
}

#[test]
fn a_misspelt_name_is_refused_with_the_right_one() {
    assert_eq!(
        faults(&[("DB_POOL_MAXX", "5")]),
        ["DB_POOL_MAXX (environment): is not a setting; did you mean DB_POOL_MAX?"]
    );
    let directory = Directory::new();
    let file = directory.file("settings.toml", "[database.pool]\nmaximum = 5\n[retntion]\n", 0o600);
    let error = only(&DATABASE).file(&file).load().unwrap_err();
    assert_eq!(
        told(&error),
        [format!(
            "{file}: has [retntion], which nothing reads; did you mean retention?; there can be [database] and [retention]"
        )]
    );
    let file = directory.file("other.toml", "[database.pool]\nmaximum = 5\n", 0o600);
    let error = only(&DATABASE).file(&file).set("pool.mn", "1", "code").load().unwrap_err();
    assert_eq!(
        told(&error),
        [
            format!("pool.maximum ({file}): is not a setting; did you mean pool.max?"),
            "code: pool.mn is not a setting; did you mean pool.min?".to_owned(),
        ]
    );
}

#[test]
fn variables_of_the_described_system_that_mean_nothing_here_say_so() {
    assert!(crate::loader(&[("DB_POOL_REAP_INTERVAL", "1000")]).load().is_ok());
    assert_eq!(
        faults(&[("DB_AUDIT_RETENTION_DAYS", "90")]),
        ["DB_AUDIT_RETENTION_DAYS (environment): set RETENTION_AUDIT_LOGS=90days"]
    );
    let kubernetes = faults(&[("DB_PORT_5432_TCP", "tcp://10.0.0.1:5432")]);
    assert!(kubernetes[0].contains("enableServiceLinks"), "{kubernetes:?}");
}

#[test]
fn without_a_database_it_says_how_to_name_one() {
    let error = only(&[]).load().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration cannot be used: url: no database is named; set DATABASE_URL, or DB_NAME and DB_USER"
    );
}

#[test]
fn numbers_durations_and_lists_are_checked() {
    for (variable, value, reason) in [
        ("DB_POOL_MIN", "11", "is 11, which is more than pool.max, 10"),
        ("DB_POOL_MAX", "262144", "is 262144, and no PostgreSQL takes more than 262143"),
        ("DB_POOL_MAX", "18446744073709551615", "no PostgreSQL takes more than 262143"),
        ("PGOPTIONS", "-c enable_seqscan=off", "would change the settings of each session; unset it"),
        ("DB_POOL_ACQUIRE_TIMEOUT", "0", "is 0, and nothing takes no time"),
        ("DB_POOL_IDLE_TIMEOUT", "0", "is 0, and nothing takes no time"),
        ("DB_QUERY_TIMEOUT", "soon", "\"soon\" is no duration"),
        ("DB_QUERY_TIMEOUT", "500us", "is less than a millisecond"),
        ("DB_QUERY_TIMEOUT", "25d", "is more than 2147483647 ms"),
        ("DB_QUERY_TIMEOUT", "-1", "\"-1\" is no duration"),
        ("DB_RETRY_BACKOFF_FACTOR", "0.5", "is less than 1"),
        ("DB_RETRY_BACKOFF_FACTOR", "NaN", "is less than 1, or no number"),
        ("DB_RETRY_DELAY_MS", "11s", "is longer than retry.max_delay"),
        ("DB_LOG_QUERIES", "maybe", "\"maybe\" is neither true nor false"),
        ("DB_PORT", "5432,5433", "has 2 ports for 1 hosts"),
        ("DB_PORT", "0", "\"0\" is no port"),
        ("DB_HOST", "a,,b", "has an empty entry"),
        ("DB_HOST", "a:5432", "has a host with a : in it"),
        ("DB_HOST", "a b", "neither a name, nor an address"),
        ("DB_REPLICA_HOSTS", "a:b", "\"b\" is no port"),
        ("DB_ALLOWED_IPS", "10.0.0.1/8", "write 10.0.0.0/8"),
        ("DB_ALLOWED_IPS", "10.0.0.0/33", "cannot be read"),
        ("DB_TARGET_SESSION_ATTRS", "standby", "is not one of any, read-write, read-only"),
        ("DB_SSL_MODE", "verifyfull", "is not one of disable, prefer, require, verify-ca, verify-full"),
        ("DB_SSL_MIN_VERSION", "TLSv1.1", "is not one of TLSv1.2, TLSv1.3"),
        ("DB_SCHEMA", &"s".repeat(64), "has 64 bytes"),
    ] {
        let faults = faults(&[(variable, value)]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with(&format!("{variable} (environment): ")), "{faults:?}");
        assert!(faults[0].contains(reason), "{faults:?} does not say {reason:?}");
    }
}

#[test]
fn what_is_no_text_is_named() {
    let mut given = variables(&DATABASE);
    given.push(("DB_PASSWORD".into(), OsString::from_vec(b"hunter2\xff".to_vec())));
    let error = ConfigLoader::new().without_file().environment(given).load().unwrap_err();
    assert_eq!(told(&error), ["DB_PASSWORD (environment): is not valid UTF-8; correct it, or unset it"]);
}

#[test]
fn a_url_goes_before_variables_that_name_another_database_and_their_password_stays_away() {
    let url = ("DATABASE_URL", "postgres://ada@one:5433/tasks");
    for other in [("DB_HOST", "two"), ("DB_PORT", "5434"), ("DB_NAME", "other"), ("DB_USER", "eve")] {
        let config =
            only(&[url, other, ("DB_PASSWORD", "hunter3"), ("DB_SSL_MODE", "disable")]).load().unwrap();
        assert_eq!((config.hosts[0].to_string(), config.database.as_str()), ("one:5433".to_owned(), "tasks"));
        assert_eq!((config.user.as_str(), config.password.is_none()), ("ada", true), "{other:?}");
        assert_eq!(config.tls.mode, None, "{other:?}");
    }
    let same =
        [url, ("DB_HOST", "one"), ("DB_PORT", "5433"), ("DB_NAME", "tasks"), ("DB_PASSWORD", "hunter2")];
    assert!(only(&same).load().unwrap().password.is_some());
    let port = [("DATABASE_URL", "postgres://ada@one/tasks"), ("DB_PORT", "5433")];
    assert_eq!(only(&port).load().unwrap().hosts[0].port, 5433);
}

#[test]
fn a_variable_that_contradicts_the_url_about_one_database_is_refused_and_both_are_named() {
    let url = ("DATABASE_URL", "postgres://ada:hunter2@one:5433/tasks?sslmode=require");
    let error = only(&[url, ("DB_PASSWORD", "hunter3"), ("DB_SSL_MODE", "disable")]).load();
    let error = error.unwrap_err();
    let expected = [
        "DB_PASSWORD (environment): contradicts DATABASE_URL (environment); remove one of them",
        "DB_SSL_MODE (environment): contradicts sslmode in DATABASE_URL (environment); remove one of them",
    ];
    assert_eq!(told(&error), expected);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn what_is_configured_for_cloudflare_is_refused_by_name_until_it_works() {
    for variable in [
        "CLOUDFLARE_PROXY_ENABLED",
        "CLOUDFLARE_PROXY_HOSTNAME",
        "CLOUDFLARE_ZONE_ID",
        "CLOUDFLARE_ACCOUNT_ID",
        "CLOUDFLARE_API_TOKEN",
        "CLOUDFLARE_ALLOWED_IPS",
        "CLOUDFLARE_ALLOWED_COUNTRIES",
    ] {
        let error = loader(&[(variable, "hunter2")]).load().unwrap_err();
        let [fault] = error.faults() else { panic!("{error}") };
        assert!(fault.to_string().starts_with(variable) && !fault.to_string().contains("hunter2"), "{fault}");
        assert!(loader(&[(variable, "")]).load().is_ok(), "an empty one is not set");
    }
}

#[test]
fn a_name_or_a_password_with_the_line_break_of_its_file_is_refused() {
    for variable in ["DB_NAME", "DB_USER", "DB_PASSWORD", "DB_SCHEMA"] {
        let given = [("DB_NAME", "tasks"), ("DB_USER", "ada"), (variable, "hunter2\n")];
        let error = only(&given).load().unwrap_err().to_string();
        assert!(error.contains(variable) && error.contains("ends with a line break"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn nothing_of_the_other_server_goes_to_that_of_the_url() {
    let config = load(&[
        ("DATABASE_URL", "postgres://u:secret@db.example/tasks"),
        ("DB_HOST", "old.example"),
        ("DB_NAME", "old"),
        ("DB_USER", "o"),
        ("DB_PASSWORD", "x"),
        ("DB_SSL_ENABLED", "false"),
        ("DB_REPLICA_HOSTS", "replica.old.example"),
    ]);
    assert_eq!(config.hosts[0].name, "db.example");
    assert_eq!(config.replica, None, "it would get the password of the URL");
    assert_eq!(config.tls.mode, None);
}

#[test]
fn a_text_of_the_file_is_in_quotes_and_a_list_only_where_one_belongs() {
    let directory = Directory::new();
    let text =
        "[database]\nname = true\nuser = [\"ada\"]\npassword = 1.50\n[database.pool]\nmax = [1]\nmin = 1\n";
    let file = directory.file("types.toml", text, 0o600);
    let told = told(&only(&[]).file(&file).load().unwrap_err());
    for expected in [
        format!("name ({file}): is no text; put it in quotes"),
        format!("user ({file}): is a list where one value belongs"),
        format!("password ({file}): is no text; put it in quotes"),
        format!("pool.max ({file}): is a list where one value belongs"),
    ] {
        assert!(told.contains(&expected), "{expected} is not in {told:#?}");
    }
}
