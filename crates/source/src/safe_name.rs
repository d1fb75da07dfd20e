//! Names from outside made safe to be names of files.

use std::fmt;

/// The longest name, in bytes.
const LONGEST: usize = 120;

/// A name from outside (an id, the name of an asset, the end of an href) made safe to be the name
/// of a file on any system: ASCII letters, digits, `.`, `_` and `-`, not hidden, not reserved, not
/// long. When something had to be changed, a hash of the whole is appended, so that different
/// names stay different.
///
/// ```
/// use terracube_source::SafeName;
/// assert_eq!(SafeName::new("LC08_L2SP_047027.tif").as_str(), "LC08_L2SP_047027.tif");
/// assert!(SafeName::new("../../etc/passwd").as_str().starts_with("_._.._etc_passwd-"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SafeName(String);

impl SafeName {
    /// Makes a name safe.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut safe: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
            .take(LONGEST)
            .collect();
        if safe.is_empty() || safe.starts_with(['.', '-']) {
            safe.replace_range(..safe.len().min(1), "_");
        }
        if safe.ends_with('.') {
            safe.push('_');
        }
        if is_reserved(&safe) {
            safe.insert(0, '_');
        }
        if safe != name {
            let hash = blake3::hash(name.as_bytes()).to_hex();
            safe = format!("{safe}-{}", &hash[..12]);
        }
        Self(safe)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<std::path::Path> for SafeName {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

impl fmt::Display for SafeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names of devices on Windows, whatever follows their first dot.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dangerous_names() {
        for name in
            ["", ".", "..", "../x", "/etc/x", "a\0b", "CON", "nul.tif", "a/b", "a\\b", ".x", "x."]
        {
            let safe = SafeName::new(name);
            assert_ne!(safe.as_str(), name);
            assert!(!safe.as_str().starts_with('.') && !safe.as_str().contains(['/', '\\', '\0']));
        }
    }

    proptest! {
        #[test]
        fn safe_and_different(a in ".{0,200}", b in ".{0,200}") {
            let (safe_a, safe_b) = (SafeName::new(&a), SafeName::new(&b));
            prop_assert!(safe_a.as_str().len() <= LONGEST + 15);
            prop_assert_eq!(std::path::Path::new(safe_a.as_str()).components().count(), 1);
            prop_assert_eq!(a == b, safe_a == safe_b);
        }
    }
}
