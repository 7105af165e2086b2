//! Every way in which a server or the network breaks: what the caller sees, that it works again without help, and that nothing is
//! lost that was acknowledged.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its own functions")]

mod proxy;
