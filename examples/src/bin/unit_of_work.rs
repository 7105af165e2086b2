//! Shows a unit of work: a task and the requirement that it comes from are stored together or not at all.

use anyhow::{Result, ensure};
use serde_json::json;
use taskmaster_examples::throwaway_store;
use taskmaster_models::{Actor, ContextType, NewTask, NewTaskContext, Task, TaskFilter};
use taskmaster_repository::{Repositories, RepositoryError, Store};

/// The calls of one decision. It takes the repositories of a unit of work as well as those of a store.
async fn store_task(on: &dyn Repositories, requirement: &str) -> Result<Task, RepositoryError> {
    let task = on.tasks().create(&NewTask::new(requirement)).await?;
    let context =
        NewTaskContext::requirement(task.id, requirement, &json!({ "decomposition_method": "by hand" }));
    on.task_contexts().create(&context).await?;
    Ok(task)
}

#[tokio::main]
async fn main() -> Result<()> {
    let (_server, store) = throwaway_store().await?;
    // Whoever acts is named once; every write carries the name to the audit trail.
    let store = store.acting_as(&Actor::user("ada"))?;

    let uow = store.begin().await?;
    let task = store_task(&*uow, "Log in with a passkey").await?;
    ensure!(store.tasks().find_by_id(task.id).await?.is_none(), "seen by others before the commit");
    uow.commit().await?;
    let requirement = store.task_contexts().find_latest_by_type(task.id, ContextType::Requirement).await?;
    ensure!(requirement.is_some(), "committed without its requirement");
    println!("committed:   the task and its requirement are both there");

    let uow = store.begin().await?;
    store_task(&*uow, "Print receipts").await?;
    uow.rollback().await?;
    println!("rolled back: {} task there", store.tasks().count(&TaskFilter::default()).await?);

    let uow = store.begin().await?;
    store_task(&*uow, "Send reminders").await?;
    drop(uow);
    println!("dropped:     {} task there", store.tasks().count(&TaskFilter::default()).await?);

    // A refused write has written nothing, so the unit of work goes on as if it had not been tried.
    let uow = store.begin().await?;
    let refused = store_task(&*uow, " ").await;
    println!("refused:     {}", refused.expect_err("a blank title is a fault"));
    store_task(&*uow, "Search without accents").await?;
    uow.commit().await?;
    println!("went on:     {} tasks there", store.tasks().count(&TaskFilter::default()).await?);
    Ok(())
}
