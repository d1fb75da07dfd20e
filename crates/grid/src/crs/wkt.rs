//! Reading WKT 1 and 2, and writing WKT 2.

mod by_method;

use super::datum::{Datum, Shift, named_shift};
use super::parse;
use super::table::Authority;
use super::{Crs, Definition, ProjString, bound, method, write_wkt};
use crate::error::{Error, Result};

/// A CRS from WKT: by its code if it has one, else by its parameters.
pub(super) fn crs(text: &str) -> Result<Crs> {
    let whole = Node::parse(text)
        .ok_or_else(|| Error::crs("WKT", text, "brackets or quotes do not match"))?;
    let node = horizontal(&whole);
    if let Some((authority, code)) = node.id()
        && let Ok(crs) = Crs::of_code(authority, code)
    {
        return Ok(crs);
    }
    let own_text = node.text();
    let proj4 = match node.find("EXTENSION").filter(|e| e.value(0) == Some("PROJ4")) {
        Some(extension) => extension.value(1).unwrap_or_default().to_owned(),
        None => match derived(node) {
            Some(proj4) => proj4,
            None => match proj4wkt::wkt_to_projstring(&own_text) {
                Ok(proj4) => proj4,
                Err(cause) => by_method::proj_string(node)
                    .ok_or_else(|| Error::crs("WKT", text, cause.to_string()))?,
            },
        },
    };
    let mut proj4 = swiss(&proj4).unwrap_or(proj4);
    let bound = bound_node(&whole).map(|bound| (bound, shift(bound)));
    let shift = bound.as_ref().and_then(|b| b.1.clone()).or_else(|| shift_grid(node));
    if let Some(shift) = shift.filter(|_| !proj4.contains("+towgs84")) {
        proj4 = format!("{proj4} {shift}");
    }
    let params = ProjString::parse(&proj4);
    if params.projection().is_empty() {
        return Err(Error::crs("WKT", text, "its projection method is not known here"));
    }
    let mut made =
        Crs::definition(&proj4, node.value(0).unwrap_or("unknown"), datum(node, &params));
    if let Some((name, factor)) = angular_unit(node).filter(|_| made.geographic) {
        made.unit_name = name;
        made.unit_factor = factor;
    }
    made.source = match bound {
        Some((bound, Some(_))) => Some(bound.text()),
        _ => Some(own_text),
    };
    Ok(Crs::of(made))
}

/// WKT2 for a CRS without a code.
pub(super) fn written(crs: &Definition) -> Option<String> {
    let is_wkt2 = |text: &&String| {
        ["PROJCRS[", "GEOGCRS[", "GEODCRS[", "PROJECTEDCRS[", "BOUNDCRS["]
            .iter()
            .any(|k| text.starts_with(k))
    };
    crs.source.as_ref().filter(is_wkt2).cloned().or_else(|| write_wkt::of(crs))
}

/// Name and radians of a geographic CRS's unit, unless it is the degree.
fn angular_unit(node: &Node) -> Option<(String, f64)> {
    let axis = node.find("AXIS").filter(|axis| axis.find("ANGLEUNIT").is_some()).unwrap_or(node);
    let unit = ["ANGLEUNIT", "UNIT"].iter().find_map(|k| axis.find(k))?;
    let factor = unit.value(1)?.parse::<f64>().ok()?;
    ((factor / 1f64.to_radians() - 1.0).abs() > 1e-9)
        .then(|| Some((unit.value(0)?.to_owned(), factor)))?
}

/// A rotated pole, which the WKT reader does not know.
fn derived(node: &Node) -> Option<String> {
    let conversion = node.find("DERIVINGCONVERSION")?;
    let method = conversion.find("METHOD")?.value(0)?;
    let parameters =
        conversion.children.iter().filter_map(Item::node).filter(|n| n.key == "PARAMETER");
    let values: Vec<method::Value> = parameters
        .filter_map(|p| {
            let size = p.value(1)?.parse().ok()?;
            Some(method::Value { name: p.value(0)?.to_owned(), code: 0, size })
        })
        .collect();
    let base = ["BASEGEOGCRS", "BASEGEODCRS"].iter().find_map(|k| node.find(k))?;
    let datum = ["DATUM", "ENSEMBLE"].iter().find_map(|k| base.find(k))?;
    let ellipsoid = datum.find("ELLIPSOID")?;
    let (a, rf) = (ellipsoid.value(1)?, ellipsoid.value(2)?);
    let shape = if rf.parse() == Ok(0.0) { format!("+b={a}") } else { format!("+rf={rf}") };
    Some(format!("{} +a={a} {shape}", method::to_proj(method, 0, &values)?))
}

/// The oblique Mercator along a right azimuth is PROJ's `somerc`.
fn swiss(proj4: &str) -> Option<String> {
    let p = ProjString::parse(proj4);
    let right =
        p.projection() == "omerc" && p.number("alpha").or_else(|| p.number("gamma")) == Some(90.0);
    let kept = proj4.split_whitespace().filter(|word| {
        !["+proj=", "+alpha=", "+gamma=", "+lonc=", "+no_uoff", "+no_off"]
            .iter()
            .any(|k| word.starts_with(k))
    });
    let lon = p.number("lonc")?;
    right.then(|| format!("+proj=somerc +lon_0={lon} {}", kept.collect::<Vec<_>>().join(" ")))
}

fn datum(node: &Node, params: &ProjString) -> Datum {
    let stated = parse::datum_of(params);
    let base =
        ["GEOGCS", "BASEGEOGCRS", "BASEGEODCRS"].iter().find_map(|k| node.find(k)).unwrap_or(node);
    if let Some(crs) = base.id().and_then(|(authority, code)| Crs::of_code(authority, code).ok()) {
        return crs.inner().datum.clone();
    }
    let name = ["DATUM", "GEODETICDATUM", "TRF", "ENSEMBLE"]
        .iter()
        .find_map(|k| base.find(k))
        .and_then(|d| d.value(0))
        .unwrap_or_default();
    let shift = match named_shift(name) {
        Shift::Unknown => stated.shift,
        known => known,
    };
    Datum { name: name.to_owned(), shift }
}

/// The bound CRS that a text is or has for its horizontal part.
fn bound_node(node: &Node) -> Option<&Node> {
    match node.key.as_str() {
        "BOUNDCRS" => Some(node),
        "COMPOUNDCRS" | "COMPD_CS" => bound_node(node.children.iter().find_map(Item::node)?),
        _ => None,
    }
}

/// What a bound CRS says of the way to WGS 84, or to a datum that counts as the same.
fn shift(node: &Node) -> Option<String> {
    let target = node.find("TARGETCRS")?.children.iter().find_map(Item::node)?;
    if crs(&target.text()).ok()?.inner().datum.shift != Shift::Null {
        return None;
    }
    let way = node.find("ABRIDGEDTRANSFORMATION")?;
    if let Some(file) = way.find("PARAMETERFILE") {
        return file.value(1).map(bound::grid);
    }
    let parameters = way.children.iter().filter_map(Item::node).filter(|n| n.key == "PARAMETER");
    let values: Vec<bound::Value> = parameters.filter_map(abridged).collect();
    bound::helmert(way.find("METHOD")?.value(0)?, &values)
}

/// A parameter without a unit is in metres or arc seconds; a scale difference is the scale itself.
fn abridged(node: &Node) -> Option<bound::Value> {
    let name = node.value(0)?.to_owned();
    let value: f64 = node.value(1)?.parse().ok()?;
    let unit = |key| node.find(key).and_then(|unit| unit.value(1)?.parse::<f64>().ok());
    let value = match (unit("ANGLEUNIT"), unit("SCALEUNIT"), unit("LENGTHUNIT")) {
        (Some(radians), ..) => (value * radians).to_degrees() * 3600.0,
        (_, Some(factor), _) if factor != 1.0 => value * factor * 1e6,
        (.., Some(metres)) => value * metres,
        _ if name.eq_ignore_ascii_case("Scale difference") => (value - 1.0) * 1e6,
        _ => value,
    };
    Some((name, value))
}

/// The grid that GDAL writes beside a datum in WKT 1.
fn shift_grid(node: &Node) -> Option<String> {
    let datum = node.find("GEOGCS").unwrap_or(node).find("DATUM")?;
    let extension = datum.find("EXTENSION").filter(|e| e.value(0) == Some("PROJ4_GRIDS"))?;
    extension.value(1).map(bound::grid)
}

/// The horizontal CRS inside a bound or compound one.
fn horizontal(node: &Node) -> &Node {
    let inner = match node.key.as_str() {
        "BOUNDCRS" => node.find("SOURCECRS").and_then(|s| s.children.iter().find_map(Item::node)),
        "COMPOUNDCRS" | "COMPD_CS" => node.children.iter().find_map(Item::node),
        _ => None,
    };
    inner.map_or(node, horizontal)
}

#[derive(Debug)]
struct Node {
    key: String,
    children: Vec<Item>,
}

#[derive(Debug)]
enum Item {
    Node(Node),
    /// A quoted text.
    Text(String),
    /// A number or word.
    Word(String),
}

impl Item {
    fn node(&self) -> Option<&Node> {
        match self {
            Self::Node(node) => Some(node),
            _ => None,
        }
    }
}

impl Node {
    fn parse(text: &str) -> Option<Self> {
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        match Self::item(&chars, &mut at, 0)? {
            Item::Node(node) => Some(node),
            _ => None,
        }
    }

    fn item(chars: &[char], at: &mut usize, depth: usize) -> Option<Item> {
        const DEEPEST: usize = 64;
        if depth > DEEPEST {
            return None;
        }
        skip_spaces(chars, at);
        if *chars.get(*at)? == '"' {
            *at += 1;
            let mut text = String::new();
            loop {
                let c = *chars.get(*at)?;
                *at += 1;
                if c != '"' {
                    text.push(c);
                } else if chars.get(*at) == Some(&'"') {
                    text.push('"');
                    *at += 1;
                } else {
                    return Some(Item::Text(text));
                }
            }
        }
        let start = *at;
        while chars.get(*at).is_some_and(|c| !matches!(c, '[' | ']' | '(' | ')' | ',' | '"')) {
            *at += 1;
        }
        let word: String = chars[start..*at].iter().collect::<String>().trim().to_owned();
        if !matches!(chars.get(*at), Some('[' | '(')) {
            return (!word.is_empty()).then_some(Item::Word(word));
        }
        let mut children = Vec::new();
        loop {
            *at += 1;
            children.push(Self::item(chars, at, depth + 1)?);
            skip_spaces(chars, at);
            match chars.get(*at)? {
                ',' => {}
                ']' | ')' => {
                    *at += 1;
                    return Some(Item::Node(Self { key: word.to_ascii_uppercase(), children }));
                }
                _ => return None,
            }
        }
    }

    fn find(&self, key: &str) -> Option<&Self> {
        self.children.iter().filter_map(Item::node).find(|n| n.key == key)
    }

    fn value(&self, index: usize) -> Option<&str> {
        match self.children.get(index)? {
            Item::Text(text) | Item::Word(text) => Some(text),
            Item::Node(_) => None,
        }
    }

    fn id(&self) -> Option<(Authority, u32)> {
        let id = self.find("ID").or_else(|| self.find("AUTHORITY"))?;
        Some((Authority::named(id.value(0)?)?, id.value(1)?.parse().ok()?))
    }

    fn text(&self) -> String {
        let parts: Vec<String> = self
            .children
            .iter()
            .map(|item| match item {
                Item::Node(node) => node.text(),
                Item::Text(text) => format!("\"{}\"", text.replace('"', "\"\"")),
                Item::Word(word) => word.clone(),
            })
            .collect();
        format!("{}[{}]", self.key, parts.join(","))
    }
}

fn skip_spaces(chars: &[char], at: &mut usize) {
    while chars.get(*at).is_some_and(|c| c.is_whitespace()) {
        *at += 1;
    }
}
