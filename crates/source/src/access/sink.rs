//! Where the bytes of a transfer go: into memory or a file.

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use super::checksum::{Checksum, Hasher};
use crate::{Error, Result};

/// Memory that is taken at first.
const ROOM: u64 = 16 << 20;

/// Where the bytes of one try go.
#[derive(Debug)]
pub(crate) enum Sink {
    Memory(BytesMut),
    File(Box<Part>),
}

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Part {
    file: BufWriter<File>,
    path: PathBuf,
    hasher: Option<Hasher>,
    bytes: u64,
}

impl Sink {
    /// Into memory, about so many bytes.
    pub(crate) fn memory(expected: u64) -> Self {
        Self::Memory(BytesMut::with_capacity(usize::try_from(expected.min(ROOM)).unwrap_or(0)))
    }

    /// Into a file, which is made anew, and by the way into the hash of `checksum`.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(crate) async fn file(path: &Path, checksum: Option<&Checksum>) -> Result<Self> {
        let file = File::create(path).await.map_err(|source| failed(path, source))?;
        Ok(Self::File(Box::new(Part {
            file: BufWriter::with_capacity(1 << 20, file),
            path: path.to_owned(),
            hasher: checksum.map(Checksum::hasher),
            bytes: 0,
        })))
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(part) => part.bytes,
        }
    }

    /// # Errors
    /// [`Error::File`].
    pub(crate) async fn take(&mut self, piece: &[u8]) -> Result<()> {
        match self {
            Self::Memory(bytes) => bytes.extend_from_slice(piece),
            Self::File(part) => {
                if let Some(hasher) = &mut part.hasher {
                    hasher.update(piece);
                }
                let written = part.file.write_all(piece).await;
                written.map_err(|source| failed(&part.path, source))?;
                part.bytes += piece.len() as u64;
            }
        }
        Ok(())
    }

    /// The bytes in memory, none of a file.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Self::Memory(bytes) => bytes.freeze(),
            Self::File(_) => Bytes::new(),
        }
    }

    /// Puts the file on the disk; the hash of its bytes, where one was wanted.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(crate) async fn finish(self) -> Result<Option<Hasher>> {
        let Self::File(part) = self else { return Ok(None) };
        let Part { mut file, path, hasher, .. } = *part;
        file.flush().await.map_err(|source| failed(&path, source))?;
        file.get_ref().sync_all().await.map_err(|source| failed(&path, source))?;
        Ok(hasher)
    }
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::File { operation: "write", path: path.to_owned(), source }
}
