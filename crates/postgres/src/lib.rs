//! The repository traits on PostgreSQL 14 and later, by SeaORM.
//!
//! ```no_run
//! use taskmaster_models::NewTask;
//! use taskmaster_postgres::PgStore;
//! use taskmaster_repository::{Repositories, RepositoryError};
//!
//! # async fn example() -> Result<(), RepositoryError> {
//! let store = PgStore::connect("postgres://app@db.example/taskmaster").await?;
//! let task = store.tasks().create(&NewTask::new("Log in with a passkey")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The schema is `taskmaster-migration`'s; this crate expects it and never changes it. Any schema of the database will do:
//! name it in the URL, as in `?options=-c%20search_path%3Dtenant_a`.
//!
//! # How a method is made
//!
//! One method is one statement and one round trip, with few exceptions: `find_with_contexts` has two; an update that is refused for its
//! version asks once more for the stored one; a key's `verify` has one more for a rate limit and one more for uses that are due, and
//! `flush_usage` tries again for keys that are locked; the audit trail's `prune` marks seals before it deletes their rows, and its
//! `verify` reads a chunk at a time. A statement's text is put together in `sql::Sql` from fixed pieces; everything
//! that a caller gives is bound. Rows are decoded to the generated entities, and these are parsed into models, loudly: a
//! value that no model can hold is `RepositoryError::Inconsistent`, with table, column and id. A write by somebody begins
//! with the common table expression `actor`, which tells the audit trigger who it is, so an attributed write is one round
//! trip, too.

// A statement is one future of many that are in each other: watched, in time, tried again, on a connection of sqlx.
#![recursion_limit = "256"]

mod api_key;
mod api_key_audit;
mod api_key_row;
mod api_key_verify;
mod audit_log;
mod audit_seal;
mod audit_verify;
/// SeaORM entities of the tables, for queries of one's own; [`Database`] is a connection of SeaORM.
///
/// A column that PostgreSQL computes, such as `tasks.search`, has no field, nor have the hashes of API keys. The
/// repositories validate what they write and name its author in the audit trail; a write by an entity does neither.
///
/// ```no_run
/// use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
/// use taskmaster_postgres::{Database, entities::tasks};
///
/// /// The pending tasks that take longest.
/// async fn longest(database: &Database) -> Result<Vec<tasks::Model>, DbErr> {
///     tasks::Entity::find()
///         .filter(tasks::Column::Status.eq("pending"))
///         .order_by_desc(tasks::Column::EstimatedHours)
///         .limit(10)
///         .all(database)
///         .await
/// }
/// ```
#[cfg(feature = "entities")]
pub mod entities;
#[cfg(not(feature = "entities"))]
mod entities;
mod error;
mod error_log;
mod error_log_group;
mod error_log_report;
mod error_log_row;
mod insert;
mod metric;
mod noun;
mod page;
mod patch;
mod raw;
mod retry;
mod row;
mod sql;
mod store;
mod task;
mod task_context;
mod task_dependency;
mod task_row;
mod task_work;
mod workflow_state;
mod write;

pub use raw::{GuardedDatabase, Param, QueryError, QueryRow, QueryRows, RawStatements, Role};
pub use retry::{SharedUnitOfWork, retrying, retrying_idempotent};
pub use store::{Pg, PgStore, PgUnitOfWork};
/// The connection, which this crate's API names.
pub use taskmaster_connection::{
    self as connection, CallMetrics, CertificateHealth, Database, DatabaseMetrics, Health, HealthStatus,
    HeldConnection, LastError, Latency, MigrationHealth, PoolMetrics, PoolStatus, ReadMark, ReadMarkError,
    ReplicaMetrics, Replication, ShutdownReport, Transaction, config, within,
};
