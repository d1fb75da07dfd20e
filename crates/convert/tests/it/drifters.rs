//! Drifters made here.

use std::path::Path;

use terracube_convert::{Conversion, Outcome, Parameters, Readers, convert};

/// One level a sample, which changes on the way.
#[test]
fn samples_at_another_depth_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("d_202301.nc"), folder.path().join("out"));
    let mut file = netcdf::create(&input).unwrap();
    file.add_dimension("TIME", 4).unwrap();
    file.add_dimension("DEPTH", 1).unwrap();
    let days: Vec<f64> = (0..4).map(|hour| 26_663.0 + f64::from(hour) / 24.0).collect();
    let places = [40.0, 40.1, 40.2, 40.3];
    for (name, values) in [("TIME", &days[..]), ("LATITUDE", &places), ("LONGITUDE", &places)] {
        let mut variable = file.add_variable::<f64>(name, &["TIME"]).unwrap();
        variable.put_attribute("units", "days since 1950-01-01T00:00:00Z").unwrap();
        variable.put_values(values, ..).unwrap();
    }
    for (name, values) in
        [("DEPH", [15.0f32, 15.0, 0.0, 0.0]), ("EWCT", [-2.0, 2.0, 1.0, 1.0]), ("NSCT", [0.0; 4])]
    {
        let mut variable = file.add_variable::<f32>(name, &["TIME", "DEPTH"]).unwrap();
        variable.put_values(&values, ..).unwrap();
    }
    file.close().unwrap();
    let text = "-t cmems/drifter -i depth_value = 15 -o collection = c";
    let parameters = Parameters::parse(text, Path::new(".")).unwrap();
    let conversion = Conversion { input, out: out.clone(), parameters, is_compat: false };
    let outcome = convert(&conversion, &Readers::built_in()).unwrap();
    assert_eq!(outcome, Outcome::Converted(vec![Path::new("c").join("d_202301")]));
    let file = netcdf::open(out.join("c/d_202301/d_202301_idf_00.nc")).unwrap();
    let bytes: Vec<u8> = file.variable("eastward_velocity").unwrap().get_values(..).unwrap();
    assert_eq!(bytes, [0, 254, 255, 255]);
}
