//! Cubes by location, with their source bound.

use std::sync::Arc;

use serde_json::Value;
use terracube_cube::{Cube, Schema};
use terracube_source::{Access, Registry, Source};

use crate::stores::create_or_open_store;
use crate::{Options, Result, open_store};

/// Declares a cube at a location. It has no source bound yet: see [`connect_cube`].
///
/// # Errors
/// [`Error::Exists`](crate::Error::Exists) when there is a cube already,
/// [`Error::Schema`](crate::Error::Schema) for a declaration that makes no sense, and what the
/// store says.
pub async fn create_cube(location: &str, schema: &Schema, options: &Options) -> Result<Cube> {
    schema.check()?;
    Cube::create(create_or_open_store(location, options).await?, schema).await
}

/// Opens the cube at a location, which must be declared as `schema` says, or creates it there. It
/// has no source bound yet: see [`connect_cube`].
///
/// # Errors
/// [`Error::Differs`](crate::Error::Differs) listing the differences; else as [`create_cube`].
pub async fn open_or_create_cube(
    location: &str,
    schema: &Schema,
    options: &Options,
) -> Result<Cube> {
    schema.check()?;
    Cube::open_or_create(create_or_open_store(location, options).await?, schema).await
}

/// Opens the cube at a location and connects the source that its declaration names, so that it
/// can be filled. A cube that names none is opened as it is.
///
/// # Errors
/// [`Error::NotACube`](crate::Error::NotACube) when there is none,
/// [`Error::Source`](crate::Error::Source) for an unknown connector or a configuration it refuses,
/// and what the store says.
pub async fn open_cube(
    location: &str,
    registry: &Registry,
    access: &Access,
    options: &Options,
) -> Result<Cube> {
    let cube = Cube::open(open_store(location, options).await?).await?;
    connect_cube(cube, registry, access)
}

/// Connects the source that a cube's declaration names. A cube that names none stays as it is.
///
/// # Errors
/// [`Error::Source`](crate::Error::Source) for an unknown connector or a configuration it refuses.
pub fn connect_cube(cube: Cube, registry: &Registry, access: &Access) -> Result<Cube> {
    let Some(spec) = &cube.schema().source else { return Ok(cube) };
    let config = Value::Object(spec.config.clone());
    let source: Arc<dyn Source> = registry.connect(&spec.connector, config)?;
    Ok(cube.with_source(source, access.clone()))
}
