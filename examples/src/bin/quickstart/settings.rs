//! What the program is told: defaults, then the environment, then the command line.

use std::{
    env::{self, VarError},
    path::{Path, PathBuf},
};

use anyhow::{Result, anyhow, bail};
use clap::Parser;
use config::{Config, Environment, Map};
use serde::Deserialize;
use taskmaster_embedded::{EmbeddedError, Server};

/// The variables that are read. Others are none of this program's business, so they are not even looked at.
const VARIABLES: [&str; 2] = ["DATABASE_URL", "TASKMASTER_DATA_DIR"];

/// How many tasks a run works on when nobody says: few enough that a second run has something left to do.
const DEFAULT_WORK: u32 = 25;

const ABOUT: &str = "Store a project's tasks in PostgreSQL, work on them as a pipeline does, and show what came of it.

Without DATABASE_URL it starts a PostgreSQL of its own, which keeps its data in TASKMASTER_DATA_DIR (by default \
~/.local/share/taskmaster, for root /var/lib/taskmaster). Importing a file again adds nothing. The work is simulated and \
done on whatever tasks the database holds, so do not point it at one that matters.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "quickstart", about = ABOUT)]
pub(crate) struct Arguments {
    /// A Task Master tasks.json or a Beads issues.jsonl [default: a sample]
    pub(crate) file: Option<PathBuf>,
    /// The project that FILE belongs to, so that task 1 of another project is another task [default: the path of FILE]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// How many tasks to work on at most, 0 for none [default: 25]
    #[arg(long, value_name = "N")]
    work: Option<u32>,
}

/// What the program goes by.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    database_url: Option<String>,
    taskmaster_data_dir: Option<PathBuf>,
    #[serde(skip)]
    pub(crate) file: Option<PathBuf>,
    pub(crate) project: Option<String>,
    pub(crate) work: u32,
}

impl Settings {
    pub(crate) fn resolve(arguments: &Arguments) -> Result<Self> {
        let mut set = Map::new();
        for name in VARIABLES {
            match env::var(name) {
                Ok(value) => drop(set.insert(name.to_owned(), value)),
                Err(VarError::NotPresent) => {}
                Err(VarError::NotUnicode(_)) => bail!("{name} is not valid UTF-8: correct it, or unset it"),
            }
        }
        let settings: Self = Config::builder()
            .set_default("work", DEFAULT_WORK)?
            .add_source(Environment::default().ignore_empty(true).source(Some(set)))
            .set_override_option("project", arguments.project.clone())?
            .set_override_option("work", arguments.work)?
            .build()?
            .try_deserialize()?;
        Ok(Self { file: arguments.file.clone(), ..settings })
    }

    /// The server of `DATABASE_URL`, else the embedded one, attached to or started.
    pub(crate) fn server(&self) -> Result<Server> {
        let embedded = || Ok(taskmaster_embedded::Settings::durable(self.data_dir()?));
        Server::locate(self.database_url.as_deref(), embedded).map_err(|error| match error {
            EmbeddedError::Io { .. }
            | EmbeddedError::Forbidden { .. }
            | EmbeddedError::SocketPath { .. }
            | EmbeddedError::DirNotUtf8 { .. }
            | EmbeddedError::BelongsToRoot { .. } => {
                anyhow!("{error}; TASKMASTER_DATA_DIR says which directory to use")
            }
            error => error.into(),
        })
    }

    /// Where the data are, without a password.
    pub(crate) fn server_in_words(&self, server: &Server) -> String {
        match (server, self.data_dir()) {
            (Server::Embedded(_), Ok(dir)) => format!("database: embedded PostgreSQL in {}", dir.display()),
            _ => "database: the server that DATABASE_URL names".to_owned(),
        }
    }

    /// What is imported, in words.
    pub(crate) fn source(&self) -> String {
        self.file.as_deref().map_or_else(|| "the sample".to_owned(), |file| file.display().to_string())
    }

    /// The name that tells the tasks of this file from those of another project's: both would have a task 1.
    pub(crate) fn project_of(&self, file: &Path) -> String {
        self.project.clone().unwrap_or_else(|| {
            let absolute = file.canonicalize().unwrap_or_else(|_| file.to_owned());
            absolute.to_string_lossy().into_owned()
        })
    }

    fn data_dir(&self) -> Result<PathBuf, EmbeddedError> {
        match &self.taskmaster_data_dir {
            Some(dir) => Ok(dir.clone()),
            None => taskmaster_embedded::Settings::default_data_dir(),
        }
    }
}
