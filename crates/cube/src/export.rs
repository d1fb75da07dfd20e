//! Writing a loaded window as GeoTIFF, PNG or plain Zarr.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use terracube_raster::{GeoTiff, GeoTiffBand, Pixels, Png, Ramp, Raster, Stretch};
use terracube_store::{Directory, Store, ZarrArray, create_group, write_consolidated};

use crate::{Cube, Error, Loaded, LoadedBand, Result, attributes, create};

/// The extensions that [`Loaded::write`] knows.
const KNOWN: [&str; 3] = [".tif", ".png", ".zarr"];

impl Loaded {
    /// Writes the window in the format of the path's extension: `.tif`, `.png` or `.zarr`.
    ///
    /// # Errors
    /// [`Error::Output`] for an unknown extension, several types or nodata values in one GeoTIFF, more than one
    /// time step in a PNG, or a path that cannot be written.
    pub async fn write(&self, cube: &Cube, path: &Path) -> Result<()> {
        match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("tif" | "tiff") => self.write_geotiff(path),
            Some("png") => self.write_png(path),
            Some("zarr") => self.write_zarr(cube, path).await,
            _ => Err(output(path, format!("the extension must be one of {}", KNOWN.join(", ")))),
        }
    }

    /// Writes a cloud-optimised GeoTIFF with one band for each band and time step.
    ///
    /// # Errors
    /// [`Error::Output`] when the bands have several data types or nodata values; what the file system says.
    pub fn write_geotiff(&self, path: &Path) -> Result<()> {
        let mut file = GeoTiff::new(self.geobox.clone());
        for LoadedBand { band, rasters } in &self.bands {
            if band.dtype != self.bands[0].band.dtype {
                let reason = format!(
                    "a GeoTIFF has one data type, but `{}` is {} and `{}` is {}: choose bands",
                    self.bands[0].band.name, self.bands[0].band.dtype, band.name, band.dtype
                );
                return Err(output(path, reason));
            }
            let (nodata, first) = (band.nodata_value(), self.bands[0].band.nodata_value());
            if nodata.map(f64::to_bits) != first.map(f64::to_bits) {
                let told = |nodata: Option<f64>| nodata.map_or("none".into(), |v| v.to_string());
                let reason = format!(
                    "a GeoTIFF has one nodata value, but that of `{}` is {} and that of `{}` {}: choose bands",
                    self.bands[0].band.name,
                    told(first),
                    band.name,
                    told(nodata)
                );
                return Err(output(path, reason));
            }
            for (i, raster) in rasters.iter().enumerate() {
                let name = match self.steps.get(i) {
                    Some(step) => format!("{} {}", band.name, step.label),
                    None => band.name.clone(),
                };
                let mut out = GeoTiffBand::new(raster.clone()).description(name);
                if let Some(units) = &band.units {
                    out = out.unit(units);
                }
                if band.scale.is_some() || band.offset.is_some() {
                    out = out.scale_offset(band.scale.unwrap_or(1.0), band.offset.unwrap_or(0.0));
                }
                file = file.band(out);
                if let Some(nodata) = nodata {
                    file = file.nodata(nodata);
                }
            }
        }
        Ok(file.write(path)?)
    }

    /// Writes a picture: one band through a colour ramp, or the first three as red, green, blue.
    ///
    /// # Errors
    /// [`Error::Output`] when there is more than one time step; what the file system says.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let first: Vec<_> = self.bands.iter().filter_map(|b| b.rasters.first()).collect();
        if self.bands.iter().any(|b| b.rasters.len() > 1) {
            let reason = "a picture shows one time step: narrow the time".to_owned();
            return Err(output(path, reason));
        }
        let picture = match first.as_slice() {
            [red, green, blue, ..] => Png::rgb(red, green, blue)?,
            [one, ..] if self.bands[0].is_relief() => {
                let high = magnitude(one);
                let (x, _) = self.geobox.resolution();
                let metres = self.geobox.crs.metres_per_unit() * x.abs();
                let picture =
                    Png::new(one).ramp(Ramp::Terrain).stretch(Stretch::Between(-high, high));
                if self.geobox.crs.is_geographic() {
                    picture
                } else {
                    picture.hillshade(SHADE / metres)
                }
            }
            [one, ..] => Png::new(one).ramp(Ramp::Viridis),
            [] => return Err(output(path, "there is no band to show")),
        };
        Ok(picture.write(path)?)
    }

    /// Writes a plain Zarr v3 group with the attributes of a cube and consolidated metadata.
    ///
    /// # Errors
    /// [`Error::Output`] when the path exists; what the file system says.
    pub async fn write_zarr(&self, cube: &Cube, path: &Path) -> Result<()> {
        if path.exists() {
            return Err(output(path, "it exists already: remove it first".to_owned()));
        }
        let part = temporary(path);
        let written = self.write_group(cube, &part).await;
        let moved =
            written.and_then(|()| std::fs::rename(&part, path).map_err(|e| output(path, e)));
        if moved.is_err() {
            // The error at hand matters more than one of tidying up.
            let _ = std::fs::remove_dir_all(&part);
        }
        moved
    }

    async fn write_group(&self, cube: &Cube, path: &Path) -> Result<()> {
        let store: Arc<dyn Store> = Arc::new(Directory::new(path)?);
        let schema = cube.schema();
        for LoadedBand { band, rasters } in &self.bands {
            let spec = create::band_spec(schema, band, &self.geobox, self.steps.len());
            let array = ZarrArray::create(store.clone(), &band.name, &spec).await?;
            for (step, raster) in (0u64..).zip(rasters) {
                let mut raster = raster.clone();
                raster.fill_invalid(band.fill_value());
                let pixels: Pixels = raster.pixels;
                let all =
                    [step..step + 1, 0..self.geobox.height as u64, 0..self.geobox.width as u64];
                let ranges = &all[usize::from(schema.time.is_none())..];
                array.write(ranges, &pixels.into_bytes()).await?;
            }
        }
        create::write_coordinates(&store, schema, &self.geobox, &self.steps).await?;
        create_group(&store, "", attributes::group(schema, &self.geobox)).await?;
        write_consolidated(&store, "").await?;
        Ok(())
    }
}

impl LoadedBand {
    /// Whether the band holds heights, which are best shown as relief.
    fn is_relief(&self) -> bool {
        const HEIGHTS: [&str; 4] =
            ["elevation", "altitude", "surface_altitude", "height_above_reference_ellipsoid"];
        let name = self.band.standard_name.as_deref().unwrap_or(&self.band.name);
        HEIGHTS.contains(&name) && self.band.units.as_deref() == Some("m")
    }
}

/// The height that nearly all pixels stay below, above or under zero.
fn magnitude(raster: &Raster) -> f64 {
    let mut values: Vec<f64> =
        (0..raster.pixels.len()).filter_map(|i| raster.pixels.get_f64(i)).map(f64::abs).collect();
    values.retain(|v| v.is_finite());
    let last = values.len() * 98 / 100;
    if last >= values.len() {
        return 1.0;
    }
    let (_, high, _) = values.select_nth_unstable_by(last, f64::total_cmp);
    high.max(1.0)
}

/// How much steeper relief is drawn than it is.
const SHADE: f64 = 8.0;

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn output(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Output { path: path.display().to_string(), source: source.into() }
}
