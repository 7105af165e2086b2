//! The database to work on.

use std::path::PathBuf;
use std::time::Duration;

use taskmaster_postgres::config::{ConfigError, ConfigLoader, DatabaseConfig, TimeoutConfig};

/// What the file of settings and the environment say, and over that what the command line says. Unless one of them limits it, a
/// chore takes the time that it needs: to seal a long trail for the first time is one statement.
pub(crate) fn config(
    file: Option<PathBuf>,
    database_url: Option<String>,
    schema: Option<String>,
) -> Result<DatabaseConfig, ConfigError> {
    let patient =
        TimeoutConfig { call: Duration::ZERO, statement: Duration::ZERO, ..TimeoutConfig::default() };
    let mut loader = ConfigLoader::new().default_timeouts(patient);
    if let Some(file) = file {
        loader = loader.file(file);
    }
    if let Some(url) = database_url {
        loader = loader.set("url", url, "--database-url");
    }
    if let Some(schema) = schema {
        loader = loader.set("schema", schema, "--schema");
    }
    loader.load()
}
