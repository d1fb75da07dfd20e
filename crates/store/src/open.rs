//! Opening and creating repositories by location.

mod location;
mod options;

use std::path::Path;
use std::sync::Arc;

use self::location::{Format, Location};
pub use self::options::{IcechunkSpec, OpenOptions, S3Credentials, S3Options};
use crate::wrappers::ReadOnly;
use crate::{Directory, Error, Repository, Result, Store, Unversioned};

#[cfg(feature = "icechunk")]
use crate::adapters::icechunk::Place;

/// Opens the repository at a location: a path or `file:` URL of a directory, `s3://bucket/prefix`,
/// `gs://bucket/prefix`, `az://container/prefix` or, for reading, an `https:` URL. Whether it is
/// Icechunk or plain Zarr is found out from what is there: `repo`, or `refs` and `snapshots`, mark
/// Icechunk; `zarr.json`, `.zgroup` or `.zarray` mark Zarr, and so does the name `….zarr` of a
/// folder that is not empty. Anything else is opened with [`OpenOptions::unmarked`] only.
///
/// # Errors
/// [`Error::NotFound`] when nothing is there; [`Error::Location`] when the location cannot be
/// understood; what the backend says.
pub async fn open_repository(location: &str, options: &OpenOptions) -> Result<Arc<dyn Repository>> {
    match Location::parse(location, options)? {
        Location::Memory => Err(Error::NotFound {
            key: "a repository".to_owned(),
            store: "memory:, which is empty whenever it is opened; create one".to_owned(),
        }),
        Location::Directory(path) => match location::found_in_directory(&path)? {
            Some(Format::Icechunk) => open_icechunk_directory(&path, options).await,
            Some(Format::Zarr) => Ok(plain(directory(&path, options)?, options)),
            None if options.unmarked && location::is_occupied(&path)? => {
                Ok(plain(directory(&path, options)?, options))
            }
            None => Err(nothing_at(path.display())),
        },
        #[cfg(feature = "s3")]
        Location::Bucket(bucket) => {
            let store = bucket.store()?;
            match location::found_in_store(&store).await? {
                Some(Format::Zarr) => Ok(plain(store, options)),
                #[cfg(feature = "icechunk")]
                Some(Format::Icechunk) => {
                    Ok(Arc::new(Place::bucket(&bucket).await?.open(options).await?))
                }
                #[cfg(not(feature = "icechunk"))]
                Some(Format::Icechunk) => Err(location::no_icechunk(&bucket)),
                None if options.unmarked && location::has_values(&store).await? => {
                    Ok(plain(store, options))
                }
                None => Err(nothing_at(bucket)),
            }
        }
        #[cfg(any(feature = "gcs", feature = "azure", feature = "http"))]
        Location::Plain(store) => match location::found_in_store(&store).await? {
            Some(Format::Zarr) => Ok(plain(store, options)),
            Some(Format::Icechunk) => Err(location::plain_only(&store)),
            None if options.unmarked && location::has_values(&store).await? => {
                Ok(plain(store, options))
            }
            None => Err(nothing_at(format!("{store:?}"))),
        },
    }
}

/// Creates a repository: `memory:`, a path or `file:` URL, `s3://bucket/prefix`,
/// `gs://bucket/prefix` or `az://container/prefix` (the last two plain only). A name that ends in `.zarr` makes a plain Zarr store, any other an Icechunk repository.
///
/// # Errors
/// [`Error::AlreadyExists`] when something is there; [`Error::Location`] when the location cannot
/// be understood; what the backend says.
pub async fn create_repository(
    location: &str,
    options: &OpenOptions,
) -> Result<Arc<dyn Repository>> {
    match Location::parse(location, options)? {
        Location::Memory => create_in_memory(options).await,
        Location::Directory(path) => {
            if location::is_occupied(&path)? {
                return Err(something_at(path.display()));
            }
            match Format::of_name(location) {
                Format::Zarr => Ok(plain(directory(&path, options)?, options)),
                Format::Icechunk => create_icechunk_directory(&path, options).await,
            }
        }
        #[cfg(feature = "s3")]
        Location::Bucket(bucket) => {
            let store = bucket.store()?;
            if location::found_in_store(&store).await?.is_some() {
                return Err(something_at(bucket));
            }
            match Format::of_name(location) {
                Format::Zarr => Ok(plain(store, options)),
                #[cfg(feature = "icechunk")]
                Format::Icechunk => {
                    Ok(Arc::new(Place::bucket(&bucket).await?.create(options).await?))
                }
                #[cfg(not(feature = "icechunk"))]
                Format::Icechunk => Err(location::no_icechunk(&bucket)),
            }
        }
        #[cfg(any(feature = "gcs", feature = "azure", feature = "http"))]
        Location::Plain(store) => {
            if !store.capability().writes {
                let store = format!("{store:?}");
                return Err(Error::ReadOnly { operation: "create a repository", store });
            }
            if location::found_in_store(&store).await?.is_some() {
                return Err(something_at(format!("{store:?}")));
            }
            match Format::of_name(location) {
                Format::Zarr => Ok(plain(store, options)),
                Format::Icechunk => Err(location::plain_only(&store)),
            }
        }
    }
}

fn plain(store: impl Store, options: &OpenOptions) -> Arc<dyn Repository> {
    if options.read_only {
        Arc::new(Unversioned::new(ReadOnly::new(store)))
    } else {
        Arc::new(Unversioned::new(store))
    }
}

fn directory(path: &Path, options: &OpenOptions) -> Result<Directory> {
    Ok(Directory::new(path)?.with_fsync(options.fsync.unwrap_or(false)))
}

#[cfg(feature = "icechunk")]
async fn create_in_memory(options: &OpenOptions) -> Result<Arc<dyn Repository>> {
    Ok(Arc::new(Place::memory().await?.create(options).await?))
}

#[cfg(not(feature = "icechunk"))]
async fn create_in_memory(options: &OpenOptions) -> Result<Arc<dyn Repository>> {
    Ok(plain(crate::Memory::new(), options))
}

#[cfg(feature = "icechunk")]
async fn open_icechunk_directory(
    path: &Path,
    options: &OpenOptions,
) -> Result<Arc<dyn Repository>> {
    let place = Place::directory(path, options.fsync.unwrap_or(true))?;
    Ok(Arc::new(place.open(options).await?))
}

#[cfg(feature = "icechunk")]
async fn create_icechunk_directory(
    path: &Path,
    options: &OpenOptions,
) -> Result<Arc<dyn Repository>> {
    let place = Place::directory(path, options.fsync.unwrap_or(true))?;
    Ok(Arc::new(place.create(options).await?))
}

#[cfg(not(feature = "icechunk"))]
async fn open_icechunk_directory(path: &Path, _: &OpenOptions) -> Result<Arc<dyn Repository>> {
    Err(location::no_icechunk(path.display()))
}

#[cfg(not(feature = "icechunk"))]
async fn create_icechunk_directory(path: &Path, _: &OpenOptions) -> Result<Arc<dyn Repository>> {
    Err(location::no_icechunk(path.display()))
}

fn nothing_at(place: impl std::fmt::Display) -> Error {
    Error::NotFound {
        key: "an Icechunk repository or Zarr store".to_owned(),
        store: place.to_string(),
    }
}

fn something_at(place: impl std::fmt::Display) -> Error {
    Error::AlreadyExists { key: "something".to_owned(), store: place.to_string() }
}
