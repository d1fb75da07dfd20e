//! The main job: declare a cube, see what a fill would do, fill it, load a window.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

mod served;

use serde_json::json;
use terracube::prelude::*;

#[tokio::main(flavor = "multi_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = served::hills()?;
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("hills.icechunk").display().to_string();

    // The main job.
    let stac = json!({ "url": server.stac_url(), "collections": ["hills"] });
    let hills = sources().connect("stac-api", stac)?;
    let extent = [-200_000.0, -2_012_800.0, -174_400.0, -2_000_000.0];
    let schema = Schema::new("hills", Crs::epsg(3413)?, extent, 100.0)
        .chunks(64, 64)
        .band(Band::new("height", DType::F32).asset("data").units("m"));
    let cube = create_cube(&store, &schema, &Options::default()).await?;
    let cube = cube.with_source(hills, Access::new()?);

    let area = Bounds::new(-195_000.0, -2_005_000.0, -180_000.0, -2_001_000.0);
    let area = Request::region(Region::in_crs(area, &Crs::epsg(3413)?)?);
    let plan = cube.plan(&area).await?;
    println!("{plan}"); // what would be fetched; nothing has been yet
    let report = cube.fill(plan).await?; // download → decode → warp → write → commit
    println!("{report}");
    let window = cube.load(&area, &LoadOptions::default()).await?;
    window.write(&cube, &folder.path().join("hills.png")).await?;

    assert_eq!(report.filled, 4);
    assert_eq!((window.geobox.width, window.geobox.height), (150, 40));
    assert!(cube.plan(&area).await?.is_empty(), "the second time there is nothing to do");
    Ok(())
}
