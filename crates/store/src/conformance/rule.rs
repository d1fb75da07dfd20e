//! A rule of the contract, as data.

use std::fmt;

use futures::future::BoxFuture;

use super::Trial;
use crate::Result;

/// What a rule finds about a store that does not break it. A broken rule is
/// [`Error::Contract`](crate::Error::Contract), or whatever error the store gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The store keeps the rule.
    Kept,
    /// The rule does not apply to what the store declares, or is tried on.
    NotApplicable,
}

/// A rule of the contract.
#[derive(Clone, Copy)]
pub struct Rule {
    name: &'static str,
    run: Run,
}

type Run = for<'a> fn(&'a Trial) -> BoxFuture<'a, Result<Verdict>>;

/// All rules, those of reading first.
#[must_use]
pub fn rules() -> Vec<Rule> {
    crate::store_conformance!(@with (@list))
}

impl Rule {
    #[doc(hidden)]
    #[must_use]
    pub fn new(name: &'static str, run: Run) -> Self {
        Self { name, run }
    }

    /// Its name, a sentence with `_` between the words; that of the function too.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tries it.
    ///
    /// # Errors
    /// [`Error::Contract`](crate::Error::Contract) when the rule is broken; what the store says.
    pub async fn run(&self, trial: &Trial) -> Result<Verdict> {
        (self.run)(trial).await
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
