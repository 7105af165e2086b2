use async_trait::async_trait;
use serde_json::Value;
use taskmaster_models::{
    NewWorkflowState, Page, PageRequest, RetryRequest, TaskId, WorkflowProgress, WorkflowState,
    WorkflowStateFilter, WorkflowStateId, WorkflowStatePatch, WorkflowStateSort, WorkflowStateStatistics,
    WorkflowStatus, WorkflowTimelineEntry,
};

use crate::Result;

/// The steps of workflows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WorkflowStateRepository: Send + Sync {
    /// Stores a state and returns it as it is stored.
    ///
    /// # Errors
    ///
    /// `Invalid`; `Reference` when the task is not there; `Conflict` when the id is taken.
    async fn create(&self, new: &NewWorkflowState) -> Result<WorkflowState>;

    /// Stores many states, all or none, and returns them in the order given. Their number is
    /// not limited; together they may have 1 GB, which is PostgreSQL's limit for a statement.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    async fn bulk_create(&self, new: &[NewWorkflowState]) -> Result<Vec<WorkflowState>>;

    /// The state with this id.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_by_id(&self, id: WorkflowStateId) -> Result<Option<WorkflowState>>;

    /// A page of the states that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range or a foreign cursor.
    async fn find_by(
        &self,
        filter: &WorkflowStateFilter,
        page: &PageRequest<WorkflowStateSort>,
    ) -> Result<Page<WorkflowState>>;

    /// How many states meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn count(&self, filter: &WorkflowStateFilter) -> Result<u64>;

    /// A page of the states of one workflow.
    ///
    /// # Errors
    ///
    /// As [`find_by`](Self::find_by).
    async fn find_by_workflow_id(
        &self,
        workflow_id: &str,
        page: &PageRequest<WorkflowStateSort>,
    ) -> Result<Page<WorkflowState>> {
        self.find_by(&WorkflowStateFilter::workflow(workflow_id), page).await
    }

    /// A page of the states that work on one task.
    ///
    /// # Errors
    ///
    /// As [`find_by`](Self::find_by).
    async fn find_by_task_id(
        &self,
        task_id: TaskId,
        page: &PageRequest<WorkflowStateSort>,
    ) -> Result<Page<WorkflowState>> {
        self.find_by(&WorkflowStateFilter::task(task_id), page).await
    }

    /// The state of a workflow that was begun last.
    ///
    /// # Errors
    ///
    /// `Invalid` when no workflow can be named so.
    async fn find_latest(&self, workflow_id: &str) -> Result<Option<WorkflowState>>;

    /// Changes the fields that the patch names, in one statement, and returns the state as it is stored then.
    ///
    /// # Errors
    ///
    /// `Invalid`; `NotFound`; `Stale`; `Reference` when the new task is not there.
    async fn update(&self, id: WorkflowStateId, patch: &WorkflowStatePatch) -> Result<WorkflowState>;

    /// Changes the status.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    async fn update_status(&self, id: WorkflowStateId, status: WorkflowStatus) -> Result<WorkflowState>;

    /// Sets what the step yielded; a running step is completed by it.
    ///
    /// # Errors
    ///
    /// `Invalid` when the result cannot be stored; `NotFound`.
    async fn set_result(&self, id: WorkflowStateId, result: Value) -> Result<WorkflowState>;

    /// Sets what went wrong; the step has failed by it.
    ///
    /// # Errors
    ///
    /// `Invalid` when the message cannot be stored; `NotFound`.
    async fn set_error(&self, id: WorkflowStateId, message: &str) -> Result<WorkflowState>;

    /// Counts one more retry and sets the step back to `pending`; `message`, if given, replaces the error message. Any
    /// number of concurrent calls are all counted.
    ///
    /// # Errors
    ///
    /// `Invalid` when the message cannot be stored; `NotFound`.
    async fn increment_retry(&self, id: WorkflowStateId, message: Option<String>) -> Result<WorkflowState>;

    /// Deletes a state. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn delete(&self, id: WorkflowStateId) -> Result<bool>;

    /// Deletes all states of a workflow. Returns how many there were.
    ///
    /// # Errors
    ///
    /// `Invalid` when no workflow can be named so.
    async fn delete_by_workflow_id(&self, workflow_id: &str) -> Result<u64>;

    /// How far a workflow has come. An unknown one has no steps.
    ///
    /// # Errors
    ///
    /// `Invalid` when no workflow can be named so.
    async fn workflow_progress(&self, workflow_id: &str) -> Result<WorkflowProgress>;

    /// Numbers over the states that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn statistics(&self, filter: &WorkflowStateFilter) -> Result<WorkflowStateStatistics>;

    /// The failed states that may be tried again, oldest first.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range.
    async fn retryable_failed_states(&self, request: &RetryRequest) -> Result<Vec<WorkflowState>>;

    /// Takes the states that [`retryable_failed_states`](Self::retryable_failed_states) would show: counts one more retry and
    /// sets them to `pending`. Of several workers that ask at the same time each gets other states, and none waits.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range.
    async fn claim_retryable(&self, request: &RetryRequest) -> Result<Vec<WorkflowState>>;

    /// A page of a workflow's states, with what their tasks are called and how far they have come. Ask for it ascending to
    /// read it from the beginning.
    ///
    /// # Errors
    ///
    /// As [`find_by`](Self::find_by).
    async fn workflow_timeline(
        &self,
        workflow_id: &str,
        page: &PageRequest<WorkflowStateSort>,
    ) -> Result<Page<WorkflowTimelineEntry>>;
}
