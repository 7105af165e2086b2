//! Shows what a storage manager of tasks needs, operation by operation, on the repositories.

use anyhow::{Context, Result, ensure};
use rust_decimal::Decimal;
use serde_json::json;
use taskmaster_examples::throwaway_store;
use taskmaster_models::{
    AiInteraction, AuditedEntity, DependencyType, NewTask, NewTaskContext, NewTaskDependency,
    NewWorkflowState, PageRequest, TaskContextSort, TaskFilter, TaskPatch, TaskSort, TaskStatus,
    ValidationOutcome, WorkflowStatus,
};
use taskmaster_repository::{RepositoryError, Store};

#[tokio::main]
async fn main() -> Result<()> {
    let (_server, store) = throwaway_store().await?;
    let store: &dyn Store = &store;
    tasks(store).await?;
    contexts(store).await?;
    workflows_and_dependencies(store).await
}

async fn tasks(store: &dyn Store) -> Result<()> {
    // Store a task together with the requirement that it comes from: one unit of work.
    let new = NewTask {
        priority: 8,
        tags: vec!["auth".to_owned()],
        estimated_hours: Some(Decimal::from(8)),
        ..NewTask::new("Log in with a passkey")
    };
    let uow = store.begin().await?;
    let task = uow.tasks().create(&new).await?;
    let asked = NewTaskContext::requirement(task.id, "No more passwords", &json!({ "tasks": 1 }));
    uow.task_contexts().create(&asked).await?;
    uow.commit().await?;

    // Get it, and change one field of it. Who changes another field at the same moment wins, too.
    let task = store.tasks().find_by_id(task.id).await?.context("it was stored")?;
    let patch = TaskPatch { complexity_score: Some(7), ..TaskPatch::default() };
    let task = store.tasks().update(task.id, &patch).await?;

    // Change the status; the change is recorded as a context in the same statement.
    let task = store.tasks().update_status(task.id, TaskStatus::InProgress, json!({ "by": "ada" })).await?;
    println!("stored, changed and begun: {} ({}, version {})", task.title, task.status, task.version);

    // Complete it, with the hours that it took and what came of it.
    let task = store.tasks().complete(task.id, Some(Decimal::from(6)), json!({ "tests": "passed" })).await?;
    println!("completed: {}, over its estimate: {}", task.completed_at.is_some(), task.is_overdue());

    // Delete softly: the row stays, and what waits for it may go on.
    let unwanted = store.tasks().create(&NewTask::new("Fax the overdue list")).await?;
    store
        .tasks()
        .update_status(unwanted.id, TaskStatus::Cancelled, json!({ "reason": "not wanted" }))
        .await?;

    // List by any criteria, in any order that the type offers, page by page.
    let filter = TaskFilter { tags: vec!["auth".to_owned()], ..TaskFilter::default() };
    let page = store.tasks().find_by(&filter, &PageRequest::new(TaskSort::Priority).limit(10)).await?;
    println!("listed: {} tagged auth, more pages: {}", page.items.len(), page.next.is_some());

    // Who did what to it, from the beginning: the audit trail is written with each change.
    let oldest_first = PageRequest::default().ascending();
    let trail =
        store.audit_logs().entity_history(AuditedEntity::Task, task.id.as_uuid(), &oldest_first).await?;
    let actions: Vec<_> = trail.items.iter().map(|log| log.action.as_str()).collect();
    println!("audit trail: {}", actions.join(", "));

    let numbers = store.tasks().statistics(&TaskFilter::default()).await?;
    println!(
        "numbers: {} tasks, {} completed, {} cancelled",
        numbers.total, numbers.completed, numbers.cancelled
    );
    Ok(())
}

async fn contexts(store: &dyn Store) -> Result<()> {
    let task = store.tasks().create(&NewTask::new("Search without accents")).await?;
    let asked = NewTaskContext::ai_interaction(
        task.id,
        &AiInteraction {
            agent_name: "coder".to_owned(),
            interaction_type: "code_generation".to_owned(),
            request_data: json!({ "prompt": "fold accents" }),
            response_data: json!({ "files": ["search.rs"] }),
            execution_time_ms: Some(1840),
            success: true,
            session_id: None,
        },
    );
    let checked = NewTaskContext::validation(
        task.id,
        &ValidationOutcome {
            validation_type: "unit_tests".to_owned(),
            validator_name: "ci".to_owned(),
            status: "passed".to_owned(),
            score: Some(97.5),
            details: json!({ "tests": 40 }),
            suggestions: Vec::new(),
        },
    );
    store.task_contexts().bulk_create(&[asked, checked]).await?;
    store.tasks().complete(task.id, None, json!({ "merged": true })).await?;

    // All that is known about a task, sorted by kind; or from the beginning, as it happened.
    let full = store.task_contexts().full_context(task.id).await?;
    println!(
        "known: {} AI interaction, {} validation, completion: {}",
        full.ai_interactions.len(),
        full.validations.len(),
        full.completion.is_some()
    );
    let oldest_first = PageRequest::new(TaskContextSort::CreatedAt).ascending();
    let timeline = store.task_contexts().task_timeline(task.id, &oldest_first).await?;
    let kinds: Vec<_> = timeline.items.iter().map(|entry| entry.context.context_type.as_str()).collect();
    println!("timeline: {}", kinds.join(", "));
    Ok(())
}

async fn workflows_and_dependencies(store: &dyn Store) -> Result<()> {
    let first = store.tasks().create(&NewTask::new("Model the readers")).await?;
    let second = store.tasks().create(&NewTask::new("Lend a copy")).await?;

    // The second waits for the first. The way back would close a cycle, and the database refuses it.
    let waits = NewTaskDependency::new(first.id, second.id, DependencyType::Blocks);
    store.task_dependencies().create(&waits).await?;
    let back = NewTaskDependency::new(second.id, first.id, DependencyType::DependsOn);
    let refused = store.task_dependencies().create(&back).await;
    ensure!(matches!(refused, Err(RepositoryError::Conflict { .. })), "a cycle was stored");
    let around = store.task_dependencies().find_for_task(second.id).await?;
    let ready = store.tasks().find_ready(10).await?;
    println!("waits for: {}; ready: {}", around.parents[0].task.title, ready[0].title);

    // A workflow is its steps. The latest one tells where it stands.
    for step in ["analysis", "codegen"] {
        let state = NewWorkflowState {
            task_id: Some(first.id),
            ..NewWorkflowState::new("readers-1", step, WorkflowStatus::Running)
        };
        store.workflow_states().create(&state).await?;
    }
    let latest = store.workflow_states().find_latest("readers-1").await?.context("it has two")?;
    store.workflow_states().set_error(latest.id, "the agent did not answer").await?;
    let again = store.workflow_states().increment_retry(latest.id, None).await?;
    store.workflow_states().set_result(latest.id, json!({ "files": 2 })).await?;
    let progress = store.workflow_states().workflow_progress("readers-1").await?;
    println!(
        "workflow: {} steps, {} running, {} retry of {}",
        progress.total_steps, progress.running_steps, progress.total_retries, again.step
    );
    Ok(())
}
