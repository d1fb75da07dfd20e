//! The text of parameters: `-t READER -i key = value … -o key = value …`, as idf-converter reads it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::options::Options;

/// Most files that name further files.
const MOST_NESTED: usize = 8;

/// What a command line or a file of parameters says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) reader: Option<String>,
    pub(crate) input: Options,
    pub(crate) output: Options,
}

/// A whole command line; `FILE@` is looked for below `folder`.
pub(crate) fn command_line(text: &str, folder: &Path) -> Result<Parsed> {
    nested(text, folder, MOST_NESTED)
}

/// `key:value` pairs between commas; a value with `:` is in quotes.
pub(crate) fn pairs(text: &str) -> std::result::Result<BTreeMap<String, String>, String> {
    scan(text, ':', |c| c == ',')
}

fn nested(text: &str, folder: &Path, depth: usize) -> Result<Parsed> {
    let mut parsed = Parsed::default();
    let mut below = Parsed::default();
    let mut section: Option<char> = None;
    let mut gathered: BTreeMap<char, Vec<&str>> = BTreeMap::new();
    for token in text.split_whitespace() {
        if is_flag(token) {
            section = match token {
                "-t" => Some('t'),
                "-i" => Some('i'),
                "-o" => Some('o'),
                "--idf-version" => Some('v'),
                "--verbose" | "--debug" | "--paranoid" | "--treat-numpy-errors-as-warnings" => None,
                _ => return Err(bad(format!("unknown flag `{token}`: known are -t, -i and -o"))),
            };
            continue;
        }
        match (section, token.strip_suffix('@')) {
            (Some(flag @ ('i' | 'o')), Some(file)) => {
                let text = read(&folder.join(file), depth)?;
                let options = options(&text)?;
                let part = if flag == 'i' { &mut below.input } else { &mut below.output };
                *part = options.over(part);
            }
            (None, Some(file)) => {
                let file = folder.join(file);
                let text = read(&file, depth)?;
                below = nested(&text, file.parent().unwrap_or(folder), depth - 1)?;
            }
            (Some(flag), None) => gathered.entry(flag).or_default().push(token),
            (Some(_), Some(_)) | (None, None) => {
                return Err(bad(format!("`{token}` belongs to no flag")));
            }
        }
    }
    let joined =
        |flag: char| gathered.get(&flag).map(|tokens| tokens.join(" ")).unwrap_or_default();
    if let Some(version) = Some(joined('v')).filter(|text| !text.is_empty() && text != "1.0") {
        return Err(bad(format!("IDF version `{version}` is not written: 1.0 is")));
    }
    parsed.reader = Some(joined('t')).filter(|name| !name.is_empty()).or(below.reader);
    parsed.input = options(&joined('i'))?.over(&below.input);
    parsed.output = options(&joined('o'))?.over(&below.output);
    Ok(parsed)
}

fn options(text: &str) -> Result<Options> {
    scan(text, '=', char::is_whitespace).map(Options::of).map_err(bad)
}

fn read(path: &Path, depth: usize) -> Result<String> {
    if depth == 0 {
        return Err(bad(format!("`{}` is named by too many files in a row", path.display())));
    }
    std::fs::read_to_string(path).map_err(|cause| Error::read(path, "parameters", cause))
}

/// A minus and a letter, or two minuses; numbers are no flags.
fn is_flag(token: &str) -> bool {
    let mut chars = token.chars();
    chars.next() == Some('-') && chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '-')
}

fn bad(reason: String) -> Error {
    Error::Parameters { reason }
}

/// A key is the last word before `assign`; a value goes to the key of the next one, or is in quotes.
fn scan(
    text: &str,
    assign: char,
    separates: impl Fn(char) -> bool + Copy,
) -> std::result::Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    let trims = |c: char| c.is_whitespace() || separates(c);
    let mut rest = text;
    while let Some(at) = rest.find(assign) {
        let before = rest[..at].trim();
        let key = before.rsplit(separates).next().unwrap_or_default().trim();
        if key.is_empty() {
            return Err(format!("there is no key before `{assign}` in `{}`", rest.trim()));
        }
        if key.len() < before.len() {
            return Err(format!("`{before}` before `{assign}` is not a single key"));
        }
        rest = rest[at + assign.len_utf8()..].trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = match quote {
            Some(quote) => {
                let end = rest[1..]
                    .find(quote)
                    .ok_or_else(|| format!("a quote of `{key}` is not closed"))?;
                let value = &rest[1..=end];
                rest = rest[end + 2..].trim_start_matches(trims);
                value
            }
            None => {
                let next = rest.find(assign).unwrap_or(rest.len());
                let end = if next == rest.len() {
                    next
                } else {
                    // The next key is the last word before the next assignment.
                    let words = rest[..next].trim_end();
                    words
                        .rfind(separates)
                        .map_or(0, |at| at + words[at..].chars().next().map_or(0, char::len_utf8))
                };
                let value = rest[..end].trim_matches(trims);
                rest = rest[end..].trim_start_matches(trims);
                value
            }
        };
        found.insert(key.to_owned(), value.to_owned());
    }
    if !rest.trim_matches(trims).is_empty() {
        return Err(format!("`{}` is no `key{assign}value`", rest.trim()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{command_line, pairs};

    #[test]
    fn blanks_around_the_sign_are_free_and_quotes_keep_signs() {
        let text = "-t netcdf/grid/yx -i path = a.nc x=1 -i projection = \"+proj=stere +lat_0=90\" \
                    y = some words -o time_coverage_relative_start = -1800 collection=c";
        let parsed = command_line(text, Path::new(".")).unwrap();
        assert_eq!(parsed.reader.as_deref(), Some("netcdf/grid/yx"));
        assert_eq!(parsed.input.get("projection"), Some("+proj=stere +lat_0=90"));
        assert_eq!(parsed.input.get("y"), Some("some words"));
        assert_eq!(parsed.input.get("x"), Some("1"));
        assert_eq!(parsed.output.get("time_coverage_relative_start"), Some("-1800"));
    }

    #[test]
    fn the_last_of_a_repeated_key_wins() {
        let parsed = command_line("-i a = 1 a = 2", Path::new(".")).unwrap();
        assert_eq!(parsed.input.get("a"), Some("2"));
    }

    #[test]
    fn an_unquoted_sign_ends_the_value_before_it() {
        let parsed = command_line("-i projection = +proj=stere +lat_0=90", Path::new(".")).unwrap();
        assert!(parsed.input.require("projection").unwrap_err().to_string().contains("quotes"));
        assert_eq!(parsed.input.get("+lat_0"), Some("90"));
    }

    #[test]
    fn pairs_hold_commas_and_quoted_colons() {
        let found = pairs("title:Sun, and wind,at:\"12:00\",n:1.0").unwrap();
        assert_eq!(found["title"], "Sun, and wind");
        assert_eq!(found["at"], "12:00");
        assert_eq!(found["n"], "1.0");
    }
}
