//! The one place of this crate that reads the clock.

use chrono::{DateTime, Utc};

/// Returns the time by this machine's clock.
#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the clock")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
