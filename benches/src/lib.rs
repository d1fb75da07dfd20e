//! What the benchmarks share: made relief, TIFFs of chosen compression, files in memory, cubes,
//! meters.

mod cube;
mod dem;
mod memory_file;
mod meter;
mod million;
mod relief;
mod stac;
mod tiff;
mod tile_decoder;
mod usage;

pub use cube::{create_cube, open_cube};
pub use dem::Dem;
pub use memory_file::open_cog;
pub use meter::{Meter, Spent, median};
pub use million::{GRANULES, PATCHES, million_patches, million_patches_from};
pub use relief::Relief;
pub use stac::{collection, item};
pub use tiff::{Compression, tiled_tiff};
pub use tile_decoder::TileDecoder;
pub use usage::peak_bytes;

use anyhow::Result;
use criterion::Criterion;

/// Criterion as the command line wants it: short, since the whole set is run at once.
#[must_use]
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(3))
        .configure_from_args()
}

/// Runs benchmarks with a single thread that computes: figures per core, whatever the machine has.
///
/// # Errors
/// When the thread cannot be started, and what the benchmarks say.
pub fn on_one_core(bench: fn(&mut Criterion) -> Result<()>) -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(1).build()?.install(|| {
        let mut criterion = criterion();
        bench(&mut criterion)?;
        criterion.final_summary();
        Ok(())
    })
}
