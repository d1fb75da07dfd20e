//! Faults that rules add to answers while the server runs.

use std::sync::Mutex;
use std::time::Duration;

/// A rule: which requests get which fault.
///
/// ```
/// use terracube_testbed::{Fault, FaultKind};
/// let third_only = Fault::on("/files/", FaultKind::NotFound).every_nth(3).times(1);
/// assert_eq!(third_only.times, Some(1));
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    /// The rule looks at requests whose path and query (`/stac/search?token=3`) contain this.
    pub path_contains: String,
    /// Of those, every n-th gets the fault, counted from the first: 1 is all, 3 the 3rd, 6th, ….
    pub every_nth: u64,
    /// After this many faults the rule rests; `None` never rests.
    pub times: Option<u64>,
    /// What happens.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault of every request whose path and query contain `path_contains`.
    pub fn on(path_contains: impl Into<String>, kind: FaultKind) -> Self {
        Self { path_contains: path_contains.into(), every_nth: 1, times: None, kind }
    }

    /// Only every n-th of the matching requests.
    #[must_use]
    pub fn every_nth(mut self, every_nth: u64) -> Self {
        self.every_nth = every_nth;
        self
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }
}

/// What a fault does to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// This status, with a short plain-text body.
    Status {
        /// The HTTP status code.
        code: u16,
        /// Value of `Retry-After`: seconds or an HTTP date.
        retry_after: Option<String>,
    },
    /// 404.
    NotFound,
    /// 302 to this URL.
    Redirect(String),
    /// 200 with an HTML page, as login pages and proxies answer.
    HtmlPage200,
    /// The connection is cut after so many bytes of the body; headers promise all of them.
    CutBody {
        /// Bytes of the body that are sent.
        after: u64,
    },
    /// The body ends after so many bytes and `Content-Length` agrees; `Content-Range` does not.
    Truncate {
        /// Bytes of the body that are sent.
        to: u64,
    },
    /// `Content-Length` says this, whatever is sent. Fewer than there are: the rest is not sent.
    /// More: the connection closes early.
    WrongContentLength(u64),
    /// The `Range` header is ignored: 200 with the whole file.
    IgnoreRange,
    /// The file has another `ETag` (and `If-Range`, `If-Match` are judged by it).
    ChangedEtag,
    /// The body comes slowly.
    Drip {
        /// Bytes of the body per second.
        bytes_per_s: u64,
    },
    /// The answer starts late.
    Latency(Duration),
}

impl FaultKind {
    /// A status without `Retry-After`.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None }
    }

    /// A status with `Retry-After` in seconds.
    #[must_use]
    pub fn status_retry_after(code: u16, seconds: u64) -> Self {
        Self::Status { code, retry_after: Some(seconds.to_string()) }
    }
}

/// The rules in force with their counts.
#[derive(Debug, Default)]
pub(crate) struct FaultRules(Mutex<Vec<Rule>>);

#[derive(Debug)]
struct Rule {
    fault: Fault,
    seen: u64,
    hit: u64,
}

impl FaultRules {
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(Rule { fault, seen: 0, hit: 0 });
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn hits(&self) -> u64 {
        self.lock().iter().map(|rule| rule.hit).sum()
    }

    /// Counts this request in every rule and gives the faults it gets.
    pub(crate) fn draw(&self, target: &str) -> Vec<FaultKind> {
        let mut drawn = Vec::new();
        for rule in self.lock().iter_mut() {
            if !target.contains(&rule.fault.path_contains) {
                continue;
            }
            rule.seen += 1;
            let resting = rule.fault.times.is_some_and(|times| rule.hit >= times);
            if !resting && rule.seen.is_multiple_of(rule.fault.every_nth.max(1)) {
                rule.hit += 1;
                drawn.push(rule.fault.kind.clone());
            }
        }
        drawn
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_counts_what_it_matches() {
        let rules = FaultRules::default();
        rules.add(Fault::on("/a", FaultKind::NotFound).every_nth(2).times(2));
        let drawn: Vec<usize> =
            ["/a", "/b", "/a", "/a", "/a", "/a", "/a"].map(|p| rules.draw(p).len()).into();
        assert_eq!(drawn, [0, 0, 1, 0, 1, 0, 0]);
        assert_eq!(rules.hits(), 2);
    }
}
