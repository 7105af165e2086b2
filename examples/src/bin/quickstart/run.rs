//! Which runs are alive, and what the others have left behind.
//!
//! Each run has a number, which is part of the name under which it claims tasks, and holds the advisory lock of that number
//! in a session of its own. PostgreSQL gives up the lock when that session ends, however the process ended. So a run whose
//! lock can be had is over, and the tasks that it was working on go back to `pending`; those of a run that lives, in
//! whatever process or on whatever machine, are left alone. (A pooler in transaction mode has no sessions, so the
//! database must not be reached through one.)

use anyhow::{Context, Result};
use serde_json::json;
use taskmaster_models::{
    Actor, PageRequest, Task, TaskFilter, TaskId, TaskPatch, TaskSort, TaskStatus, WorkflowStateSort,
    WorkflowStatus,
};
use taskmaster_postgres::{config::DatabaseConfig, connection::SingleSession};
use taskmaster_repository::{RepositoryError, Store};

use crate::{agent::workflow_of, import::is_own};

/// First key of the advisory locks; the second is the run's number.
const RUNS: i32 = 0x7175_6963;

const PREFIX: &str = "quickstart-";

const BROKEN: &str = "the database does not answer any more; check that the server runs, and try again";

/// This run.
#[derive(Debug)]
pub(crate) struct Run {
    number: u32,
    /// Holds the lock.
    session: SingleSession,
}

impl Run {
    pub(crate) async fn begin(config: &DatabaseConfig) -> Result<Self> {
        let session = SingleSession::connect(config.clone()).await?;
        // The last bytes of a new id are random.
        let id = TaskId::new().as_uuid().as_u128();
        let number = u32::try_from(id & u128::from(u32::MAX))?;
        sqlx::query("SET idle_session_timeout = 0").execute(session.pool()).await.context(BROKEN)?;
        sqlx::query("SELECT pg_advisory_lock($1, $2)")
            .bind(RUNS)
            .bind(number.cast_signed())
            .execute(session.pool())
            .await
            .context(BROKEN)?;
        Ok(Self { number, session })
    }

    /// The name under which this run claims tasks.
    pub(crate) fn name(&self) -> String {
        format!("{PREFIX}{:08x}", self.number)
    }

    /// Who makes this run's changes, for the audit trail.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            user_id: Some("quickstart".to_owned()),
            session_id: Some(self.name()),
            ip_address: None,
            user_agent: Some(concat!("taskmaster-quickstart/", env!("CARGO_PKG_VERSION")).to_owned()),
        }
    }

    /// Puts back the tasks of runs that are over, and returns how many there were.
    pub(crate) async fn put_back_abandoned(&self, store: &dyn Store) -> Result<usize> {
        let mut count = 0;
        for task in in_progress(store, None).await? {
            let Some(number) = task.assigned_to.as_deref().and_then(number_of) else { continue };
            if is_own(&task)
                && number != self.number
                && self.is_over(number).await?
                && put_back(store, &task, "the run was killed").await?
            {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Puts back the tasks of this run, and returns how many there were.
    pub(crate) async fn put_back_own(&self, store: &dyn Store) -> Result<usize> {
        let mut count = 0;
        for task in in_progress(store, Some(self.name())).await? {
            if put_back(store, &task, "the run was interrupted").await? {
                count += 1;
            }
        }
        Ok(count)
    }

    async fn is_over(&self, number: u32) -> Result<bool> {
        let free =
            "SELECT CASE WHEN pg_try_advisory_lock($1, $2) THEN pg_advisory_unlock($1, $2) ELSE false END";
        sqlx::query_scalar(free)
            .bind(RUNS)
            .bind(number.cast_signed())
            .fetch_one(self.session.pool())
            .await
            .context(BROKEN)
    }
}

/// The number of the run that goes by this name, if it is a quickstart's.
fn number_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix(PREFIX)?;
    let is_hex = digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

async fn in_progress(store: &dyn Store, assigned_to: Option<String>) -> Result<Vec<Task>> {
    let filter = TaskFilter { status: Some(TaskStatus::InProgress), assigned_to, ..TaskFilter::default() };
    let mut tasks = Vec::new();
    let mut request = PageRequest::new(TaskSort::CreatedAt).limit(PageRequest::<TaskSort>::MAX_LIMIT);
    loop {
        let page = store.tasks().find_by(&filter, &request).await?;
        tasks.extend(page.items);
        match page.next {
            Some(cursor) => request = request.after(Some(cursor)),
            None => return Ok(tasks),
        }
    }
}

/// Makes a task pending again, together with the steps of its workflow that were not finished. Returns whether nobody else
/// has taken it meanwhile.
///
/// A pending task never has a step that is running or failed, so that a retry and a claim cannot both take it. As everywhere
/// here the steps are written before the task, lest two units of work wait for each other.
pub(crate) async fn put_back(store: &dyn Store, task: &Task, reason: &str) -> Result<bool> {
    let uow = store.begin().await?;
    let all =
        PageRequest::new(WorkflowStateSort::StartedAt).limit(PageRequest::<WorkflowStateSort>::MAX_LIMIT);
    let states = uow.workflow_states().find_by_workflow_id(&workflow_of(task.id), &all).await?;
    for state in states.items {
        match state.status {
            WorkflowStatus::Running => {
                uow.workflow_states().update_status(state.id, WorkflowStatus::Pending).await?;
            }
            WorkflowStatus::Failed => {
                uow.workflow_states().increment_retry(state.id, None).await?;
            }
            WorkflowStatus::Pending | WorkflowStatus::Completed | WorkflowStatus::Skipped => {}
        }
    }
    let patch =
        TaskPatch { expected_version: Some(task.version), assigned_to: Some(None), ..TaskPatch::default() };
    match uow.tasks().update(task.id, &patch).await {
        Ok(_) => {}
        Err(RepositoryError::Stale { .. } | RepositoryError::NotFound { .. }) => {
            uow.rollback().await?;
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    let context = json!({ "reason": reason, "worker": task.assigned_to });
    uow.tasks().update_status(task.id, TaskStatus::Pending, context).await?;
    uow.commit().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_quickstarts_have_a_number() {
        assert_eq!(number_of("quickstart-00c0ffee"), Some(0x00c0_ffee));
        assert_eq!(number_of("quickstart"), None);
        assert_eq!(number_of("quickstart-1"), None);
        assert_eq!(number_of("quickstart-+0c0ffee"), None);
        assert_eq!(number_of("ada"), None);
    }
}
