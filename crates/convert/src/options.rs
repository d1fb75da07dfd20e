//! Options of a conversion: keys with texts, read as what they mean.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::grammar;
use crate::readers::Override;

/// What stands for the name of the input's file in `id_prefix` and `id_suffix`.
pub(crate) const INPUT_FILENAME: &str = "INPUT_FILENAME";

/// Options by key; a later setting of a key wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// From pairs.
    pub fn of<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// The text of a key; none when it is missing or empty.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// Sets a key.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    /// Keys and texts by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// These, and of `below` the keys that are not here.
    #[must_use]
    pub fn over(&self, below: &Self) -> Self {
        let mut all = below.0.clone();
        all.extend(self.0.clone());
        Self(all)
    }

    /// Checks, before there are pixels, what [`write_granules`](crate::write_granules) and
    /// [`Field::overridden`](crate::Field::overridden) take from these: spacings of the lattice
    /// (`gcp_spacing` and its like) and every `override(VARIABLE)`; and that `id_prefix` and
    /// `id_suffix` do not ask for the name of a file.
    ///
    /// # Errors
    /// [`Error::Option`] for what is no spacing, no range, a mask, or `INPUT_FILENAME`.
    pub fn check_granules(&self) -> Result<()> {
        for key in ["id_prefix", "id_suffix"] {
            if self.get(key) == Some(INPUT_FILENAME) {
                let reason = format!("there is no file: give a text instead of {INPUT_FILENAME}");
                return Err(Error::option(key, reason));
            }
        }
        for (key, _) in self.iter() {
            if key.starts_with("gcp_") && key.ends_with("spacing") {
                self.spacing(&[key], 1)?;
            }
            let variable = key.strip_prefix("override(").and_then(|rest| rest.strip_suffix(')'));
            if let Some(variable) = variable {
                Override::unmasked(variable, self)?;
            }
        }
        Ok(())
    }

    /// The text of a key that must be there.
    ///
    /// # Errors
    /// [`Error::Option`] when it is missing or empty.
    pub fn require(&self, key: &str) -> Result<&str> {
        match (self.get(key), self.0.contains_key(key)) {
            (Some(text), _) => Ok(text),
            (None, false) => Err(Error::option(key, "is missing and has no default")),
            (None, true) => Err(Error::option(
                key,
                "is empty: a value that holds `=` must be in quotes in a file of parameters",
            )),
        }
    }

    /// A number, if the key is there.
    ///
    /// # Errors
    /// [`Error::Option`] when it is no number.
    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        let Some(text) = self.get(key) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(Error::option(key, format!("`{text}` is not a number"))),
        }
    }

    /// A count of at least 1 by the first of the keys that is there, else the default.
    pub(crate) fn spacing(&self, keys: &[&str], default: usize) -> Result<usize> {
        for key in keys {
            if let Some(number) = self.number(key)? {
                // `32.0` is as good as `32`.
                if !(1.0..=1e9).contains(&number) {
                    return Err(Error::option(key, format!("`{number}` is not 1 or more")));
                }
                return Ok(number as usize);
            }
        }
        Ok(default)
    }

    /// Whether a key says yes.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|text| matches!(text.to_lowercase().as_str(), "yes" | "true" | "1"))
    }

    /// Names between commas.
    pub(crate) fn names(&self, key: &str) -> Vec<String> {
        let text = self.get(key).unwrap_or_default();
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }

    /// `key:value` pairs between commas.
    pub(crate) fn pairs(&self, key: &str) -> Result<Self> {
        let text = self.get(key).unwrap_or_default();
        grammar::pairs(text).map(Self).map_err(|reason| Error::option(key, reason))
    }

    /// Whether coordinates are of the centres of pixels; the default is yes.
    pub(crate) fn are_centres(&self) -> bool {
        self.get("geoloc_at_pixel_center")
            .is_none_or(|text| matches!(text.to_lowercase().as_str(), "true" | "yes"))
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn what_granules_cannot_be_written_with_is_told_before() {
        let check = |key, value| Options::of([(key, value)]).check_granules();
        check("gcp_spacing", "64").unwrap();
        check("override(sst)", "valid_min:0,valid_max:auto,name:t").unwrap();
        for (key, value) in [
            ("gcp_spacing", "abc"),
            ("gcp_lat_spacing", "0"),
            ("id_prefix", "INPUT_FILENAME"),
            ("override(sst)", "valid_min:low"),
            ("override(sst)", "flag_variable:quality,flag_min:4"),
        ] {
            assert!(check(key, value).is_err(), "{key} = {value}");
        }
    }
}
