//! Trying again: how often, and how long to wait.

use std::future::Future;
use std::time::{Duration, SystemTime};

use crate::Result;

/// How often a request is tried, and how long to wait between: a random part of
/// `base × 2ⁿ`, at most `cap`; or what the server asks for with `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries in all; 1 never tries again.
    pub attempts: u32,
    /// The longest wait after the first failure.
    pub base: Duration,
    /// The longest wait of all.
    pub cap: Duration,
    /// A server that asks for a longer wait than this is not waited for.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// A policy with waits between `base` and `cap`.
    #[must_use]
    pub fn new(attempts: u32, base: Duration, cap: Duration) -> Self {
        Self { attempts, base, cap, ..Self::default() }
    }

    /// One try only.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// Runs `attempt` until it succeeds, fails for good or was tried often enough. `before_retry`
    /// hears of every further try.
    pub(crate) async fn run<T, F: Future<Output = Result<T>>>(
        &self,
        mut attempt: impl FnMut() -> F,
        before_retry: impl Fn(&crate::Error),
    ) -> Result<T> {
        let mut tried = 1;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !error.is_transient() || tried >= self.attempts {
                return Err(error);
            }
            let wait = match error.retry_after() {
                Some(asked) if asked > self.longest_retry_after => return Err(error),
                // Many who were sent away at once shall not come back at once.
                Some(asked) => asked + self.base.mul_f64(fastrand::f64()),
                None => self.backoff(tried).mul_f64(fastrand::f64()),
            };
            before_retry(&error);
            tokio::time::sleep(wait).await;
            tried += 1;
        }
    }

    /// The longest wait after the `tried`-th failure.
    fn backoff(&self, tried: u32) -> Duration {
        self.base.saturating_mul(1u32 << (tried - 1).min(20)).min(self.cap)
    }
}

/// Reads `Retry-After`: seconds or an HTTP date (RFC 9110 section 10.2.3).
pub(crate) fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Fri, 31 Dec 1999 23:59:00 GMT").unwrap();
        let seconds = |text| parse_retry_after(text, now).map(|d| d.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Fri, 31 Dec 1999 23:59:59 GMT"), Some(59));
        assert_eq!(seconds("Fri, 31 Dec 1999 23:58:00 GMT"), Some(0));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-5"), None);
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let policy = RetryPolicy::new(9, Duration::from_secs(1), Duration::from_secs(5));
        let waits: Vec<u64> = (1..=5).map(|tried| policy.backoff(tried).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }
}
