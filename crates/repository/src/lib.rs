//! The repository traits of the Taskmaster data backbone: what business code is written against.
//!
//! # Who should depend on this crate
//!
//! Services and libraries that read or write tasks. It brings neither a driver nor a runtime. Only the binary that
//! decides where the data live depends on a store: `taskmaster-postgres`, or `taskmaster-testkit` in tests. To unit-test
//! code against single traits, turn on the feature `mock` in your `[dev-dependencies]` (see the module `mock`).
//!
//! ```
//! use taskmaster_models::{NewTask, TaskStatus};
//! use taskmaster_repository::{Repositories, RepositoryError, Store};
//!
//! async fn report_and_start(store: &dyn Store, title: &str) -> Result<(), RepositoryError> {
//!     let uow = store.begin().await?;
//!     let task = uow.tasks().create(&NewTask::new(title)).await?;
//!     uow.tasks().update_status(task.id, TaskStatus::InProgress, serde_json::json!("at once")).await?;
//!     uow.commit().await
//! }
//! ```
//!
//! # Laws
//!
//! Every store keeps these; the conformance suite in `taskmaster-testkit` has a case for each.
//!
//! 1. A write either happens whole or not at all, and what it returns is what is stored.
//! 2. Writes validate first. A refused write names every fault at once, and leaves a unit of work usable.
//! 3. A row that is not there is `None` or `false` where one looks or deletes, and
//!    [`RepositoryError::NotFound`] where one wants to change it.
//! 4. A patch changes only the fields that it names: of two writers of different fields both win. With
//!    `expected_version` a lost race is [`RepositoryError::Stale`].
//! 5. Times and ids come with the data, from `taskmaster_models::clock` and the ids' constructors; `updated_at` and
//!    `version` are the store's.
//! 6. Pages are stable while rows are inserted, and no call returns an unbounded number of rows. A [`stream`] reads all rows,
//!    page by page.
//! 7. No call that writes many rows has a limit to their number. That of a repository is one statement, which may have 1 GB in
//!    PostgreSQL; the function [`bulk_create`] writes any number of bytes, too.
//!
//! # Adding a noun
//!
//! A noun is one file of the same name in each crate, a migration and its tests:
//!
//! 1. `migration/migrations/…/{up,down}.sql`, then `cargo xtask entities`;
//! 2. `models/src/noun.rs`: `Noun`, `NewNoun`, `NounPatch`, `NounFilter`, `NounSort`, and its id in `id.rs`;
//! 3. `repository/src/noun.rs`: the trait; its accessor in [`Repositories`]; its mock in `mock.rs`; its rows in `stream.rs` and
//!    `bulk.rs`;
//! 4. `testkit/src/conformance/noun.rs`: a case for each rule, first red;
//! 5. `testkit/src/memory/noun.rs` and `postgres/src/noun.rs`: until both are green.

mod api_key;
mod audit_log;
mod bulk;
mod error;
mod error_log;
mod metric;
#[cfg(feature = "mock")]
pub mod mock;
pub mod retention;
mod store;
pub mod stream;
mod task;
mod task_context;
mod task_dependency;
mod workflow_state;

pub use api_key::{ApiKeyRepository, IssuedApiKey};
pub use audit_log::AuditLogRepository;
pub use bulk::{BULK_STEP, BULK_STEP_BYTES, BulkCreate, BulkProgress, bulk_create};
pub use error::{BoxError, RepositoryError, Result};
pub use error_log::ErrorLogRepository;
pub use metric::MetricRepository;
pub use store::{Repositories, Store, UnitOfWork};
pub use task::TaskRepository;
pub use task_context::TaskContextRepository;
pub use task_dependency::{MissingDependencies, TaskDependencyRepository};
pub use workflow_state::WorkflowStateRepository;
