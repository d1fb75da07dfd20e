//! Images of many chunks: read and written beside the library, the same for it.

use std::path::Path;

use terracube_convert::{Conversion, Parameters, Readers, convert};

use crate::case;

const ROWS: usize = 1030;
const COLS: usize = 1100;

/// The byte that a pixel becomes; 255 is missing.
fn byte(step: usize, row: usize, col: usize) -> u8 {
    ((step * 17 + row * 7 + col * 3 + row * col / 911) % 256) as u8
}

#[test]
fn an_image_of_many_chunks_is_what_the_library_reads() {
    let _files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("a.nc"), folder.path().join("out"));
    let mut file = netcdf::create(&input).unwrap();
    file.add_unlimited_dimension("time").unwrap();
    let axis = |len: usize| (0..len).map(|at| at as f64 / 16.0).collect::<Vec<_>>();
    for (name, values) in [("lat", axis(ROWS)), ("lon", axis(COLS))] {
        file.add_dimension(name, values.len()).unwrap();
        file.add_variable::<f64>(name, &[name]).unwrap().put_values(&values, ..).unwrap();
    }
    let mut time = file.add_variable::<f64>("time", &["time"]).unwrap();
    time.put_attribute("units", "hours since 2023-01-01").unwrap();
    time.put_values(&[0.0, 1.0], 0..2).unwrap();
    let dims = ["time", "lat", "lon"];
    // Shuffled and deflated, only deflated, neither; whole numbers and not.
    let mut put = |name: &str, chunks: [usize; 3], deflate: Option<bool>| {
        let mut variable = file.add_variable::<i16>(name, &dims).unwrap();
        variable.set_chunking(&chunks).unwrap();
        if let Some(is_shuffled) = deflate {
            variable.set_compression(4, is_shuffled).unwrap();
        }
        variable.set_fill_value(-1i16).unwrap();
        variable.put_attribute("scale_factor", 0.5f64).unwrap();
        variable.put_attribute("add_offset", -1.0f64).unwrap();
        for step in 0..2 {
            let stored = |at: usize| match byte(step, at / COLS, at % COLS) {
                255 => -1,
                byte => i16::from(byte) * 100,
            };
            let values: Vec<i16> = (0..ROWS * COLS).map(stored).collect();
            variable.put_values(&values, (step..=step, .., ..)).unwrap();
        }
    };
    put("small", [1, 300, 400], Some(true));
    put("both", [2, 1030, 1100], Some(false));
    put("plain", [1, 77, 1100], None);
    let mut float = file.add_variable::<f32>("float", &dims).unwrap();
    float.set_chunking(&[1, 500, 1100]).unwrap();
    float.set_compression(1, true).unwrap();
    // Its second step is never written: the library says what is there.
    let values: Vec<f32> =
        (0..ROWS * COLS).map(|at| f32::from(byte(0, at / COLS, at % COLS)) / 8.0).collect();
    float.put_values(&values, (0..1, .., ..)).unwrap();
    file.close().unwrap();

    let text = "-t netcdf/grid/latlon -i time_variable = time lon_variable = lon \
                lat_variable = lat variables = small,both,plain,float \
                time_coverage_relative_start = 0 time_coverage_relative_end = 3600 \
                override(small) = valid_min:-1,valid_max:12699 \
                override(both) = valid_min:-1,valid_max:12699 \
                override(plain) = valid_min:-1,valid_max:12699 \
                override(float) = valid_min:0,valid_max:31 \
                global_overrides = processing_level:L4,product_version:1,file_version:1 \
                -o collection = c use_float32_values = float";
    let parameters = Parameters::parse(text, Path::new(".")).unwrap();
    let conversion = Conversion { input, out: out.clone(), parameters, is_compat: false };
    convert(&conversion, &Readers::built_in()).unwrap();
    for step in 0..2 {
        let name = format!("c_202301010{step}0000_L4_v1_fv1");
        let file = netcdf::open(out.join(format!("c/{name}/{name}_idf_00.nc"))).unwrap();
        let expected: Vec<u8> =
            (0..ROWS * COLS).map(|at| byte(step, at / COLS, at % COLS)).collect();
        for variable in ["small", "both", "plain"] {
            let variable = file.variable(variable).unwrap();
            let found: Vec<u8> = variable.get_values(..).unwrap();
            assert!(found == expected, "{} of step {step}", variable.name());
        }
        let found: Vec<f32> = file.variable("float").unwrap().get_values(..).unwrap();
        let fill = 9.969_21e36f32;
        let float = |byte: &u8| if step == 1 { fill } else { (f32::from(*byte) / 8.0).min(31.0) };
        assert!(found == expected.iter().map(float).collect::<Vec<_>>(), "float of step {step}");
    }
}
