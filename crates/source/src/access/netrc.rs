//! User and password of a host from a `.netrc` file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Secret;
use super::token_file::is_private;
use crate::{Error, Result};

/// The hosts of a `.netrc` file with user and password.
#[derive(Debug, Default)]
pub(crate) struct Netrc {
    machines: BTreeMap<String, (Secret, Secret)>,
}

impl Netrc {
    /// Reads `path`, else `$NETRC`, else `.netrc` in the home folder.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => default_path().ok_or_else(|| Error::Setting {
                setting: "netrc".to_owned(),
                reason: "neither `path` nor NETRC nor HOME says where it is".to_owned(),
            })?,
        };
        let failed = |source| Error::File { operation: "read", path: path.clone(), source };
        let metadata = std::fs::metadata(&path).map_err(failed)?;
        if !is_private(&metadata) {
            return Err(Error::Setting {
                setting: "netrc".to_owned(),
                reason: format!("others can read {}; `chmod 600` it", path.display()),
            });
        }
        let text = zeroize::Zeroizing::new(std::fs::read_to_string(&path).map_err(failed)?);
        Ok(Self::parse(&text))
    }

    /// User and password of exactly this host.
    pub(crate) fn of(&self, host: &str) -> Option<&(Secret, Secret)> {
        self.machines.get(host)
    }

    fn parse(text: &str) -> Self {
        let mut machines = BTreeMap::new();
        let mut words = Words { rest: text };
        // The host being read; `default` has none.
        let mut host: Option<String> = None;
        let (mut login, mut password) = (None, None);
        let mut keep =
            |host: &mut Option<String>, login: &mut Option<_>, password: &mut Option<_>| {
                if let (Some(host), Some(login), Some(password)) =
                    (host.take(), login.take(), password.take())
                {
                    machines.entry(host).or_insert((login, password));
                }
            };
        while let Some(word) = words.keyword() {
            match word.as_str() {
                "machine" | "default" => {
                    keep(&mut host, &mut login, &mut password);
                    (login, password) = (None, None);
                    host = (word == "machine").then(|| words.value()).flatten();
                    host = host.map(|host| host.to_ascii_lowercase());
                }
                "login" => login = words.value().map(Secret::new),
                "password" => password = words.value().map(Secret::new),
                // The latter two are of mail programs.
                "account" | "port" | "protocol" => {
                    words.value();
                }
                "macdef" => words.skip_macro(),
                // Something is missing before it: whose the next words are is not known.
                _ => host = None,
            }
        }
        keep(&mut host, &mut login, &mut password);
        Self { machines }
    }
}

/// The words of the file: separated by spaces and lines, or within quotes.
struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// The next word that is in no comment.
    fn keyword(&mut self) -> Option<String> {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                return self.value();
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }

    /// The next word as it is: passwords may begin with `#`.
    fn value(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        if self.rest.is_empty() {
            return None;
        }
        if self.rest.starts_with('"') {
            return Some(self.quoted());
        }
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(word.to_owned())
    }

    fn quoted(&mut self) -> String {
        let (mut word, mut is_escaped) = (String::new(), false);
        let mut characters = self.rest.char_indices().skip(1);
        for (at, one) in characters.by_ref() {
            match one {
                _ if is_escaped => {
                    word.push(one);
                    is_escaped = false;
                }
                '\\' => is_escaped = true,
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return word;
                }
                _ => word.push(one),
            }
        }
        self.rest = "";
        word
    }

    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        self.rest = self.rest.split_once("\n\n").map_or("", |(_, rest)| rest);
    }
}

fn default_path() -> Option<PathBuf> {
    std::env::var_os("NETRC")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".netrc")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_file() {
        let netrc = Netrc::parse(
            "# comment\nmachine a.example login u1 password p1\n\
             machine B.example\n\tlogin u2\n\taccount x\n\tpassword \"p \\\" 2\"\n\
             macdef init\nmachine no.example login u password p\n\n\
             machine c.example login u3\nmachine a.example login later password later\n\
             machine d.example login u4 password p#4\n\
             default login anonymous password guest\n",
        );
        let of = |host| netrc.of(host).map(|(user, password)| (user.expose(), password.expose()));
        assert_eq!(of("a.example"), Some(("u1", "p1")));
        assert_eq!(of("b.example"), Some(("u2", "p \" 2")));
        assert_eq!(of("c.example"), None);
        assert_eq!(of("d.example"), Some(("u4", "p#4")));
        assert_eq!(of("no.example"), None);
        assert_eq!(of("other.example"), None);
        assert_eq!(of("evil-a.example"), None);
    }

    /// As `netrc.netrc` of Python 3.11 reads the first; the others it refuses.
    #[test]
    fn a_host_gets_no_password_of_another() {
        let next = "\nmachine b.example login ub password pb\n";
        let of = |first: &str| {
            let netrc = Netrc::parse(&format!("{first}{next}"));
            let of = |host| {
                let found = netrc.of(host)?;
                Some((found.0.expose().to_owned(), found.1.expose().to_owned()))
            };
            (of("a.example"), of("b.example"))
        };
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        let b = pair("ub", "pb");
        let hash = "machine a.example login #u password #abc # a comment";
        assert_eq!(of(hash), (pair("#u", "#abc"), b.clone()));
        // A value that is missing takes the next word, so `b.example` is where no host may be.
        assert_eq!(of("machine a.example login u password"), (None, None));
        assert_eq!(of("machine a.example login u password two words"), (None, b.clone()));
        assert_eq!(of("machine a.example port 993 login u password p"), (pair("u", "p"), b));
    }
}
