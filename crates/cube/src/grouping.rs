//! Which time step a granule falls into, and the steps that a source has granules for.

use futures::StreamExt;
use terracube_grid::{Crs, GeoBox, Grouping, Region, SolarLongitude, TimeAxis, Transform};
use terracube_source::{Access, Granule, Query, Source};

use crate::{Error, Result, Schema};

impl Schema {
    /// The declaration with `times = "source"` replaced by the times that the source has granules
    /// for over the cube's area now; any other declaration as it is. A cube's steps are fixed when
    /// it is created.
    ///
    /// # Errors
    /// [`Error::Grid`] when the source has nothing there; what the source says.
    pub async fn with_times_of(mut self, source: &dyn Source, access: &Access) -> Result<Self> {
        let Some(axis) = self.time.take() else { return Ok(self) };
        if axis.is_sought().is_none() {
            return Ok(self.time(axis));
        }
        let geobox = self.geobox()?;
        let mut query = Query::default();
        query.region = Some(Region::from_geobox(&geobox)?);
        query.time = Some(axis.search_range(0..0));
        let mut found = Vec::new();
        let mut granules = source.search(&query, access);
        while let Some(granule) = granules.next().await {
            let granule = granule?;
            found.push((granule.nominal_time(), longitude(&axis, &geobox, &granule)));
        }
        let axis = axis.found(found)?;
        Ok(self.time(axis))
    }

    /// # Errors
    /// [`Error::TimesUnknown`] when the time steps are still to be asked of the source.
    pub(crate) fn check_times(&self) -> Result<()> {
        match &self.time {
            Some(axis) if axis.is_sought().is_some() => {
                Err(Error::TimesUnknown { cube: self.name.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// The longitude by which the solar time of a granule is told, in degrees; `None` where it does not
/// matter, and where the granule's place is not known.
pub(crate) fn longitude(axis: &TimeAxis, geobox: &GeoBox, granule: &Granule) -> Option<f64> {
    let Grouping::SolarDay(longitude) = axis.grouping() else { return None };
    match longitude {
        SolarLongitude::Degrees(degrees) => Some(degrees),
        SolarLongitude::Cube => middle(geobox),
        // A footprint that is no area has been told by the search.
        _ => granule.footprint().ok().flatten()?.middle_longitude(),
    }
}

/// The longitude of a grid's middle.
fn middle(geobox: &GeoBox) -> Option<f64> {
    let (x, y) = geobox.bounds().center();
    let to_degrees = Transform::new(&geobox.crs, &Crs::wgs84()).ok()?;
    Some(to_degrees.forward(x, y)?.0)
}
