#!/usr/bin/env python3
"""Makes images without an affine, and what GDAL makes of them, for tests/it/swaths.rs.

    python -m pip install rasterio==1.5.2 netCDF4==1.7.5
    python crates/cube/tests/it/python/make_swaths.py crates/raster/tests/fixtures/swath.json crates/cube/tests/it/data/swaths

`gcps.tif` holds pixels and points of the raster crate's case `as GDAL chooses`, `mask.tif` another raster
with the same points, of which what is flagged 1 or 3 is dropped, `swath.nc` longitudes and latitudes of its pixels' centres. They are bilinear in column
and row, so that the upper left corners that GDAL wants in arrays are known exactly.
"""

import json
import sys
from pathlib import Path

import netCDF4
import numpy as np
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject

CASES, OUT = Path(sys.argv[1]), Path(sys.argv[2])
EXACT = dict(tolerance=0, num_threads=1, XSCALE=1, YSCALE=1)

case = next(c for c in json.loads(CASES.read_text()) if c["name"] == "as GDAL chooses")
gcps = [GroundControlPoint(row=r, col=c, x=x, y=y) for c, r, x, y in case["gcps"]]
src = np.array([np.nan if v is None else v for v in case["src"]], "f8").reshape(case["src_shape"])
row, col = np.mgrid[0 : src.shape[0], 0 : src.shape[1]]
flags = ((3 * col + 7 * row) % 23).astype("u1")
for name, values, nodata in [("gcps", src, np.nan), ("mask", flags, None)]:
    with rasterio.open(
            OUT / f"{name}.tif", "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1,
            dtype=values.dtype, nodata=nodata, tiled=True, blockxsize=16, blockysize=16, compress="deflate") as file:
        file.gcps = gcps, CRS.from_string(case["crs"])
        file.write(values, 1)
dropped = np.isin(flags, [1, 3])
padded = np.pad(dropped, 1)
near = np.any([np.roll(padded, (j, i), (0, 1)) for j in (-1, 0, 1) for i in (-1, 0, 1)], axis=0)[1:-1, 1:-1]
kept = {}
for name, mask in [("kept", ~dropped), ("kept_dilated", ~near)]:
    on_grid, _ = reproject(
        mask.astype("u1"), np.zeros(case["shape"], "u1"), dst_transform=Affine(*case["affine"]),
        dst_crs=CRS.from_string(case["dst_crs"]), src_crs=CRS.from_string(case["crs"]), gcps=gcps,
        resampling=Resampling.nearest, **EXACT)
    kept[name] = on_grid.ravel().tolist()


def places(row, col):
    return 10 + 0.02 * col + 0.004 * row + 1e-5 * col * row, 50 - 0.015 * row + 0.003 * col - 4e-6 * col * row


row, col = np.mgrid[0:24, 0:30].astype("f8")
sst = np.round(np.random.default_rng(11).uniform(0, 1000, row.shape), 3)
sst[4:7, 5:9] = np.nan
with netCDF4.Dataset(OUT / "swath.nc", "w", format="NETCDF3_CLASSIC") as file:
    file.Conventions = "CF-1.11"
    file.createDimension("line", 24)
    file.createDimension("pixel", 30)
    lon, lat = places(row, col)
    for name, long_name, units, values in [
            ("lon", "longitude", "degrees_east", lon), ("lat", "latitude", "degrees_north", lat)]:
        variable = file.createVariable(name, "f8", ("line", "pixel"))
        variable.standard_name, variable.units = long_name, units
        variable[:] = values
    variable = file.createVariable("sst", "f8", ("line", "pixel"), fill_value=-999.0)
    variable.coordinates = "lon lat"
    variable[:] = np.where(np.isnan(sst), -999.0, sst)
affine, shape = [0.0125, 0, 10.0, 0, -0.0125, 50.1], (40, 64)
swath = {}
for method in ("nearest", "bilinear"):
    out, _ = reproject(
        sst, np.full(shape, np.nan), src_geoloc_array=np.stack(places(row - 0.5, col - 0.5)), src_crs=CRS.from_epsg(4326),
        dst_transform=Affine(*affine), dst_crs=CRS.from_epsg(4326), src_nodata=np.nan, dst_nodata=np.nan,
        resampling=Resampling[method], **EXACT)
    swath[method] = [None if np.isnan(v) else round(float(v), 9) for v in out.ravel()]
expected = dict(**kept, swath=dict(affine=affine, shape=shape, values=swath))
(OUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
print(rasterio.__gdal_version__)
