//! Which pixels of a granule do not count, by what another asset says of them.

mod names;

use serde::{Deserialize, Serialize};
use terracube_source::{Asset, BandInfo, Bitfield, Class};

use names::{landsat_qa_pixel, sentinel_2_scl};

/// A mask: pixels are dropped by the values of an asset.
///
/// It is read by nearest neighbour at full resolution (overviews of flags are often averaged). A
/// pixel for which the mask has no value is dropped.
///
/// ```
/// let mask: terracube_cube::Mask = toml::from_str(r#"
/// asset = "scl"
/// meaning = "sentinel-2-scl"
/// drop = ["cloud_shadows", "cloud_high_probability", 8]
/// dilate = 2
/// "#)?;
/// assert_eq!(mask.drop.len(), 3);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// The granules' asset to read.
    pub asset: String,
    /// Which band of the asset, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub asset_band: usize,
    /// How names and numbers are understood.
    #[serde(default, skip_serializing_if = "Meaning::is_item")]
    pub meaning: Meaning,
    /// Pixels of which one of these holds are dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<Condition>,
    /// Pixels of which none of these holds are dropped; all when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Condition>,
    /// Dropped pixels of the mask's own grid drop their neighbours too, so many pixels far along
    /// rows, columns and diagonals.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dilate: usize,
    /// The cube's bands that are masked; all when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<String>,
}

/// How the names and numbers of a mask's conditions are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Meaning {
    /// Names are those that the STAC item says (`classification:classes`,
    /// `classification:bitfields`); a number is a value.
    #[default]
    Item,
    /// A number is a bit that is set, 0 being the least significant.
    Bits,
    /// The scene classification of Sentinel-2's level 2A; a number is a value.
    #[serde(rename = "sentinel-2-scl")]
    Sentinel2Scl,
    /// The QA_PIXEL band of Landsat's Collection 2; a number is a bit that is set.
    LandsatQaPixel,
}

/// What may hold of a pixel of a mask: a number; the name of a class or of a flag of one bit; a
/// field of bits and its class, `cloud_confidence=high`; or at least that class,
/// `cloud_confidence>=medium`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// A value, or the number of a bit.
    Number(u64),
    /// A name.
    Name(String),
}

/// A mask whose names are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Test {
    drop: Vec<Bits>,
    keep: Vec<Bits>,
}

/// Holds when some bits of a pixel have a value from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bits {
    offset: u32,
    mask: u64,
    low: u64,
    high: u64,
}

impl Mask {
    /// What is wrong with the declaration, if anything; `bands` are those there are.
    pub(crate) fn fault(&self, bands: &[&str]) -> Option<String> {
        let name = &self.asset;
        if self.drop.is_empty() && self.keep.is_empty() {
            return Some(format!("mask `{name}` says neither what to drop nor what to keep"));
        }
        if self.asset_band == 0 {
            return Some(format!("mask `{name}`: asset_band counts from 1"));
        }
        if self.dilate > MOST_DILATION {
            return Some(format!("mask `{name}`: dilate is at most {MOST_DILATION} pixels"));
        }
        if let Some(unknown) = self.bands.iter().find(|band| !bands.contains(&band.as_str())) {
            let known = bands.join(", ");
            return Some(format!("mask `{name}` is for no band `{unknown}`; there are {known}"));
        }
        match self.meaning {
            Meaning::Item => None,
            _ => self
                .test(&Asset::new(name, ""))
                .err()
                .map(|reason| format!("mask `{name}`: {reason}")),
        }
    }

    /// Whether it is for a band.
    pub(crate) fn is_for(&self, band: &str) -> bool {
        self.bands.is_empty() || self.bands.iter().any(|name| name == band)
    }

    /// The mask by the meaning that an asset's metadata gives it.
    pub(crate) fn test(&self, asset: &Asset) -> Result<Test, String> {
        let info = match self.meaning {
            Meaning::Item => asset.bands.get(self.asset_band - 1).cloned().unwrap_or_default(),
            Meaning::Bits => BandInfo::default(),
            Meaning::Sentinel2Scl => sentinel_2_scl(),
            Meaning::LandsatQaPixel => landsat_qa_pixel(),
        };
        let is_bit = matches!(self.meaning, Meaning::Bits | Meaning::LandsatQaPixel);
        let understood = |conditions: &[Condition]| {
            conditions
                .iter()
                .map(|condition| condition.bits(&info, is_bit))
                .collect::<Result<Vec<_>, String>>()
        };
        Ok(Test { drop: understood(&self.drop)?, keep: understood(&self.keep)? })
    }
}

impl Test {
    /// Whether a pixel of this value counts.
    pub(crate) fn passes(&self, value: u64) -> bool {
        let one_of = |all: &[Bits]| all.iter().any(|bits| bits.holds(value));
        !one_of(&self.drop) && (self.keep.is_empty() || one_of(&self.keep))
    }
}

impl Bits {
    /// The whole value.
    const fn value(value: u64) -> Self {
        Self { offset: 0, mask: u64::MAX, low: value, high: value }
    }

    fn field(field: &Bitfield, low: u64, high: u64) -> Self {
        let mask = 1u64.checked_shl(field.length).map_or(u64::MAX, |n| n - 1);
        Self { offset: field.offset, mask, low, high }
    }

    fn holds(self, value: u64) -> bool {
        let bits = value.checked_shr(self.offset).unwrap_or(0) & self.mask;
        (self.low..=self.high).contains(&bits)
    }
}

impl Condition {
    fn bits(&self, info: &BandInfo, is_bit: bool) -> Result<Bits, String> {
        let name = match self {
            Self::Number(bit) if is_bit && *bit > 63 => {
                return Err(format!("there is no bit {bit}"));
            }
            Self::Number(bit) if is_bit => {
                let offset = u32::try_from(*bit).unwrap_or(0);
                return Ok(Bits { offset, mask: 1, low: 1, high: 1 });
            }
            Self::Number(value) => return Ok(Bits::value(*value)),
            Self::Name(name) => name.trim(),
        };
        let (field, class, is_least) = match (name.split_once(">="), name.split_once('=')) {
            (Some((field, class)), _) => (field.trim(), Some(class.trim()), true),
            (None, Some((field, class))) => (field.trim(), Some(class.trim()), false),
            (None, None) => (name, None, false),
        };
        let found = info.bitfields.iter().find(|known| is_same(&known.name, field));
        match (found, class) {
            (Some(field), Some(name)) => {
                let value = value_of(&field.classes, name).ok_or_else(|| {
                    format!(
                        "`{}` is never `{name}`; it is {}",
                        field.name,
                        names_of(&field.classes)
                    )
                })?;
                Ok(Bits::field(field, value, if is_least { u64::MAX } else { value }))
            }
            (Some(field), None) if field.length == 1 => Ok(Bits::field(field, 1, 1)),
            (Some(field), None) => Err(format!(
                "`{0}` has {1} bits: say which value, as `{0}={2}`; it is {3}",
                field.name,
                field.length,
                field.classes.last().map_or("1", |class| class.name.as_str()),
                names_of(&field.classes)
            )),
            (None, None) => {
                value_of(&info.classes, name).map(Bits::value).ok_or_else(|| unknown(name, info))
            }
            (None, Some(_)) => Err(unknown(field, info)),
        }
    }
}

/// The value of a class by its name, or by a number.
fn value_of(classes: &[Class], name: &str) -> Option<u64> {
    let class = classes.iter().find(|class| is_same(&class.name, name));
    class.map(|class| class.value).or_else(|| name.parse().ok())
}

/// Names are the same whatever their case and whatever divides their words.
fn is_same(a: &str, b: &str) -> bool {
    let plain = |c: char| if matches!(c, '-' | ' ') { '_' } else { c.to_ascii_lowercase() };
    a.chars().map(plain).eq(b.chars().map(plain))
}

fn names_of(classes: &[Class]) -> String {
    classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn unknown(name: &str, info: &BandInfo) -> String {
    let fields = info.bitfields.iter().map(|field| field.name.as_str());
    let known: Vec<_> = fields.chain(info.classes.iter().map(|c| c.name.as_str())).collect();
    match known.is_empty() {
        true => format!(
            "nothing says what `{name}` is: give numbers, or a meaning (bits, sentinel-2-scl, landsat-qa-pixel)"
        ),
        false => format!("there is no `{name}`; there are {}", known.join(", ")),
    }
}

/// Farther than any shadow is from its cloud.
const MOST_DILATION: usize = 1000;

impl Meaning {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_item(&self) -> bool {
        *self == Self::Item
    }
}

fn first() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_first(n: &usize) -> bool {
    *n == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(meaning: Meaning, drop: &[&str], keep: &[&str]) -> Mask {
        let conditions = |names: &[&str]| {
            let condition = |name: &&str| match name.parse() {
                Ok(number) => Condition::Number(number),
                Err(_) => Condition::Name((*name).to_owned()),
            };
            names.iter().map(condition).collect()
        };
        Mask {
            asset: "qa".into(),
            asset_band: 1,
            meaning,
            drop: conditions(drop),
            keep: conditions(keep),
            dilate: 0,
            bands: Vec::new(),
        }
    }

    fn passing(mask: &Mask, values: &[u64]) -> Vec<u64> {
        let test = mask.test(&Asset::new("qa", "")).unwrap();
        values.iter().copied().filter(|value| test.passes(*value)).collect()
    }

    /// Values and their meaning: Landsat 8-9 Collection 2 Level 2 Science Product Guide, table 6-3.
    #[test]
    fn landsat_flags_are_those_of_the_product_guide() {
        const CLEAR: u64 = 21824;
        const WATER: u64 = 21888;
        const CLOUD: u64 = 22280;
        const SHADOW: u64 = 23888;
        const DILATED: u64 = 21826;
        const CIRRUS: u64 = 54596;
        const MID_CLOUD: u64 = 22080;
        let all = [1, CLEAR, WATER, CLOUD, SHADOW, DILATED, CIRRUS, MID_CLOUD];
        let qa = |drop: &[&str], keep: &[&str]| {
            passing(&mask(Meaning::LandsatQaPixel, drop, keep), &all)
        };
        assert_eq!(
            qa(&["fill", "cloud", "cloud-shadow", "Dilated Cloud", "cirrus"], &[]),
            [CLEAR, WATER, MID_CLOUD]
        );
        assert_eq!(
            qa(&["0", "cloud_confidence>=medium"], &[]),
            [CLEAR, WATER, SHADOW, DILATED, CIRRUS]
        );
        assert_eq!(qa(&[], &["water"]), [WATER]);
        assert_eq!(qa(&[], &["cirrus_confidence=high"]), [CIRRUS]);
    }

    #[test]
    fn classes_are_known_by_name_and_number() {
        let scl =
            mask(Meaning::Sentinel2Scl, &["no_data", "cloud_shadows", "8", "thin_cirrus"], &[]);
        assert_eq!(passing(&scl, &[0, 3, 4, 8, 9, 10, 11]), [4, 9, 11]);
        let bits = mask(Meaning::Bits, &["0", "4"], &[]);
        assert_eq!(passing(&bits, &[0, 1, 2, 16, 34]), [0, 2, 34]);
        let values = mask(Meaning::Item, &[], &["4", "5"]);
        assert_eq!(passing(&values, &[3, 4, 5, 6]), [4, 5]);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (bad, word) in [
            (mask(Meaning::Sentinel2Scl, &["clouds"], &[]), "cloud_high_probability"),
            (mask(Meaning::LandsatQaPixel, &["cloud_confidence"], &[]), "cloud_confidence=high"),
            (mask(Meaning::LandsatQaPixel, &["cloud_confidence=huge"], &[]), "low, medium, high"),
            (mask(Meaning::Bits, &["64"], &[]), "no bit 64"),
            (mask(Meaning::Bits, &[], &[]), "neither what to drop"),
        ] {
            let fault = bad.fault(&["red"]).unwrap();
            assert!(fault.contains(word), "{fault}");
        }
        let by_item = mask(Meaning::Item, &["cloud"], &[]);
        assert_eq!(by_item.fault(&["red"]), None, "the item may say it");
        assert!(by_item.test(&Asset::new("qa", "")).unwrap_err().contains("meaning"));
    }
}
