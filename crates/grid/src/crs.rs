//! Coordinate reference systems.

mod bound;
mod cf;
mod datum;
mod ellipsoid;
mod from_cf;
mod method;
mod parse;
mod proj_string;
mod projjson;
mod table;
mod wkt;
mod write_wkt;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

#[cfg(feature = "gdal")]
pub(crate) use datum::datum_key;
pub(crate) use datum::{Datum, Shift};
pub(crate) use ellipsoid::Ellipsoid;
pub(crate) use proj_string::ProjString;
use table::Authority;

use crate::bounds::Bounds;
use crate::error::{Error, Result};

/// A coordinate reference system; cheap to clone.
///
/// Coordinates are always `(x, y)` = (easting, northing) or (longitude, latitude), whatever axis
/// order the authority declares, and geographic ones in the CRS's own angular unit (degrees, for all
/// but a handful of codes in grads).
///
/// Two are equal when they have the same code, or no code and the same parameters; whether two mean
/// the same place is asked with [`is_same`](Self::is_same).
///
/// ```
/// use terracube_grid::Crs;
/// let utm = Crs::parse("EPSG:32633")?;
/// assert_eq!(utm.name(), "WGS 84 / UTM zone 33N");
/// assert_eq!(utm.epsg_code(), Some(32633));
/// assert!(!utm.is_geographic());
/// # Ok::<(), terracube_grid::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Crs(Arc<Definition>);

pub(crate) struct Definition {
    authority: Option<(Authority, u32)>,
    name: String,
    /// The text it was made from, if that says more than the PROJ string.
    source: Option<String>,
    proj4: String,
    pub(crate) params: ProjString,
    geographic: bool,
    unit_name: String,
    unit_factor: f64,
    area: Option<Bounds>,
    northing_first: bool,
    deprecated: bool,
    pub(crate) datum: Datum,
    identity: String,
}

impl Crs {
    /// From a text in any form: `EPSG:32633`, `ESRI:54009`, an OGC URN or URL, a PROJ string, WKT 1
    /// or 2, or PROJJSON.
    ///
    /// A code inside WKT or PROJJSON wins over the parameters around it, and over the shift of a bound
    /// CRS, which counts otherwise.
    ///
    /// # Errors
    /// [`Error::UnknownCrs`] for a code outside the table, [`Error::BadCrs`] for a text in no form we
    /// read.
    pub fn parse(text: &str) -> Result<Self> {
        parse::any(text)
    }

    /// From an EPSG code.
    ///
    /// # Errors
    /// [`Error::UnknownCrs`] for a code that is not a geographic 2D or projected CRS of the table.
    pub fn epsg(code: u32) -> Result<Self> {
        Self::of_code(Authority::Epsg, code)
    }

    /// From an ESRI code; the table holds world and continental ones.
    ///
    /// # Errors
    /// [`Error::UnknownCrs`] for a code outside the table.
    pub fn esri(code: u32) -> Result<Self> {
        Self::of_code(Authority::Esri, code)
    }

    /// Longitude and latitude on WGS 84, EPSG:4326.
    #[must_use]
    pub fn wgs84() -> Self {
        let datum =
            Datum { name: "World Geodetic System 1984 ensemble".to_owned(), shift: Shift::Null };
        let mut made = Self::definition("+proj=longlat +datum=WGS84", "WGS 84", datum);
        made.authority = Some((Authority::Epsg, 4326));
        made.area = Some(Bounds::new(-180.0, -90.0, 180.0, 90.0));
        made.northing_first = true;
        Self::of(made)
    }

    /// From a PROJ string, e.g. `+proj=sinu +R=6371007.181`.
    ///
    /// # Errors
    /// [`Error::BadCrs`] when there is no `+proj`, or the ellipsoid or unit is unknown.
    pub fn from_proj4(text: &str) -> Result<Self> {
        parse::proj4(text)
    }

    /// From WKT 1 (GDAL's or ESRI's) or WKT 2.
    ///
    /// # Errors
    /// [`Error::BadCrs`] when it cannot be read.
    pub fn from_wkt(text: &str) -> Result<Self> {
        wkt::crs(text)
    }

    /// From PROJJSON.
    ///
    /// # Errors
    /// [`Error::BadCrs`] when it cannot be read or its method is not known here.
    pub fn from_projjson(json: &serde_json::Value) -> Result<Self> {
        projjson::crs(json)
    }

    /// From the attributes of a CF grid mapping variable: `crs_wkt` or `spatial_ref` if there is one,
    /// else by name and parameters (CF-1.11, appendix F; angles in degrees, lengths in metres).
    ///
    /// # Errors
    /// [`Error::BadCrs`] when the mapping is not known here.
    pub fn from_cf(attributes: &serde_json::Map<String, serde_json::Value>) -> Result<Self> {
        from_cf::parse(attributes)
    }

    /// All EPSG codes of the table, ascending.
    #[must_use]
    pub fn epsg_codes() -> Vec<u32> {
        table::codes(Authority::Epsg)
    }

    /// All ESRI codes of the table, ascending.
    #[must_use]
    pub fn esri_codes() -> Vec<u32> {
        table::codes(Authority::Esri)
    }

    /// The EPSG code, if it has one.
    #[must_use]
    pub fn epsg_code(&self) -> Option<u32> {
        self.0.authority.filter(|a| a.0 == Authority::Epsg).map(|a| a.1)
    }

    /// Authority and code, if it has one.
    #[must_use]
    pub fn authority(&self) -> Option<(&str, u32)> {
        self.0.authority.map(|(authority, code)| (authority.name(), code))
    }

    /// The name, e.g. `WGS 84 / UTM zone 33N`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The PROJ string.
    #[must_use]
    pub fn proj4(&self) -> &str {
        &self.0.proj4
    }

    /// WKT2:2019 on one line: from the table for a code, the original text for a CRS made from WKT 2,
    /// else written from the parameters where the method is known.
    #[must_use]
    pub fn wkt2(&self) -> Option<String> {
        match self.0.authority {
            Some((authority, code)) => table::wkt(authority, code),
            None => wkt::written(&self.0),
        }
    }

    /// Whether coordinates are longitude and latitude.
    #[must_use]
    pub fn is_geographic(&self) -> bool {
        self.0.geographic
    }

    /// Metres per unit of x and y; for a geographic CRS metres per unit along the equator.
    #[must_use]
    pub fn metres_per_unit(&self) -> f64 {
        if self.0.geographic { self.ellipsoid().a * self.0.unit_factor } else { self.0.unit_factor }
    }

    /// The unit of x and y, e.g. `metre` or `degree`.
    #[must_use]
    pub fn unit_name(&self) -> &str {
        &self.0.unit_name
    }

    /// Where it is meant to be used, in longitude and latitude: `min_x > max_x` means across 180°.
    #[must_use]
    pub fn area_of_use(&self) -> Option<Bounds> {
        self.0.area
    }

    /// Whether the authority puts northing or latitude first. Only for writers of metadata: our
    /// coordinates are always x first.
    #[must_use]
    pub fn is_northing_first(&self) -> bool {
        self.0.northing_first
    }

    /// Whether the authority advises against it.
    #[must_use]
    pub fn is_deprecated(&self) -> bool {
        self.0.deprecated
    }

    /// The CF-1.11 grid mapping attributes: `grid_mapping_name`, its parameters, the ellipsoid and
    /// the prime meridian. `None` where CF has no such mapping.
    #[must_use]
    pub fn cf(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        cf::attributes(self)
    }

    /// Whether both mean the same coordinates: equal, or alike in projection, ellipsoid and datum
    /// whatever their codes and names. An unknown datum is like any other.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self == other
            || (self.0.identity == other.0.identity && self.0.datum.is_same(&other.0.datum))
    }

    pub(crate) fn inner(&self) -> &Definition {
        &self.0
    }

    pub(crate) fn params(&self) -> &ProjString {
        &self.0.params
    }

    pub(crate) fn ellipsoid(&self) -> Ellipsoid {
        self.0.params.ellipsoid().unwrap_or(Ellipsoid::WGS84)
    }

    /// Radians per unit of a geographic CRS.
    pub(crate) fn angular_unit(&self) -> f64 {
        self.0.unit_factor
    }

    fn of_code(authority: Authority, code: u32) -> Result<Self> {
        let Some(entry) = table::entry(authority, code) else {
            return Err(Error::UnknownCrs {
                code: format!("{}:{code}", authority.name()),
                hint: "not a geographic or projected CRS of the built-in table; give its PROJ string or WKT".into(),
            });
        };
        let datum = Datum { name: entry.datum, shift: Shift::parse(&entry.shift) };
        let mut made = Self::definition(&entry.proj4, &entry.name, datum);
        made.authority = Some((authority, code));
        made.geographic = entry.geographic;
        made.unit_name = entry.unit_name;
        made.unit_factor = entry.unit_factor;
        made.area = entry.area;
        made.northing_first = entry.first_axis == 'n';
        made.deprecated = entry.deprecated;
        Ok(Self::of(made))
    }

    fn definition(proj4: &str, name: &str, datum: Datum) -> Definition {
        let params = ProjString::parse(proj4);
        let geographic = params.is_geographic();
        let mut proj4 = params.to_string();
        for flag in ["no_defs", "type"] {
            if !params.has(flag) {
                proj4.push_str(if flag == "type" { " +type=crs" } else { " +no_defs" });
            }
        }
        Definition {
            authority: None,
            name: name.to_owned(),
            source: None,
            proj4,
            geographic,
            unit_name: if geographic { "degree".to_owned() } else { params.unit_name().to_owned() },
            unit_factor: if geographic { 1f64.to_radians() } else { params.to_metre() },
            area: None,
            northing_first: false,
            deprecated: false,
            datum,
            identity: String::new(),
            params,
        }
    }

    fn of(mut made: Definition) -> Self {
        made.identity = format!("{} unit={}", made.params.canonical(), made.unit_factor);
        Self(Arc::new(made))
    }
}

impl PartialEq for Crs {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.0, &other.0) {
            return true;
        }
        match (self.0.authority, other.0.authority) {
            (Some(a), Some(b)) => a == b,
            (None, None) => self.0.identity == other.0.identity && self.0.datum == other.0.datum,
            _ => false,
        }
    }
}

impl Eq for Crs {}

impl Hash for Crs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.authority.hash(state);
        if self.0.authority.is_none() {
            self.0.identity.hash(state);
        }
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.authority {
            Some((authority, code)) => write!(f, "{}:{code}", authority.name()),
            None if self.0.name.is_empty() || self.0.name == "unknown" => {
                f.write_str(&self.0.proj4)
            }
            None => f.write_str(&self.0.name),
        }
    }
}

impl fmt::Debug for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crs({self})")
    }
}

impl FromStr for Crs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Crs {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<Crs> for String {
    /// A text that [`Crs::parse`] reads back as an equal CRS.
    fn from(crs: Crs) -> Self {
        match (crs.0.authority, &crs.0.source) {
            (Some((authority, code)), _) => format!("{}:{code}", authority.name()),
            (None, Some(source)) => source.clone(),
            (None, None) => crs.0.proj4.clone(),
        }
    }
}
