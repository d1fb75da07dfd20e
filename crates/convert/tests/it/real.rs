//! Real files of other projects, converted and checked.

use std::path::Path;

use terracube_convert::{Conversion, Outcome, Parameters, Readers, convert};

use crate::case;

const L4: &str = "global_overrides = processing_level:L4,product_version:1.0,file_version:1.0";
const DAY: &str = "time_coverage_relative_start = 0 time_coverage_relative_end = 86400";
const YEAR: &str = "global_overrides = time_coverage_start:20200101,time_coverage_end:20210101";

fn is_sound(file: &str, text: &str) {
    let Some(shared) = case::shared() else { return };
    let out = tempfile::tempdir().unwrap();
    let parameters =
        Parameters::parse(&format!("{text} -o collection = c"), Path::new(".")).unwrap();
    let input = shared.join("data/netcdf").join(file);
    let conversion = Conversion { input, out: out.path().to_owned(), parameters, is_compat: false };
    let files = case::files();
    let outcome = convert(&conversion, &Readers::built_in()).unwrap();
    drop(files);
    assert!(matches!(outcome, Outcome::Converted(_)), "{outcome:?}");
    if let Some(faults) = case::faults(&shared, out.path(), None) {
        assert_eq!(faults, Vec::<String>::new(), "{file}");
    }
}

#[test]
fn grids_of_latitudes_and_longitudes_are_sound() {
    let lat_lon = "-t netcdf/grid/latlon -i";
    is_sound(
        "stars/reduced.nc",
        &format!(
            "{lat_lon} lat_variable = lat lon_variable = lon time_variable = time \
             variables = sst,anom,ice {DAY} -o downscale = yes gcp_spacing = 16"
        ),
    );
    is_sound(
        "stars/bcsd_obs_1999.nc",
        &format!(
            "{lat_lon} lat_variable = latitude lon_variable = longitude time_variable = time \
             variables = pr,tas time_coverage_relative_start = month_beginning \
             time_coverage_relative_end = month_end {L4}"
        ),
    );
    is_sound(
        "ferret/etopo20.cdf",
        &format!(
            "{lat_lon} lat_variable = ETOPO20Y lon_variable = ETOPO20X1_1081 variables = ROSE {YEAR}"
        ),
    );
    is_sound(
        "rioxarray/tmmx_20190121.nc",
        &format!(
            "{lat_lon} lat_variable = lat lon_variable = lon variables = air_temperature {YEAR}"
        ),
    );
}

/// Axes of other names, degrees that are called metres, longitudes from -279.
#[test]
fn grids_of_other_makers_are_sound() {
    is_sound(
        "rio-tiler/dataset_2d.nc",
        &format!(
            "-t netcdf/grid/latlon -i lat_variable = y lon_variable = x variables = dataset {YEAR} \
             -o downscale = yes"
        ),
    );
    is_sound(
        "rioxarray/veris.nc",
        &format!(
            "-t netcdf/grid/latlon -i lat_variable = y lon_variable = x variables = Slope,Red {YEAR}"
        ),
    );
    is_sound(
        "pyferret/tripolar_subset.nc",
        &format!(
            "-t netcdf/grid/latlon -i lat_variable = YU_OCEAN76_96 lon_variable = XU_OCEAN \
             variables = U {YEAR}"
        ),
    );
}

#[test]
fn grids_of_other_projections_are_sound() {
    is_sound(
        "iris/stereographic_toa_brightness_temperature.nc",
        &format!(
            "-t netcdf/grid/yx -i x_variable = x y_variable = y variables = data {YEAR} \
             spatial_resolution = 35000 projection = \
             \"+proj=stere +lat_0=90 +lon_0=-35 +k=1 +R=6378169 +units=m\""
        ),
    );
    is_sound(
        "rioxarray/MODIS_ARRAY.nc",
        &format!(
            "-t netcdf/grid/yx -i x_variable = x y_variable = y \
             variables = __xarray_dataarray_variable__ {YEAR} spatial_resolution = 231 \
             projection = \"+proj=sinu +lon_0=0 +R=6371007.181 +units=m\""
        ),
    );
    is_sound(
        "rioxarray/PLANET_SCOPE_3D.nc",
        &format!(
            "-t netcdf/grid/yx -i x_variable = x y_variable = y time_variable = time \
             variables = blue,green {DAY} {L4} spatial_resolution = 3 projection = EPSG:32722"
        ),
    );
}

#[test]
fn grids_of_projections_are_sound() {
    is_sound(
        "stars/lcc_km.nc",
        &format!(
            "-t netcdf/grid/yx -i x_variable = x y_variable = y time_variable = time \
             variables = prcp {DAY} spatial_resolution = 1000 projection = \
             \"+proj=lcc +lat_1=25 +lat_2=60 +lat_0=42.5 +lon_0=-100 +ellps=WGS84 +units=km\" \
             -o downscale = yes"
        ),
    );
    is_sound(
        "iris/transverse_mercator_tmean_1910_1910.nc",
        &format!(
            "-t netcdf/grid/yx -i x_variable = x y_variable = y variables = tmean {YEAR} \
             spatial_resolution = 5000 projection = \"EPSG:27700\""
        ),
    );
}

#[test]
fn a_swath_of_winds_is_sound() {
    is_sound(
        "swath/ascat_20150702_084200_metopa_45145_eps_o_250_2300_ovw.l2.nc",
        &format!(
            "-t ghrsst/l2p -i variables = wind_speed,model_speed geoloc_spacing = 4 {YEAR} \
             -o gcp_spacing = 4"
        ),
    );
}

#[test]
fn a_calendar_without_dates_is_refused() {
    let Some(shared) = case::shared() else { return };
    let out = tempfile::tempdir().unwrap();
    let text = format!(
        "-t netcdf/grid/latlon -i lat_variable = lat lon_variable = lon time_variable = time \
         variables = tos {DAY} {L4} -o collection = c"
    );
    let parameters = Parameters::parse(&text, Path::new(".")).unwrap();
    let input = shared.join("data/netcdf/stars/tos_O1_2001-2002.nc");
    let conversion = Conversion { input, out: out.path().to_owned(), parameters, is_compat: false };
    let error = convert(&conversion, &Readers::built_in()).unwrap_err().to_string();
    assert!(error.contains("360_day"), "{error}");
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

/// Cut from larger ones, they tell no place for pixels outside the cut: where those are is not known.
#[test]
fn swaths_with_holes_in_their_coordinates_are_refused() {
    let Some(shared) = case::shared() else { return };
    for file in ["swath/AMSR2-L2B.nc", "ghrsst_l2p/cut/SS_MODIS_A-JPL-L2P-v2014.0.nc"] {
        let out = tempfile::tempdir().unwrap();
        let parameters =
            Parameters::parse("-t ghrsst/l2p -o collection = c", Path::new(".")).unwrap();
        let input = shared.join("data/netcdf").join(file);
        let conversion =
            Conversion { input, out: out.path().to_owned(), parameters, is_compat: false };
        let error = convert(&conversion, &Readers::built_in()).unwrap_err().to_string();
        assert!(error.contains("row 0, cell 0 are masked"), "{error}");
        assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
    }
}
