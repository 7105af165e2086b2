//! Stories of the quickstart as people run it: the built program, with data of its own.

#![expect(clippy::unwrap_used, reason = "what a story cannot do without fails it, with the line")]

mod bad_input;
mod ended_early;
mod given_server;
mod program;
mod runs;
