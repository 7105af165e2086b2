use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How many calls a key may make in each window of time.
///
/// A window begins with the first call that is admitted in it. Any call after its end begins the next one, so within any
/// time of the length of a window at most twice as many calls as allowed are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// How many calls are admitted, 1 to [`RateLimit::MAX_REQUESTS`].
    pub max_requests: i32,
    /// How long a window is, in milliseconds, 1 to [`RateLimit::MAX_WINDOW_MS`].
    pub window_ms: i64,
}

impl RateLimit {
    /// The most calls that a window can have.
    pub const MAX_REQUESTS: i32 = 1_000_000_000;
    /// The longest window: 31 days.
    pub const MAX_WINDOW_MS: i64 = 31 * 24 * 60 * 60 * 1000;

    /// So many calls in a window of this length, which is cut to milliseconds.
    #[must_use]
    pub fn new(max_requests: i32, window: TimeDelta) -> Self {
        Self { max_requests, window_ms: window.num_milliseconds() }
    }

    /// Whether both numbers are within their limits. A key with others is not stored.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        (1..=Self::MAX_REQUESTS).contains(&self.max_requests)
            && (1..=Self::MAX_WINDOW_MS).contains(&self.window_ms)
    }

    /// How long a window is.
    #[must_use]
    pub fn window(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.window_ms.clamp(0, Self::MAX_WINDOW_MS))
    }

    /// How long until the end of the window that began then; `None` if it is over. One that begins later than a window from
    /// now is over, too: a clock was wrong, and the key should not wait for it.
    #[must_use]
    pub fn rest_of_window(&self, window_start: DateTime<Utc>, now: DateTime<Utc>) -> Option<TimeDelta> {
        let until_start = window_start - now;
        let rest = until_start + self.window();
        (rest > TimeDelta::zero() && until_start <= self.window()).then_some(rest)
    }
}
