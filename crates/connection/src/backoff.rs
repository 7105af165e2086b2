//! The waits between attempts.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

use crate::config::RetryPolicy;

/// The waits between attempts: each is a random part of one that grows, so that callers that failed together do not
/// come back together ("full jitter").
#[derive(Debug)]
pub struct Backoff(ExponentialBackoff);

impl Backoff {
    /// Returns the waits of one operation.
    #[must_use]
    pub fn new(policy: &RetryPolicy) -> Self {
        let growing = ExponentialBuilder::new()
            .with_min_delay(policy.base_delay)
            .with_factor(policy.factor)
            .with_max_delay(policy.max_delay)
            .with_max_times(policy.attempts.saturating_sub(1));
        Self(growing.build())
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next().map(|delay| delay.mul_f64(random()))
    }
}

/// Returns a random number from 0 to 1. Without the system's random numbers every wait is the longest one.
pub(crate) fn random() -> f64 {
    getrandom::u32().map_or(1.0, |bits| f64::from(bits) / f64::from(u32::MAX))
}
