//! One local file, read by byte ranges.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use terracube_store::{ByteRequest, Key, ReadStore};

use super::into_store_error;
use super::one_file::absent_is_none;
use crate::{Error, Result};

/// One local file.
#[derive(Debug)]
pub(crate) struct LocalFile {
    path: PathBuf,
    key: Key,
    /// The size that the source gave.
    announced: Option<u64>,
}

impl LocalFile {
    pub(crate) fn new(path: PathBuf, key: Key, announced: Option<u64>) -> Self {
        Self { path, key, announced }
    }
}

#[async_trait]
impl ReadStore for LocalFile {
    async fn get(&self, key: &Key, request: ByteRequest) -> terracube_store::Result<Option<Bytes>> {
        Ok(self.get_partial_values(&[(key.clone(), request)]).await?.pop().flatten())
    }

    async fn get_partial_values(
        &self,
        requests: &[(Key, ByteRequest)],
    ) -> terracube_store::Result<Vec<Option<Bytes>>> {
        let (path, key, announced) = (self.path.clone(), self.key.clone(), self.announced);
        let requests = requests.to_vec();
        blocking(&self.path, move || Ok(read_parts(&path, &key, announced, &requests)))
            .await
            .map_err(|error| into_store_error(error, &self.key, &[]))?
    }

    async fn size(&self, key: &Key) -> terracube_store::Result<Option<u64>> {
        if *key != self.key {
            return Ok(None);
        }
        let path = self.path.clone();
        let size = blocking(&self.path, move || Ok(std::fs::metadata(&path)?.len())).await;
        absent_is_none(size).map_err(|error| into_store_error(error, &self.key, &[]))
    }
}

/// The whole file, at most `limit` bytes.
pub(crate) async fn read_whole(path: &Path, limit: u64, purpose: &'static str) -> Result<Bytes> {
    let owned = path.to_owned();
    let bytes = blocking(path, move || {
        let mut bytes = Vec::new();
        File::open(&owned)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    })
    .await?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { url: path.display().to_string(), limit, purpose });
    }
    Ok(bytes.into())
}

fn read_parts(
    path: &Path,
    key: &Key,
    announced: Option<u64>,
    requests: &[(Key, ByteRequest)],
) -> terracube_store::Result<Vec<Option<Bytes>>> {
    let failed = |cause: std::io::Error| into_store_error(file_error(path, cause), key, &[]);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            return Ok(vec![None; requests.len()]);
        }
        Err(cause) => return Err(failed(cause)),
    };
    let size = file.metadata().map_err(failed)?.len();
    if let Some(expected) = announced.filter(|expected| *expected != size) {
        let error = Error::Mismatch {
            url: path.display().to_string(),
            property: "size",
            expected: expected.to_string(),
            found: size.to_string(),
        };
        return Err(into_store_error(error, key, &[]));
    }
    requests
        .iter()
        .map(|(wanted, request)| {
            if wanted != key {
                return Ok(None);
            }
            let range = request.resolve(key, size)?;
            let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length];
            file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
            file.read_exact(&mut bytes).map_err(failed)?;
            Ok(Some(Bytes::from(bytes)))
        })
        .collect()
}

pub(crate) async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(std::io::Error::other).flatten().map_err(|cause| file_error(path, cause))
}

fn file_error(path: &Path, source: std::io::Error) -> Error {
    if source.kind() == std::io::ErrorKind::NotFound {
        return Error::NotFound { what: path.display().to_string() };
    }
    Error::File { operation: "read", path: path.to_owned(), source }
}
