//! Decoding COG windows from memory: 2048 by 2048 pixels in tiles of 512, one core, per byte decoded.
#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]

use anyhow::Result;
use criterion::{Criterion, Throughput};
use futures::executor::block_on;
use terracube_benches::{Compression, Relief, on_one_core, open_cog, tiled_tiff};
use terracube_grid::{Affine, Crs, GeoBox, Window};
use terracube_raster::{FetchedWindow, GeoTiff, Pixels, Raster};

const SIDE: usize = 2048;

fn main() -> Result<()> {
    on_one_core(bench)
}

fn bench(criterion: &mut Criterion) -> Result<()> {
    let relief = Relief::new(1).window((0, 0), SIDE, SIDE);
    let counts: Vec<u16> = relief.iter().map(|h| (h * 4.0) as u16).collect();
    let mut files = vec![("float32 deflate predictor 3", float_cog(relief)?)];
    for (name, compression) in [
        ("uint16 deflate predictor 2", Compression::Deflate),
        ("uint16 zstd predictor 2", Compression::Zstd),
        ("uint16 lzw predictor 2", Compression::Lzw),
    ] {
        files.push((name, tiled_tiff(&counts, SIDE, 512, compression)?));
    }
    let mut group = criterion.benchmark_group("decode");
    for (name, file) in files {
        let fetched = fetch(file, Window::new(0, 0, SIDE, SIDE))?;
        let raster = fetched.decode()?;
        let bytes = raster.pixels.len() * raster.dtype().size();
        println!("{name}: ratio {:.2}", bytes as f64 / fetched.compressed_bytes() as f64);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |b| b.iter(|| fetched.decode()));
    }
    group.finish();
    Ok(())
}

fn fetch(file: Vec<u8>, window: Window) -> Result<FetchedWindow> {
    let cog = open_cog(file)?;
    Ok(block_on(cog.fetch(0, 0, window))?)
}

fn float_cog(relief: Vec<f32>) -> Result<Vec<u8>> {
    let affine = Affine::new(10.0, 0.0, 500_000.0, 0.0, -10.0, 5_000_000.0);
    let geobox = GeoBox::new(Crs::epsg(32633)?, affine, SIDE, SIDE)?;
    let raster = Raster::new(SIDE, SIDE, Pixels::F32(relief))?;
    Ok(GeoTiff::new(geobox).band(raster).to_bytes()?)
}
