//! Which Linux distribution this is.

use std::path::Path;

/// What `/etc/os-release` says (freedesktop.org, os-release).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OsRelease {
    /// `PRETTY_NAME`, or a word for nothing known.
    pub(crate) name: String,
    /// `ID` and the words of `ID_LIKE`.
    ids: Vec<String>,
}

impl OsRelease {
    /// Reads a file; one that is not there gives an unknown system.
    pub(crate) fn read(path: &Path) -> Self {
        Self::parse(&std::fs::read_to_string(path).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            text.lines().find_map(|line| {
                let value = line.trim().strip_prefix(key)?.strip_prefix('=')?;
                Some(value.trim_matches(['"', '\'']).to_owned())
            })
        };
        let ids = [value("ID"), value("ID_LIKE")].into_iter().flatten();
        Self {
            name: value("PRETTY_NAME")
                .or_else(|| value("NAME"))
                .unwrap_or("this system".to_owned()),
            ids: ids
                .flat_map(|ids| ids.split(' ').map(str::to_owned).collect::<Vec<_>>())
                .collect(),
        }
    }

    /// Whether packages come by `apt-get` under Debian's names.
    pub(crate) fn is_debian_like(&self) -> bool {
        self.ids.iter().any(|id| id == "debian" || id == "ubuntu")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_what_is_like_it() {
        let debian =
            OsRelease::parse("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n");
        assert_eq!(debian.name, "Debian GNU/Linux 12 (bookworm)");
        assert!(debian.is_debian_like());
        assert!(OsRelease::parse("ID=ubuntu\nID_LIKE=debian\n").is_debian_like());
        assert!(OsRelease::parse("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n").is_debian_like());
    }

    #[test]
    fn other_systems_and_none() {
        let fedora = OsRelease::parse("NAME='Fedora Linux'\nID=fedora\nVERSION_ID=44\n");
        assert_eq!((fedora.name.as_str(), fedora.is_debian_like()), ("Fedora Linux", false));
        let none = OsRelease::read(Path::new("/nonexistent/os-release"));
        assert_eq!((none.name.as_str(), none.is_debian_like()), ("this system", false));
    }
}
