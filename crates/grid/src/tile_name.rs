//! What a tile is called: a template that prints and reads names like `h18v04`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::tile::Tile;

/// The names of a grid's tiles as a template: text with fields `{col}`, `{row}` and `{south}`, the
/// row counted from the grid's last one.
///
/// After the field's word may stand `*k`, `/k` or `%k` (whole numbers) and then `+k` or `-k`; after a
/// colon the digits, as `02`, before them two letters for the signs, as `NS03`, which prints -6 as
/// `S006`.
///
/// ```
/// use terracube_grid::{Tile, TileName};
/// let name: TileName = "h{col:02}v{row:02}".parse()?;
/// assert_eq!(name.print(Tile::new(18, 4), 18), "h18v04");
/// assert_eq!(name.read("h18v04", 18), Some(Tile::new(18, 4)));
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TileName {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    word: Word,
    step: Step,
    plus: i64,
    digits: usize,
    signs: Option<(char, char)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Col,
    Row,
    South,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Times(i64),
    Over(i64),
    Rest(i64),
}

impl TileName {
    /// The name of a tile in a grid that ends before row `end`.
    #[must_use]
    pub fn print(&self, tile: Tile, end: i64) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Field(field) => field.print(field.word.of(tile, end), &mut text),
            }
        }
        text
    }

    /// The tile of a name, which may be in other letters' case; `None` for a name that
    /// [`print`](Self::print) would not write.
    #[must_use]
    pub fn read(&self, name: &str, end: i64) -> Option<Tile> {
        let mut rest = name;
        let mut values = [None::<i64>; 3];
        for part in &self.parts {
            match part {
                Part::Text(literal) => {
                    let head = rest.get(..literal.len())?;
                    rest = &rest[literal.len()..];
                    head.eq_ignore_ascii_case(literal).then_some(())?;
                }
                Part::Field(field) => {
                    let (value, after) = field.read(rest)?;
                    rest = after;
                    let slot = &mut values[field.word as usize];
                    *slot = Some(slot.unwrap_or(0).checked_add(field.undo(value)?)?);
                }
            }
        }
        let row = match (values[Word::Row as usize], values[Word::South as usize]) {
            (Some(row), _) => row,
            (None, Some(south)) => end.checked_sub(1)?.checked_sub(south)?,
            (None, None) => return None,
        };
        let tile = Tile::new(values[Word::Col as usize]?, row);
        self.print(tile, end).eq_ignore_ascii_case(name).then_some(tile)
    }
}

impl Word {
    fn of(self, tile: Tile, end: i64) -> i64 {
        match self {
            Self::Col => tile.col,
            Self::Row => tile.row,
            Self::South => end - 1 - tile.row,
        }
    }
}

impl Field {
    /// From what stands between the braces.
    fn parse(text: &str) -> Option<Self> {
        let (term, form) = text.split_once(':').unwrap_or((text, ""));
        let length = term.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(term.len());
        let (word, mut rest) = term.split_at(length);
        let word = match word {
            "col" => Word::Col,
            "row" => Word::Row,
            "south" => Word::South,
            _ => return None,
        };
        let mut step = Step::Times(1);
        if let Some(after) = rest.strip_prefix(['*', '/', '%']) {
            let end = after.find(['+', '-']).unwrap_or(after.len());
            let k = after[..end].parse::<i64>().ok().filter(|k| (1..=1_000_000).contains(k))?;
            step = match &rest[..1] {
                "*" => Step::Times(k),
                "/" => Step::Over(k),
                _ => Step::Rest(k),
            };
            rest = &after[end..];
        }
        let plus = if rest.is_empty() { 0 } else { rest.parse::<i32>().ok()?.into() };
        let letters: Vec<char> = form.chars().take_while(char::is_ascii_alphabetic).collect();
        let signs = match letters[..] {
            [] => None,
            [plus, minus] => Some((plus, minus)),
            _ => return None,
        };
        let width = &form[letters.len()..];
        let digits = if width.is_empty() { 0 } else { width.parse().ok()? };
        (digits <= 12).then_some(Self { word, step, plus, digits, signs })
    }

    fn print(&self, value: i64, out: &mut String) {
        let value = self.plus
            + match self.step {
                Step::Times(k) => value * k,
                Step::Over(k) => value.div_euclid(k),
                Step::Rest(k) => value.rem_euclid(k),
            };
        let digits = self.digits;
        match self.signs {
            Some((plus, minus)) => {
                out.push(if value < 0 { minus } else { plus });
                out.push_str(&format!("{:0digits$}", value.unsigned_abs()));
            }
            None => out.push_str(&format!("{value:0digits$}")),
        }
    }

    /// The number at the start of a text, and what follows it.
    fn read<'a>(&self, text: &'a str) -> Option<(i64, &'a str)> {
        let first = text.chars().next()?;
        let (negative, body) = match self.signs {
            Some((plus, minus)) if first.eq_ignore_ascii_case(&minus) => {
                (plus != minus, &text[first.len_utf8()..])
            }
            Some(_) => (false, &text[first.len_utf8()..]),
            None => (first == '-', text.strip_prefix('-').unwrap_or(text)),
        };
        let length = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
        let value: i64 = body[..length].parse().ok().filter(|v| *v < 1_000_000_000_000)?;
        Some((if negative { -value } else { value }, &body[length..]))
    }

    /// What a printed value adds to the index it was made from.
    fn undo(&self, value: i64) -> Option<i64> {
        let value = value - self.plus;
        match self.step {
            Step::Times(k) => (value % k == 0).then_some(value / k),
            Step::Over(k) => value.checked_mul(k),
            Step::Rest(_) => Some(value),
        }
    }
}

impl FromStr for TileName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |what: &str| {
            let reason = format!("{text:?}: {what}; fields are {{col}}, {{row}} and {{south}}");
            Error::invalid("tile name", reason)
        };
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(open) = rest.find('{') {
            if open > 0 {
                parts.push(Part::Text(rest[..open].to_owned()));
            }
            let end = rest[open..].find('}').ok_or_else(|| bad("a brace is not closed"))? + open;
            let field = &rest[open + 1..end];
            parts.push(Part::Field(
                Field::parse(field).ok_or_else(|| bad(&format!("cannot read {{{field}}}")))?,
            ));
            rest = &rest[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let name = Self { text: text.to_owned(), parts };
        // Neighbours must be told apart.
        let (tile, end) = (Tile::new(7, 5), 12);
        if name.read(&name.print(tile, end), end) != Some(tile) {
            return Err(bad("column and row cannot be told from it"));
        }
        Ok(name)
    }
}

impl TryFrom<String> for TileName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<TileName> for String {
    fn from(name: TileName) -> Self {
        name.text
    }
}

impl fmt::Display for TileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
