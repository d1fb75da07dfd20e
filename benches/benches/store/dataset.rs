//! The array that is read: relief, in a plain directory and in Icechunk.

use std::path::PathBuf;

use anyhow::Result;
use tempfile::TempDir;
use terracube_benches::Relief;
use terracube_store::{ArraySpec, OpenOptions, ZarrArray, create_group, create_repository};

/// Elements along each side of a chunk.
pub(crate) const CHUNK: u64 = 1024;

/// The array that is read, under the same name in both places.
pub(crate) struct Dataset {
    folder: TempDir,
    pub(crate) side: u64,
    /// Bytes of the encoded chunks.
    pub(crate) stored: u64,
}

impl Dataset {
    pub(crate) fn make(side: u64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let places = ["a.zarr", "a.icechunk"].map(|name| folder.path().join(name));
        let stored = tokio::runtime::Runtime::new()?.block_on(write(&places, side))?;
        Ok(Self { folder, side, stored })
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Bytes of the array.
    pub(crate) fn bytes(&self) -> u64 {
        self.side * self.side * 4
    }

    pub(crate) fn chunks(&self) -> u64 {
        (self.side / CHUNK).pow(2)
    }
}

/// Writes the same chunks to all places.
async fn write(places: &[PathBuf], side: u64) -> Result<u64> {
    let mut targets = Vec::new();
    for place in places {
        let location = place.display().to_string();
        let session = create_repository(&location, &OpenOptions::default()).await?.begin().await?;
        create_group(&session.store(), "", serde_json::Map::new()).await?;
        let spec = ArraySpec::new(vec![side, side], vec![CHUNK, CHUNK], "float32");
        let array = ZarrArray::create(session.store(), "a", &spec).await?;
        targets.push((session, array));
    }
    let relief = Relief::new(7);
    let mut stored = 0;
    for row in 0..side / CHUNK {
        for col in 0..side / CHUNK {
            let corner = ((col * CHUNK) as i32, (row * CHUNK) as i32);
            let heights = relief.window(corner, CHUNK as usize, CHUNK as usize);
            let native: Vec<u8> = heights.into_iter().flat_map(f32::to_ne_bytes).collect();
            let encoded = targets[0].1.encode_chunk(&[row, col], &native)?;
            stored += encoded.as_ref().map_or(0, |bytes| bytes.len() as u64);
            for (_, array) in &targets {
                array.write_encoded(&[row, col], encoded.clone()).await?;
            }
        }
    }
    for (session, _) in targets {
        session.commit("the array").await?;
    }
    Ok(stored)
}
