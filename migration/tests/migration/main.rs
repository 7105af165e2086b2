//! The schema and its runner, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions that it calls too")]

mod audit;
#[path = "../../../crates/connection/src/connect/tests/certificates.rs"]
#[expect(dead_code, reason = "the tests of the connection use all of it")]
mod certificates;
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
mod tls;
mod values;
mod which;
