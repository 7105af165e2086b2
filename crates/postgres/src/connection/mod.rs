//! The way to the database: what is configured, how a connection is made and kept, and what is done when it breaks.

pub(crate) mod call;
mod cancel;
pub mod config;
pub(crate) mod database;
mod dial;
pub(crate) mod health;
pub(crate) mod holders;
pub(crate) mod lease;
pub(crate) mod pool;
mod pooler;
pub(crate) mod raw;
pub(crate) mod replica;
pub(crate) mod retry;
mod savepoints;
pub(crate) mod shutdown;
pub(crate) mod statement;
pub(crate) mod telemetry;
pub(crate) mod transaction;
mod upkeep;
