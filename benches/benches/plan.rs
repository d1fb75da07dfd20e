//! Planning a million missing patches from a thousand granules whose grids are known.
#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]

use std::time::Instant;

use anyhow::{Result, ensure};
use terracube_benches::{GRANULES, PATCHES, median, million_patches};
use terracube_cube::Request;

/// A plan takes seconds: the median of so many says enough.
const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    for (name, in_utm) in [("granules in the cube's CRS", false), ("granules in UTM", true)] {
        let cube = runtime.block_on(million_patches(in_utm))?;
        let mut seconds = Vec::new();
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let plan = runtime.block_on(cube.plan(&Request::all()))?;
            seconds.push(began.elapsed().as_secs_f64());
            ensure!(plan.jobs.len() == PATCHES * PATCHES, "{} patches", plan.jobs.len());
            ensure!(plan.granules.len() == GRANULES * GRANULES, "{} granules", plan.granules.len());
        }
        println!("plan 10^6 patches, {name}: {:.2} s", median(seconds));
    }
    Ok(())
}
