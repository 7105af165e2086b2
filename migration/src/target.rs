use std::env;
use std::time::Duration;

use sea_orm_migration::sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions, PgSslMode};
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection};
use sea_orm_migration::sea_orm::{DatabaseConnection, SqlxError};

use crate::error::{MigrateError, describe_sqlx};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The oldest version that the schema runs on, as `server_version_num` has it.
const OLDEST_SERVER: i32 = 140_000;

/// A schema of a database, to be migrated or looked at.
///
/// All work is done in one session, which also holds the lock that lets only one process migrate at a time. The URL must
/// therefore not lead through a pooler in transaction mode.
#[derive(Debug)]
pub struct Target {
    pub(crate) db: DatabaseConnection,
    pub(crate) database: String,
    pub(crate) schema: String,
    pub(crate) server: String,
    read_only: bool,
}

impl Target {
    /// Connects to `schema`, or to the one in which the session would create tables, which is `public` by default. The
    /// schema need not exist yet.
    ///
    /// # Errors
    ///
    /// [`MigrateError::InvalidUrl`], [`NoTls`](MigrateError::NoTls), [`InvalidSchema`](MigrateError::InvalidSchema),
    /// [`Unreachable`](MigrateError::Unreachable) after 10 s at most, [`Refused`](MigrateError::Refused),
    /// [`UnknownDatabase`](MigrateError::UnknownDatabase), [`ServerTooOld`](MigrateError::ServerTooOld),
    /// [`NotUtf8`](MigrateError::NotUtf8).
    pub async fn connect(url: &str, schema: Option<&str>) -> Result<Self, MigrateError> {
        let options = encrypted(parse(url)?, url)?;
        let options = options.application_name("taskmaster-migrate").disable_statement_logging();
        if let Some(schema) = schema {
            check_schema_name(schema)?;
        }
        let server = server_of(&options);
        let facts = Facts::ask(&options, &server).await?;
        check_server_version(facts.version, &server)?;
        if facts.encoding != "UTF8" {
            return Err(MigrateError::NotUtf8 { database: facts.database, encoding: facts.encoding });
        }
        let schema = match schema {
            Some(schema) => schema.to_owned(),
            None => facts.current_schema.ok_or(MigrateError::NoSchema { search_path: facts.search_path })?,
        };

        // A role's statement_timeout is meant for its queries; building an index may take longer.
        // With standard_conforming_strings off, the backslashes of the files would mean something else.
        let set_up = format!(
            "SET search_path = {}, pg_temp; SET statement_timeout = 0; SET standard_conforming_strings = on",
            quote_identifier(&schema)
        );
        // One connection that is neither tested nor replaced: a new one would not hold the lock.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                let set_up = set_up.clone();
                Box::pin(
                    async move { sqlx::raw_sql(AssertSqlSafe(set_up)).execute(connection).await.map(drop) },
                )
            })
            .acquire_timeout(PATIENCE)
            .connect_with(options.clone())
            .await
            .map_err(|error| connect_error(&error, &options, &server))?;
        Ok(Self { db: pool.into(), database: facts.database, schema, server, read_only: facts.read_only })
    }

    /// The name of the schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Host and port of the server, or its socket.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Ends the session, and waits until it has ended.
    ///
    /// # Errors
    ///
    /// When the connection was already broken.
    pub async fn close(self) -> Result<(), MigrateError> {
        Ok(self.db.close().await?)
    }

    pub(crate) fn require_writable(&self) -> Result<(), MigrateError> {
        if self.read_only {
            return Err(MigrateError::ReadOnly { server: self.server.clone() });
        }
        Ok(())
    }
}

/// Whether the URL leads to this machine: a socket, `localhost`, or a loopback address.
///
/// # Errors
///
/// [`MigrateError::InvalidUrl`].
pub fn is_local(url: &str) -> Result<bool, MigrateError> {
    let options = parse(url)?;
    let host = options.get_host().trim_matches(['[', ']']);
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    Ok(options.get_socket().is_some() || host.starts_with('/') || host == "localhost" || is_loopback)
}

/// `name` in the form that is safe in any place of a statement where an identifier may stand.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn parse(url: &str) -> Result<PgConnectOptions, MigrateError> {
    let invalid = |reason: String| MigrateError::InvalidUrl { reason };
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(invalid("it does not begin with postgres://".to_owned()));
    }
    url.parse().map_err(|error| match error {
        SqlxError::Configuration(reason) => invalid(reason.to_string()),
        error => invalid(error.to_string()),
    })
}

/// The options with the encryption that `sslmode` demands, if the driver can be trusted with it. To another machine it is
/// `verify-full`, unless the URL or `PGSSLMODE` says something else.
///
/// The driver takes the roots of the web for trusted besides those that are given, so with `verify-ca` anybody's certificate would
/// do, and with `require` it looks at none. With `verify-full` the certificate must be the host's, whoever of these has signed it.
fn encrypted(options: PgConnectOptions, url: &str) -> Result<PgConnectOptions, MigrateError> {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let says = |keys: &[&str]| keys.iter().any(|key| parameters.contains(key));
    let is_said = says(&["sslmode=", "ssl-mode="]) || env::var_os("PGSSLMODE").is_some();
    let mode = options.get_ssl_mode();
    let is_weak = match mode {
        PgSslMode::VerifyCa => true,
        PgSslMode::Require => says(&["sslrootcert=", "ssl-root-cert=", "ssl-ca="]),
        _ => false,
    };
    if options.get_socket().is_some() {
        return Ok(options);
    }
    if is_weak {
        let reason = "this program cannot check who signed a certificate unless it checks the name as well, by verify-full";
        return Err(MigrateError::NoTls { server: server_of(&options), reason: reason.to_owned() });
    }
    let is_default = matches!(mode, PgSslMode::Prefer) && !is_said && !is_local(url)?;
    Ok(if is_default { options.ssl_mode(PgSslMode::VerifyFull) } else { options })
}

fn check_schema_name(schema: &str) -> Result<(), MigrateError> {
    let is_reserved = schema.starts_with("pg_") || schema == "information_schema";
    if schema.is_empty() || schema.len() > 63 || schema.contains('\0') || is_reserved {
        return Err(MigrateError::InvalidSchema { schema: schema.to_owned() });
    }
    Ok(())
}

fn check_server_version(version: i32, server: &str) -> Result<(), MigrateError> {
    if version >= OLDEST_SERVER {
        return Ok(());
    }
    // Up to 9.6 the first two of three numbers are the major version, from 10 on the first of two.
    let found = if version >= 100_000 {
        format!("{}.{}", version / 10_000, version % 10_000)
    } else {
        format!("{}.{}.{}", version / 10_000, version / 100 % 100, version % 100)
    };
    Err(MigrateError::ServerTooOld { server: server.to_owned(), found })
}

fn server_of(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => format!("{}:{}", socket.display(), options.get_port()),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

/// What is asked of the server before anything else.
struct Facts {
    version: i32,
    read_only: bool,
    database: String,
    /// The first schema of the search path that exists.
    current_schema: Option<String>,
    search_path: String,
    encoding: String,
}

impl Facts {
    async fn ask(options: &PgConnectOptions, server: &str) -> Result<Self, MigrateError> {
        let sql = "SELECT current_setting('server_version_num')::int, current_setting('transaction_read_only')::bool, \
                   current_database()::text, current_schema()::text, current_setting('search_path'), \
                   current_setting('server_encoding')";
        let asking = async {
            let mut connection = PgConnection::connect_with(options).await?;
            let (version, read_only, database, current_schema, search_path, encoding) =
                sqlx::query_as(sql).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(Self { version, read_only, database, current_schema, search_path, encoding })
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(answer) => answer.map_err(|error| connect_error(&error, options, server)),
            Err(_) => Err(MigrateError::Unreachable {
                server: server.to_owned(),
                reason: format!("no answer within {} s", PATIENCE.as_secs()),
            }),
        }
    }
}

fn connect_error(error: &SqlxError, options: &PgConnectOptions, server: &str) -> MigrateError {
    let server = server.to_owned();
    match error.as_database_error() {
        Some(refusal) => match refusal.code().as_deref() {
            Some("3D000") => {
                let database = options.get_database().unwrap_or(options.get_username()).to_owned();
                MigrateError::UnknownDatabase { server, database }
            }
            Some("28000" | "28P01") => {
                let user = options.get_username().to_owned();
                MigrateError::Refused { server, user, reason: refusal.message().to_owned() }
            }
            _ => MigrateError::Database(describe_sqlx(error)),
        },
        None => match error {
            SqlxError::Tls(reason) => MigrateError::NoTls { server, reason: reason.to_string() },
            _ => MigrateError::Unreachable { server, reason: error.to_string() },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_before_14_is_refused_by_its_version() {
        assert!(check_server_version(140_000, "h").is_ok());
        assert!(check_server_version(180_004, "h").is_ok());
        let refusal = |version| check_server_version(version, "h:5432").unwrap_err().to_string();
        assert_eq!(refusal(130_022), "the server at h:5432 is PostgreSQL 13.22: upgrade it to 14 or later");
        assert_eq!(refusal(90_624), "the server at h:5432 is PostgreSQL 9.6.24: upgrade it to 14 or later");
    }

    #[test]
    fn names_that_no_schema_can_have_are_refused() {
        for name in ["", "pg_temp", "information_schema", "a\0b", &"x".repeat(64)] {
            assert!(check_schema_name(name).is_err(), "{name:?}");
        }
        for name in ["public", "Größe", "a \"b\"; DROP", &"x".repeat(63)] {
            assert!(check_schema_name(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn encryption_that_the_driver_would_not_check_is_refused() {
        for url in [
            "postgres://db.example/x?sslmode=verify-ca&sslrootcert=root.crt",
            "postgres://localhost/x?sslmode=verify-ca",
            "postgres://db.example/x?sslmode=require&sslrootcert=root.crt",
        ] {
            let text = encrypted(parse(url).unwrap(), url).unwrap_err().to_string();
            assert!(text.contains("verify-full"), "{text}");
        }
        let mode = |url| encrypted(parse(url).unwrap(), url).unwrap().get_ssl_mode();
        assert!(matches!(mode("postgres://db.example/x?sslmode=verify-full"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://db.example/x?sslmode=disable"), PgSslMode::Disable));
        assert!(matches!(mode("postgres://db.example/x?sslmode=prefer"), PgSslMode::Prefer));
        assert!(matches!(mode("postgres://db.example/x?sslmode=require"), PgSslMode::Require));
        if env::var_os("PGSSLMODE").is_none() {
            assert!(matches!(mode("postgres://db.example/x"), PgSslMode::VerifyFull));
            assert!(matches!(mode("postgres://localhost/x"), PgSslMode::Prefer));
        }
    }

    #[test]
    fn only_this_machine_is_local() {
        for url in [
            "postgres://localhost/x",
            "postgres://127.0.0.2:5433/x",
            "postgres://u:p@[::1]/x",
            "postgres://postgres@localhost/x?host=%2Ftmp",
            "postgres://%2Ftmp/x",
        ] {
            assert!(is_local(url).unwrap(), "{url}");
        }
        for url in [
            "postgres://db.example.com/x",
            "postgres://10.0.0.1/x",
            "postgres://localhost.example.com/x",
            "postgres://localhost/x?host=db.example.com",
        ] {
            assert!(!is_local(url).unwrap(), "{url}");
        }
    }

    #[test]
    fn a_faulty_url_is_refused_without_repeating_it() {
        for url in [
            "",
            "mysql://u:secret@h/x",
            "postgres://u:secret@h:port/x",
            "postgres://u:secret@h/x?sslmode=maybe",
        ] {
            let text = parse(url).unwrap_err().to_string();
            assert!(text.starts_with("the database URL is not valid") && !text.contains("secret"), "{text}");
        }
    }
}
