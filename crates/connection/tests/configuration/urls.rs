//! URLs: all that they can say, what is refused, and the way back.

use std::time::Duration;

use proptest::prelude::*;
use sea_orm::sqlx::postgres::PgConnectOptions;
use taskmaster_connection::config::{
    ConfigError, DatabaseConfig, Host, RootCertificates, SslMode, Target, TlsVersion,
};

use crate::{load, only, password, told};

fn host(name: &str, port: u16) -> Host {
    Host { name: name.to_owned(), port }
}

fn of(url: &str) -> DatabaseConfig {
    DatabaseConfig::from_url(url).unwrap()
}

/// What is wrong with a URL, in one text, which is not to hold the word that stands for a password.
fn fault(url: &str) -> String {
    let error = DatabaseConfig::from_url(url).unwrap_err();
    let text = told(&error).join("; ");
    assert!(!format!("{error} {error:?}").contains("hunter"), "{text}");
    text
}

#[test]
fn a_url_says_where_who_and_what() {
    let config = of("postgresql://ada:hunter2@db.example:5433/tasks");
    assert_eq!(config.hosts, [host("db.example", 5433)]);
    assert_eq!((config.database.as_str(), config.user.as_str()), ("tasks", "ada"));
    assert_eq!(password(&config), Some("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_url_may_have_many_hosts_and_addresses_and_a_socket() {
    let hosts = |url| of(url).hosts;
    assert_eq!(
        hosts("postgres://u@a:1,b,[::1]:3,%2Frun%2Fpg:4/d"),
        [host("a", 1), host("b", 5432), host("::1", 3), host("/run/pg", 4)]
    );
    assert_eq!(hosts("postgres://u@[fd00::2]/d"), [host("fd00::2", 5432)]);
    assert_eq!(hosts("postgres://u@a:7,b:7/d?port=8"), [host("a", 8), host("b", 8)]);
    assert_eq!(hosts("postgres:///d?user=u&host=a,b&port=1,2"), [host("a", 1), host("b", 2)]);
    assert_eq!(hosts("postgres://u@localhost:7/d?host=%2Ftmp%2Fa%20b%2C%C3%A9"), [host("/tmp/a b,é", 7)]);
    assert_eq!(hosts("postgres:///d?user=u"), [host("localhost", 5432)]);
}

#[test]
fn the_parameters_of_libpq_have_their_meaning() {
    let config =
        of("postgres://u@h/d?sslmode=verify-full&sslrootcert=system&ssl_min_protocol_version=TLSv1.3\
         &target_session_attrs=any&application_name=a+b&connect_timeout=3\
         &options=-c%20search_path%3Dtenant_a%20--lock_timeout%3D5s%20-cstatement_timeout=2min");
    assert_eq!((config.tls.mode, config.tls.min_version), (Some(SslMode::VerifyFull), TlsVersion::Tls13));
    assert_eq!(config.tls.root_certificates, Some(RootCertificates::System));
    assert_eq!((config.target, config.application_name.as_str()), (Target::Any, "a+b"));
    assert_eq!(config.pool.connect_timeout, Duration::from_secs(3));
    assert_eq!(config.schema.as_deref(), Some("tenant_a"));
    assert_eq!(config.timeouts.lock, Duration::from_secs(5));
    assert_eq!(config.timeouts.statement, Duration::from_mins(2));
    let schema = |options: &str| of(&format!("postgres://u@h/d?options={options}")).schema;
    assert_eq!(schema("-csearch_path=%22a%5C%20%22%22B%22%22%22").as_deref(), Some("a \"B\""));
    assert_eq!(schema("-csearch_path=ABC").as_deref(), Some("abc"));
}

#[test]
fn what_a_url_cannot_say_is_refused_by_name() {
    for (url, reason) in [
        ("mysql://u@h/d", "the URL: cannot be read; write it as postgres://"),
        ("postgres//u:hunter2@h", "cannot be read"),
        ("postgres://u@h", "name: is not set; set DB_NAME"),
        ("postgres://h/d", "user: is not set; set DB_USER"),
        ("postgres://u@h:port/d", "has a port that is none from 1 to 65535"),
        ("postgres://u@h:0/d", "\"0\" is no port"),
        ("postgres://u@h/d?sslmode=allow", "sslmode in the URL: \"allow\" would send"),
        ("postgres://u@h/d?sslmode=full", "sslmode in the URL: \"full\" is not one of disable, prefer"),
        (
            "postgres://u@h/d?ssl_mode=disable",
            "has the parameter ssl_mode, which is not supported here; did you mean sslmode?",
        ),
        ("postgres://u@h/d?sslcert=/c", "sslcert in the URL: needs its key"),
        ("postgres://u@h/d?port=1&port=2", "has the parameter port twice"),
        ("postgres://u@h/d?sslmode", "has a parameter without a value"),
        ("postgres://u@h/d?connect_timeout=1s", "connect_timeout is no number of seconds"),
        ("postgres://u@h/d?options=-cwork_mem%3D1GB", "sets work_mem, which is not supported here"),
        ("postgres://u@h/d?options=-csearch_path%3Da,b", "names more than one schema"),
        ("postgres://u@h/d?options=x", "something other than -c name=value"),
        ("postgres://u:%zz@h/d", "the password has a % that no two hexadecimal digits follow"),
        ("postgres://u:%00@h/d", "the password has a zero byte in it"),
        ("postgres://u:%ff@h/d", "the password is not valid UTF-8"),
    ] {
        let fault = fault(url);
        assert!(fault.contains(reason), "{url}: {fault}");
    }
}

#[test]
fn fault_11_a_password_that_was_not_encoded_is_told_of_but_not_told() {
    for url in [
        "postgres://u:hun@hunter@h/d",
        "postgres://u:hunter/hunter@h/d",
        "postgres://u:1/hunter@h/d",
        "postgres://u:hunter?hunter@h/d",
        "postgres://u:1?hunter=hunter@h/d",
        "postgres://u:1?sslmode=hunter@h/d",
        "postgres://u:hunter%@h/d",
        "hunter",
    ] {
        fault(url);
    }
}

#[test]
fn fault_12_no_password_needs_escaping_in_a_variable_and_each_can_be_encoded_in_a_url() {
    for word in [
        "@",
        ":",
        "/",
        "?",
        "#",
        "%",
        "&",
        "=",
        " ",
        "'",
        "\"",
        "\\",
        "+",
        ",",
        "[",
        "Größe 🔑",
        "p@s:s/w?o#r%d&x= '\"\\",
    ] {
        assert_eq!(password(&load(&[("DB_PASSWORD", word)])), Some(word));
        let mut config = DatabaseConfig::new("h", "d", "u");
        config.password = Some(word.into());
        let url = config.to_url();
        assert!(!format!("{config:?} {url:?}").contains(&format!("{word:?}")[1..]) || word.len() < 8);
        assert_eq!(password(&of(secrecy::ExposeSecret::expose_secret(&url))), Some(word));
    }
}

/// Any text that PostgreSQL takes as a name, without the line break at its end that is refused.
fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>().prop_filter("no zero byte", |c| *c != '\0'), 1..15)
        .prop_map(|characters| characters.into_iter().collect::<String>())
        .prop_filter("no line break at the end", |name| !name.ends_with(['\n', '\r']))
}

proptest! {
    #[test]
    fn any_login_comes_back_from_its_url_here_and_in_sqlx(
        user in name(), word in "[^\0]{0,19}[^\0\r\n]",
        database in prop_oneof![10 => name(), 1 => Just(".".to_owned()), 1 => Just("..".to_owned())], schema in proptest::option::of(name()),
        port in 1_u16.., socket in any::<bool>(),
    ) {
        let mut config = DatabaseConfig::new(if socket { "/tmp/a b" } else { "db.example" }, &database, &user);
        config.hosts[0].port = port;
        config.password = Some(word.clone().into());
        config.schema = schema;
        let url = config.to_url();
        let url = secrecy::ExposeSecret::expose_secret(&url);
        let back = of(url);
        prop_assert_eq!(&back.hosts, &config.hosts);
        prop_assert_eq!((&back.user, &back.database, &back.schema), (&user, &database, &config.schema));
        prop_assert_eq!(password(&back), Some(word.as_str()));
        prop_assert_eq!(back.ssl_mode(&back.hosts[0]), config.ssl_mode(&config.hosts[0]));

        let theirs: PgConnectOptions = url.parse().unwrap();
        prop_assert_eq!(theirs.get_username(), &user);
        prop_assert_eq!(theirs.get_database(), Some(database.as_str()));
        prop_assert_eq!(theirs.get_port(), port);
    }
}

/// The address and the database of a URL, as of a variable.
fn place_of(url: &str) -> String {
    only(&[("DATABASE_URL", url)]).load().unwrap().location()
}

#[test]
fn one_url_means_one_database_whatever_is_around_it() {
    for (url, place) in [
        ("postgres://ada@[::1]:27431/c1", "database \"c1\" at [::1]:27431"),
        ("postgres://ada@127.0.0.1:1,127.0.0.1:27431/c1", "database \"c1\" at 127.0.0.1:1, 127.0.0.1:27431"),
        ("postgres://ada:pa#ss@127.0.0.1:27431/c1", "database \"c1\" at 127.0.0.1:27431"),
        ("postgres://ada@db/nl\n", "database \"nl\" at db:5432"),
        ("\tpostgres://ada@db/nl \r\n", "database \"nl\" at db:5432"),
        ("postgres://db/s1?user=ada&password=a+b", "database \"s1\" at db:5432"),
    ] {
        assert_eq!(place_of(url), place, "{url:?}");
    }
    let config = |url: &str| only(&[("DATABASE_URL", url)]).load().unwrap();
    assert_eq!(password(&config("postgres://db/s1?user=ada&password=a+b")), Some("a+b"));
    assert_eq!(password(&config("postgres://ada:pa#ss@db/c1")), Some("pa#ss"));
}

#[test]
fn what_libpq_reads_from_its_own_variables_is_not_read_here() {
    let variables = [
        ("DATABASE_URL", "postgres://ada@127.0.0.1/pp"),
        ("PGHOST", "elsewhere"),
        ("PGPORT", "27431"),
        ("PGUSER", "eve"),
        ("PGDATABASE", "other"),
        ("PGPASSWORD", "hunter2"),
        ("PGSSLMODE", "allow"),
    ];
    let config = only(&variables).load().unwrap();
    assert_eq!(config.location(), "database \"pp\" at 127.0.0.1:5432");
    assert!(config.password.is_none() && config.tls.mode.is_none() && config.user == "ada");
    let nameless = [("DATABASE_URL", "postgres://127.0.0.1/pp"), ("PGUSER", "eve")];
    let error = only(&nameless).load().unwrap_err().to_string();
    assert!(error.contains("user: is not set"), "{error}");
}

#[test]
fn a_parameter_without_a_setting_is_refused_by_name() {
    for (parameter, said) in [
        ("sslmod=verify-full", "did you mean sslmode?"),
        ("service=prod", "the parameter service"),
        ("passfile=/x", "set PGPASSFILE"),
        ("hostaddr=127.0.0.1", "the parameter hostaddr"),
        ("channel_binding=require", "the parameter channel_binding"),
        ("sslmode=allow", "write prefer"),
        ("options=-csearch_path%3Da,b", "more than one schema"),
    ] {
        let url = format!("postgres://ada@localhost/x?{parameter}");
        let error = only(&[("DATABASE_URL", url.as_str())]).load().unwrap_err().to_string();
        assert!(error.contains(said), "{parameter}: {error}");
    }
}

#[test]
fn a_connect_timeout_of_zero_is_no_limit_as_in_libpq() {
    let config = only(&[("DATABASE_URL", "postgres://ada@db/x?connect_timeout=0")]).load().unwrap();
    assert_eq!(config.pool.connect_timeout, Duration::ZERO);
}

#[test]
fn a_fallback_is_asked_only_where_nothing_names_a_database_and_nothing_is_wrong() {
    let fallback =
        || Ok::<_, ConfigError>(Some(("postgres://me@/x?host=%2Ftmp".to_owned(), "ours".to_owned())));
    let (config, source) = only(&[("DB_POOL_MAX", "7")]).load_or(fallback).unwrap();
    assert_eq!((config.database.as_str(), config.pool.max, source.as_str()), ("x", 7, "ours"));
    for named in
        [&[("DATABASE_URL", "postgres://ada@db/tasks")][..], &[("DB_NAME", "tasks"), ("DB_USER", "ada")]]
    {
        let (config, source) = only(named).load_or::<ConfigError>(|| panic!("a database is named")).unwrap();
        assert_eq!(config.database, "tasks");
        assert!(source.starts_with(named[0].0), "{source}");
    }
    let wrong = [("DB_POOL_MAXX", "7")];
    only(&wrong).load_or::<ConfigError>(|| panic!("the configuration is refused")).unwrap_err();
    // A database that is named in part is a mistake, and no reason to work on another one.
    let error =
        only(&[("DB_HOST", "db")]).load_or::<ConfigError>(|| panic!("it is named in part")).unwrap_err();
    assert!(error.to_string().contains("DB_NAME"), "{error}");
}
