//! Wall time, CPU time and memory of a piece of work in this process.

use std::time::Instant;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::usage;

/// Wall and CPU time since its start.
#[derive(Debug)]
pub struct Meter {
    began: Instant,
    cpu: f64,
}

/// What a piece of work took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Seconds.
    pub wall: f64,
    /// CPU seconds of all threads, user and system.
    pub cpu: f64,
    /// The largest resident set of the whole process so far, in bytes.
    pub peak: u64,
}

impl Meter {
    /// Starts both clocks.
    ///
    /// # Errors
    /// Where there is no `/proc` as on Linux.
    pub fn start() -> Result<Self> {
        Ok(Self { cpu: usage::cpu_seconds()?, began: Instant::now() })
    }

    /// Seconds since the start.
    #[must_use]
    pub fn wall(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// What was spent since the start.
    ///
    /// # Errors
    /// Where there is no `/proc` as on Linux.
    pub fn stop(&self) -> Result<Spent> {
        let wall = self.wall();
        Ok(Spent { wall, cpu: usage::cpu_seconds()? - self.cpu, peak: usage::peak_bytes()? })
    }
}

/// The middle of some values, or the mean of the two in the middle; NaN of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_counts() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
