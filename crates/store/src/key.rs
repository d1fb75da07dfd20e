//! Keys and prefixes of a store, validated once.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

use crate::{Error, Result};

/// The name of a value: `/`-separated non-empty segments, without `.` or `..`, NUL, backslash or a
/// leading or trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Key(String);

impl Key {
    /// Validates `key`.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] saying what is wrong with it.
    pub fn new(key: impl Into<String>) -> Result<Self> {
        let key = key.into();
        if key.is_empty() {
            return Err(Error::InvalidKey { key, reason: "it is empty" });
        }
        validate(&key)?;
        Ok(Self(key))
    }

    /// A key that is known to be one.
    #[cfg(feature = "conformance")]
    pub(crate) fn known(key: &'static str) -> Self {
        Self(key.to_owned())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A folder of keys; the root is empty. A trailing slash in the input makes no difference.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Prefix(String);

impl Prefix {
    /// Validates `prefix`.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] saying what is wrong with it.
    pub fn new(prefix: impl Into<String>) -> Result<Self> {
        let mut prefix = prefix.into();
        if prefix.ends_with('/') {
            prefix.pop();
        }
        if !prefix.is_empty() {
            validate(&prefix)?;
        }
        Ok(Self(prefix))
    }

    /// The prefix of all keys.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The prefix as text, without a trailing slash; empty for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key `name` below this prefix.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] when `name` is not a key.
    pub fn join(&self, name: &str) -> Result<Key> {
        if self.0.is_empty() { Key::new(name) } else { Key::new(format!("{}/{name}", self.0)) }
    }

    /// Whether `key` lies below this prefix.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        self.strip(key).is_some()
    }

    /// What is left of `key` below this prefix; `None` when it lies elsewhere.
    #[must_use]
    pub fn strip<'a>(&self, key: &'a Key) -> Option<&'a str> {
        if self.0.is_empty() {
            return Some(&key.0);
        }
        key.0.strip_prefix(&self.0)?.strip_prefix('/')
    }

    /// The folder `prefix` below this one.
    #[must_use]
    pub fn append(&self, prefix: &Self) -> Self {
        match (self.0.as_str(), prefix.0.as_str()) {
            ("", _) => prefix.clone(),
            (_, "") => self.clone(),
            (own, below) => Self(format!("{own}/{below}")),
        }
    }
}

/// Keys are ordered as their texts.
impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn validate(text: &str) -> Result<()> {
    let reason = if text.contains('\0') {
        "it contains a NUL"
    } else if text.contains('\\') {
        "it contains a backslash"
    } else if text.split('/').any(str::is_empty) {
        "it has an empty segment"
    } else if text.split('/').any(|s| s == "." || s == "..") {
        "it has a `.` or `..` segment"
    } else {
        return Ok(());
    };
    Err(Error::InvalidKey { key: text.to_owned(), reason })
}
