//! Raw statements, for what the repositories do not cover. Each is read by the guard and runs in a transaction of its
//! own.

mod catalog;
mod error;
mod guarded;
mod param;
mod refusals;
mod rows;
mod transaction;

pub use error::QueryError;
pub use guarded::{GuardedDatabase, RawStatements};
pub use param::Param;
pub use rows::{QueryRow, QueryRows};
pub use transaction::Role;
