use async_trait::async_trait;
use taskmaster_models::Actor;

use crate::{
    ApiKeyRepository, AuditLogRepository, ErrorLogRepository, MetricRepository, Result,
    TaskContextRepository, TaskDependencyRepository, TaskRepository, WorkflowStateRepository,
};

/// The repositories of one store, or of one unit of work.
pub trait Repositories: Send + Sync {
    /// Tasks.
    fn tasks(&self) -> &dyn TaskRepository;

    /// What is known about tasks.
    fn task_contexts(&self) -> &dyn TaskContextRepository;

    /// Which tasks wait for which.
    fn task_dependencies(&self) -> &dyn TaskDependencyRepository;

    /// The steps of workflows.
    fn workflow_states(&self) -> &dyn WorkflowStateRepository;

    /// What went wrong.
    fn error_logs(&self) -> &dyn ErrorLogRepository;

    /// The keys with which services call.
    fn api_keys(&self) -> &dyn ApiKeyRepository;

    /// Performance metrics.
    fn metrics(&self) -> &dyn MetricRepository;

    /// The audit trail.
    fn audit_logs(&self) -> &dyn AuditLogRepository;
}

/// Where the data live. Each call on its repositories is a transaction of its own.
#[async_trait]
pub trait Store: Repositories {
    /// Begins a unit of work: several calls that happen together or not at all.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>>;

    /// The same store, whose writes carry `actor` to the audit trail. Costs no round trip.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::RepositoryError::Invalid) when a text of the actor cannot be stored.
    fn acting_as(&self, actor: &Actor) -> Result<Box<dyn Store>>;
}

/// Several calls that happen together or not at all.
///
/// End it with [`commit`](Self::commit) or [`rollback`](Self::rollback); dropped, it rolls back. It runs on one
/// connection, so its calls take place one after the other even when they are awaited together. A call that fails with
/// anything but `Invalid`, `NotFound` or `Stale` spoils the unit of work: only `rollback` is possible then. A call whose future
/// is dropped before its end may have taken effect; if that must not be, roll back.
#[async_trait]
pub trait UnitOfWork: Repositories {
    /// Makes all changes lasting and visible to others.
    ///
    /// # Errors
    ///
    /// When a call before failed and spoiled it, or the store cannot keep the changes; then there are none.
    async fn commit(self: Box<Self>) -> Result<()>;

    /// Undoes all changes.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached; the changes are undone then, too.
    async fn rollback(self: Box<Self>) -> Result<()>;
}
