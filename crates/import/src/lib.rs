//! Reads a Task Master `tasks.json` or a Beads `issues.jsonl` into models.
//!
//! ```
//! let file = br#"{"tasks": [{"id": 1, "title": "Build"}, {"id": 2, "title": "Ship", "dependencies": [1, 9]}]}"#;
//! let import = taskmaster_import::read(taskmaster_import::DEFAULT_PROJECT, file)?;
//! assert_eq!(import.tasks.len(), 2);
//! assert_eq!(import.dependencies.len(), 1);
//! assert_eq!(import.report.findings[0].place, "tasks[1].dependencies[1]"); // there is no task 9
//! # Ok::<(), taskmaster_import::ImportError>(())
//! ```
//!
//! # Laws
//!
//! - Nothing is stored here: [`Import`] holds rows that pass their validation, parents before children, without cycles.
//!   Whoever stores them does so in one transaction and leaves alone the rows whose id exists.
//! - All ids are UUIDv5 of the project's name and of the format, tag and id that the source gives. Importing a file
//!   again, from whatever path, yields the same ids. Files of two projects need two project names, since both formats
//!   number their tasks per project.
//! - No task is lost. `metadata.source` of a task holds the source's own id, status, type and priority, each value that
//!   was changed to fit, each dependency that was left out, and each field that the schema has no place for.
//!   `metadata.import` tells the format, project and tag.
//! - What could not be taken over as it is, is in the [`ImportReport`] with its place.
//! - A file that cannot be understood is one [`ImportError`].
//!
//! # Where things go
//!
//! | Task Master | Beads | here |
//! |---|---|---|
//! | `details` | `design` | a `requirement` context |
//! | `acceptanceCriteria`, `testStrategy` | `acceptance_criteria` | `acceptance_criteria`, a list's items one by one |
//! | tag, `tags` | `labels` | `tags` |
//! | `subtasks` | `parent-child` dependencies, `parent` | `parent_task_id` |
//! | `dependencies` | `blocks`, `conditional-blocks`, `waits-for` | `depends_on`; `blocks` |
//! | | all other dependency types | `related` |
//! | | `notes`; `comments`; `close_reason` | a `workflow`; `ai_interaction`; `completion` context |
//! | | `estimated_minutes` | `estimated_hours` |
//!
//! A tag's own metadata belong to no task: only its times are used. A subtask without a priority has its parent's. A
//! time that a task lacks is its tag's, and without that the time of the import. Times are kept to the microsecond.

mod beads;
mod document;
mod draft;
mod error;
mod graph;
mod identity;
mod record;
mod report;
mod task_master;
mod words;

use std::{collections::HashMap, path::Path};

use taskmaster_models::{NewTask, NewTaskContext, NewTaskDependency, TaskDependencyId};

pub use error::ImportError;
pub use report::{Finding, FindingKind, Format, ImportReport};

/// The project of a file of which the caller knows no better name.
pub const DEFAULT_PROJECT: &str = "default";

/// What a file holds, ready to be stored: tasks first, then contexts, then dependencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The tasks, each after the task that it is a part of.
    pub tasks: Vec<NewTask>,
    /// What the source tells about the tasks beyond a task's own fields.
    pub contexts: Vec<NewTaskContext>,
    /// The dependencies between the tasks. Those that order tasks form no cycle.
    pub dependencies: Vec<NewTaskDependency>,
    /// What was read, and what could not be taken over as it is.
    pub report: ImportReport,
    places: HashMap<TaskDependencyId, String>,
}

impl Import {
    /// Where one of [`dependencies`](Self::dependencies) is in the file and what it says there, such as
    /// `master.tasks[3].dependencies[0]: 4 depends on 1`.
    ///
    /// For those who find that it contradicts what is stored and have to tell which one was left out.
    #[must_use]
    pub fn dependency_place(&self, id: TaskDependencyId) -> Option<&str> {
        self.places.get(&id).map(String::as_str)
    }
}

/// Reads the content of a Task Master or Beads file; which of the two it is, is told from the content.
///
/// `project` is a part of every id: the same name for the same project's file, whenever and from wherever it is read.
/// [`DEFAULT_PROJECT`] is for those who import one project only.
///
/// # Errors
///
/// When the content is not text, not JSON, or of a layout that neither program writes. See [`ImportError`].
pub fn read(project: &str, content: &[u8]) -> Result<Import, ImportError> {
    let text = document::text(content)?;
    let project = &record::without_nul(project);
    match document::first_value(text) {
        Ok((first, end)) if beads::is_first_record(&first, end.is_ok(), text) => beads::read(project, text),
        Ok((first, end)) => end.and_then(|()| task_master::read(project, first)),
        // One broken line of many: reading line by line names it.
        Err(_) if beads::goes_on_after_first_line(text) => beads::read(project, text),
        Err(error) => Err(error),
    }
}

/// Reads the file at `path`, see [`read`].
///
/// # Errors
///
/// When the file cannot be read, or as [`read`].
pub fn read_file(project: &str, path: impl AsRef<Path>) -> Result<Import, ImportError> {
    let path = path.as_ref();
    let content =
        std::fs::read(path).map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
    read(project, &content)
}
