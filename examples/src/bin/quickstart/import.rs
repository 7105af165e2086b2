//! From a file into the database, in one unit of work.

use std::{collections::HashSet, fmt::Write};

use anyhow::{Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use taskmaster_import::{Import, ImportError};
use taskmaster_models::{Task, TaskDependencyId, TaskId};
use taskmaster_repository::Store;

use crate::{interrupt::Interrupt, settings::Arguments, terminal::plain};

/// A small project of our own, for those who bring no file.
const SAMPLE: &[u8] = include_bytes!("../../../data/sample.json");
const SAMPLE_PROJECT: &str = "quickstart-sample";

/// The key in the metadata of the tasks that quickstart has imported.
const MARK: &str = "quickstart";

/// Rows that are written at once: enough that a round trip weighs little, few enough that the bar moves.
const BATCH: usize = 250;

/// How many rows were not there yet.
#[derive(Debug, Default)]
pub(crate) struct Added {
    tasks: usize,
    subtasks: usize,
    contexts: usize,
    dependencies: usize,
    /// Dependencies that would close a cycle with those that are stored.
    cyclic: Vec<TaskDependencyId>,
}

/// Reads the file, or the sample, and marks its tasks as quickstart's.
pub(crate) fn read(arguments: &Arguments) -> Result<Import> {
    let mut import = match &arguments.file {
        None => taskmaster_import::read(SAMPLE_PROJECT, SAMPLE)?,
        Some(file) => {
            let read = taskmaster_import::read_file(&arguments.project_of(file), file);
            read.map_err(|error| match error {
                ImportError::Unreadable { .. } => error.into(),
                error => anyhow!("{}: {error}", file.display()),
            })?
        }
    };
    for task in &mut import.tasks {
        task.metadata.insert(MARK.to_owned(), true.into());
    }
    Ok(import)
}

/// Returns `true` if quickstart has imported this task, so that it may work on it.
pub(crate) fn is_own(task: &Task) -> bool {
    task.metadata.contains_key(MARK)
}

/// Stores what is not there yet: all of it; or nothing, on an error or when it is interrupted, which is `None`.
pub(crate) async fn store(
    store: &dyn Store,
    import: &Import,
    interrupt: &Interrupt,
) -> Result<Option<Added>> {
    let rows = import.tasks.len() + import.contexts.len() + import.dependencies.len();
    let bar = ProgressBar::new(rows as u64)
        .with_style(ProgressStyle::with_template("importing {bar:50} {pos}/{len} rows, {elapsed}")?);
    if bar.is_hidden() {
        eprintln!("importing {rows} rows");
    }
    let subtasks: HashSet<TaskId> =
        import.tasks.iter().filter(|task| task.parent_task_id.is_some()).map(|task| task.id).collect();

    let mut added = Added::default();
    let uow = store.begin().await?;
    for batch in import.tasks.chunks(BATCH) {
        if interrupt.is_pressed() {
            uow.rollback().await?;
            return Ok(None);
        }
        let created = uow.tasks().create_missing(batch).await?;
        let parts = created.iter().filter(|id| subtasks.contains(id)).count();
        added.subtasks += parts;
        added.tasks += created.len() - parts;
        bar.inc(batch.len() as u64);
    }
    for batch in import.contexts.chunks(BATCH) {
        if interrupt.is_pressed() {
            uow.rollback().await?;
            return Ok(None);
        }
        added.contexts += uow.task_contexts().create_missing(batch).await?.len();
        bar.inc(batch.len() as u64);
    }
    for batch in import.dependencies.chunks(BATCH) {
        if interrupt.is_pressed() {
            uow.rollback().await?;
            return Ok(None);
        }
        let done = uow.task_dependencies().create_missing(batch).await?;
        added.dependencies += done.created.len();
        added.cyclic.extend(done.cyclic);
        bar.inc(batch.len() as u64);
    }
    uow.commit().await?;
    bar.finish_and_clear();
    Ok(Some(added))
}

pub(crate) fn in_words(import: &Import, added: &Added) -> String {
    let report = &import.report;
    let mut text = plain(&report.to_string());
    for (what, added, all) in [
        ("tasks", added.tasks, report.tasks),
        ("subtasks", added.subtasks, report.subtasks),
        ("contexts", added.contexts, report.contexts),
        ("dependencies", added.dependencies, import.dependencies.len() - added.cyclic.len()),
    ] {
        let _ = write!(text, "\n{what} added: {added} (there already: {})", all - added);
    }
    for place in added.cyclic.iter().filter_map(|id| import.dependency_place(*id)) {
        let _ = write!(
            text,
            "\n{}",
            plain(&format!("  {place}; left out, as it would close a cycle with what is stored"))
        );
    }
    text
}
