//! The built-in table of EPSG and ESRI codes.

use crate::bounds::Bounds;

/// Made by `data/make_crs_table.py`, which describes the layout.
static TABLE: &[u8] = include_bytes!("../../data/crs.bin");
const MAGIC: &[u8] = b"TCCRS1\n\0";
const FACTS: usize = 0;
const WKT: usize = 1;

/// Whose codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Authority {
    Epsg,
    Esri,
}

impl Authority {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Epsg => "EPSG",
            Self::Esri => "ESRI",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Epsg, Self::Esri].into_iter().find(|a| a.name().eq_ignore_ascii_case(name))
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) geographic: bool,
    pub(crate) unit_name: String,
    pub(crate) unit_factor: f64,
    pub(crate) area: Option<Bounds>,
    pub(crate) first_axis: char,
    pub(crate) datum: String,
    pub(crate) shift: String,
    pub(crate) deprecated: bool,
    pub(crate) proj4: String,
}

/// What the table says about a code.
pub(crate) fn entry(authority: Authority, code: u32) -> Option<Entry> {
    let line = line(FACTS, authority, code)?;
    let mut fields = line.split('\t').skip(1).map(str::to_owned);
    let mut next = || fields.next();
    Some(Entry {
        name: next()?,
        geographic: next()? == "g",
        unit_name: next()?,
        unit_factor: next()?.parse().ok()?,
        area: area(&next()?),
        first_axis: next()?.chars().next()?,
        datum: next()?,
        shift: next()?,
        deprecated: next()? == "1",
        proj4: next()?,
    })
}

/// The WKT2:2019 of a code on one line.
pub(crate) fn wkt(authority: Authority, code: u32) -> Option<String> {
    let line = line(WKT, authority, code)?;
    line.split_once('\t').map(|(_, wkt)| wkt.to_owned())
}

/// All codes of an authority, ascending.
pub(crate) fn codes(authority: Authority) -> Vec<u32> {
    let Some(blocks) = blocks(FACTS) else { return Vec::new() };
    let texts = blocks.iter().filter(|b| b.authority == authority).filter_map(Block::text);
    texts.flat_map(|text| text.lines().filter_map(code_of).collect::<Vec<_>>()).collect()
}

fn line(section: usize, authority: Authority, code: u32) -> Option<String> {
    let block =
        blocks(section)?.into_iter().rfind(|b| (b.authority, b.first) <= (authority, code))?;
    let text = block.text()?;
    text.lines().find(|line| code_of(line) == Some(code)).map(str::to_owned)
}

fn code_of(line: &str) -> Option<u32> {
    line.split('\t').next()?.parse().ok()
}

fn area(text: &str) -> Option<Bounds> {
    let mut numbers = text.split(',').map(|n| n.parse::<f64>().ok());
    let mut next = || numbers.next().flatten();
    Some(Bounds::new(next()?, next()?, next()?, next()?))
}

struct Block {
    authority: Authority,
    first: u32,
    packed: &'static [u8],
}

impl Block {
    fn text(&self) -> Option<String> {
        String::from_utf8(miniz_oxide::inflate::decompress_to_vec(self.packed).ok()?).ok()
    }
}

fn blocks(section: usize) -> Option<Vec<Block>> {
    const HEAD: usize = 13;
    let mut at = MAGIC.len();
    for current in 0..=WKT {
        let count = number(at)? as usize;
        let heads = at + 4;
        let data = heads + count * HEAD + 4;
        let end = data + number(data - 4)? as usize;
        if current == section {
            return (0..count)
                .map(|i| {
                    let head = heads + i * HEAD;
                    let start = data + number(head + 5)? as usize;
                    Some(Block {
                        authority: if *TABLE.get(head)? == 0 {
                            Authority::Epsg
                        } else {
                            Authority::Esri
                        },
                        first: number(head + 1)?,
                        packed: TABLE.get(start..start + number(head + 9)? as usize)?,
                    })
                })
                .collect();
        }
        at = end;
    }
    None
}

fn number(at: usize) -> Option<u32> {
    TABLE.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}
