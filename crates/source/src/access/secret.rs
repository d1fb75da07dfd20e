//! Secrets: never shown, and named by reference.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A text that is never shown: its `Debug` is `***` and it does not serialise. It is wiped from
/// memory when dropped.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Secret(zeroize::Zeroizing<String>);

impl Secret {
    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(zeroize::Zeroizing::new(text.into()))
    }

    /// The text; only for putting it into a request.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret is: `env:NAME`, a variable of the environment, or `file:PATH`, a file that holds
/// it (surrounding whitespace is dropped). A secret itself is refused.
///
/// ```
/// use terracube_source::SecretRef;
/// assert!("env:ARCHIVE_TOKEN".parse::<SecretRef>().is_ok());
/// assert!("s3cr3t".parse::<SecretRef>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum SecretRef {
    /// A variable of the environment.
    Env(String),
    /// A file.
    File(PathBuf),
}

impl SecretRef {
    /// Fetches the secret.
    ///
    /// # Errors
    /// [`Error::Secret`] when it is missing or empty.
    pub fn fetch(&self) -> Result<Secret> {
        let missing =
            |reason: String| Error::Secret { reference: String::from(self.clone()), reason };
        let text = match self {
            Self::Env(name) => std::env::var(name)
                .map_err(|_| missing("the variable is not set (or not UTF-8)".to_owned()))?,
            Self::File(path) => {
                std::fs::read_to_string(path).map_err(|cause| missing(cause.to_string()))?
            }
        };
        match text.trim() {
            "" => Err(missing("it is empty".to_owned())),
            text => Ok(Secret::new(text)),
        }
    }
}

impl FromStr for SecretRef {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            // The text is not repeated: it may be the secret itself.
            _ => Err(Error::Setting {
                setting: "secret".to_owned(),
                reason: "write where it is, `env:NAME` or `file:PATH`, not the secret itself"
                    .to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        match reference {
            SecretRef::Env(name) => format!("env:{name}"),
            SecretRef::File(path) => format!("file:{}", path.display()),
        }
    }
}
