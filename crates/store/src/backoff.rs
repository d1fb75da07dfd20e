//! How long to wait before trying again.

use std::time::Duration;

use rand::RngExt;

/// Full jitter: anything up to a bound that doubles with every attempt, up to a cap.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Backoff {
    /// The pause after so many failed attempts, counted from 0.
    pub(crate) fn pause(self, attempt: u32) -> Duration {
        let bound = self.first.saturating_mul(1 << attempt.min(16)).min(self.longest);
        rand::rng().random_range(Duration::ZERO..=bound)
    }
}
