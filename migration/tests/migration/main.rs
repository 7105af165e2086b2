//! The schema and its runner, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions that it calls too")]

mod audit;
mod cli;
mod cycles;
mod database;
mod faults;
mod foreign;
mod grant;
mod refusals;
mod restore;
mod roles;
mod runner;
mod schema;
mod search;
mod values;
