//! From a configuration to an executed statement on PostgreSQL 14 and later.
//!
//! Any SeaORM program can link this crate: [`Database`] implements SeaORM's `ConnectionTrait` and `TransactionTrait`,
//! so entities and statements run on it as on SeaORM's own pool.
//!
//! ```no_run
//! use sea_orm::{ConnectionTrait, DbBackend, Statement};
//! use taskmaster_connection::{Database, config::DatabaseConfig};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Database::connect(DatabaseConfig::load()?).await?;
//! let statement = Statement::from_string(DbBackend::Postgres, "SELECT version()");
//! let row = database.query_one_raw(statement).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Floors
//!
//! Each module imports from those above it in this list and from no other:
//!
//! | module | content |
//! |---|---|
//! | [`error`](Error), `sqlstate`, `deadline`, [`operation`](Operation), `wal`, `query_text`, [`host`](Host), [`transport`](Transport) | the words that everything else uses |
//! | [`config`] | one [`DatabaseConfig`](config::DatabaseConfig), and the loader of files, variables and URLs |
//! | `connect` | one connection: hosts, TLS, the server's role |
//! | `metrics` | counts and durations of operations and of the pool |
//! | [`statement`] | a statement on a connection |
//! | `pool` | acquiring, resetting, cancelling, closing connections |
//! | `replica`, `health` | reads from standbys; the state of the server |
//! | `transaction`, `database`, `executor` | the handles that callers hold |
//! | `sea_orm_traits` | SeaORM's traits for these handles |
//!
//! Whatever belongs to one program is handed in: the name and the table of an [`Operation`], the statement that opens
//! an [`ImplicitTransaction`](statement::ImplicitTransaction), the table of migrations for
//! [`expecting_migrations`](Database::expecting_migrations), and the
//! [prefix of the metrics](config::DatabaseConfig::metrics_prefix).

// A statement is a deeply nested future: measured, limited, retried, on a connection of sqlx.
#![recursion_limit = "256"]

mod backoff;
mod clock;
pub mod config;
mod connect;
mod database;
mod deadline;
mod error;
mod executor;
mod health;
mod host;
mod metrics;
mod operation;
mod pool;
mod query_text;
mod replica;
mod sea_orm_traits;
mod sqlstate;
pub mod statement;
mod transaction;
mod transport;
mod wal;

pub use self::metrics::{
    CallMetrics, DatabaseMetrics, LastError, Latency, PoolMetrics, PoolStatus, ReplicaMetrics,
};
pub use backoff::Backoff;
pub use connect::{ServerCertificate, ServerInfo, SingleSession};
pub use database::Database;
pub use deadline::{after, current as current_deadline, deadline, until, within};
pub use error::{BoxError, Error, ErrorKind, Result, ServerError};
pub use executor::{Executor, OpenTransaction, Transactional};
pub use health::{CertificateHealth, Health, HealthStatus, MigrationHealth, Replication};
pub use host::{Host, quote_identifier};
pub use operation::{Access, Operation};
pub use pool::{HeldConnection, ShutdownReport};
pub use query_text::sanitized;
pub use transaction::Transaction;
pub use transport::{ByteStream, Transport};
pub use wal::{ReadMark, ReadMarkError};
