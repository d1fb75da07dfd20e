//! A source of one's own: one file (this one), and one line that registers it.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

mod served;

use serde::Deserialize;
use terracube::prelude::*;
use terracube::source::prelude::*;

/// Tiles named by their column, as many an archive has them: `{root}/west.tif`, `{root}/east.tif`.
#[derive(Debug, Deserialize)]
struct Columns {
    root: String,
    names: Vec<String>,
}

#[async_trait]
impl Source for Columns {
    fn search(&self, query: &Query, _: &Access) -> Granules {
        let root = self.root.trim_end_matches('/').to_owned();
        granules(
            query,
            self.names.clone().into_iter().map(move |name| {
                let asset = Asset::new("height", format!("{root}/{name}.tif"));
                Ok(Granule::new(name, TimeRange::ALL).with_asset(asset))
            }),
        )
    }
}

impl Connector for Columns {
    const NAME: &'static str = "columns";
    const ABOUT: &'static str = "COGs named by their column";
    const KEYS: &'static [&'static str] = &["root", "names"];
}

#[tokio::main(flavor = "multi_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = served::hills()?;
    let declaration = format!(
        r#"
        name = "hills"
        crs = "EPSG:3413"
        resolution = 200.0
        extent = [-200000.0, -2012800.0, -174400.0, -2000000.0]
        chunks = {{ shape = [64, 64] }}
        source = {{ connector = "columns", root = "{}", names = ["west", "east"] }}
        [[bands]]
        name = "height"
        dtype = "float32"
        resampling = "average"
        "#,
        server.file_url("hills")
    );

    let registry = sources().with::<Columns>(); // the line
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("hills.zarr").display().to_string();
    create_cube(&store, &Schema::from_toml(&declaration)?, &Options::default()).await?;
    let cube = open_cube(&store, &registry, &Access::new()?, &Options::default()).await?;

    let report = cube.fill(cube.plan(&Request::all()).await?).await?;
    println!("{report}");
    assert_eq!((report.filled, report.failed.len()), (2, 0));
    Ok(())
}
