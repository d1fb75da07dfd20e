//! Fills a cube of sea-surface temperature: `my-cubes ROOT START/END STORE`.

use my_cubes::DailySst;
use terracube::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, time, store] = arguments.as_slice() else {
        return Err("usage: my-cubes ROOT START/END STORE".into());
    };
    let declaration = format!(
        r#"
        name = "sst"
        crs = "EPSG:4326"
        resolution = 0.25
        extent = [-180.0, -90.0, 180.0, 90.0]
        time = {{ start = "2000-01-01", end = "2040-01-01", step = "P1D" }}
        chunks = {{ shape = [360, 360] }}
        source = {{ connector = "daily-sst", root = "{root}", days = "2000-01-01/2040-01-01" }}
        [[bands]]
        name = "sst"
        dtype = "float32"
        units = "kelvin"
        "#
    );

    let registry = sources().with::<DailySst>(); // the line that registers it
    let options = Options::default();
    let schema = Schema::from_toml(&declaration)?;
    terracube::open_or_create_cube(store, &schema, &options).await?;
    let cube = open_cube(store, &registry, &Access::new()?, &options).await?;
    let plan = cube.plan(&Request::all().time(TimeRange::parse(time)?)).await?;
    println!("{plan}");
    println!("{}", cube.fill(plan).await?);
    Ok(())
}
