//! The state of the database.
//!
//! - `facts`: what was found, and what it means.
//! - `queries`: the questions to the server.
//! - `checker`: one check at a time, on a connection of its own.

mod checker;
mod facts;
mod queries;

pub(crate) use checker::HealthChecker;
pub use facts::{CertificateHealth, Health, HealthStatus, MigrationHealth, Replication};
