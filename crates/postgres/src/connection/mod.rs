//! The way to the database: what is configured, how a connection is made and kept, and what is done when it breaks.

pub mod config;
#[cfg_attr(not(test), expect(dead_code, reason = "the pool comes next"))]
mod dial;
