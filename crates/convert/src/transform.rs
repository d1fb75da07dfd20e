//! Fields made of others: `add_variables(NAMES) = using:TRANSFORM,…`.

mod anomaly;

use std::path::Path;

use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::options::Options;

/// Makes fields of a granule's.
type Transform = fn(&Settings<'_>, &Granule) -> Result<Vec<Field>>;

/// Transforms by name, one line each.
const TRANSFORMS: [(&str, Transform); 1] = [("anomaly_from_clim", anomaly::made)];

/// What is said about a transform.
#[derive(Debug)]
struct Settings<'a> {
    /// The option.
    key: &'a str,
    /// Names of what is made.
    names: Vec<&'a str>,
    options: Options,
}

/// Adds what `add_variables(…)` asks for.
pub(crate) fn add(granule: &mut Granule, output: &Options) -> Result<()> {
    for (key, text) in output.iter() {
        let Some(names) = key.strip_prefix("add_variables(") else { continue };
        // Emptied, as `--set` takes back what a rule asks for.
        if text.trim().is_empty() {
            continue;
        }
        let names = names.trim_end_matches(')').split(',').map(str::trim).collect();
        let options = output.pairs(key)?;
        let settings = Settings { key, names, options };
        let using = settings.required("using")?;
        let known = TRANSFORMS.iter().find(|(name, _)| *name == using);
        let Some((_, transform)) = known else {
            return Err(Error::UnknownName {
                kind: "transform",
                name: using.to_owned(),
                known: TRANSFORMS.map(|(name, _)| name).join(", "),
            });
        };
        granule.fields.extend(transform(&settings, granule)?);
    }
    Ok(())
}

impl Settings<'_> {
    fn required(&self, name: &str) -> Result<&str> {
        self.options
            .get(name)
            .ok_or_else(|| Error::option(self.key, format!("`{name}` is missing")))
    }

    /// The field that is the target, or the first one.
    fn target<'a>(&self, granule: &'a Granule) -> Result<&'a Field> {
        let name = ["targets", "target", "variable"].iter().find_map(|key| self.options.get(key));
        let name =
            name.and_then(|names| names.split(';').map(str::trim).find(|name| !name.is_empty()));
        let found = match name {
            Some(name) => granule.fields.iter().find(|field| field.is_named(name)),
            None => granule.fields.first(),
        };
        found.ok_or_else(|| {
            let known: Vec<&str> = granule.fields.iter().map(|field| field.name.as_str()).collect();
            Error::option(
                self.key,
                format!(
                    "there is no `{}`: there are {}",
                    name.unwrap_or("field"),
                    known.join(", ")
                ),
            )
        })
    }

    /// A path of its own, or below the working folder.
    fn path(&self, name: &str) -> Result<&Path> {
        self.required(name).map(Path::new)
    }
}
