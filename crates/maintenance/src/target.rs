//! The database to work on.

use std::path::PathBuf;

use taskmaster_postgres::config::{ConfigError, ConfigLoader, DatabaseConfig};

/// What the file of settings and the environment say, and over that what the command line says.
pub(crate) fn config(
    file: Option<PathBuf>,
    database_url: Option<String>,
    schema: Option<String>,
) -> Result<DatabaseConfig, ConfigError> {
    let mut loader = ConfigLoader::new();
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
