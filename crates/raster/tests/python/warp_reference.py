"""Warps small arrays with GDAL and prints cases for tests/fixtures/warp.json.

Usage: python warp_reference.py > tests/fixtures/warp.json   (rasterio 1.5.2, GDAL 3.12.2)
"""

import json
import math

import numpy as np
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.warp import reproject, transform

areas = ("min", "max", "med", "q1", "q3", "sum", "rms", "mode")
rng = np.random.default_rng(20)
cases = []


def numbers(array):
    return [[None if math.isnan(v) else v for v in row] for row in array.astype(float).tolist()]


def case(name, src, src_crs, src_t, dst_crs, dst_t, dst_shape, method, nodata, ratio=1.0):
    s = 1.0 / ratio
    dst = np.zeros(dst_shape, src.dtype)
    extra = {} if method in ("average",) + areas else {"XSCALE": s, "YSCALE": s}
    reproject(
        src, dst, src_transform=src_t, src_crs=src_crs, dst_transform=dst_t, dst_crs=dst_crs,
        src_nodata=nodata, dst_nodata=None if nodata is None else nodata - 1,
        resampling=Resampling[method], tolerance=0.0, **extra,
    )
    cases.append({
        "name": name, "dtype": str(src.dtype), "method": method,
        "src_crs": src_crs, "dst_crs": dst_crs,
        "src_transform": list(src_t)[:6], "dst_transform": list(dst_t)[:6],
        "dst_shape": dst_shape, "src_nodata": nodata,
        "dst_nodata": None if nodata is None else nodata - 1,
        "kernel_scale": [s, s], "src": numbers(src), "expected": numbers(dst),
        # Sums share source pixels out by edges that are straight in the source, GDAL's by edges that
        # are straight in the destination.
        "assert_tolerance": 1e-3 if method == "sum" and src_crs != dst_crs else 1e-6,
    })


utm = Affine(30, 0, 500000, 0, -30, 5000000)
plain = rng.integers(0, 1000, (14, 15)).astype("float64")
holes = plain.copy()
holes[rng.random(plain.shape) < 0.15] = -1
for method in ("nearest", "bilinear", "cubic", "average"):
    case("shift", holes, "EPSG:32633", utm, "EPSG:32633", Affine(30, 0, 499993, 0, -30, 5000017),
         [14, 15], method, -1)
    case("up", holes, "EPSG:32633", utm, "EPSG:32633", Affine(11, 0, 500031, 0, -11, 4999967),
         [12, 12], method, -1)
    case("int16", (holes - 500).astype("int16"), "EPSG:32633", utm, "EPSG:32633",
         Affine(15, 0, 499995, 0, -15, 5000005), [12, 12], method, -501)
    case("float32", holes.astype("float32"), "EPSG:32633", utm, "EPSG:32633",
         Affine(25, 0, 499990, 0, -25, 5000010), [12, 12], method, -1)
    case("south_up", holes, "EPSG:32633", Affine(30, 0, 500000, 0, 30, 4999580), "EPSG:32633",
         Affine(30, 0, 500007, 0, -30, 4999993), [12, 12], method, -1)
    (x,), (y,) = transform("EPSG:32633", "EPSG:3035", [499980], [5000020])
    case("laea", holes, "EPSG:32633", utm, "EPSG:3035", Affine(30, 0, x, 0, -30, y), [16, 16],
         method, -1)
    case("down", holes, "EPSG:32633", utm, "EPSG:32633", Affine(75, 0, 500003, 0, -75, 4999991),
         [5, 5], method, -1, 2.5)
kernels = ("cubic_spline", "lanczos")
classes = rng.integers(0, 5, plain.shape).astype("float64")
classes[rng.random(plain.shape) < 0.15] = -1
for method in kernels + areas:
    src = classes if method in ("mode", "q1", "med", "q3") else holes
    case("up", src, "EPSG:32633", utm, "EPSG:32633", Affine(11, 0, 500031, 0, -11, 4999967),
         [12, 12], method, -1)
    case("int16", src.astype("int16"), "EPSG:32633", utm, "EPSG:32633",
         Affine(37.3, 0, 499994.1, 0, -37.3, 5000005.7), [11, 11], method, -1, 37.3 / 30)
    case("float32", src.astype("float32"), "EPSG:32633", utm, "EPSG:32633",
         Affine(25, 0, 499990, 0, -25, 5000010), [12, 12], method, -1)
    case("aligned", src, "EPSG:32633", utm, "EPSG:32633", Affine(30, 0, 500060, 0, -30, 5000030),
         [8, 9], method, -1)
    case("laea", src, "EPSG:32633", utm, "EPSG:3035", Affine(30, 0, x, 0, -30, y), [16, 16],
         method, -1)
    case("down", src, "EPSG:32633", utm, "EPSG:32633", Affine(81.1, 0, 499966.3, 0, -81.1, 5000042.9),
         [6, 6], method, -1, 81.1 / 30)
few = rng.integers(1, 1000, (20, 20)).astype("float64")
few[rng.random(few.shape) < 0.55] = -1
for ratio in (0.7, 1.37, 2.3):
    case("few", few, "EPSG:32633", utm, "EPSG:32633",
         Affine(30 * ratio, 0, 500004.1, 0, -30 * ratio, 4999993.3), [9, 9], "lanczos", -1,
         max(1.0, ratio))
# Two corners of a pixel turned by 45 degrees lie in one column or row of the source.
turned = Affine(30, 0, 500000, 0, -30, 5000000) @ Affine.translation(7.2, 6.9) @ Affine.rotation(45)
polar = Affine(1000, 0, -7000, 0, -1000, 7000)
for method in ("average",) + areas:
    src = classes if method in ("mode", "q1", "med", "q3") else holes
    case("turned", src, "EPSG:32633", utm, "EPSG:32633",
         turned @ Affine.scale(1.7) @ Affine.translation(-4, -4), [8, 8], method, -1)
    case("polar", src, "EPSG:3413", polar, "EPSG:3995", Affine(1000, 0, -8100, 0, -1000, 8300),
         [17, 17], method, -1)
    case("enlarged", src, "EPSG:32633", utm, "EPSG:32633",
         Affine(0.01, 0, 500089.95, 0, -0.01, 4999910.05), [10, 10], method, -1)
print(json.dumps(cases, separators=(",", ":")))
