//! The connectors by name, filled explicitly.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::{Connector, Error, Result, Source};

/// The connectors by name. Nothing registers itself: one line each.
#[derive(Clone, Default)]
pub struct Registry {
    entries: BTreeMap<&'static str, Entry>,
}

/// A source, or the key at fault and what is wrong with it.
type Made = Result<Arc<dyn Source>, (String, String)>;

#[derive(Clone, Copy)]
struct Entry {
    about: &'static str,
    keys: &'static [&'static str],
    make: fn(Value) -> Made,
}

impl Registry {
    /// A registry without connectors.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a connector; one of the same name is replaced.
    #[must_use]
    pub fn with<C: Connector>(mut self) -> Self {
        self.entries.insert(C::NAME, Entry { about: C::ABOUT, keys: C::KEYS, make: make::<C> });
        self
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.keys().copied()
    }

    /// The names with what each connects to, sorted.
    #[must_use]
    pub fn list(&self) -> Vec<(&'static str, &'static str)> {
        self.entries.iter().map(|(name, entry)| (*name, entry.about)).collect()
    }

    /// The configuration keys of a connector, if there is one of this name.
    #[must_use]
    pub fn keys(&self, name: &str) -> Option<&'static [&'static str]> {
        self.entries.get(name).map(|entry| entry.keys)
    }

    /// Makes a source from its configuration, an object (null means an empty one). A text
    /// `env:NAME` anywhere in it is replaced by that variable of the environment.
    ///
    /// # Errors
    /// [`Error::UnknownSource`] with the known names, [`Error::Config`] naming the key at fault,
    /// [`Error::Secret`] for a variable that is not set.
    pub fn connect(&self, name: &str, config: Value) -> Result<Arc<dyn Source>> {
        let Some(entry) = self.entries.get(name) else {
            return Err(Error::UnknownSource {
                name: name.to_owned(),
                known: self.names().map(str::to_owned).collect(),
            });
        };
        let error = |key: &str, reason: String| Error::Config {
            source_name: name.to_owned(),
            key: key.to_owned(),
            reason,
            known: entry.keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        let mut config = match config {
            Value::Null => Value::Object(serde_json::Map::new()),
            Value::Object(_) => config,
            _ => return Err(error("", "the configuration is not an object".to_owned())),
        };
        if let Some(key) = config
            .as_object()
            .and_then(|object| object.keys().find(|key| !entry.keys.contains(&key.as_str())))
        {
            return Err(error(key, "there is no such key".to_owned()));
        }
        let mut resolved = Vec::new();
        resolve(&mut config, &mut resolved)?;
        (entry.make)(config).map_err(|(key, mut reason)| {
            for (reference, value) in &resolved {
                reason = reason.replace(value.as_str(), reference);
            }
            error(&key, reason)
        })
    }
}

fn make<C: Connector>(config: Value) -> Made {
    match serde_path_to_error::deserialize::<_, C>(config) {
        Ok(connector) => Ok(Arc::new(connector)),
        Err(cause) => Err((cause.path().to_string(), cause.inner().to_string())),
    }
}

/// Replaces `env:NAME` by the variable and notes what was replaced, so that no message shows it.
fn resolve(value: &mut Value, resolved: &mut Vec<(String, String)>) -> Result<()> {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix("env:") {
                let found = std::env::var(name).map_err(|_| Error::Secret {
                    reference: text.clone(),
                    reason: format!("the environment variable `{name}` is not set (or not UTF-8)"),
                })?;
                if !found.is_empty() {
                    resolved.push((text.clone(), found.clone()));
                }
                *text = found;
            }
        }
        Value::Array(all) => all.iter_mut().try_for_each(|one| resolve(one, resolved))?,
        Value::Object(all) => all.values_mut().try_for_each(|one| resolve(one, resolved))?,
        _ => {}
    }
    Ok(())
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
