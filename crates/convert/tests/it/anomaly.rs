//! Differences from a climatology.

use std::path::Path;

use terracube_convert::{Conversion, Parameters, Readers, convert};

use crate::{case, made};

#[test]
fn an_anomaly_is_the_difference_from_the_day_of_the_year() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("a.nc"), folder.path().join("out"));
    made::grid(&input, |_| {});
    // The normal of a place is its latitude.
    let mut file = netcdf::create(folder.path().join("normal_D001.nc")).unwrap();
    let (lat, lon) = ([0.0, 30.0], [-180.0, 0.0, 180.0]);
    for (name, values) in [("lat", &lat[..]), ("lon", &lon[..])] {
        file.add_dimension(name, values.len()).unwrap();
        file.add_variable::<f64>(name, &[name]).unwrap().put_values(values, ..).unwrap();
    }
    file.add_dimension("time", 1).unwrap();
    let mut normal = file.add_variable::<f32>("normal", &["time", "lat", "lon"]).unwrap();
    normal.put_values(&[0.0f32, 0.0, 0.0, 30.0, 30.0, 30.0], ..).unwrap();
    file.close().unwrap();
    let text = format!(
        "-t netcdf/grid/latlon -i time_variable = time lon_variable = lon lat_variable = lat \
         variables = sst -o collection = c add_variables(warmth) = using:anomaly_from_clim,\
         targets:sst;,climatology_path:\"{}/normal_D*.nc\",climatology_variable:normal,\
         default_min:-10,default_max:10",
        folder.path().display()
    );
    let parameters = Parameters::parse(&text, Path::new(".")).unwrap();
    let conversion = Conversion { input, out: out.clone(), parameters, is_compat: false };
    convert(&conversion, &Readers::built_in()).unwrap();
    let file = netcdf::open(out.join("c/a/a_idf_00.nc")).unwrap();
    let bytes: Vec<u8> = file.variable("warmth").unwrap().get_values(..).unwrap();
    // 0 − 10 to 10 − 12 of 254 steps, 4 − 11 between them; 11 is missing.
    assert_eq!((bytes[0], bytes[4], bytes[10], bytes[11]), (0, 95, 254, 255));
}
