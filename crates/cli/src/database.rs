//! The rule which database is meant.

use std::path::PathBuf;

use clap::Args;
use taskmaster_connection::config::{ConfigError, ConfigLoader, DatabaseConfig, TimeoutConfig};
use taskmaster_embedded::{EmbeddedError, EmbeddedPostgres, Settings};

/// The options that name a database.
#[derive(Clone, Debug, Default, Args)]
pub struct DatabaseArgs {
    /// The database, as `postgres://user:password@host:5432/database` [default: `DATABASE_URL`; else the variables
    /// `DB_*` and the file of settings]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// The schema to work in [default: that of the user, mostly public]
    #[arg(long, global = true, value_name = "NAME")]
    pub schema: Option<String>,
    /// The file of settings [default: taskmaster.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Start or attach to this user's own PostgreSQL if no database is named
    #[arg(long, global = true)]
    pub embedded: bool,
}

/// The database that is meant.
#[derive(Debug)]
pub struct Located {
    /// The way to it.
    pub config: DatabaseConfig,
    /// The source that names it, such as `DATABASE_URL (environment)`.
    pub source: String,
    /// The directory of the embedded server's data, if that is meant.
    pub data_dir: Option<PathBuf>,
    server: Option<EmbeddedPostgres>,
}

/// A database cannot be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocateError {
    /// Something about the configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),

    /// No source names a database, and the embedded one is not asked for.
    #[error(
        "no database is named: use --database-url, set DATABASE_URL, or set DB_NAME and DB_USER (and DB_HOST) or the table \
         [database] of taskmaster.toml; --embedded works on a PostgreSQL of this user's own"
    )]
    NoDatabase,

    /// The embedded server cannot be started.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),

    /// The embedded server cannot use its data directory.
    #[error("{0}; TASKMASTER_DATA_DIR says which directory to use")]
    DataDir(EmbeddedError),
}

impl DatabaseArgs {
    /// Finds the database that is meant, and starts the embedded server if that is it. `program` is the application's
    /// name on the server where no source gives one.
    ///
    /// # Errors
    ///
    /// [`LocateError`]; nothing is started for a configuration that is refused.
    pub fn locate(&self, program: &str) -> Result<Located, LocateError> {
        self.locate_with(program, TimeoutConfig::default())
    }

    /// As [`locate`](Self::locate), with these limits where no source sets one.
    ///
    /// # Errors
    ///
    /// As [`locate`](Self::locate).
    pub fn locate_with(&self, program: &str, timeouts: TimeoutConfig) -> Result<Located, LocateError> {
        let (mut server, mut data_dir) = (None, None);
        let start = || {
            if !self.embedded {
                return Err(LocateError::NoDatabase);
            }
            let dir = Settings::default_data_dir()?;
            let started = EmbeddedPostgres::start(Settings::durable(&dir)).map_err(with_data_dir)?;
            let url = started.database_url();
            let source = format!("the embedded PostgreSQL in {}", dir.display());
            (server, data_dir) = (Some(started), Some(dir));
            Ok(Some((url, source)))
        };
        let (mut config, source) = self.loader(timeouts).load_or(start)?;
        if config.application_name == DatabaseConfig::new("", "", "").application_name {
            program.clone_into(&mut config.application_name);
        }
        Ok(Located { config, source, data_dir, server })
    }

    fn loader(&self, timeouts: TimeoutConfig) -> ConfigLoader {
        let mut loader = ConfigLoader::new().default_timeouts(timeouts);
        if let Some(file) = &self.config {
            loader = loader.file(file);
        }
        // An empty one names nothing, as with the variable.
        if let Some(url) = self.database_url.as_ref().filter(|url| !url.is_empty()) {
            loader = loader.set("url", url, "--database-url");
        }
        if let Some(schema) = &self.schema {
            loader = loader.set("schema", schema, "--schema");
        }
        loader
    }
}

impl Located {
    /// Returns `true` if it is the embedded server, which runs at least until the value is dropped.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.server.is_some()
    }

    /// Returns the place and the source that names it, for a message.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.is_embedded() {
            let schema = self.config.schema.as_ref().map(|schema| format!("schema {schema:?} of "));
            return format!("{}{}", schema.unwrap_or_default(), self.source);
        }
        format!("{} as {:?}, named by {}", self.config.location(), self.config.user, self.source)
    }

    /// Says on standard error which database is about to be changed. A program that writes calls it before it connects.
    pub fn announce(&self) {
        eprintln!("working on {}", self.describe());
    }
}

fn with_data_dir(error: EmbeddedError) -> LocateError {
    match error {
        EmbeddedError::Io { .. }
        | EmbeddedError::Forbidden { .. }
        | EmbeddedError::SocketPath { .. }
        | EmbeddedError::DirNotUtf8 { .. }
        | EmbeddedError::WritableByOthers { .. }
        | EmbeddedError::NotADirectory { .. }
        | EmbeddedError::BelongsToRoot { .. } => LocateError::DataDir(error),
        error => error.into(),
    }
}
