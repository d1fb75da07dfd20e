//! One measured quantity of a cube.

use serde::{Deserialize, Serialize};
use terracube_raster::{DType, MosaicRule, Resampling};

use crate::Harmonise;

/// One band of a cube: what is stored, and which asset it is filled from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The name, also that of the Zarr array.
    pub name: String,
    /// The stored data type.
    pub dtype: DType,
    /// The granules' asset to read; the band's name when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// Which band of the asset, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub asset_band: usize,
    /// The variable of the asset to read, where it has several: netCDF (as `sst` or `GROUP/sst`)
    /// and other files with names inside. Such an asset is downloaded whole; of a variable with a
    /// time axis the slice that falls into the cube's step is read, and `asset_band` counts the
    /// bands within it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The value that means «no data» in the store. Floats default to NaN; integers must say one,
    /// or `"none"`.
    #[serde(default, skip_serializing_if = "Nodata::is_unset")]
    pub nodata: Nodata,
    /// The value that means «no data» in the asset, when the asset does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_nodata: Option<f64>,
    /// CF `scale_factor`: value = stored × scale + offset. The stored numbers are those of the
    /// asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// CF `add_offset`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// CF `units` (UDUNITS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<String>,
    /// CF `long_name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_name: Option<String>,
    /// CF `standard_name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_name: Option<String>,
    /// How pixels are taken onto the cube's grid; the name is GDAL's, as `cubicspline` or `med`.
    #[serde(default = "nearest")]
    pub resampling: Resampling,
    /// What becomes of several valid pixels in one place, where it is not the cube's rule:
    /// `count` for the number of observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mosaic: Option<MosaicRule>,
    /// What is done with granules of another scale or offset.
    #[serde(default, skip_serializing_if = "Harmonise::is_refusal")]
    pub harmonise: Harmonise,
}

/// The value that means «no data».
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "NodataText", into = "NodataText")]
pub enum Nodata {
    /// NaN for floats; an error for integers, which must decide.
    #[default]
    Unset,
    /// Every value is data; what is not filled reads as 0.
    None,
    /// This value.
    Value(f64),
}

impl Nodata {
    fn is_unset(&self) -> bool {
        *self == Self::Unset
    }
}

impl Band {
    /// A band of this name and type, with nearest resampling and no attributes.
    #[must_use]
    pub fn new(name: impl Into<String>, dtype: DType) -> Self {
        Self {
            name: name.into(),
            dtype,
            asset: None,
            asset_band: 1,
            variable: None,
            nodata: Nodata::Unset,
            source_nodata: None,
            scale: None,
            offset: None,
            units: None,
            long_name: None,
            standard_name: None,
            resampling: Resampling::Nearest,
            mosaic: None,
            harmonise: Harmonise::default(),
        }
    }

    /// Sets the asset to read.
    #[must_use]
    pub fn asset(mut self, asset: impl Into<String>) -> Self {
        self.asset = Some(asset.into());
        self
    }

    /// Sets the stored «no data» value.
    #[must_use]
    pub fn nodata(mut self, value: f64) -> Self {
        self.nodata = Nodata::Value(value);
        self
    }

    /// Sets the CF scale and offset.
    #[must_use]
    pub fn scale_offset(mut self, scale: f64, offset: f64) -> Self {
        (self.scale, self.offset) = (Some(scale), Some(offset));
        self
    }

    /// Sets the CF units.
    #[must_use]
    pub fn units(mut self, units: impl Into<String>) -> Self {
        self.units = Some(units.into());
        self
    }

    /// Sets the resampling.
    #[must_use]
    pub fn resampling(mut self, resampling: Resampling) -> Self {
        self.resampling = resampling;
        self
    }

    /// Sets a mosaic rule of its own.
    #[must_use]
    pub fn mosaic(mut self, rule: MosaicRule) -> Self {
        self.mosaic = Some(rule);
        self
    }

    /// Sets what is done with granules of another scale or offset.
    #[must_use]
    pub fn harmonise(mut self, how: Harmonise) -> Self {
        self.harmonise = how;
        self
    }

    /// Sets the variable of the asset to read.
    #[must_use]
    pub fn variable(mut self, variable: impl Into<String>) -> Self {
        self.variable = Some(variable.into());
        self
    }

    /// The name of the asset to read.
    #[must_use]
    pub fn asset_name(&self) -> &str {
        self.asset.as_deref().unwrap_or(&self.name)
    }

    /// The number stored where there is no data, or `None` when every value is data.
    #[must_use]
    pub fn nodata_value(&self) -> Option<f64> {
        match self.nodata {
            Nodata::Value(v) => Some(v),
            Nodata::Unset if self.dtype.is_float() => Some(f64::NAN),
            Nodata::Unset | Nodata::None => None,
        }
    }

    /// What an unfilled pixel reads as.
    #[must_use]
    pub fn fill_value(&self) -> f64 {
        self.nodata_value().unwrap_or(0.0)
    }

    /// Whether every value of an asset's type can be stored exactly.
    pub(crate) fn holds(&self, theirs: DType) -> bool {
        let (ours, bits) = (self.dtype, 8 * theirs.size());
        match (theirs.is_float(), ours) {
            (true, _) => ours.is_float() && ours.size() >= theirs.size(),
            (false, DType::F32) => bits <= 16,
            (false, DType::F64) => bits <= 32,
            (false, _) => {
                let ((low, high), (ours_low, ours_high)) = (theirs.range(), ours.range());
                ours_low <= low && high <= ours_high
            }
        }
    }

    /// What is wrong with the declaration of a band with this mosaic rule, if anything.
    pub(crate) fn fault(&self, rule: MosaicRule) -> Option<String> {
        let name = &self.name;
        let reserved = ["x", "y", "time", "time_bnds", "spatial_ref", "longitude", "latitude"];
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with(['_', '.']) {
            return Some(format!(
                "band name `{name}` must not be empty, contain / or begin with _ or ."
            ));
        }
        if reserved.contains(&name.as_str()) {
            return Some(format!("band name `{name}` is that of a coordinate"));
        }
        if self.asset_band == 0 {
            return Some(format!("band `{name}`: asset_band counts from 1"));
        }
        if self.scale == Some(0.0) || self.scale.is_some_and(|s| !s.is_finite()) {
            return Some(format!("band `{name}`: scale must be a finite number other than 0"));
        }
        let is_harmonised = matches!(self.harmonise, Harmonise::Item | Harmonise::Sentinel2);
        if is_harmonised && self.scale.is_none() && self.offset.is_none() {
            return Some(format!(
                "band `{name}`: harmonise needs the scale and offset that numbers are brought to, as scale = 0.0001 and offset = 0.0"
            ));
        }
        let flags = ["scl", "qa_pixel", "fmask"];
        if is_harmonised && flags.iter().any(|flag| self.asset_name().eq_ignore_ascii_case(flag)) {
            return Some(format!("band `{name}`: classes and flags are never scaled"));
        }
        if rule == MosaicRule::Count && self.nodata_value().is_some_and(|v| v != 0.0 && !v.is_nan())
        {
            return Some(format!("band `{name}` counts observations: its nodata is 0"));
        }
        match self.nodata {
            Nodata::Unset if self.dtype.is_integer() => Some(format!(
                "band `{name}` is {}: say its nodata value, or nodata = \"none\" when every value is data",
                self.dtype
            )),
            Nodata::Value(v) if self.dtype.is_integer() => {
                let (low, high) = self.dtype.range();
                (v.fract() != 0.0 || v < low || v > high || v.is_nan())
                    .then(|| format!("band `{name}`: nodata {v} is not a {}", self.dtype))
            }
            _ => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum NodataText {
    Number(f64),
    Word(String),
    Unset(()),
}

impl TryFrom<NodataText> for Nodata {
    type Error = String;
    fn try_from(text: NodataText) -> Result<Self, String> {
        match text {
            NodataText::Number(v) => Ok(Self::Value(v)),
            NodataText::Unset(()) => Ok(Self::Unset),
            NodataText::Word(w) => match w.to_ascii_lowercase().as_str() {
                "none" => Ok(Self::None),
                "nan" => Ok(Self::Value(f64::NAN)),
                _ => Err(format!("nodata is a number, \"nan\" or \"none\", not \"{w}\"")),
            },
        }
    }
}

impl From<Nodata> for NodataText {
    fn from(nodata: Nodata) -> Self {
        match nodata {
            Nodata::Unset => Self::Unset(()),
            Nodata::None => Self::Word("none".into()),
            Nodata::Value(v) if v.is_nan() => Self::Word("nan".into()),
            Nodata::Value(v) => Self::Number(v),
        }
    }
}

fn first() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_first(n: &usize) -> bool {
    *n == 1
}

fn nearest() -> Resampling {
    Resampling::Nearest
}
