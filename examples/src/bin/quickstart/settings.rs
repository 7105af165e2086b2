//! The command line.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Parser;
use taskmaster_cli::{DatabaseArgs, Located};

/// The number of tasks that a run works on by default: few enough that a second run has something left to do.
const DEFAULT_WORK: u32 = 25;

/// The schema on a server that is named and may hold other tasks.
const SCHEMA: &str = "taskmaster_quickstart";

const ABOUT: &str = "Store a project's tasks in PostgreSQL, work on them as a pipeline does, and show what came of it.

Without a database that is named, it starts a PostgreSQL of its own, which keeps its data in TASKMASTER_DATA_DIR (by default \
~/.local/share/taskmaster, for root /var/lib/taskmaster). On a server that is named by --database-url, DATABASE_URL, DB_* or \
taskmaster.toml it uses the schema taskmaster_quickstart, unless --schema or DB_SCHEMA names another one. Importing a file again adds \
nothing. The work is simulated, and done only on tasks that quickstart has imported.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "quickstart", about = ABOUT)]
pub(crate) struct Arguments {
    /// A Task Master tasks.json or a Beads issues.jsonl [default: a sample]
    pub(crate) file: Option<PathBuf>,
    /// The project that FILE belongs to, so that task 1 of another project is another task [default: the path of FILE]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// How many tasks to work on at most, 0 for none
    #[arg(long, value_name = "N", default_value_t = DEFAULT_WORK)]
    pub(crate) work: u32,
    #[command(flatten)]
    database: DatabaseArgs,
}

impl Arguments {
    /// Finds the database: the one that is named, in a schema of quickstart's own, else the embedded server.
    pub(crate) fn locate(&self) -> Result<Located> {
        let database = DatabaseArgs { embedded: true, ..self.database.clone() };
        let mut located = database.locate("taskmaster-quickstart")?;
        if !located.is_embedded() && located.config.schema.is_none() {
            located.config.schema = Some(SCHEMA.to_owned());
        }
        Ok(located)
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
}
