//! What the libraries of the system would write to the standard error, on any thread.

use std::path::Path;
use std::process::Command;

use terracube_grid::Window;
use terracube_raster::{Error, LocalFile, LocalOptions};

const FOLDER: &str = "TERRACUBE_TEST_FOLDER";

/// netCDF silences HDF5 on the thread that uses it first, and on no other.
#[test]
fn files_that_lack_something_leave_the_standard_error_empty() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "standard_error::on_a_second_thread", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(String::from_utf8_lossy(&child.stderr), "");
}

#[test]
#[ignore = "started by the test above, as a process of its own"]
fn on_a_second_thread() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let good = Path::new(&folder).join("good.nc");
    {
        let mut file = netcdf::create(&good).unwrap();
        file.add_dimension("y", 3).unwrap();
        file.add_dimension("x", 4).unwrap();
        let mut variable = file.add_variable::<i16>("a", &["y", "x"]).unwrap();
        let values: Vec<i16> = (0..12).collect();
        variable.put_values(&values, ..).unwrap();
    }
    let whole = std::fs::read(&good).unwrap();
    let cut = Path::new(&folder).join("cut.nc");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let noise = Path::new(&folder).join("noise.nc");
    let mut bytes = whole[..64].to_vec();
    bytes.resize(4096, 0xa5);
    std::fs::write(&noise, bytes).unwrap();

    #[cfg(feature = "gdal")]
    let all = [good.clone(), cut.clone(), noise.clone()];
    std::thread::spawn(move || {
        // Nearly all attributes that are looked for are missing.
        let file = LocalFile::open(&good, &LocalOptions::default()).unwrap();
        let reader = std::thread::spawn(move || {
            let raster = file.read(0, 0, Window::new(1, 1, 2, 2)).unwrap();
            assert_eq!(raster.pixels.get_f64(3), Some(10.0));
        });
        reader.join().unwrap();
        for bad in [&cut, &noise] {
            let error = LocalFile::open(bad, &LocalOptions::default()).unwrap_err();
            assert!(matches!(error, Error::Read { .. }), "{error}");
        }
        let options = LocalOptions { variable: Some("b".to_owned()), ..LocalOptions::default() };
        let error = LocalFile::open(&good, &options).unwrap_err();
        assert!(matches!(error, Error::UnknownName { .. }), "{error}");
    })
    .join()
    .unwrap();
    #[cfg(feature = "gdal")]
    std::thread::spawn(move || {
        for (path, is_good) in all.iter().zip([true, false, false]) {
            // By this name it is left to GDAL.
            let other = path.with_extension("h5");
            std::fs::copy(path, &other).unwrap();
            let opened = LocalFile::open(&other, &LocalOptions::default());
            assert_eq!(opened.is_ok(), is_good, "{opened:?}");
            if let Ok(file) = opened {
                let pixels = std::thread::spawn(move || file.read(0, 0, Window::new(0, 0, 4, 3)));
                assert_eq!(pixels.join().unwrap().unwrap().pixels.get_f64(11), Some(11.0));
            }
        }
    })
    .join()
    .unwrap();
}
