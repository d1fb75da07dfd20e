//! Rules in their order, and sets of parameters by name; data that can be read from a file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::rule::Rule;

/// How many of the nearest rules are named when none matches.
const NEAREST: usize = 3;

/// Rules, and the sets of parameters they name.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    parameters: BTreeMap<String, Parameters>,
}

/// What a rule says of a dataset.
#[derive(Debug, Clone)]
pub struct Verdict<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Why it is not for the dataset; none when it is.
    pub mismatch: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    rule: Vec<Rule>,
    #[serde(default)]
    parameters: BTreeMap<String, Set>,
}

/// A set of parameters as a table, or in the grammar of idf-converter's files.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Set {
    Text { text: String },
    Table(Parameters),
}

impl Rules {
    /// From the text of a file (TOML); `origin` names it in errors, and files that parameters name
    /// are looked for beside it.
    ///
    /// # Errors
    /// [`Error::Rules`] when it is not understood, a name is there twice, or a rule names parameters
    /// that are not there; [`Error::Parameters`] of a set.
    pub fn parse(text: &str, origin: &Path) -> Result<Self> {
        let rules = Self::loose(text, origin)?;
        rules.check(&origin.display().to_string())?;
        Ok(rules)
    }

    /// From a file, above these: a rule or set of the same name replaces the one here.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse), and [`Error::Read`].
    pub fn with_file(&self, path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| Error::read(path, "rules", cause))?;
        let above = Self::loose(&text, path)?;
        let mut all = self.clone();
        all.rules.retain(|rule| above.rules.iter().all(|new| new.name != rule.name));
        all.rules.extend(above.rules);
        all.parameters.extend(above.parameters);
        all.sort();
        all.check(&path.display().to_string())?;
        Ok(all)
    }

    /// Rules, the highest priority first.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// Names of the sets of parameters.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.keys().map(String::as_str)
    }

    /// A set of parameters.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the known ones.
    pub fn parameters(&self, name: &str) -> Result<&Parameters> {
        self.parameters.get(name).ok_or_else(|| Error::UnknownName {
            kind: "set of parameters",
            name: name.to_owned(),
            known: self.parameter_names().collect::<Vec<_>>().join(", "),
        })
    }

    /// The rule for a dataset: of those that match the one of the highest priority.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] when several of the highest match, [`Error::NoRule`] when none does.
    pub fn select(&self, dataset: &Dataset) -> Result<&Rule> {
        let matching: Vec<&Rule> =
            self.rules.iter().filter(|rule| rule.mismatch(dataset).is_none()).collect();
        match matching.as_slice() {
            [] => Err(Error::NoRule { id: dataset.id.clone(), nearest: self.nearest(&dataset.id) }),
            [first, second, ..] if first.priority == second.priority => {
                let equals = matching.iter().filter(|rule| rule.priority == first.priority);
                let names: Vec<String> = equals.map(|rule| format!("`{}`", rule.name)).collect();
                Err(Error::Ambiguous {
                    id: dataset.id.clone(),
                    rules: names.join(" and "),
                    priority: first.priority,
                })
            }
            [first, ..] => Ok(first),
        }
    }

    /// What every rule says of a dataset, the highest priority first.
    #[must_use]
    pub fn explain(&self, dataset: &Dataset) -> Vec<Verdict<'_>> {
        let verdict = |rule| Verdict { rule, mismatch: Rule::mismatch(rule, dataset) };
        self.rules.iter().map(verdict).collect()
    }

    fn loose(text: &str, origin: &Path) -> Result<Self> {
        let failed = |reason: String| Error::Rules { origin: origin.display().to_string(), reason };
        let document: Document = toml::from_str(text).map_err(|cause| failed(cause.to_string()))?;
        let folder = origin.parent().unwrap_or(Path::new("."));
        let mut parameters = BTreeMap::new();
        for (name, set) in document.parameters {
            let set = match set {
                Set::Table(set) => set,
                Set::Text { text } => Parameters::parse(&text, folder)?,
            };
            parameters.insert(name, set);
        }
        let mut rules = Self { rules: document.rule, parameters };
        rules.sort();
        Ok(rules)
    }

    fn sort(&mut self) {
        self.rules.sort_by(|a, b| b.priority.cmp(&a.priority).then(a.name.cmp(&b.name)));
    }

    fn check(&self, origin: &str) -> Result<()> {
        let failed = |reason: String| Error::Rules { origin: origin.to_owned(), reason };
        for (index, rule) in self.rules.iter().enumerate() {
            if self.rules[..index].iter().any(|before| before.name == rule.name) {
                return Err(failed(format!("two rules are named `{}`", rule.name)));
            }
            if rule.parameters.is_empty() {
                return Err(failed(format!("rule `{}` names no parameters", rule.name)));
            }
            for name in &rule.parameters {
                self.parameters(name)
                    .map_err(|cause| failed(format!("rule `{}`: {cause}", rule.name)))?;
            }
        }
        Ok(())
    }

    /// Names of the rules whose texts have most in common with an id.
    fn nearest(&self, id: &str) -> String {
        let score = |rule: &Rule| rule.texts().map(|text| common(id, text)).max().unwrap_or(0);
        let mut scored: Vec<(usize, &Rule)> =
            self.rules.iter().map(|rule| (score(rule), rule)).collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let names = scored.iter().take(NEAREST).map(|(_, rule)| {
            let texts: Vec<&str> = rule.texts().collect();
            format!("`{}` ({})", rule.name, texts.join(", "))
        });
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Length of the longest text that both have, upper and lower case alike.
fn common(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase().into_bytes(), b.to_lowercase().into_bytes());
    let mut best = 0;
    let mut row = vec![0usize; b.len() + 1];
    for x in &a {
        for at in (0..b.len()).rev() {
            row[at + 1] = if *x == b[at] { row[at] + 1 } else { 0 };
            best = best.max(row[at + 1]);
        }
    }
    best
}
