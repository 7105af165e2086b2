//! Raw statements: what `query` lets through and what it refuses, on a real server, and that the guard alone is enough.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

mod generated;
mod lists;
mod query;
mod refusals;
mod server;
mod stage;
#[path = "../../../guard/tests/guard/statements.rs"]
mod statements;
