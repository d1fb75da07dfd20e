//! The slowest that a body may come: a host that drips holds up others and is left.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

/// Bytes per second over a while.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    least: u64,
    over: Duration,
    since: Instant,
    received: u64,
}

impl Pace {
    pub(crate) fn new(least: u64, over: Duration) -> Self {
        Self { least, over, since: Instant::now(), received: 0 }
    }

    /// The same for a body that begins now.
    pub(crate) fn begin(&self) -> Self {
        Self::new(self.least, self.over)
    }

    /// Takes note of bytes; `false` when too few came in the while that now ends.
    pub(crate) fn keeps(&mut self, bytes: u64) -> bool {
        self.received += bytes;
        let elapsed = self.since.elapsed();
        if elapsed < self.over {
            return true;
        }
        let is_enough = self.received as f64 >= self.least as f64 * elapsed.as_secs_f64();
        *self = self.begin();
        is_enough
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes per second over {:?}", self.least, self.over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_whole_while_counts() {
        let mut pace = Pace::new(100, Duration::from_secs(10));
        for _ in 0..9 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(pace.keeps(1));
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!pace.keeps(1), "10 bytes in 10 s");
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(pace.keeps(1000), "the next while begins anew");
    }
}
