//! Where a datum lies relative to WGS 84.

use crate::bounds::Bounds;

/// A geodetic datum, as far as transforms need to know it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Datum {
    /// Its name, empty when unknown.
    pub(crate) name: String,
    pub(crate) shift: Shift,
}

/// How to get from a datum to WGS 84.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shift {
    /// The same within the datum's own accuracy.
    Null,
    /// Position vector: metres, arc seconds, parts per million.
    Helmert([f64; 7]),
    /// Several, each for an area in longitude and latitude: the first that holds a place counts,
    /// else the last.
    Regional(Vec<(Bounds, [f64; 7])>),
    /// Only this grid does it.
    Grid(String),
    /// Nothing is known; coordinates pass unchanged, as PROJ does it.
    Unknown,
}

impl Datum {
    pub(crate) fn unknown() -> Self {
        Self { name: String::new(), shift: Shift::Unknown }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        matches!(self.shift, Shift::Unknown)
            || matches!(other.shift, Shift::Unknown)
            || (self.shift == other.shift && !matches!(self.shift, Shift::Grid(_)))
            || (!self.name.is_empty() && datum_key(&self.name) == datum_key(&other.name))
    }
}

impl Shift {
    /// From the table's notation: `null`, `h:…`, `r:…`, `g:…` or `?`.
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("h", numbers)) => helmert(numbers).map_or(Self::Unknown, Self::Helmert),
            Some(("r", parts)) => {
                let parts: Option<Vec<_>> = parts.split(';').map(region).collect();
                parts.map_or(Self::Unknown, Self::Regional)
            }
            Some(("g", grid)) => Self::Grid(grid.to_owned()),
            _ if text == "null" => Self::Null,
            _ => Self::Unknown,
        }
    }

    /// From the value of `+towgs84`.
    pub(crate) fn from_towgs84(text: &str) -> Option<Self> {
        let numbers = helmert(text)?;
        Some(if numbers.iter().all(|n| *n == 0.0) { Self::Null } else { Self::Helmert(numbers) })
    }
}

/// West, south, east and north, then the seven numbers.
fn region(text: &str) -> Option<(Bounds, [f64; 7])> {
    let end = text.match_indices(',').nth(3)?.0;
    let mut edges = text[..end].split(',').map(|word| word.parse::<f64>().ok());
    let mut next = || edges.next().flatten();
    let bounds = Bounds::new(next()?, next()?, next()?, next()?);
    Some((bounds, helmert(&text[end + 1..])?))
}

fn helmert(text: &str) -> Option<[f64; 7]> {
    let mut found = [0.0; 7];
    let mut count = 0;
    for word in text.split(',') {
        *found.get_mut(count)? = word.trim().parse().ok()?;
        count += 1;
    }
    matches!(count, 3 | 7).then_some(found)
}

/// What a datum's name alone tells.
pub(crate) fn named_shift(name: &str) -> Shift {
    match datum_key(name).as_str() {
        "wgs84" | "nad83" | "etrs89" => Shift::Null,
        "nad27" => Shift::Grid("NAD27".to_owned()),
        _ => Shift::Unknown,
    }
}

/// Datum names written by different programs, made comparable.
pub(crate) fn datum_key(name: &str) -> String {
    let name = name.strip_prefix("D_").unwrap_or(name).to_ascii_lowercase();
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match name.as_str() {
        "wgs84" | "wgs1984" | "worldgeodeticsystem1984" | "worldgeodeticsystem1984ensemble" => {
            "wgs84".to_owned()
        }
        "etrs89"
        | "etrs1989"
        | "europeanterrestrialreferencesystem1989"
        | "europeanterrestrialreferencesystem1989ensemble" => "etrs89".to_owned(),
        "nad27" | "northamerican1927" | "northamericandatum1927" => "nad27".to_owned(),
        "nad83" | "northamerican1983" | "northamericandatum1983" => "nad83".to_owned(),
        _ => name,
    }
}
