//! What a URL says, until `DatabaseConfig` reads URLs itself.

use sea_orm::sqlx::postgres::PgConnectOptions;
use secrecy::SecretString;
use taskmaster_repository::{RepositoryError, Result};

use super::config::{DatabaseConfig, Host};

pub(crate) fn config(url: &str) -> Result<DatabaseConfig> {
    // The parser's own error may quote the URL, and with it the password.
    let options: PgConnectOptions = url.parse().map_err(|_| RepositoryError::Refused {
        reason: "the URL cannot be read; write it as postgres://user:password@host:5432/database".to_owned(),
        source: "not a PostgreSQL URL".into(),
    })?;
    let host = options
        .get_socket()
        .map_or_else(|| options.get_host().to_owned(), |socket| socket.to_string_lossy().into_owned());
    let user = options.get_username().to_owned();
    let database = options.get_database().unwrap_or(&user).to_owned();
    let mut config = DatabaseConfig::new(host.clone(), database, user);
    config.hosts = vec![Host { name: host, port: options.get_port() }];
    config.schema = options
        .get_options()
        .and_then(|options| options.split_once("search_path=").map(|(_, schema)| schema.to_owned()));
    config.password = password(url).map(SecretString::from);
    Ok(config)
}

fn password(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    Some(password.to_owned())
}
