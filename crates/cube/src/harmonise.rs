//! Bringing numbers of another scale or offset to those that a band declares.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use terracube_source::{Asset, BandInfo, Granule};

use crate::Band;

/// What is done with granules whose numbers have another scale or offset than the band declares.
/// Classes and flags (assets with classes or bit fields) are never scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Harmonise {
    /// They are refused by name.
    #[default]
    Refuse,
    /// They are stored as they are: what the source says of them is known to be wrong.
    AsStored,
    /// They are brought to the band's, by what the item says: scale and offset of its bands, and
    /// `earthsearch:boa_offset_applied` (then the offset is 0).
    Item,
    /// They are brought to the band's, by Sentinel-2's rule: reflectance is the number times 0.0001,
    /// from processing baseline 04.00 on less 0.1, unless the offset is applied already. What items
    /// say of scale and offset is not looked at.
    #[serde(rename = "sentinel-2")]
    Sentinel2,
}

/// `value × scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Linear {
    pub(crate) scale: f64,
    pub(crate) offset: f64,
}

impl Linear {
    pub(crate) const IDENTITY: Self = Self { scale: 1.0, offset: 0.0 };

    /// What brings numbers of this scale and offset to those of another.
    fn onto(self, other: Self) -> Self {
        let exact =
            |x: f64| if (x - x.round()).abs() <= 1e-9 * x.abs().max(1.0) { x.round() } else { x };
        Self {
            scale: exact(self.scale / other.scale),
            offset: exact((self.offset - other.offset) / other.scale),
        }
    }
}

impl fmt::Display for Linear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.offset < 0.0 { '−' } else { '+' };
        write!(f, "× {} {sign} {}", self.scale, self.offset.abs())
    }
}

impl Harmonise {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refuse)
    }
}

/// What a band declares.
pub(crate) fn declared(band: &Band) -> Linear {
    Linear { scale: band.scale.unwrap_or(1.0), offset: band.offset.unwrap_or(0.0) }
}

/// The scale and offset of a granule's numbers; `None` when nothing says them.
pub(crate) fn said(band: &Band, granule: &Granule, asset: &Asset) -> Option<Linear> {
    let info = info(band, asset);
    if info.is_some_and(|info| !info.classes.is_empty() || !info.bitfields.is_empty()) {
        return None;
    }
    let is_applied = ["earthsearch:boa_offset_applied", "sentinel:boa_offset_applied"]
        .iter()
        .any(|name| granule.properties.get(*name) == Some(&Value::Bool(true)));
    if band.harmonise == Harmonise::Sentinel2 {
        let has_offset = !is_applied && baseline(granule)? >= 4.0;
        return Some(Linear { scale: 1e-4, offset: if has_offset { -0.1 } else { 0.0 } });
    }
    let BandInfo { scale, offset, .. } = info?;
    if scale.is_none() && offset.is_none() {
        return None;
    }
    let offset = if is_applied { 0.0 } else { offset.unwrap_or(0.0) };
    Some(Linear { scale: scale.unwrap_or(1.0), offset })
}

/// What is done to the numbers of a granule before they are stored.
///
/// # Errors
/// Why it cannot be told.
pub(crate) fn applied(band: &Band, granule: &Granule, asset: &Asset) -> Result<Linear, String> {
    match (band.harmonise, said(band, granule, asset)) {
        (Harmonise::Item, Some(theirs)) | (Harmonise::Sentinel2, Some(theirs)) => {
            Ok(theirs.onto(declared(band)))
        }
        (Harmonise::Sentinel2, None) if info(band, asset).is_none_or(|info| info.classes.is_empty()) => {
            Err("its processing baseline is not said (s2:processing_baseline), so that its offset is not known".into())
        }
        _ => Ok(Linear::IDENTITY),
    }
}

fn info<'a>(band: &Band, asset: &'a Asset) -> Option<&'a BandInfo> {
    asset.bands.get(band.asset_band.checked_sub(1)?)
}

/// The processing baseline of a Sentinel-2 granule, as 5.09.
fn baseline(granule: &Granule) -> Option<f64> {
    let names = ["s2:processing_baseline", "processing:version", "sentinel:processing_baseline"];
    names.iter().find_map(|name| match granule.properties.get(*name)? {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_f64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use terracube_raster::DType;

    fn granule(properties: Value, offset: Value) -> Granule {
        let mut all = json!({"datetime": "2022-06-01T10:00:00Z"});
        all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        let item = json!({"type": "Feature", "id": "a", "properties": all, "assets": {
            "red": {"href": "red.tif", "raster:bands": [{"scale": 0.0001, "offset": offset}]},
            "scl": {"href": "scl.tif", "raster:bands": [{"scale": 0.0001,
                "classification:classes": [{"value": 3, "name": "cloud_shadows"}]}]}}});
        Granule::from_stac(&item, "https://a.example/a.json").unwrap()
    }

    fn on(harmonise: Harmonise, granule: &Granule, asset: &str, offset: f64) -> Linear {
        let mut band = Band::new(asset, DType::U16).nodata(0.0).scale_offset(1e-4, offset);
        band.harmonise = harmonise;
        applied(&band, granule, granule.asset(asset).unwrap()).unwrap()
    }

    /// Sentinel-2 products since baseline 04.00: SR = (DN − 1000) / 10000.
    #[test]
    fn offsets_of_sentinel_2_follow_its_baseline() {
        let shift = |offset| Linear { scale: 1.0, offset };
        let old = granule(json!({"s2:processing_baseline": "03.01"}), json!(0));
        let new = granule(json!({"s2:processing_baseline": "05.09"}), json!(-0.1));
        let applied = granule(
            json!({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": true}),
            json!(-0.1),
        );
        for how in [Harmonise::Item, Harmonise::Sentinel2] {
            assert_eq!(on(how, &old, "red", 0.0), shift(0.0));
            assert_eq!(on(how, &new, "red", 0.0), shift(-1000.0));
            assert_eq!(on(how, &applied, "red", 0.0), shift(0.0));
            assert_eq!(on(how, &old, "red", -0.1), shift(1000.0), "old numbers to the new offset");
            assert_eq!(on(how, &new, "scl", 0.0), shift(0.0), "classes are never scaled");
        }
        assert_eq!(on(Harmonise::AsStored, &new, "red", 0.0), Linear::IDENTITY);
        let unknown = granule(json!({}), json!(0));
        let mut band = Band::new("red", DType::U16).nodata(0.0);
        band.harmonise = Harmonise::Sentinel2;
        assert!(super::applied(&band, &unknown, unknown.asset("red").unwrap()).is_err());
    }
}
