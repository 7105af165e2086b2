//! The way to the database: what is configured, how a connection is made and kept, and what is done when it breaks.

pub(crate) mod call;
pub mod config;
pub(crate) mod database;
mod dial;
pub(crate) mod pool;
mod statement;
pub(crate) mod transaction;
