//! A cube to be filled from a STAC API.

use anyhow::Result;
use serde_json::json;
use terracube_cube::{Cube, Schema};
use terracube_source::{Access, Registry, StacApi};
use terracube_store::{OpenOptions, create_repository, open_repository};

/// Declares a cube at a location and connects it to the API at `stac`.
///
/// # Errors
/// What store and source say.
pub async fn create_cube(location: &str, schema: &Schema, stac: &str) -> Result<Cube> {
    let repository = create_repository(location, &OpenOptions::default()).await?;
    connected(Cube::create(repository, schema).await?, stac)
}

/// Opens the cube at a location and connects it to the API at `stac`.
///
/// # Errors
/// What store and source say.
pub async fn open_cube(location: &str, stac: &str) -> Result<Cube> {
    let repository = open_repository(location, &OpenOptions::default()).await?;
    connected(Cube::open(repository).await?, stac)
}

fn connected(cube: Cube, stac: &str) -> Result<Cube> {
    let registry = Registry::empty().with::<StacApi>();
    let source = registry.connect("stac-api", json!({"url": stac}))?;
    Ok(cube.with_source(source, Access::new()?))
}
