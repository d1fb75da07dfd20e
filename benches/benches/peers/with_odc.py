"""odc-stac: a collection lazily loaded with dask, stored as Zarr or in Icechunk, or just read."""

import os

import task as tasks

import dask
import odc.stac
import pystac_client
import xarray
from odc.geo.geobox import GeoBox

task = tasks.read()
odc.stac.configure_rio(cloud_defaults=True)
# More threads than cores: some wait for the server.
WORKERS = 2 * os.cpu_count()


def load(window, **how):
    """The window of the grid, from the items that the API says touch it."""
    grid = task.grid
    geobox = GeoBox.from_bbox(tasks.extent_of(window, grid), grid.crs, shape=window[3:1:-1])
    client = pystac_client.Client.open(task.stac)
    bbox = geobox.extent.to_crs("EPSG:4326").boundingbox
    items = client.search(collections=[task.collection], bbox=tuple(bbox)).items()
    return odc.stac.load(
        items, bands=["dem"], geobox=geobox, dtype="float32", groupby="time",
        resampling=task.resampling, **how,
    )


def fill():
    chunks = {"x": task.side, "y": task.side}
    data = load((0, 0, task.grid.width, task.grid.height), chunks=chunks).isel(time=0, drop=True)
    encoding = {"dem": {"compressors": [tasks.codec(task.codec)]}}
    with dask.config.set(scheduler="threads", num_workers=WORKERS):
        if task.store == "zarr":
            data.to_zarr(task.out, mode="w", encoding=encoding, consolidated=False)
            return
        from icechunk.xarray import to_icechunk

        session = repository.writable_session("main")
        to_icechunk(data, session, mode="w", encoding=encoding)
        session.commit("filled")


if task.work == "cold":
    meter = tasks.Meter()
    read = load(task.window, pool=WORKERS)
    pixels = read.dem.isel(time=0).values
    meter.stop(pixels)
else:
    if task.store == "icechunk":
        import icechunk

        repository = icechunk.Repository.create(icechunk.local_filesystem_storage(task.out))
    meter = tasks.Meter()
    fill()
    meter.stop()
