//! The works of this project, each in a process of its own.

use anyhow::{Context, Result, bail, ensure};
use terracube_benches::{Meter, create_cube, million_patches, million_patches_from, open_cube};
use terracube_cube::{Band, Chunks, Cube, FillOptions, LoadOptions, Loaded, Request, Schema};
use terracube_grid::{Crs, Region, Window};
use terracube_raster::{DType, Pixels, Resampling};
use terracube_store::{OpenOptions, create_repository, open_repository};

use crate::floor;
use crate::task::{Answer, Task};

/// Does a work and says what it took. Starting the process, the runtime and declaring the cube are
/// not counted; searching, planning and opening are.
pub(crate) fn run(task: &Task) -> Result<Answer> {
    if task.work == "floor" {
        return floor::run(task);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match task.work.as_str() {
            "fill" => fill(task).await,
            "cold" => cold(task).await,
            "warm" => warm(task).await,
            "plan" => plan(task).await,
            "make-state" => make_state(task).await,
            "state" => state(task).await,
            other => bail!("no work `{other}`"),
        }
    })
}

async fn fill(task: &Task) -> Result<Answer> {
    let cube = create_cube(location(task)?, &schema(task)?, &task.stac).await?;
    let options = FillOptions { memory: task.memory, ..FillOptions::default() };
    let meter = Meter::start()?;
    let report = cube.fill_with(cube.plan(&Request::all()).await?, options).await?;
    let spent = meter.stop()?;
    ensure!(report.is_complete(), "the fill is not complete: {report}");
    let (stored, commits) = (report.bytes_stored, report.versions.len());
    Ok(Answer { spent, digest: None, stored, commits })
}

/// A window of a cube that has nothing yet: filled, stored and handed over.
async fn cold(task: &Task) -> Result<Answer> {
    let cube = create_cube(location(task)?, &schema(task)?, &task.stac).await?;
    let request = request(&cube, &task.window())?;
    let meter = Meter::start()?;
    let loaded = cube.load(&request, &LoadOptions::default()).await?;
    handed_over(task, &meter, &loaded)
}

/// The same window of a cube that has it.
async fn warm(task: &Task) -> Result<Answer> {
    let meter = Meter::start()?;
    let cube = open_cube(location(task)?, &task.stac).await?;
    let request = request(&cube, &task.window())?;
    let loaded = cube.load(&request, &LoadOptions::default()).await?;
    ensure!(loaded.report.is_none(), "something was missing");
    handed_over(task, &meter, &loaded)
}

fn handed_over(task: &Task, meter: &Meter, loaded: &Loaded) -> Result<Answer> {
    let spent = meter.stop()?;
    let raster = loaded.bands.first().and_then(|band| band.rasters.first()).context("no band")?;
    let window = task.window();
    let found = (loaded.geobox.width, loaded.geobox.height);
    ensure!(found == (window.width, window.height), "a window of {found:?} was loaded");
    let Pixels::F32(values) = &raster.pixels else { bail!("the band is not float32") };
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut digest = libdeflater::Crc::new();
    digest.update(&bytes);
    Ok(Answer { spent, digest: Some(digest.sum()), stored: 0, commits: 0 })
}

async fn plan(task: &Task) -> Result<Answer> {
    let cube = million_patches(task.codec == "utm").await?;
    let meter = Meter::start()?;
    let plan = cube.plan(&Request::all()).await?;
    let spent = meter.stop()?;
    Ok(Answer { spent, digest: None, stored: plan.jobs.len() as u64, commits: 0 })
}

/// Fills a cube of a million patches, or of so many as the window is wide and high, from a source
/// that has nothing: every patch is known to be empty.
async fn make_state(task: &Task) -> Result<Answer> {
    let repository = create_repository(location(task)?, &OpenOptions::default()).await?;
    let cube = million_patches_from(repository, task.window().width, Vec::new()).await?;
    let meter = Meter::start()?;
    let report = cube.fill(cube.plan(&Request::all()).await?).await?;
    let spent = meter.stop()?;
    Ok(Answer { spent, digest: None, stored: report.empty as u64, commits: report.versions.len() })
}

async fn state(task: &Task) -> Result<Answer> {
    let meter = Meter::start()?;
    let repository = open_repository(location(task)?, &OpenOptions::default()).await?;
    let state = Cube::open(repository).await?.state().await?;
    let spent = meter.stop()?;
    Ok(Answer { spent, digest: None, stored: state.counts.empty as u64, commits: 0 })
}

fn request(cube: &Cube, window: &Window) -> Result<Request> {
    let bounds = cube.geobox().crop(window).bounds();
    Ok(Request::region(Region::in_crs(bounds, &cube.geobox().crs)?))
}

fn schema(task: &Task) -> Result<Schema> {
    let grid = task.grid.as_ref().context("a cube needs a grid")?;
    let crs: Crs = grid.crs.parse()?;
    let band = Band::new("dem", DType::F32).resampling(resampling(task)?);
    let mut schema = Schema::new("relief", crs, grid.extent, grid.resolution).band(band);
    schema.chunks = Chunks { shape: [task.chunk; 2], shard: None };
    Ok(schema)
}

fn resampling(task: &Task) -> Result<Resampling> {
    Ok(serde_json::from_value(serde_json::Value::String(task.resampling.clone()))?)
}

fn location(task: &Task) -> Result<&str> {
    task.out.to_str().context("a folder whose name is text")
}
