//! Stores by location.

use std::sync::Arc;

use terracube_store::{Error, OpenOptions, Repository, create_repository, open_repository};

use crate::Result;

/// How a store is opened or created: see [`OpenOptions`].
pub type Options = OpenOptions;

/// Opens the repository at a location: a directory (`.zarr` or `.icechunk`), a ZIP archive (`.zip`,
/// for reading), `s3://bucket/prefix` or `memory:`.
///
/// # Errors
/// [`Error::Store`](crate::Error::Store) when the location makes no sense or nothing is there.
pub async fn open_store(location: &str, options: &Options) -> Result<Arc<dyn Repository>> {
    Ok(open_repository(location, options).await?)
}

/// Opens the repository at a location, or makes a new one there.
///
/// # Errors
/// [`Error::Store`](crate::Error::Store) when the location makes no sense or cannot be written.
pub async fn create_store(location: &str, options: &Options) -> Result<Arc<dyn Repository>> {
    Ok(create_repository(location, options).await?)
}

/// A repository that is there may hold no cube yet: its creation was interrupted.
pub(crate) async fn create_or_open_store(
    location: &str,
    options: &Options,
) -> Result<Arc<dyn Repository>> {
    match create_repository(location, options).await {
        Err(there @ Error::AlreadyExists { .. }) => {
            match open_repository(location, options).await {
                Ok(repository) => Ok(repository),
                Err(Error::NotFound { .. }) => Err(there.into()),
                Err(error) => Err(error.into()),
            }
        }
        created => Ok(created?),
    }
}
