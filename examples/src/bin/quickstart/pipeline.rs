//! Works on tasks: claims what is ready, takes it through the steps of a workflow, tries failed steps again.
//!
//! Whatever belongs together is one unit of work: the plan of a workflow; a step's result with the context that it adds; an
//! error with the failed step. A run that is killed between two of them has lost nothing but the step that it was at.

use std::fmt;

use anyhow::{Context, Result};
use futures::stream::{FuturesUnordered, StreamExt};
use rust_decimal::Decimal;
use serde_json::json;
use taskmaster_models::{
    ContextType, NewTaskContext, NewWorkflowState, PageRequest, RetryRequest, Task, TaskId, TaskStatus,
    WorkflowState, WorkflowStatePatch, WorkflowStateSort, WorkflowStatus, clock,
};
use taskmaster_repository::Store;

use crate::{
    agent::{self, Failure, Step, Yield, workflow_of},
    import::is_own,
    interrupt::Interrupt,
    run::put_back,
    terminal::{one_line, say},
};

/// How many tasks are worked on at a time.
const WORKERS: usize = 4;

/// How often a failed step is tried again before its task is given up.
const MAX_RETRIES: i32 = 3;

/// What a run has done.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    claimed: u32,
    completed: u32,
    failed: u32,
    retried: u32,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claimed, completed, failed, retried } = self;
        write!(f, "{claimed} (completed: {completed}, failed: {failed}, steps tried again: {retried})")
    }
}

/// How the work on a task ended for now.
enum Outcome {
    Completed,
    /// A step has failed and may be tried again.
    ToRetry(Failure),
    /// A step has failed too often.
    GivenUp(Failure),
    /// It is not done, since the run is to end.
    Interrupted,
}

/// Works on at most `limit` tasks, [`WORKERS`] at a time, until they are done or given up or the run is to end.
pub(crate) async fn work(
    store: &dyn Store,
    worker: &str,
    limit: u32,
    interrupt: &Interrupt,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut to_retry: Vec<Task> = Vec::new();
    let mut running = FuturesUnordered::new();
    let mut sees_foreign = false;
    loop {
        while running.len() < WORKERS && !interrupt.is_pressed() {
            let Some(task) = to_retry.pop() else { break };
            tally.retried += claim_retry(store, task.id).await?;
            running.push(work_on(store, task, interrupt));
        }
        let free = u32::try_from(WORKERS - running.len())?.min(limit - tally.claimed);
        if free > 0 && !interrupt.is_pressed() && !sees_foreign {
            let (own, foreign) = claim(store, worker, free).await?;
            tally.claimed += u32::try_from(own.len())?;
            running.extend(own.into_iter().map(|task| work_on(store, task, interrupt)));
            if let Some(foreign) = foreign {
                sees_foreign = true;
                let title = one_line(&foreign, 60);
                say(format!(
                    "  no further work: quickstart did not import \"{title}\", which is next; see --schema"
                ))?;
            }
        }
        let Some(ended) = running.next().await else { return Ok(tally) };
        let (task, outcome) = ended?;
        let title = one_line(&task.title, 60);
        match outcome {
            Outcome::Completed => {
                tally.completed += 1;
                say(format!("  completed  {title}"))?;
            }
            Outcome::ToRetry(failure) => {
                say(format!("  to retry   {title}: {}", failure.message))?;
                to_retry.push(task);
            }
            Outcome::GivenUp(failure) => {
                tally.failed += 1;
                say(format!("  failed     {title}: {}", failure.message))?;
            }
            Outcome::Interrupted => {}
        }
    }
}

/// Claims ready tasks that quickstart has imported. With them comes the title of a task that it has not imported and
/// that is as ready: such a task is left alone, and so is whatever comes after it.
async fn claim(store: &dyn Store, worker: &str, limit: u32) -> Result<(Vec<Task>, Option<String>)> {
    let ready = store.tasks().find_ready(limit).await?;
    if let Some(foreign) = ready.into_iter().find(|task| !is_own(task)) {
        return Ok((Vec::new(), Some(foreign.title)));
    }
    let claimed = store.tasks().claim_ready(worker, limit).await?;
    let (own, foreign): (Vec<_>, Vec<_>) = claimed.into_iter().partition(is_own);
    // It came between the look and the claim.
    for task in &foreign {
        put_back(store, task, "quickstart did not import it").await?;
    }
    Ok((own, foreign.into_iter().next().map(|task| task.title)))
}

/// Takes the failed step of a task of this run, and returns how many there were.
async fn claim_retry(store: &dyn Store, task: TaskId) -> Result<u32> {
    let request = RetryRequest {
        workflow_id: Some(workflow_of(task)),
        max_retries: MAX_RETRIES,
        ..RetryRequest::default()
    };
    Ok(u32::try_from(store.workflow_states().claim_retryable(&request).await?.len())?)
}

/// Takes a claimed task through the steps that are not done yet.
async fn work_on(store: &dyn Store, task: Task, interrupt: &Interrupt) -> Result<(Task, Outcome)> {
    let states = plan(store, &task).await?;
    for step in Step::ALL {
        if interrupt.is_pressed() {
            return Ok((task, Outcome::Interrupted));
        }
        let state = states.iter().find(|state| state.step == step.name()).with_context(|| {
            format!("the workflow of task {} lacks the step {}; delete it", task.id, step.name())
        })?;
        // The last step is what completes the task, so a task that is not complete has it before it.
        if state.status == WorkflowStatus::Completed && step != Step::WorkflowCompletion {
            continue;
        }
        let running = WorkflowStatePatch {
            status: Some(WorkflowStatus::Running),
            started_at: Some(clock::now()),
            ..WorkflowStatePatch::default()
        };
        let state = store.workflow_states().update(state.id, &running).await?;
        match agent::perform(step, &task, state.retry_count) {
            Ok(done) => finish(store, &task, &state, step, done).await?,
            Err(failure) => {
                let outcome = fail(store, &task, &state, failure).await?;
                return Ok((task, outcome));
            }
        }
    }
    Ok((task, Outcome::Completed))
}

/// The steps of the task's workflow, made when it is worked on for the first time, together with what was asked for.
async fn plan(store: &dyn Store, task: &Task) -> Result<Vec<WorkflowState>> {
    let workflow = workflow_of(task.id);
    let page = PageRequest::new(WorkflowStateSort::StartedAt).ascending();
    let states = store.workflow_states().find_by_workflow_id(&workflow, &page).await?.items;
    if !states.is_empty() {
        return Ok(states);
    }
    let steps: Vec<_> = Step::ALL
        .iter()
        .map(|step| NewWorkflowState {
            task_id: Some(task.id),
            ..NewWorkflowState::new(&workflow, step.name(), WorkflowStatus::Pending)
        })
        .collect();
    let uow = store.begin().await?;
    if uow.task_contexts().find_latest_by_type(task.id, ContextType::Requirement).await?.is_none() {
        let asked = task.description.as_deref().unwrap_or(&task.title);
        let context =
            NewTaskContext::requirement(task.id, asked, &json!({ "decomposition_method": "imported" }));
        uow.task_contexts().create(&context).await?;
    }
    let states = uow.workflow_states().bulk_create(&steps).await?;
    uow.commit().await?;
    Ok(states)
}

/// Stores what a step has yielded; the last one completes the task.
async fn finish(
    store: &dyn Store,
    task: &Task,
    state: &WorkflowState,
    step: Step,
    done: Yield,
) -> Result<()> {
    let uow = store.begin().await?;
    if let Some(context) = &done.context {
        uow.task_contexts().create(context).await?;
    }
    uow.workflow_states().set_result(state.id, done.result).await?;
    if step == Step::WorkflowCompletion {
        let hours = Decimal::from(task.complexity_score);
        let results = json!({ "workflow": state.workflow_id, "steps": Step::ALL.map(Step::name) });
        uow.tasks().complete(task.id, Some(hours), results).await?;
    }
    uow.commit().await?;
    Ok(())
}

/// Stores that a step has failed, and gives the task up when it has been tried often enough.
async fn fail(store: &dyn Store, task: &Task, state: &WorkflowState, failure: Failure) -> Result<Outcome> {
    let details = json!({ "workflow": state.workflow_id, "step": state.step, "retries": state.retry_count });
    let context = NewTaskContext::error(task.id, failure.error_type, failure.message, &details);
    let uow = store.begin().await?;
    uow.task_contexts().create(&context).await?;
    uow.workflow_states().set_error(state.id, failure.message).await?;
    let gives_up = state.retry_count >= MAX_RETRIES;
    if gives_up {
        uow.tasks().update_status(task.id, TaskStatus::Failed, details).await?;
    }
    uow.commit().await?;
    Ok(if gives_up { Outcome::GivenUp(failure) } else { Outcome::ToRetry(failure) })
}
