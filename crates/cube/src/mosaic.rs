//! How several granules of one patch become one: their order and the rule.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use terracube_raster::MosaicRule;
use terracube_source::Granule;

/// The mosaic rule and the order in which granules are taken.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mosaic {
    /// What becomes of several valid pixels in one place.
    #[serde(default)]
    pub rule: MosaicRule,
    /// Which granule comes first.
    #[serde(default)]
    pub order: Order,
}

/// The order in which the granules of a patch are taken.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Order {
    /// By id, so that the result never depends on the order of a search's answer.
    #[default]
    Id,
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
    /// By a numeric property, the least first (`eo:cloud_cover`); granules without it last.
    Property(String),
}

impl Order {
    /// Compares two granules; ties are settled by id.
    #[must_use]
    pub fn compare(&self, a: &Granule, b: &Granule) -> Ordering {
        let by_time = || a.time.start.cmp(&b.time.start);
        match self {
            Self::Id => Ordering::Equal,
            Self::Newest => by_time().reverse(),
            Self::Oldest => by_time(),
            Self::Property(name) => {
                let value = |g: &Granule| {
                    g.properties
                        .get(name)
                        .and_then(serde_json::Value::as_f64)
                        .unwrap_or(f64::INFINITY)
                };
                value(a).total_cmp(&value(b))
            }
        }
        .then_with(|| a.id.cmp(&b.id))
    }
}
