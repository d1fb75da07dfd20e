//! Signed types that an attribute says are unsigned (netCDF User's Guide, `_Unsigned`).

use std::path::Path;

use terracube_convert::{Conversion, Parameters, Readers, convert};

use crate::made;

/// netCDF4 1.7 reads these bytes as 0, 127, 128, 254 and none, halved by the scale.
#[test]
fn bytes_above_127_are_read_unsigned() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("a.nc"), folder.path().join("out"));
    made::grid(&input, |file| {
        let mut stored = file.add_variable::<i8>("u", &["time", "lat", "lon"]).unwrap();
        stored.set_fill_value(-1i8).unwrap();
        stored.put_attribute("_Unsigned", "true").unwrap();
        stored.put_attribute("scale_factor", 0.5f32).unwrap();
        stored.put_attribute("valid_max", -2i8).unwrap();
        stored.put_values(&[0i8, 127, -128, -2, -1, 1, 2, 3, 4, 5, 6, 7], ..).unwrap();
    });
    let text = "-t netcdf/grid/latlon -i time_variable = time lon_variable = lon \
                lat_variable = lat variables = u override(u) = valid_min:0,valid_max:127 \
                -o collection = c";
    let parameters = Parameters::parse(text, Path::new(".")).unwrap();
    let conversion = Conversion { input, out: out.clone(), parameters, is_compat: false };
    convert(&conversion, &Readers::built_in()).unwrap();
    let file = netcdf::open(out.join("c/a/a_idf_00.nc")).unwrap();
    // 254 steps of 0..127 are the stored bytes again.
    let bytes: Vec<u8> = file.variable("u").unwrap().get_values(..).unwrap();
    assert_eq!(bytes, [0, 127, 128, 254, 255, 1, 2, 3, 4, 5, 6, 7]);
}
