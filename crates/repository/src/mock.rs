//! Mocks of every trait, by `mockall`, for unit tests of code that uses repositories.
//!
//! Turn on the feature `mock` in `[dev-dependencies]` only. A mock of one repository is enough for code that takes
//! `&dyn TaskRepository`; for code that takes a store, give [`MockStore`] the repositories that it should show:
//!
//! ```
//! use taskmaster_models::{NewTask, TaskId};
//! use taskmaster_repository::{Repositories, TaskRepository, mock::{MockStore, MockTaskRepository}};
//!
//! let mut tasks = MockTaskRepository::new();
//! tasks.expect_find_by_id().returning(|_| Ok(None));
//!
//! let mut store = MockStore::new();
//! store.expect_tasks().return_const(Box::new(tasks) as Box<dyn TaskRepository>);
//! ```
//!
//! Where a test needs more than a call or two, the in-memory store of `taskmaster-testkit` is the better stand-in: it
//! behaves as PostgreSQL does.

use async_trait::async_trait;
use mockall::mock;
use taskmaster_models::Actor;

use crate::{
    ApiKeyRepository, AuditLogRepository, ErrorLogRepository, MetricRepository, Repositories, Result, Store,
    TaskContextRepository, TaskDependencyRepository, TaskRepository, UnitOfWork, WorkflowStateRepository,
};
pub use crate::{
    api_key::MockApiKeyRepository, audit_log::MockAuditLogRepository, error_log::MockErrorLogRepository,
    metric::MockMetricRepository, task::MockTaskRepository, task_context::MockTaskContextRepository,
    task_dependency::MockTaskDependencyRepository, workflow_state::MockWorkflowStateRepository,
};

mock! {
    /// A mock of [`Store`].
    #[derive(Debug)]
    pub Store {}

    impl Repositories for Store {
        fn tasks(&self) -> &dyn TaskRepository;
        fn task_contexts(&self) -> &dyn TaskContextRepository;
        fn task_dependencies(&self) -> &dyn TaskDependencyRepository;
        fn workflow_states(&self) -> &dyn WorkflowStateRepository;
        fn error_logs(&self) -> &dyn ErrorLogRepository;
        fn audit_logs(&self) -> &dyn AuditLogRepository;
        fn metrics(&self) -> &dyn MetricRepository;
        fn api_keys(&self) -> &dyn ApiKeyRepository;
    }

    #[async_trait]
    impl Store for Store {
        async fn begin(&self) -> Result<Box<dyn UnitOfWork>>;
        fn acting_as(&self, actor: &Actor) -> Result<Box<dyn Store>>;
    }
}

mock! {
    /// A mock of [`UnitOfWork`].
    #[derive(Debug)]
    pub UnitOfWork {}

    impl Repositories for UnitOfWork {
        fn tasks(&self) -> &dyn TaskRepository;
        fn task_contexts(&self) -> &dyn TaskContextRepository;
        fn task_dependencies(&self) -> &dyn TaskDependencyRepository;
        fn workflow_states(&self) -> &dyn WorkflowStateRepository;
        fn error_logs(&self) -> &dyn ErrorLogRepository;
        fn audit_logs(&self) -> &dyn AuditLogRepository;
        fn metrics(&self) -> &dyn MetricRepository;
        fn api_keys(&self) -> &dyn ApiKeyRepository;
    }

    #[async_trait]
    impl UnitOfWork for UnitOfWork {
        async fn commit(self: Box<Self>) -> Result<()>;
        async fn rollback(self: Box<Self>) -> Result<()>;
    }
}
