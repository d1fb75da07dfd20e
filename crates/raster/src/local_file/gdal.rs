//! Files by GDAL.

mod subdataset;
mod times;
mod vrt;

use std::path::Path;
use std::sync::Once;

use ::gdal::errors::GdalError;
use ::gdal::raster::{GdalDataType, RasterBand};
use ::gdal::spatial_ref::SpatialRef;
use ::gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags, Metadata};
use terracube_grid::{Affine, Crs, GeoBox, Window};

use self::subdataset::{Subdataset, check_single, names};
use self::times::{time, times_missing};
use super::library::{Handle, c_libraries};
use super::{BandInfo, Found, LocalOptions, Reader};
use crate::{DType, Error, Gcp, Gcps, Geolocation, Level, Pixels, Raster, Result};

/// Drivers that lead elsewhere: to other files by name, or to services.
const ELSEWHERE: [&str; 22] = [
    "DAAS",
    "DERIVED",
    "EEDA",
    "EEDAI",
    "ESRIC",
    "GEORASTER",
    "GTI",
    "HTTP",
    "KMLSUPEROVERLAY",
    "MRF",
    "NGW",
    "OGCAPI",
    "PLMOSAIC",
    "PLSCENES",
    "PostGISRaster",
    "Rasterlite",
    "STACIT",
    "STACTA",
    "VRT",
    "WCS",
    "WMS",
    "WMTS",
];
/// Points of geolocation arrays above which they are not read.
const MOST_POINTS: usize = 1 << 28;
const MOST_BANDS: usize = 65_536;

#[derive(Debug)]
struct Open {
    key: String,
    dtypes: Vec<Stored>,
    nodata: Vec<Option<f64>>,
    dataset: Handle<Dataset>,
}

/// A pixel type, and whether GDAL hands signed bytes out as unsigned ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stored {
    dtype: DType,
    signed_as_unsigned: bool,
}

pub(super) fn open(path: &Path, options: &LocalOptions) -> Result<(Found, Box<dyn Reader>)> {
    let _lock = c_libraries();
    quiet();
    let key = path.display().to_string();
    let vrt = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("vrt"));
    if vrt && !options.allow_vrt {
        let what = "it is a virtual raster (VRT), which names other files: allow it explicitly";
        return Err(Error::Unsupported { key, what: what.into() });
    }
    if vrt {
        vrt::check(path, &key)?;
    }
    let mut dataset = dataset(&key, &key, vrt)?;
    let all = Subdataset::all(&dataset);
    match &options.variable {
        Some(wanted) if all.is_empty() => check_single(&dataset, wanted)?,
        Some(wanted) => {
            let found = Subdataset::find(&all, wanted, &key)?;
            dataset = self::dataset(&found.name, &key, false)?;
        }
        None if dataset.raster_count() > 0 => {}
        None if all.is_empty() => {
            return Err(Error::Unsupported { key, what: "it has no raster".to_owned() });
        }
        None => {
            let what = format!("it has several rasters, name one of {}", names(&all));
            return Err(Error::Unsupported { key, what });
        }
    }
    let (found, dtypes) = describe(&dataset, &key)?;
    let nodata = found.bands.iter().map(|b| b.nodata).collect();
    let open = Open { key, dtypes, nodata, dataset: Handle::new(dataset) };
    Ok((found, Box::new(open)))
}

impl Reader for Open {
    fn read(&self, level: usize, band: usize, window: Window) -> Result<Raster> {
        let read = self.dataset.with(|dataset| self.read_of(dataset, level, band, window));
        read.ok_or_else(|| Error::NotFound { key: self.key.clone() })?
    }
}

impl Open {
    fn read_of(
        &self,
        dataset: &Dataset,
        level: usize,
        band: usize,
        window: Window,
    ) -> Result<Raster> {
        quiet();
        let fault = |error: GdalError| read_error(&self.key, &error);
        let full = dataset.rasterband(band + 1).map_err(fault)?;
        let source = match level.checked_sub(1) {
            None => full,
            Some(overview) => full.overview(overview).map_err(fault)?,
        };
        let pixels = pixels(&source, self.dtypes[band], window).map_err(fault)?;
        let mut raster = Raster::new(window.width, window.height, pixels)?;
        if let Some(nodata) = self.nodata[band] {
            raster.invalidate(nodata);
        } else if has_mask(&source).map_err(fault)? {
            let mask = source.open_mask_band().map_err(fault)?;
            let stored = Stored { dtype: DType::U8, signed_as_unsigned: false };
            let mask = self::pixels(&mask, stored, window).map_err(fault)?;
            raster.valid = Some(mask.as_bytes().iter().map(|v| *v != 0).collect());
        }
        Ok(raster)
    }
}

/// Errors come back as values: none is written to the terminal. The cache of blocks is kept small, as
/// windows are read once; a size that the program or its environment sets stays.
fn quiet() {
    // What GDAL's drivers of HDF5 do not find; without the feature there is no way to HDF5.
    #[cfg(feature = "netcdf")]
    super::hdf5::quiet_hdf5();
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        ::gdal::config::set_error_handler(|_, _, _| {});
        if ::gdal::config::get_config_option("GDAL_CACHEMAX", "").is_ok_and(|size| size.is_empty())
        {
            // In MB. What it does not take is no error to us.
            let _ = ::gdal::config::set_config_option("GDAL_CACHEMAX", "64");
        }
    });
}

/// Opens `name` with the drivers that stay within the file.
fn dataset(name: &str, key: &str, vrt: bool) -> Result<Dataset> {
    let names: Vec<String> = DriverManager::all().map(|driver| driver.short_name()).collect();
    let is_elsewhere = |name: &&str| ELSEWHERE.iter().any(|e| e.eq_ignore_ascii_case(name));
    let allowed: Vec<&str> = if vrt {
        vec!["VRT"]
    } else {
        names.iter().map(String::as_str).filter(|name| !is_elsewhere(name)).collect()
    };
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_READONLY | GdalOpenFlags::GDAL_OF_RASTER,
        allowed_drivers: Some(&allowed),
        ..DatasetOptions::default()
    };
    Dataset::open_ex(name, options).map_err(|error| read_error(key, &error))
}

fn describe(dataset: &Dataset, key: &str) -> Result<(Found, Vec<Stored>)> {
    let fault = |error: GdalError| read_error(key, &error);
    let count = dataset.raster_count();
    if count > MOST_BANDS {
        let (value, limit) = (count as u64, MOST_BANDS as u64);
        return Err(Error::TooLarge { key: key.into(), what: "the number of bands", value, limit });
    }
    let (mut bands, mut dtypes) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut times = Vec::new();
    for index in 1..=count {
        let band = dataset.rasterband(index).map_err(fault)?;
        let stored = stored(&band, key)?;
        dtypes.push(stored);
        let time = time(dataset, &band);
        let instant = time.as_ref().and_then(|time| time.instant.as_ref().ok().copied());
        times.extend(time);
        bands.push(BandInfo {
            dtype: stored.dtype,
            nodata: nodata(&band, stored.dtype),
            scale: band.scale().unwrap_or(1.0),
            offset: band.offset().unwrap_or(0.0),
            description: band.description().ok().filter(|text| !text.is_empty()),
            unit: Some(band.unit()).filter(|text| !text.is_empty()),
            time: instant,
        });
    }
    let levels = levels(dataset).map_err(fault)?;
    let crs = crs(dataset.spatial_ref().ok());
    let (width, height) = dataset.raster_size();
    let gcps = gcps(dataset);
    let geolocation = geolocation(dataset, key);
    let geobox = match dataset.geo_transform() {
        Ok(t) => {
            let affine = Affine::new(t[1], t[2], t[0], t[4], t[5], t[3]);
            crs.and_then(|crs| GeoBox::new(crs, affine, width, height).map_err(|e| e.to_string()))
        }
        Err(_) if gcps.is_some() => Err("it is located by ground control points".into()),
        Err(_) if geolocation.is_some() => Err("it is located by geolocation arrays".into()),
        Err(_) if dataset.metadata_domain("RPC").is_some_and(|items| !items.is_empty()) => {
            Err("it is located by rational polynomials (RPC), which are not read".into())
        }
        Err(_) => Err("it has no geotransform".into()),
    };
    let times_missing = times_missing(&times);
    let is_nodata_assumed = false;
    let found =
        Found { bands, levels, geobox, gcps, geolocation, times_missing, is_nodata_assumed };
    Ok((found, dtypes))
}

fn stored(band: &RasterBand<'_>, key: &str) -> Result<Stored> {
    let plain = |dtype| Ok(Stored { dtype, signed_as_unsigned: false });
    match band.band_type() {
        GdalDataType::UInt8 => {
            let signed = band.metadata_item("PIXELTYPE", "IMAGE_STRUCTURE");
            let signed = signed.is_some_and(|kind| kind == "SIGNEDBYTE");
            let dtype = if signed { DType::I8 } else { DType::U8 };
            Ok(Stored { dtype, signed_as_unsigned: signed })
        }
        GdalDataType::UInt16 => plain(DType::U16),
        GdalDataType::Int16 => plain(DType::I16),
        GdalDataType::UInt32 => plain(DType::U32),
        GdalDataType::Int32 => plain(DType::I32),
        GdalDataType::UInt64 => plain(DType::U64),
        GdalDataType::Int64 => plain(DType::I64),
        GdalDataType::Float32 => plain(DType::F32),
        GdalDataType::Float64 => plain(DType::F64),
        other if other.name() == "Int8" => plain(DType::I8),
        _ => Err(Error::Unsupported {
            key: key.to_owned(),
            what: "pixels of a type that is not read, as complex numbers".into(),
        }),
    }
}

fn nodata(band: &RasterBand<'_>, dtype: DType) -> Option<f64> {
    let value = match dtype {
        DType::U64 => band.no_data_value_u64().map(|v| v as f64),
        DType::I64 => band.no_data_value_i64().map(|v| v as f64),
        _ => band.no_data_value(),
    };
    value.filter(|v| dtype.is_float() || dtype.holds(*v))
}

fn levels(dataset: &Dataset) -> Result<Vec<Level>, GdalError> {
    let (width, height) = dataset.raster_size();
    let first = dataset.rasterband(1)?;
    let level = |band: &RasterBand<'_>| -> Result<Level, GdalError> {
        let ((columns, rows), (tile_width, tile_height)) = (band.size(), band.block_size());
        Ok(Level {
            width: columns,
            height: rows,
            tile_width,
            tile_height,
            factor: (width as f64 / columns as f64, height as f64 / rows as f64),
            has_mask: has_mask(band)?,
        })
    };
    let mut levels = vec![level(&first)?];
    for index in 0..first.overview_count()?.max(0) as usize {
        levels.push(level(&first.overview(index)?)?);
    }
    Ok(levels)
}

/// Whether a mask says which pixels are valid, and no value does.
fn has_mask(band: &RasterBand<'_>) -> Result<bool, GdalError> {
    let flags = band.mask_flags()?;
    Ok(!flags.is_all_valid() && !flags.is_nodata())
}

/// The CRS, by its code where it has one.
fn crs(found: Option<SpatialRef>) -> Result<Crs, String> {
    let Some(found) = found else { return Err("it has no CRS".into()) };
    let code = found.auth_code().ok().and_then(|code| u32::try_from(code).ok());
    if let (Some("EPSG"), Some(code)) = (found.auth_name().as_deref(), code)
        && let Ok(crs) = Crs::epsg(code)
    {
        return Ok(crs);
    }
    let wkt = found.to_wkt().map_err(|e| e.to_string())?;
    if let Ok(crs) = Crs::from_wkt(&wkt) {
        return Ok(crs);
    }
    let text = found.to_proj4().map_err(|e| e.to_string())?;
    Crs::from_proj4(&text).map_err(|e| e.to_string())
}

fn gcps(dataset: &Dataset) -> Option<Gcps> {
    let points: Vec<_> = dataset
        .gcps()
        .iter()
        .map(|g| Gcp { col: g.pixel(), row: g.line(), x: g.x(), y: g.y(), z: g.z() })
        .collect();
    (!points.is_empty()).then(|| Gcps { points, crs: crs(dataset.gcp_spatial_ref()) })
}

/// The arrays that a driver names, if they are of the same file.
fn geolocation(dataset: &Dataset, key: &str) -> Option<Geolocation> {
    let item = |name: &str| dataset.metadata_item(name, "GEOLOCATION");
    let number = |name: &str| item(name).and_then(|text| text.trim().parse::<f64>().ok());
    let read = |axis: &str| -> Option<(Vec<f64>, (usize, usize))> {
        let name = item(&format!("{axis}_DATASET"))?;
        if !name.contains(key) {
            return None;
        }
        let dataset = self::dataset(&name, key, false).ok()?;
        let band = number(&format!("{axis}_BAND")).unwrap_or(1.0);
        let band = dataset.rasterband(band as usize).ok()?;
        let (width, height) = band.size();
        if width.checked_mul(height)? > MOST_POINTS {
            return None;
        }
        let window = Window::new(0, 0, width, height);
        let stored = Stored { dtype: DType::F64, signed_as_unsigned: false };
        let Pixels::F64(mut values) = pixels(&band, stored, window).ok()? else { return None };
        if let Some(nodata) = band.no_data_value() {
            values.iter_mut().filter(|v| **v == nodata).for_each(|v| *v = f64::NAN);
        }
        Some((values, (width, height)))
    };
    let ((mut x, x_size), (mut y, y_size)) = (read("X")?, read("Y")?);
    let (width, height) = match (x_size, y_size) {
        // One row of longitudes and one of latitudes stand for their product.
        ((width, 1), (height, 1)) => {
            let rows = y.iter().flat_map(|v| std::iter::repeat_n(*v, width)).collect();
            x = x.repeat(height);
            y = rows;
            (width, height)
        }
        (a, b) if a == b => a,
        _ => return None,
    };
    let corner = item("GEOREFERENCING_CONVENTION").is_none_or(|c| c == "TOP_LEFT_CORNER");
    let half = if corner { 0.5 } else { 0.0 };
    let at = |name: &str| number(name).unwrap_or(0.0) - half;
    let srs = item("SRS").and_then(|text| SpatialRef::from_definition(&text).ok());
    Some(Geolocation {
        width,
        height,
        x,
        y,
        crs: crs(srs).unwrap_or_else(|_| Crs::wgs84()),
        offset: (at("PIXEL_OFFSET"), at("LINE_OFFSET")),
        step: (number("PIXEL_STEP").unwrap_or(1.0), number("LINE_STEP").unwrap_or(1.0)),
    })
}

fn pixels(band: &RasterBand<'_>, stored: Stored, window: Window) -> Result<Pixels, GdalError> {
    let at = (window.col as isize, window.row as isize);
    let size = (window.width, window.height);
    macro_rules! read {
        ($t:ty, $variant:ident) => {{
            let mut values: Vec<$t> = vec![<$t>::default(); size.0 * size.1];
            band.read_into_slice(at, size, size, &mut values, None)?;
            Pixels::$variant(values)
        }};
    }
    Ok(match stored.dtype {
        DType::U8 => read!(u8, U8),
        DType::I8 if stored.signed_as_unsigned => {
            let Pixels::U8(bytes) = read!(u8, U8) else { return Ok(Pixels::I8(Vec::new())) };
            Pixels::I8(bytes.into_iter().map(u8::cast_signed).collect())
        }
        DType::I8 => read!(i16, I16).cast(DType::I8),
        DType::U16 => read!(u16, U16),
        DType::I16 => read!(i16, I16),
        DType::U32 => read!(u32, U32),
        DType::I32 => read!(i32, I32),
        DType::U64 => read!(u64, U64),
        DType::I64 => read!(i64, I64),
        DType::F32 => read!(f32, F32),
        DType::F64 => read!(f64, F64),
    })
}

fn read_error(key: &str, error: &GdalError) -> Error {
    Error::Read { key: key.to_owned(), transient: false, source: error.to_string().into() }
}
