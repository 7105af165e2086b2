//! Reads from replicas: never without what the same session has written, and never at the cost of an error.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its own functions")]

mod failing;
mod marks;
mod raw;
mod stage;
mod written;
