"""rasterio: WarpedVRTs in threads, each block of the grid written as a chunk of a Zarr array."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import task as tasks

import rasterio
import zarr
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

task = tasks.read()
grid = task.grid
# Blocks as large as a file where the grids agree: fewest reads. Smaller ones where pixels are
# warped: what GDAL reads for one is less.
BLOCK = task.side if task.resampling == "nearest" else 1024
local, stack = threading.local(), ExitStack()


def warped():
    """This thread's own view of each file on the grid."""
    if not hasattr(local, "files"):
        how = dict(
            crs=grid.crs, width=grid.width, height=grid.height,
            transform=from_origin(grid.extent[0], grid.extent[3], grid.resolution, grid.resolution),
            resampling=Resampling[task.resampling], nodata=-9999.0,
        )
        sources = [rasterio.open(f"/vsicurl/{url}") for url in task.files]
        local.files = [WarpedVRT(source, **how) for source in sources]
        local.bounds = [
            rasterio.warp.transform_bounds(source.crs, grid.crs, *source.bounds) for source in sources
        ]
    return zip(local.files, local.bounds)


def block(place):
    row, col = place
    window = Window(col, row, min(BLOCK, grid.width - col), min(BLOCK, grid.height - row))
    left, bottom, right, top = tasks.extent_of(
        (col, row, window.width, window.height), grid
    )
    out = None
    for file, (west, south, east, north) in warped():
        if west < right and east > left and south < top and north > bottom:
            pixels = file.read(1, window=window)
            if out is None:
                out = pixels
            else:
                missing = out == -9999.0
                out[missing] = pixels[missing]
    array[row : row + window.height, col : col + window.width] = out


with rasterio.Env(GDAL_CACHEMAX=256), stack:
    import rasterio.warp

    array = zarr.open_group(task.out, mode="w").create_array(
        "dem", shape=(grid.height, grid.width), chunks=(BLOCK, BLOCK), dtype="float32",
        compressors=[tasks.codec(task.codec)], fill_value=float("nan"),
    )
    places = [(r, c) for r in range(0, grid.height, BLOCK) for c in range(0, grid.width, BLOCK)]
    meter = tasks.Meter()
    # Where nothing is computed, some threads wait for the server.
    with ThreadPoolExecutor(os.cpu_count() * (2 if task.resampling == "nearest" else 1)) as pool:
        list(pool.map(block, places))
    meter.stop()
