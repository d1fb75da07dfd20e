//! The connector against what every source promises, and a cube filled through it.

use std::sync::atomic::{AtomicUsize, Ordering};

use my_cubes::DailySst;
use terracube::grid::Affine;
use terracube::prelude::*;
use terracube::raster::{GeoTiff, GeoTiffBand};
use terracube::raster::{Pixels, Raster};
use terracube::source::conformance::Expectations;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A folder with three days of the whole Earth at 10°, removed when dropped.
struct Archive(std::path::PathBuf);

impl Archive {
    fn new(name: &str) -> Result<Self, Box<dyn std::error::Error>> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("my-cubes-{name}-{number}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        let grid = Affine::new(10.0, 0.0, -180.0, 0.0, -10.0, 90.0);
        for day in 1..=3u8 {
            let pixels = Pixels::F32(vec![270.0 + f32::from(day); 36 * 18]);
            let raster = Raster::new(36, 18, pixels)?;
            GeoTiff::new(GeoBox::new(Crs::wgs84(), grid, 36, 18)?)
                .band(GeoTiffBand::new(raster))
                .write(folder.join(format!("2024-06-0{day}.tif")))?;
        }
        Ok(Self(folder))
    }

    fn declaration(&self) -> String {
        format!(
            r#"
            name = "sst"
            crs = "EPSG:4326"
            resolution = 10.0
            extent = [-180.0, -90.0, 180.0, 90.0]
            time = {{ start = "2024-06-01", end = "2024-07-01", step = "P1D" }}
            chunks = {{ shape = [18, 18] }}
            source = {{ connector = "daily-sst", root = "{}", days = "2024-06-01/2024-06-04" }}
            [[bands]]
            name = "sst"
            dtype = "float32"
            "#,
            self.0.display()
        )
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

terracube::source::source_conformance!(
    daily_sst,
    {
        let archive = Archive::new("contract").unwrap();
        let access = Access::builder().allow_files(&archive.0).build().unwrap();
        let days = TimeRange::parse("2024-06-01/2024-06-04").unwrap();
        (DailySst { root: archive.0.display().to_string(), days }, access, archive)
    },
    Expectations {
        some: Query::new()
            .region(Region::from_bbox(0.0, 0.0, 10.0, 10.0).unwrap())
            .time(TimeRange::parse("2024-06-02").unwrap()),
        some_count: 1,
        all_count: 3,
        asset: "sst".to_owned(),
        nothing: Query::new().time(TimeRange::parse("1990").unwrap()),
    }
);

#[test]
fn it_is_found_by_name_with_its_keys() -> Outcome {
    let registry = sources().with::<DailySst>();
    assert_eq!(registry.keys("daily-sst"), Some(&["root", "days"][..]));
    assert!(registry.names().any(|name| name == "stac-api"), "the built-ins stay");
    Ok(())
}

#[tokio::test]
async fn a_cube_is_filled_through_it() -> Outcome {
    let archive = Archive::new("fill")?;
    let registry = sources().with::<DailySst>();
    let access = Access::builder().allow_files(&archive.0).build()?;
    let store = archive.0.join("sst.icechunk").display().to_string();
    let options = Options::default();
    create_cube(&store, &Schema::from_toml(&archive.declaration())?, &options).await?;
    let cube = open_cube(&store, &registry, &access, &options).await?;

    let two_days = Request::all().time(TimeRange::parse("2024-06-02/2024-06-04")?);
    let plan = cube.plan(&two_days).await?;
    assert_eq!((plan.wanted, plan.granules.len()), (4, 2));
    let report = cube.fill(plan).await?;
    assert_eq!((report.filled, report.failed.len()), (4, 0));
    let loaded = cube.load(&two_days, &LoadOptions::default()).await?;
    let values: Vec<_> = loaded.bands[0].rasters.iter().map(|r| r.value(20, 9)).collect();
    assert_eq!(values, [Some(272.0), Some(273.0)]);
    Ok(())
}

#[tokio::test]
async fn a_day_that_is_not_there_fails_alone() -> Outcome {
    let archive = Archive::new("gap")?;
    std::fs::remove_file(archive.0.join("2024-06-03.tif"))?;
    let registry = sources().with::<DailySst>();
    let access = Access::builder().allow_files(&archive.0).build()?;
    let store = archive.0.join("sst.icechunk").display().to_string();
    let options = Options::default();
    create_cube(&store, &Schema::from_toml(&archive.declaration())?, &options).await?;
    let cube = open_cube(&store, &registry, &access, &options).await?;
    let days = Request::all().time(TimeRange::parse("2024-06-02/2024-06-04")?);
    let report = cube.fill(cube.plan(&days).await?).await?;
    assert_eq!((report.filled, report.failed.len()), (2, 2));
    Ok(())
}
