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
#[cfg(feature = "zip")]
use crate::adapters::zip::Archive;

/// Opens the repository at a location: a path or `file:` URL of a directory or a ZIP archive,
/// `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix` or, for reading, an `https:`
/// URL. Whether it is Icechunk, plain Zarr or an archive is found out from what is there: `repo`,
/// or `refs` and `snapshots`, mark Icechunk; `zarr.json`, `.zgroup` or `.zarray` mark Zarr, and so
/// does the name `….zarr` of a folder that is not empty; a file is an archive by its first bytes or
/// the name `….zip`, and can only be read. Anything else is opened with [`OpenOptions::unmarked`]
/// only.
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
            Some(Format::Zip) => open_archive(&path, options).await,
            None if options.unmarked && location::is_occupied(&path)? => {
                Ok(plain(directory(&path, options)?, options))
            }
            None => Err(nothing_at(path.display())),
        },
        #[cfg(feature = "s3")]
        Location::Bucket(bucket) => {
            let store = bucket.store()?;
            match location::found_in_store(&store).await? {
                Some(Format::Zarr) => Ok(plain(bucket.patient_store()?, options)),
                #[cfg(feature = "icechunk")]
                Some(Format::Icechunk) => {
                    Ok(Arc::new(Place::bucket(&bucket).await?.open(options).await?))
                }
                #[cfg(not(feature = "icechunk"))]
                Some(Format::Icechunk) => Err(location::no_icechunk(&bucket)),
                None if options.unmarked && location::has_values(&store).await? => {
                    Ok(plain(bucket.patient_store()?, options))
                }
                Some(Format::Zip) | None => Err(absent(location, bucket)),
            }
        }
        #[cfg(any(feature = "gcs", feature = "azure", feature = "http"))]
        Location::Plain(store) => match location::found_in_store(&store).await? {
            Some(Format::Zarr) => Ok(plain(store, options)),
            Some(Format::Icechunk) => Err(location::plain_only(&store)),
            None if options.unmarked && location::has_values(&store).await? => {
                Ok(plain(store, options))
            }
            Some(Format::Zip) | None => Err(absent(location, format!("{store:?}"))),
        },
    }
}

/// Creates a repository: `memory:`, a path or `file:` URL, `s3://bucket/prefix`,
/// `gs://bucket/prefix` or `az://container/prefix` (the last two plain only). A name that ends in
/// `.zarr` makes a plain Zarr store, one that ends in `.zip` an archive in a local file, any other an
/// Icechunk repository.
///
/// An archive is written by one session: its writes go to a file beside the archive to be, which
/// the commit completes and renames, so that there is either no archive or all of it. From then on
/// it can only be read. Of several sessions the first to commit wins.
///
/// # Errors
/// [`Error::AlreadyExists`] when something is there; [`Error::Location`] when the location cannot
/// be understood; what the backend says.
pub async fn create_repository(
    location: &str,
    options: &OpenOptions,
) -> Result<Arc<dyn Repository>> {
    match (Location::parse(location, options)?, Format::of_name(location)) {
        (Location::Memory, _) => create_in_memory(options).await,
        (Location::Directory(path), Format::Zip) => create_archive(&path, options),
        (_, Format::Zip) => Err(location::archives_are_local(location)),
        (Location::Directory(path), format) => {
            if location::is_occupied(&path)? {
                return Err(something_at(path.display()));
            }
            if format == Format::Zarr {
                return Ok(plain(directory(&path, options)?, options));
            }
            create_icechunk_directory(&path, options).await
        }
        #[cfg(feature = "s3")]
        (Location::Bucket(bucket), format) => {
            let store = bucket.store()?;
            if location::found_in_store(&store).await?.is_some() {
                return Err(something_at(bucket));
            }
            if format == Format::Zarr {
                return Ok(plain(bucket.patient_store()?, options));
            }
            #[cfg(feature = "icechunk")]
            return Ok(Arc::new(Place::bucket(&bucket).await?.create(options).await?));
            #[cfg(not(feature = "icechunk"))]
            Err(location::no_icechunk(&bucket))
        }
        #[cfg(any(feature = "gcs", feature = "azure", feature = "http"))]
        (Location::Plain(store), format) => {
            if !store.capability().writes {
                let store = format!("{store:?}");
                return Err(Error::ReadOnly { operation: "create a repository", store });
            }
            if location::found_in_store(&store).await?.is_some() {
                return Err(something_at(format!("{store:?}")));
            }
            if format == Format::Zarr {
                return Ok(plain(store, options));
            }
            Err(location::plain_only(&store))
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

#[cfg(feature = "zip")]
async fn open_archive(path: &Path, options: &OpenOptions) -> Result<Arc<dyn Repository>> {
    Ok(Arc::new(Archive::open(path, options).await?))
}

#[cfg(feature = "zip")]
fn create_archive(path: &Path, options: &OpenOptions) -> Result<Arc<dyn Repository>> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(something_at(path.display()));
    }
    Ok(Arc::new(Archive::create(path, options)?))
}

#[cfg(not(feature = "zip"))]
async fn open_archive(path: &Path, _: &OpenOptions) -> Result<Arc<dyn Repository>> {
    Err(location::no_zip(path.display()))
}

#[cfg(not(feature = "zip"))]
fn create_archive(path: &Path, _: &OpenOptions) -> Result<Arc<dyn Repository>> {
    Err(location::no_zip(path.display()))
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
        key: "an Icechunk repository, Zarr store or ZIP archive".to_owned(),
        store: place.to_string(),
    }
}

/// Nothing that can be opened where there are objects.
#[cfg(feature = "_object")]
fn absent(location: &str, place: impl std::fmt::Display) -> Error {
    match Format::of_name(location) {
        Format::Zip => location::archives_are_local(location),
        _ => nothing_at(place),
    }
}

fn something_at(place: impl std::fmt::Display) -> Error {
    Error::AlreadyExists { key: "something".to_owned(), store: place.to_string() }
}
