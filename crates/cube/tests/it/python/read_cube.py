"""Opens a cube with xarray, rioxarray, odc-geo (and rasterio for plain Zarr) and prints what they see.

usage: read_cube.py STORE BAND
"""
import json, sys
import numpy as np, xarray as xr
import rioxarray  # noqa: F401
import odc.geo.xr  # noqa: F401

location, band = sys.argv[1:3]
seen = {}
if location.endswith(".icechunk"):
    import icechunk
    repository = icechunk.Repository.open(icechunk.local_filesystem_storage(location))
    store = repository.readonly_session("main").store
    seen["icechunk"] = icechunk.__version__
else:
    store = location


def numbers(array):
    return [None if np.isnan(v) else float(v) for v in np.asarray(array, dtype="float64").ravel()]


for mode, options in {"raw": {"mask_and_scale": False}, "decoded": {}}.items():
    dataset = xr.open_zarr(store, consolidated=False, chunks=None, **options)
    array = dataset[band]
    seen[mode] = numbers(array.values)
dataset = xr.open_zarr(store, consolidated=False, chunks=None, decode_coords="all")
array = dataset[band]
seen["dims"] = list(array.dims)
seen["dtype"] = str(xr.open_zarr(store, consolidated=False, chunks=None, mask_and_scale=False)[band].dtype)
seen["variables"] = sorted(map(str, dataset.variables))
seen["x"], seen["y"] = numbers(array.x), numbers(array.y)
if "time" in array.dims:
    seen["time"] = [str(t)[:19] for t in array.time.values.astype("datetime64[s]")]
seen["attrs"] = {k: str(v) for k, v in array.attrs.items() if k in ("units", "long_name")}
seen["rioxarray"] = {
    "epsg": array.rio.crs.to_epsg() if array.rio.crs else None,
    "transform": list(array.rio.transform())[:6],
    "nodata": None if array.rio.encoded_nodata is None else str(array.rio.encoded_nodata),
}
plane = array.isel(time=0) if "time" in array.dims else array
geobox = plane.odc.geobox
seen["odc"] = {
    "epsg": geobox.crs.epsg if geobox is not None and geobox.crs else None,
    "transform": list(geobox.transform)[:6] if geobox is not None else None,
    "shape": list(geobox.shape) if geobox is not None else None,
}
if location.endswith(".zarr"):
    import rasterio
    seen["gdal_version"] = rasterio.__gdal_version__
    if tuple(int(p) for p in rasterio.__gdal_version__.split(".")[:2]) >= (3, 12):
        with rasterio.open(f'ZARR:"{location}":/{band}') as file:
            seen["gdal"] = {
                "epsg": file.crs.to_epsg() if file.crs else None,
                "transform": list(file.transform)[:6],
                "nodata": None if file.nodata is None else str(file.nodata),
                "scale": file.scales[0], "offset": file.offsets[0],
                "values": numbers(file.read(1)),
            }
json.dump(seen, sys.stdout)
