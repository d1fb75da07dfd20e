//! A GeoTIFF in memory, opened.

use std::sync::Arc;

use anyhow::Result;
use futures::executor::block_on;
use terracube_raster::Cog;
use terracube_store::{Key, Memory, Store};

/// Opens a GeoTIFF out of its bytes, without any I/O.
///
/// # Errors
/// When it is no GeoTIFF.
pub fn open_cog(bytes: Vec<u8>) -> Result<Cog> {
    let (store, key) = (Memory::new(), Key::new("file.tif")?);
    block_on(async {
        store.set(&key, bytes.into()).await?;
        Ok(Cog::open(Arc::new(store), key.clone()).await?)
    })
}
