//! How several granules of one patch become one: their order and the rule.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use terracube_raster::MosaicRule;
use terracube_source::Granule;

/// How several granules become one patch.
///
/// ```
/// let mosaic: terracube_cube::Mosaic = toml::from_str(r#"
/// rule = "first"
/// order = ["least_cloud", "newest"]
/// minimum_valid = { granule = 0.1 }
/// "#)?;
/// assert_eq!(mosaic.minimum_valid.granule, 0.1);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mosaic {
    /// What becomes of several valid pixels in one place.
    #[serde(default)]
    pub rule: MosaicRule,
    /// Which granule comes first.
    #[serde(default)]
    pub order: Order,
    /// The band, by name, of which the largest value decides from which granule a pixel of all
    /// bands is taken (the greenest pixel by a vegetation index). Ties go to the first in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_of: Option<String>,
    /// How much must be valid.
    #[serde(default, skip_serializing_if = "MinimumValid::is_unset")]
    pub minimum_valid: MinimumValid,
    /// What happens where granules overlap of which nothing says which pixels are valid.
    #[serde(default, skip_serializing_if = "UnmaskedOverlap::is_refused")]
    pub unmasked_overlap: UnmaskedOverlap,
}

/// Shares of a patch's pixels, from 0 to 1. They depend on how the cube is cut into patches.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumValid {
    /// A granule with fewer valid pixels in the cube's first band does not contribute to the patch.
    #[serde(default)]
    pub granule: f64,
    /// A patch with fewer valid pixels in its fullest band is stored as empty.
    #[serde(default)]
    pub patch: f64,
}

/// What happens where granules overlap of which neither the file (nodata, mask, alpha), nor its
/// metadata, nor the declaration (`source_nodata`, a mask) says which pixels are valid: the fill
/// of one would hide the data of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnmaskedOverlap {
    /// The patch fails, saying which granules.
    #[default]
    Refuse,
    /// Every pixel counts as valid.
    Allow,
}

/// The order in which the granules of a patch are taken: by the first key that tells two apart,
/// then by time, the oldest first, then by id.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "OrderText", into = "OrderText")]
pub struct Order(pub Vec<OrderKey>);

/// By what granules are put in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderKey {
    /// By id.
    Id,
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
    /// The least `eo:cloud_cover` first; granules that do not say it last.
    LeastCloud,
    /// By a property, a number or a text, the least first; granules without it last.
    #[serde(untagged)]
    Property {
        /// Its name.
        property: String,
        /// The largest first.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        descending: bool,
    },
}

impl Mosaic {
    /// What is wrong with the declaration, if anything; `bands` are those there are.
    pub(crate) fn fault(&self, bands: &[&str]) -> Option<String> {
        if let Some(name) = &self.max_of {
            if !bands.contains(&name.as_str()) {
                return Some(format!(
                    "mosaic.max_of names no band `{name}`; there are {}",
                    bands.join(", ")
                ));
            }
            if self.rule != MosaicRule::First {
                return Some("mosaic.max_of is a rule of its own: leave mosaic.rule out".into());
            }
        }
        let MinimumValid { granule, patch } = self.minimum_valid;
        let is_share = |share: f64| (0.0..=1.0).contains(&share);
        (!is_share(granule) || !is_share(patch))
            .then(|| "mosaic.minimum_valid has shares from 0 to 1".into())
    }
}

impl Order {
    /// Compares two granules.
    #[must_use]
    pub fn compare(&self, a: &Granule, b: &Granule) -> Ordering {
        let by_keys = self.0.iter().map(|key| key.compare(a, b));
        by_keys
            .chain([OrderKey::Oldest.compare(a, b), OrderKey::Id.compare(a, b)])
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl OrderKey {
    fn compare(&self, a: &Granule, b: &Granule) -> Ordering {
        let by_time = || a.nominal_time().cmp(&b.nominal_time());
        match self {
            Self::Id => a.id.cmp(&b.id),
            Self::Newest => by_time().reverse(),
            Self::Oldest => by_time(),
            Self::LeastCloud => by_property("eo:cloud_cover", false, a, b),
            Self::Property { property, descending } => by_property(property, *descending, a, b),
        }
    }
}

/// By a property: numbers before texts, and granules without it last whichever way round.
fn by_property(name: &str, is_descending: bool, a: &Granule, b: &Granule) -> Ordering {
    let number = |g: &Granule| g.properties.get(name).and_then(serde_json::Value::as_f64);
    let text =
        |g: &Granule| g.properties.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let turned = |ordering: Ordering| if is_descending { ordering.reverse() } else { ordering };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => turned(a.total_cmp(&b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => match (text(a), text(b)) {
            (Some(a), Some(b)) => turned(a.cmp(&b)),
            (a, b) => b.is_some().cmp(&a.is_some()),
        },
    }
}

impl MinimumValid {
    fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

impl UnmaskedOverlap {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_refused(&self) -> bool {
        *self == Self::Refuse
    }
}

/// One key, or a list of them.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OrderText {
    One(OrderKey),
    Many(Vec<OrderKey>),
}

impl From<OrderText> for Order {
    fn from(text: OrderText) -> Self {
        match text {
            OrderText::One(key) => Self(vec![key]),
            OrderText::Many(keys) => Self(keys),
        }
    }
}

impl From<Order> for OrderText {
    fn from(order: Order) -> Self {
        match <[OrderKey; 1]>::try_from(order.0) {
            Ok([key]) => Self::One(key),
            Err(keys) => Self::Many(keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use terracube_grid::{Time, TimeRange};

    fn granule(id: &str, day: &str, cloud: Option<f64>) -> Granule {
        let at = Time::parse(day).unwrap();
        let mut granule = Granule::new(id, TimeRange { start: at, end: at });
        if let Some(cloud) = cloud {
            granule.properties.insert("eo:cloud_cover".into(), json!(cloud));
        }
        granule
    }

    fn sorted(order: &str) -> String {
        let order: Order = serde_json::from_str(order).unwrap();
        let mut all = [
            granule("d", "2020-06-03", Some(5.0)),
            granule("a", "2020-06-02", None),
            granule("c", "2020-06-01", Some(20.0)),
            granule("b", "2020-06-01", Some(5.0)),
        ];
        all.sort_by(|a, b| order.compare(a, b));
        all.map(|g| g.id).concat()
    }

    #[test]
    fn granules_are_ordered_by_keys_then_time_then_id() {
        assert_eq!(sorted("[]"), "bcad");
        assert_eq!(sorted(r#""oldest""#), "bcad");
        assert_eq!(sorted(r#""newest""#), "dabc");
        assert_eq!(sorted(r#""id""#), "abcd");
        assert_eq!(sorted(r#""least_cloud""#), "bdca");
        assert_eq!(sorted(r#"["least_cloud", "newest"]"#), "dbca");
        assert_eq!(sorted(r#"{"property": "eo:cloud_cover", "descending": true}"#), "cbda");
    }

    #[test]
    fn orders_are_written_as_they_were_declared() {
        for text in [
            r#""newest""#,
            r#"{"property":"view:off_nadir"}"#,
            r#"["least_cloud",{"property":"x","descending":true}]"#,
            "[]",
        ] {
            let order: Order = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&order).unwrap(), text);
        }
        assert!(serde_json::from_str::<Order>(r#""cloudiest""#).is_err());
    }
}
