"""xarray and icechunk: a window out of a cube that is there."""

import task as tasks

import icechunk
import xarray

task = tasks.read()
col, row, width, height = task.window
meter = tasks.Meter()
repository = icechunk.Repository.open(icechunk.local_filesystem_storage(task.out))
session = repository.readonly_session("main")
cube = xarray.open_zarr(session.store, consolidated=False, chunks=None)
pixels = cube.dem.isel(y=slice(row, row + height), x=slice(col, col + width)).values
meter.stop(pixels)
