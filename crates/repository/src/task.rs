use async_trait::async_trait;
use rust_decimal::Decimal;
use serde_json::Value;
use taskmaster_models::{
    NewTask, Page, PageRequest, SearchHit, SearchRequest, Task, TaskFilter, TaskId, TaskPatch, TaskSort,
    TaskStatistics, TaskStatus, TaskWithContexts,
};

use crate::Result;

/// Tasks.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TaskRepository: Send + Sync {
    /// Stores a task and returns it as it is stored.
    ///
    /// # Errors
    ///
    /// `Invalid`; `Reference` when the parent task is not there; `Conflict` when the id is taken.
    async fn create(&self, new: &NewTask) -> Result<Task>;

    /// Stores many tasks, all or none, and returns them in the order given. Their number is
    /// not limited; together they may have 1 GB, which is PostgreSQL's limit for a statement. A task may be the parent of
    /// another one in the same call.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create); also `Conflict` (`tasks_parent_acyclic`) when tasks are each other's parents.
    async fn bulk_create(&self, new: &[NewTask]) -> Result<Vec<Task>>;

    /// Stores those of the tasks whose ids are not there yet, and returns these ids. What is there stays as it is, so
    /// that an import can be repeated.
    ///
    /// # Errors
    ///
    /// As [`bulk_create`](Self::bulk_create), except for ids that are taken.
    async fn create_missing(&self, new: &[NewTask]) -> Result<Vec<TaskId>>;

    /// The task with this id.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_by_id(&self, id: TaskId) -> Result<Option<Task>>;

    /// A page of the tasks that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range or a foreign cursor.
    async fn find_by(&self, filter: &TaskFilter, page: &PageRequest<TaskSort>) -> Result<Page<Task>>;

    /// How many tasks meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn count(&self, filter: &TaskFilter) -> Result<u64>;

    /// Changes the fields that the patch names, in one statement, and returns the task as it is stored then.
    ///
    /// # Errors
    ///
    /// `Invalid`; `NotFound`; `Stale`; `Reference` when the new parent is not there; `Conflict`
    /// (`tasks_parent_acyclic`) when the task would become a part of itself.
    async fn update(&self, id: TaskId, patch: &TaskPatch) -> Result<Task>;

    /// Changes the status, and in the same statement records a `status_change` context with the old status, the new one
    /// and `context`. A task that has this status already is returned unchanged.
    ///
    /// # Errors
    ///
    /// `Invalid` when `context` cannot be stored; `NotFound`.
    async fn update_status(&self, id: TaskId, status: TaskStatus, context: Value) -> Result<Task>;

    /// Completes a task, sets the hours worked if they are given, and in the same statement records a `completion`
    /// context with `results`.
    ///
    /// # Errors
    ///
    /// `Invalid` when the hours or the results cannot be stored; `NotFound`.
    async fn complete(&self, id: TaskId, actual_hours: Option<Decimal>, results: Value) -> Result<Task>;

    /// Deletes a task with its contexts and dependencies; its parts and workflow states stay, without it. Returns whether
    /// it was there. To keep the row, set the status to `cancelled` instead.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn delete(&self, id: TaskId) -> Result<bool>;

    /// Numbers over the tasks that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a filter that no row can meet.
    async fn statistics(&self, filter: &TaskFilter) -> Result<TaskStatistics>;

    /// Searches titles and descriptions, best hits first.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit or offset out of range.
    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit<Task>>>;

    /// A task with its newest contexts, at most `max_contexts` (1 to 1,000) of them.
    ///
    /// # Errors
    ///
    /// `Invalid` when `max_contexts` is out of range.
    async fn find_with_contexts(&self, id: TaskId, max_contexts: u32) -> Result<Option<TaskWithContexts>>;

    /// The pending tasks that wait for no other: every task before them is completed or cancelled. Most urgent first, then
    /// oldest first; at most `limit` (1 to 1,000).
    ///
    /// # Errors
    ///
    /// `Invalid` when the limit is out of range.
    async fn find_ready(&self, limit: u32) -> Result<Vec<Task>>;

    /// Takes the tasks that [`find_ready`](Self::find_ready) would show: sets them to `in_progress` and assigns them. Of
    /// several workers that ask at the same time each gets other tasks, and none waits.
    ///
    /// # Errors
    ///
    /// `Invalid` when the limit is out of range or the name has over 255 characters.
    async fn claim_ready(&self, assigned_to: &str, limit: u32) -> Result<Vec<Task>>;
}
