#!/usr/bin/env python3
"""Writes fixtures/swath.json: swaths and images with ground control points, warped by GDAL.

    python -m pip install rasterio==1.5.2
    python crates/raster/tests/python/swath_reference.py crates/raster/tests/fixtures/swath.json

Geolocation arrays given to GDAL as arrays are those of pixels' upper left corners.
"""

import json
import sys

import numpy as np
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject

rng = np.random.default_rng(7)
cases = []


def put(name, src, grid, crs, dst_crs, extra, **kind):
    values = {}
    for method in ("nearest", "bilinear"):
        out, _ = reproject(
            src, np.full(grid[1], np.nan), dst_transform=Affine(*grid[0]), dst_crs=CRS.from_string(dst_crs),
            src_crs=CRS.from_string(crs), src_nodata=np.nan, dst_nodata=np.nan,
            resampling=Resampling[method], tolerance=0, num_threads=1, XSCALE=1, YSCALE=1, **kind)
        values[method] = [None if np.isnan(v) else round(float(v), 9) for v in out.ravel()]
    cases.append(dict(
        name=name, crs=crs, dst_crs=dst_crs, affine=grid[0], shape=grid[1], **extra, values=values, src_shape=src.shape,
        src=[None if np.isnan(v) else v for v in src.ravel().tolist()]))


def swath(name, lon, lat, grid, dst_crs="EPSG:4326", hole=False):
    src = np.round(rng.uniform(0, 1000, lon.shape), 3)
    if hole:
        src[4:7, 5:9] = np.nan
    extra = dict(x=np.round(lon, 9).ravel().tolist(), y=np.round(lat, 9).ravel().tolist())
    put(name, src, grid, "EPSG:4326", dst_crs, extra, src_geoloc_array=np.stack([np.round(lon, 9), np.round(lat, 9)]))


j, i = np.mgrid[0:24, 0:30].astype(float)
swath("bent", 10 + 0.02 * i + 0.004 * j + 1e-5 * i * j, 50 - 0.015 * j + 0.003 * i - 5e-6 * i * i,
      ([0.0125, 0, 10.0, 0, -0.01, 50.1], (50, 64)))
swath("bent, with a hole, onto UTM", 10 + 0.02 * i + 0.004 * j + 1e-5 * i * j, 50 - 0.015 * j + 0.003 * i - 5e-6 * i * i,
      ([1500, 0, 570000, 0, -1500, 5560000], (32, 40)), "EPSG:32632", hole=True)
swath("upside down, mirrored", 30 - 0.05 * i - 0.01 * j, -20 + 0.04 * j - 0.004 * i,
      ([0.03, 0, 28.1, 0, -0.03, -18.9], (48, 66)))

j, i = np.mgrid[0:20, 0:26].astype(float)
src = np.round(rng.uniform(0, 1000, j.shape), 3)
src[3:5, 4:8] = np.nan
points = []
for k in range(16):
    c, r = rng.uniform(0, 26), rng.uniform(0, 20)
    x = 500000 + 30 * c + 4 * r + 0.05 * c * r + rng.normal(0, 3)
    y = 5000000 - 31 * r + 3 * c - 0.04 * c * c + rng.normal(0, 3)
    points.append([round(v, 6) for v in (c, r, x, y)])
gcps = [GroundControlPoint(row=r, col=c, x=x, y=y) for c, r, x, y in points]
grid = ([24, 0, 499950, 0, -24, 5000080], (34, 42))
for order in (1, 2, 3):
    put(f"polynomial of order {order}", src, grid, "EPSG:32633", "EPSG:32633", dict(gcps=points, fit=order), gcps=gcps, MAX_GCP_ORDER=order)
put("thin plate spline", src, grid, "EPSG:32633", "EPSG:32633", dict(gcps=points, fit=-1), gcps=gcps, SRC_METHOD="GCP_TPS")
put("as GDAL chooses", src, grid, "EPSG:32633", "EPSG:32633", dict(gcps=points, fit=0), gcps=gcps)
put("as GDAL chooses, of three", src, grid, "EPSG:32633", "EPSG:32633", dict(gcps=points[:3], fit=0), gcps=gcps[:3])

with open(sys.argv[1], "w") as file:
    json.dump(cases, file, separators=(",", ":"))
print(rasterio.__gdal_version__, len(cases))
