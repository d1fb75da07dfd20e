//! A rule: conditions on a dataset, and the parameters for it.

use std::path::PathBuf;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::error::{Error, Result};

/// Conditions on a dataset with the parameters to use when all of them hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Of rules that match, the one of the highest priority counts.
    pub priority: i64,
    /// On the id.
    #[serde(default, skip_serializing_if = "TextCondition::is_empty")]
    pub id: TextCondition,
    /// On the platform.
    #[serde(default, skip_serializing_if = "TextCondition::is_empty")]
    pub platform: TextCondition,
    /// On the product.
    #[serde(default, skip_serializing_if = "TextCondition::is_empty")]
    pub product: TextCondition,
    /// Files and folders that the dataset's folder must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layout: Vec<String>,
    /// What of the dataset is converted; the whole of it where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Inputs>,
    /// Names of sets of parameters; each is used for every input.
    pub parameters: Vec<String>,
}

/// Conditions on a text; of several values of one kind any will do, of several kinds all must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextCondition {
    /// Regular expressions, from the start of the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regex: Vec<Pattern>,
    /// Beginnings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<String>,
    /// Ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<String>,
    /// Parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub has: Vec<String>,
}

/// A regular expression that has been understood.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String, Regex);

/// Entries of a dataset's folder that are inputs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Inputs {
    /// The folder in the dataset's that holds them.
    pub below: String,
    /// How their names start.
    pub starts: String,
    /// How their names end.
    pub ends: String,
}

impl Rule {
    /// Why the rule is not for a dataset; none when it is.
    #[must_use]
    pub fn mismatch(&self, dataset: &Dataset) -> Option<String> {
        if let Some(reason) = self.id.mismatch(&dataset.id) {
            return Some(format!("the id {reason}"));
        }
        for (what, condition, text) in [
            ("platform", &self.platform, &dataset.platform),
            ("product", &self.product, &dataset.product),
        ] {
            match text {
                _ if condition.is_empty() => {}
                None => return Some(format!("the {what} is not known")),
                Some(text) => {
                    if let Some(reason) = condition.mismatch(text) {
                        return Some(format!("the {what} {reason}"));
                    }
                }
            }
        }
        let is_missing =
            |name: &&String| dataset.path.as_ref().is_none_or(|folder| !folder.join(name).exists());
        self.layout.iter().find(is_missing).map(|name| format!("its folder has no `{name}`"))
    }

    /// What of a dataset is converted.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Input`] when the dataset's folder has none.
    pub fn inputs(&self, dataset: &Dataset) -> Result<Vec<PathBuf>> {
        let whole = dataset.path.clone().unwrap_or_default();
        let Some(inputs) = &self.inputs else { return Ok(vec![whole]) };
        let mut found = dataset.entries(&inputs.below)?;
        found.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&inputs.starts) && name.ends_with(&inputs.ends)
        });
        if found.is_empty() {
            let (below, starts, ends) = (&inputs.below, &inputs.starts, &inputs.ends);
            return Err(Error::input(
                &whole,
                format!("there is no input `{below}/{starts}*{ends}`"),
            ));
        }
        Ok(found)
    }

    /// The texts of its conditions, for finding the nearest one.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let plain = [&self.id.starts, &self.id.ends, &self.id.has].into_iter().flatten();
        plain.map(String::as_str).chain(self.id.regex.iter().map(|pattern| pattern.0.as_str()))
    }
}

impl TextCondition {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.starts, &self.ends, &self.has].iter().all(|texts| texts.is_empty())
            && self.regex.is_empty()
    }

    fn mismatch(&self, text: &str) -> Option<String> {
        let is_none = |wanted: &[String], holds: &dyn Fn(&str) -> bool| {
            !wanted.is_empty() && !wanted.iter().any(|wanted| holds(wanted))
        };
        for (verb, wanted, fails) in [
            ("start with", &self.starts, is_none(&self.starts, &|with| text.starts_with(with))),
            ("end with", &self.ends, is_none(&self.ends, &|with| text.ends_with(with))),
            ("have", &self.has, is_none(&self.has, &|part| text.contains(part))),
        ] {
            if fails {
                return Some(format!("does not {verb} `{}`", wanted.join("` or `")));
            }
        }
        let matches =
            |pattern: &Pattern| pattern.1.find(text).is_some_and(|found| found.start() == 0);
        if self.regex.is_empty() || self.regex.iter().any(matches) {
            return None;
        }
        let patterns: Vec<&str> = self.regex.iter().map(|pattern| pattern.0.as_str()).collect();
        Some(format!("does not match `{}`", patterns.join("` or `")))
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        let regex = Regex::new(&text).map_err(|cause| cause.to_string())?;
        Ok(Self(text, regex))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}
