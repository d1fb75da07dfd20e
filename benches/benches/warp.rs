//! Warping `float32` terrain onto 1024 by 1024 pixels, one core, per pixel made.

use anyhow::{Context, Result};
use criterion::BatchSize;
use criterion::{Criterion, Throughput};
use terracube_benches::{Relief, on_one_core};
use terracube_grid::{Affine, Anchor, Bounds, Crs, GeoBox, ReadPlan, Transform};
use terracube_raster::warp::TOLERANCE;
use terracube_raster::{Pixels, Raster, Resampling, SourceExtent, WarpOptions, copy_window, warp};

const SIDE: usize = 1024;

fn main() -> Result<()> {
    on_one_core(bench)
}

fn bench(criterion: &mut Criterion) -> Result<()> {
    let (width, height) = (2 * SIDE, 2 * SIDE);
    let affine = Affine::new(10.0, 0.0, 500_000.0, 0.0, -10.0, 5_000_000.0);
    let image = GeoBox::new(Crs::epsg(32633)?, affine, width, height)?;
    let pixels = Pixels::F32(Relief::new(1).window((0, 0), width, height));
    let mut whole = Raster::new(width, height, pixels)?;
    // As files with a nodata value come: with a mask, here of pixels that are all valid.
    whole.invalidate(-9999.0);

    let mut group = criterion.benchmark_group("warp");
    group.throughput(Throughput::Elements((SIDE * SIDE) as u64));
    let patch = mercator_patch(&image)?;
    let transform = Transform::new(&patch.crs, &image.crs)?;
    for resampling in
        [Resampling::Nearest, Resampling::Bilinear, Resampling::Cubic, Resampling::Average]
    {
        let plan = ReadPlan::new(&image, &patch, &transform, resampling.margin(1.0))
            .context("image and patch do not meet")?;
        let (src, src_box) = (whole.crop(&plan.src), image.crop(&plan.src));
        let extent = SourceExtent { col: plan.src.col, row: plan.src.row, width, height };
        let mut options = WarpOptions::whole(resampling, &src);
        (options.extent, options.scale) = (extent, plan.scale);
        for (tolerance, name) in [(0.0, "exact"), (TOLERANCE, "within 1e-4 pixel")] {
            options.tolerance = tolerance;
            let made = warp(&src, &src_box, &patch, &transform, &options)?;
            anyhow::ensure!(made.count_valid() == SIDE * SIDE, "the patch is not covered");
            group.bench_function(format!("utm to web mercator/{resampling:?}, {name}"), |b| {
                b.iter(|| warp(&src, &src_box, &patch, &transform, &options));
            });
        }
    }
    let dtype = whole.dtype();
    group.bench_function("aligned copy", |b| {
        b.iter_batched(
            || whole.clone(),
            |whole| copy_window(whole, (-500, -500), (SIDE, SIDE), dtype, Some(f64::NAN)),
            BatchSize::LargeInput,
        );
    });
    group.finish();
    Ok(())
}

/// 1024 by 1024 pixels in web mercator within the image, about as large on the ground as its own.
fn mercator_patch(image: &GeoBox) -> Result<GeoBox> {
    let mercator = Crs::epsg(3857)?;
    let to_mercator = Transform::new(&image.crs, &mercator)?;
    let (x, y) = image.pixel_center(image.width / 2, image.height / 2);
    let (x, y) = to_mercator.forward(x, y).context("the image is not on the map")?;
    let resolution = 14.0;
    let half = resolution * (SIDE / 2) as f64;
    let bounds = Bounds::new(x - half, y - half, x + half, y + half);
    Ok(GeoBox::from_bounds(mercator, bounds, (resolution, resolution), Anchor::Floating)?)
}
