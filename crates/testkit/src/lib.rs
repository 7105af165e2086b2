//! What tests of Taskmaster are made with.
//!
//! - [`MemoryStore`] is a [`Store`](taskmaster_repository::Store) without a database, for the unit tests of code that uses
//!   repositories. It refuses what PostgreSQL refuses, with the same errors.
//! - [`conformance`] is the list of cases that every store passes: the in-memory one and PostgreSQL.
//! - `migrated_database`, with the feature `postgres`, is a PostgreSQL database of a test's own with the whole schema,
//!   and
//!   `standby_of` a standby of a server of its own.
//!
//! This crate belongs into `[dev-dependencies]` only.
//!
//! ```
//! use taskmaster_models::NewTask;
//! use taskmaster_repository::Repositories;
//! use taskmaster_testkit::MemoryStore;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), taskmaster_repository::RepositoryError> {
//! let store = MemoryStore::new();
//! let task = store.tasks().create(&NewTask::new("Log in with a passkey")).await?;
//! assert_eq!(store.tasks().find_by_id(task.id).await?, Some(task));
//! # Ok(())
//! # }
//! ```

#[expect(clippy::unwrap_used, reason = "a case fails by a panic, which names the line")]
pub mod conformance;
#[cfg(feature = "postgres")]
mod database;
mod memory;

#[cfg(feature = "postgres")]
pub use database::{migrated_database, standby_of};
pub use memory::MemoryStore;
