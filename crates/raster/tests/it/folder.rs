//! A folder as a store that counts its requests, and bytes as one.

use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use terracube_raster::{Cog, Result};
use terracube_store::{ByteRequest, Error, Key, ReadStore};

#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    pub(crate) requests: AtomicUsize,
}

impl Folder {
    pub(crate) fn new(root: impl Into<PathBuf>) -> Arc<Self> {
        Arc::new(Self { root: root.into(), requests: AtomicUsize::new(0) })
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl ReadStore for Folder {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>, Error> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let Ok(mut file) = std::fs::File::open(self.root.join(key.as_str())) else {
            return Ok(None);
        };
        let range = request.resolve(key, file.metadata().unwrap().len())?;
        let mut bytes = vec![0; (range.end - range.start) as usize];
        file.seek(SeekFrom::Start(range.start)).unwrap();
        file.read_exact(&mut bytes).unwrap();
        Ok(Some(bytes.into()))
    }
}

#[derive(Debug)]
pub(crate) struct Memory(pub(crate) Bytes);

#[async_trait]
impl ReadStore for Memory {
    async fn get(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>, Error> {
        let range = request.resolve(key, self.0.len() as u64)?;
        Ok(Some(self.0.slice(range.start as usize..range.end as usize)))
    }
}

pub(crate) async fn open_bytes(bytes: impl Into<Bytes>) -> Result<Cog> {
    Cog::open(Arc::new(Memory(bytes.into())), Key::new("a.tif").unwrap()).await
}

/// A folder of the shared material, or `None` with a line that says what is skipped.
pub(crate) fn shared(part: &str, skipped: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(part);
    let found = path.exists();
    if !found {
        println!("skipped: {skipped}, without shared/{part}");
    }
    found.then_some(path)
}

/// A Python with rasterio, or `None` with a line that says what is skipped.
pub(crate) fn python(skipped: &str) -> Option<PathBuf> {
    let found = std::env::var_os("TERRACUBE_PYTHON").map(PathBuf::from);
    if found.is_none() {
        println!("skipped: {skipped}, without TERRACUBE_PYTHON");
    }
    found
}
