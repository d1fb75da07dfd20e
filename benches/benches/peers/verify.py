"""The truth, and what others made of it: read by rasterio and zarr-python."""

import task as tasks

import numpy as np
import rasterio
import rasterio.merge
import zarr
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT

task = tasks.read()


def source(extent):
    """The pixels of the files in an extent of their own grid."""
    return rasterio.merge.merge(task.files, bounds=extent)[0][0]


def stored():
    """The pixels of a window of what a contender left."""
    col, row, width, height = task.window
    place = np.s_[row : row + height, col : col + width]
    if task.store == "tif":
        with rasterio.open(task.out) as file:
            return file.read(1)[place]
    if task.store == "zarr":
        return zarr.open_group(task.out, mode="r")["dem"][place]
    import icechunk

    repository = icechunk.Repository.open(icechunk.local_filesystem_storage(task.out))
    return zarr.open_group(repository.readonly_session("main").store, mode="r")["dem"][place]


def warp():
    """How far a window is from GDAL's warp with every pixel transformed exactly.

    A tolerance of 0 would say so, but rasterio makes no transformer then."""
    grid = task.grid
    how = dict(
        crs=grid.crs, width=grid.width, height=grid.height, tolerance=1e-6, nodata=-9999.0,
        transform=from_origin(grid.extent[0], grid.extent[3], grid.resolution, grid.resolution),
        resampling=Resampling[task.resampling],
    )
    size = min(grid.width, 1024)
    task.window = (corner := (grid.width - size) // 2, corner, size, size)
    window = rasterio.windows.Window(*task.window)
    exact, here = None, stored()
    # One source of all files: a kernel reaches over their edges.
    mosaic, transform = rasterio.merge.merge(task.files)
    profile = dict(
        driver="GTiff", dtype="float32", count=1, crs=rasterio.open(task.files[0]).crs,
        width=mosaic.shape[2], height=mosaic.shape[1], transform=transform, nodata=-9999.0,
    )
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as file:
            file.write(mosaic)
        with memory.open() as file, WarpedVRT(file, **how) as vrt:
            exact = vrt.read(1, window=window)
    valid = (exact != -9999.0) & (here != -9999.0) & ~np.isnan(here)
    off = np.abs(here[valid] - exact[valid])
    at = {f"p{p}": float(np.percentile(off, p)) for p in (50, 99)}
    return at | {"max": float(off.max()), "valid": float(valid.mean())}


if task.work == "truth":
    tasks.no_meter(digest=tasks.digest(source(tuple(task.grid.extent))))
elif task.work == "digest":
    tasks.no_meter(digest=tasks.digest(stored()))
else:
    tasks.no_meter(**warp())
