//! Shows how to unit-test a service that uses repositories: with mocks, and with the in-memory store, both without a
//! database. `cargo test --bin mocking` runs these tests; `cargo run --bin mocking` runs the same service on PostgreSQL.

use anyhow::Result;
use taskmaster_examples::throwaway_store;
use taskmaster_models::{NewTask, SearchRequest, TaskPatch, TaskStatus};
use taskmaster_repository::{Repositories, RepositoryError, TaskRepository};

/// Makes tasks urgent. It knows the trait only, not where the tasks are.
struct Triage<'a> {
    tasks: &'a dyn TaskRepository,
}

impl Triage<'_> {
    /// Raises the pending tasks that mention `word` to at least this priority, and returns how many it has raised.
    ///
    /// A task that somebody changes meanwhile is left to the next triage.
    async fn raise(&self, word: &str, priority: i32) -> Result<usize, RepositoryError> {
        let mut raised = 0;
        for hit in self.tasks.search(&SearchRequest::new(word)).await? {
            let task = hit.item;
            if task.status != TaskStatus::Pending || task.priority >= priority {
                continue;
            }
            let patch = TaskPatch {
                expected_version: Some(task.version),
                priority: Some(priority),
                ..TaskPatch::default()
            };
            match self.tasks.update(task.id, &patch).await {
                Ok(_) => raised += 1,
                Err(RepositoryError::Stale { .. } | RepositoryError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(raised)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let (_server, store) = throwaway_store().await?;
    for title in ["Security: check roles", "Security: rotate keys", "Print receipts"] {
        store.tasks().create(&NewTask::new(title)).await?;
    }
    let raised = Triage { tasks: store.tasks() }.raise("security", 9).await?;
    println!("raised: {raised} of 3");
    Ok(())
}

#[cfg(test)]
mod tests {
    use mockall::predicate::{always, eq};
    use taskmaster_models::{SearchHit, Task};
    use taskmaster_repository::{Store, mock::MockTaskRepository};
    use taskmaster_testkit::MemoryStore;

    use super::*;

    /// A stored task, made by the in-memory store.
    async fn stored(new: NewTask) -> Task {
        MemoryStore::new().tasks().create(&new).await.unwrap()
    }

    fn finding(tasks: Vec<Task>) -> MockTaskRepository {
        let mut mock = MockTaskRepository::new();
        let hits = move |_: &SearchRequest| {
            Ok(tasks
                .iter()
                .map(|item| SearchHit { item: item.clone(), rank: 1.0, snippet: String::new() })
                .collect())
        };
        mock.expect_search().with(eq(SearchRequest::new("security"))).once().returning(hits);
        mock
    }

    #[tokio::test]
    async fn only_pending_tasks_below_the_priority_are_changed_and_only_their_priority() {
        let low = stored(NewTask { priority: 3, ..NewTask::new("low") }).await;
        let high = stored(NewTask { priority: 9, ..NewTask::new("high") }).await;
        let done = stored(NewTask { status: TaskStatus::Completed, ..NewTask::new("done") }).await;
        let (id, after) = (low.id, low.clone());
        let mut tasks = finding(vec![low, high, done]);
        let patch = TaskPatch { expected_version: Some(1), priority: Some(9), ..TaskPatch::default() };
        tasks.expect_update().with(eq(id), eq(patch)).once().returning(move |_, _| Ok(after.clone()));

        assert_eq!(Triage { tasks: &tasks }.raise("security", 9).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_task_that_somebody_else_changes_meanwhile_is_left_alone() {
        let low = stored(NewTask::new("low")).await;
        let id = low.id.to_string();
        let mut tasks = finding(vec![low]);
        let stale = move |_, _: &TaskPatch| {
            Err(RepositoryError::Stale { entity: "task", id: id.clone(), expected: 1, stored: 2 })
        };
        tasks.expect_update().with(always(), always()).once().returning(stale);

        assert_eq!(Triage { tasks: &tasks }.raise("security", 9).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_failing_store_is_the_callers_to_know() {
        let mut tasks = MockTaskRepository::new();
        tasks.expect_search().returning(|_| Err(RepositoryError::Timeout { source: "slow".into() }));

        let error = Triage { tasks: &tasks }.raise("security", 9).await.unwrap_err();
        assert!(error.is_retryable());
    }

    /// Where more than a call or two matter, a store in memory says more than mocks.
    #[tokio::test]
    async fn a_second_triage_finds_nothing_to_raise() {
        let store: &dyn Store = &MemoryStore::new();
        for title in ["Security: check roles", "Security: rotate keys", "Print receipts"] {
            store.tasks().create(&NewTask::new(title)).await.unwrap();
        }
        let triage = Triage { tasks: store.tasks() };
        assert_eq!(triage.raise("security", 9).await.unwrap(), 2);
        assert_eq!(triage.raise("security", 9).await.unwrap(), 0);
    }
}
