//! A path template: where files lie, and what their names say.

use std::collections::BTreeMap;

use regex::Regex;

use super::time_parts::{DIRECTIVES, TimeParts};

/// A path with fields, cut at its slashes.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// The part before the first folder or file with a field.
    pub(super) root: String,
    /// What follows, one level each; the last is the file.
    pub(super) levels: Vec<Level>,
}

/// One level below the root.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pieces: Vec<Piece>,
    regex: Regex,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    /// `*`: anything, and nothing that matters.
    Any,
    /// `{name}` or `{name:pattern}`.
    Field {
        name: String,
        pattern: Option<String>,
    },
    /// A directive of `{time:…}` or `{end:…}`.
    Time {
        which: Which,
        directive: char,
    },
}

/// Which time a part belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Start,
    End,
}

/// What the names so far have said.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known {
    pub(super) start: TimeParts,
    pub(super) end: TimeParts,
    pub(super) fields: BTreeMap<String, String>,
}

impl Template {
    /// Reads a template; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = &slashes_out_of_times(text)?;
        let authority = text.find("://").map_or(0, |at| at + 3);
        let first = text.find(['{', '*']).unwrap_or(text.len());
        if first < authority || (authority > 0 && !text[authority..first].contains('/')) {
            return Err("it has a field in its host".to_owned());
        }
        let cut = text[..first].rfind('/').map_or(0, |at| at + 1);
        let (root, rest) = text.split_at(cut);
        let levels: Vec<Level> =
            segments(rest).into_iter().map(Level::parse).collect::<Result<_, _>>()?;
        if levels.iter().any(|level| level.pieces.is_empty()) {
            return Err("it has an empty level (`//`, or a slash at its end)".to_owned());
        }
        let root = if root.is_empty() { "." } else { root };
        Ok(Self { root: root.to_owned(), levels })
    }

    /// The names of the fields, in order, each once; `time` and `end` among them.
    pub(super) fn fields(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for piece in self.levels.iter().flat_map(|level| &level.pieces) {
            let name = match piece {
                Piece::Field { name, .. } => name.as_str(),
                Piece::Time { which: Which::Start, .. } => "time",
                Piece::Time { which: Which::End, .. } => "end",
                Piece::Text(_) | Piece::Any => continue,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The text with the fields filled in.
    pub(super) fn filled(&self, known: &Known) -> String {
        let mut made = if self.root == "." { String::new() } else { self.root.clone() };
        for (number, level) in self.levels.iter().enumerate() {
            if number > 0 {
                made.push('/');
            }
            for piece in &level.pieces {
                match piece {
                    Piece::Text(literal) => made.push_str(literal),
                    Piece::Any => {}
                    Piece::Field { name, .. } => {
                        made.push_str(known.fields.get(name).map_or("", String::as_str));
                    }
                    Piece::Time { which, directive } => {
                        let parts = match which {
                            Which::Start => &known.start,
                            Which::End => &known.end,
                        };
                        made.push_str(&parts.written(*directive));
                    }
                }
            }
        }
        made
    }

    /// The first level that has this field.
    pub(super) fn level_of(&self, field: &str) -> Option<usize> {
        let has = |piece: &Piece| matches!(piece, Piece::Field { name, .. } if name == field);
        self.levels.iter().position(|level| level.pieces.iter().any(has))
    }
}

impl Level {
    fn parse(text: &str) -> Result<Self, String> {
        let pieces = pieces(text)?;
        let mut pattern = "^".to_owned();
        for piece in &pieces {
            pattern.push_str(&match piece {
                Piece::Text(text) => regex::escape(text),
                Piece::Any => ".*?".to_owned(),
                Piece::Field { pattern, .. } => {
                    format!("({})", pattern.as_deref().unwrap_or(".+?"))
                }
                Piece::Time { directive, .. } => format!("({})", directive_pattern(*directive)?),
            });
        }
        pattern.push('$');
        let regex = Regex::new(&pattern).map_err(|cause| format!("`{text}`: {cause}"))?;
        let groups = pieces
            .iter()
            .filter(|piece| matches!(piece, Piece::Field { .. } | Piece::Time { .. }))
            .count();
        if regex.captures_len() != groups + 1 {
            return Err(format!("`{text}`: write groups in patterns as `(?:…)`"));
        }
        Ok(Self { pieces, regex })
    }

    /// Its text, when it has no fields.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What is known with this name as well; `None` when the name does not fit.
    pub(super) fn read(&self, name: &str, known: &Known) -> Option<Known> {
        let captures = self.regex.captures(name)?;
        let mut known = known.clone();
        let mut groups = captures.iter().skip(1);
        for piece in &self.pieces {
            let fits = match piece {
                Piece::Text(_) | Piece::Any => true,
                Piece::Field { name, .. } => {
                    let found = groups.next()??.as_str();
                    known.fields.entry(name.clone()).or_insert_with(|| found.to_owned()) == found
                }
                Piece::Time { which, directive } => {
                    let found = groups.next()??.as_str();
                    let parts = match which {
                        Which::Start => &mut known.start,
                        Which::End => &mut known.end,
                    };
                    parts.note(*directive, found)
                }
            };
            if !fits {
                return None;
            }
        }
        (known.start.span().is_ok() && known.end.span().is_ok()).then_some(known)
    }

    /// The text that every name of this level begins with.
    pub(super) fn prefix(&self, known: &Known) -> String {
        let mut prefix = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => prefix.push_str(text),
                Piece::Field { name, .. } => match known.fields.get(name) {
                    Some(value) => prefix.push_str(value),
                    None => break,
                },
                Piece::Any | Piece::Time { .. } => break,
            }
        }
        prefix
    }
}

/// `{time:%Y/%j}` spans levels: `{time:%Y}/{time:%j}`.
fn slashes_out_of_times(text: &str) -> Result<String, String> {
    let mut made = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = rest[open..]
            .find('}')
            .map(|at| {
                // A pattern may have braces of its own: `{tile:\d{2}}`.
                let inner = &rest[open + 1..open + at];
                if inner.contains('{') { closing(&rest[open..]) } else { Some(at) }
            })
            .ok_or("a `{` is not closed")?
            .ok_or("a `{` is not closed")?;
        let inner = &rest[open + 1..open + close];
        made.push_str(&rest[..open]);
        match inner.split_once(':') {
            Some((name @ ("time" | "end"), format)) => {
                made.push_str(&format!(
                    "{{{name}:{}}}",
                    format.replace('/', &format!("}}/{{{name}:"))
                ));
            }
            _ => made.push_str(&format!("{{{inner}}}")),
        }
        rest = &rest[open + close + 1..];
    }
    made.push_str(rest);
    Ok(made)
}

/// The place of the brace that closes the first one of `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The levels of a path: cut at slashes that are in no field.
fn segments(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0i32, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            '/' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

fn pieces(mut text: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    while let Some(at) = text.find(['{', '*', '}']) {
        if at > 0 {
            found.push(Piece::Text(text[..at].to_owned()));
        }
        text = &text[at..];
        if let Some(rest) = text.strip_prefix('*') {
            found.push(Piece::Any);
            text = rest;
            continue;
        }
        let close = closing(text).ok_or("a `{` is not closed, or a `}` not opened")?;
        let inner = &text[1..close];
        text = &text[close + 1..];
        let (name, rest) = inner.split_once(':').map_or((inner, None), |(n, r)| (n, Some(r)));
        let is_name = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        match (name, rest) {
            ("time", Some(format)) => found.extend(times(Which::Start, format)?),
            ("end", Some(format)) => found.extend(times(Which::End, format)?),
            ("time" | "end", None) => {
                return Err(format!("`{{{name}}}` has no format; write `{{{name}:%Y%m%d}}`"));
            }
            _ if !is_name => return Err(format!("`{inner}` is no name of a field")),
            (_, pattern) => found
                .push(Piece::Field { name: name.to_owned(), pattern: pattern.map(str::to_owned) }),
        }
    }
    if !text.is_empty() {
        found.push(Piece::Text(text.to_owned()));
    }
    Ok(found)
}

fn times(which: Which, format: &str) -> Result<Vec<Piece>, String> {
    let format = format.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S");
    let mut found = Vec::new();
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('%') => text.push('%'),
            Some(directive) => {
                directive_pattern(directive)?;
                if !text.is_empty() {
                    found.push(Piece::Text(std::mem::take(&mut text)));
                }
                found.push(Piece::Time { which, directive });
            }
            None => return Err(format!("`{format}` ends with `%`")),
        }
    }
    if !text.is_empty() {
        found.push(Piece::Text(text));
    }
    Ok(found)
}

fn directive_pattern(directive: char) -> Result<&'static str, String> {
    DIRECTIVES
        .iter()
        .find(|(known, _)| *known == directive)
        .map(|(_, pattern)| *pattern)
        .ok_or_else(|| {
            let known: String = DIRECTIVES.iter().map(|(known, _)| format!(" %{known}")).collect();
            format!("`%{directive}` is not read in names; known are{known}")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(template: &str, names: &[&str]) -> Option<Known> {
        let template = Template::parse(template).unwrap();
        assert_eq!(template.levels.len(), names.len());
        let levels = template.levels.iter().zip(names);
        levels.clone().try_fold(Known::default(), |known, (level, name)| level.read(name, &known))
    }

    #[test]
    fn names_are_read() {
        let text = "https://h.example/sst/{time:%Y/%j}/X_{tile}_{band}.tif";
        assert_eq!(Template::parse(text).unwrap().root, "https://h.example/sst/");
        assert_eq!(Template::parse(text).unwrap().fields(), ["time", "tile", "band"]);
        let known = read(text, &["2020", "060", "X_32V_B02.tif"]).unwrap();
        assert_eq!(known.start.compact(), "20200229");
        assert_eq!(known.fields["tile"], "32V");
        assert_eq!(known.fields["band"], "B02");
        for names in
            [["2020", "60", "X_a_b.tif"], ["2020", "367", "X_a_b.tif"], ["2020", "060", "X_a.tif"]]
        {
            assert_eq!(read(text, &names), None, "{names:?}");
        }
    }

    #[test]
    fn repeated_fields_agree() {
        let text = "data/{tile}/{time:%Y}/{tile}_{time:%Y%m%d}_*.tif";
        assert!(read(text, &["T1", "2020", "T1_20200101_v2.tif"]).is_some());
        assert!(read(text, &["T1", "2020", "T2_20200101_v2.tif"]).is_none());
        assert!(read(text, &["T1", "2020", "T1_20210101_v2.tif"]).is_none());
    }

    #[test]
    fn patterns_have_braces_and_slashes_do_not_cut_them() {
        let known = read(r"d/{tile:h\d{2}v\d{2}}_{band}.tif", &["h05v07_a_b.tif"]).unwrap();
        assert_eq!((&*known.fields["tile"], &*known.fields["band"]), ("h05v07", "a_b"));
    }

    #[test]
    fn wrong_templates_are_explained() {
        for (text, part) in [
            ("d/{time:%Q}.tif", "known are %Y"),
            ("d/{time}.tif", "has no format"),
            ("d/{tile.tif", "not closed"),
            ("d/{a b}.tif", "no name of a field"),
            ("https://{host}/x.tif", "field in its host"),
            ("d/{tile}//x.tif", "empty level"),
            ("d/{tile:(a|b)}.tif", "(?:…)"),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_beginning_of_names_is_known() {
        let template = Template::parse("d/{tile}/X_{tile}_{band}.tif").unwrap();
        let known = template.levels[0].read("32V", &Known::default()).unwrap();
        assert_eq!(template.levels[1].prefix(&known), "X_32V_");
        assert_eq!(template.levels[1].prefix(&Known::default()), "X_");
    }
}
