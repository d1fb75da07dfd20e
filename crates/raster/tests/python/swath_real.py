#!/usr/bin/env python3
"""Warps real swaths with GDAL, for tests/it/swath.rs: swath_real.py DATA OUT.

Writes OUT/index.json and raw float64 arrays: places, source, and GDAL's nearest and bilinear. Arrays
given to GDAL as arrays are those of pixels' upper left corners.
"""

import json
import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import from_bounds
from rasterio.warp import Resampling, reproject

DATA, OUT = Path(sys.argv[1]), Path(sys.argv[2])
WGS84 = CRS.from_epsg(4326)
FILES = [
    ("swath/AMSR2-L2B.nc", "wind_speed"),
    ("swath/ascat_20150702_084200_metopa_45145_eps_o_250_2300_ovw.l2.nc", "wind_speed"),
    ("ghrsst_l2p/cut/SS_MODIS_A-JPL-L2P-v2014.0.nc", "sea_surface_temperature"),
    ("ghrsst_l2p/cut/SS_MODIS_T-JPL-L2P-v2014.0.nc", "sea_surface_temperature"),
]


def read(path, name):
    with rasterio.open(f'netcdf:"{path}":{name}') as band:
        values = band.read(1).astype("float64")
        values[band.read_masks(1) == 0] = np.nan
        return values * band.scales[0] + band.offsets[0]


index = []
for n, (file, name) in enumerate(FILES):
    path = DATA / file
    if not path.exists():
        continue
    lat, lon, src = read(path, "lat"), read(path, "lon"), read(path, name)
    lon = np.where(lon > 180, lon - 360, lon)
    good = np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) < 75)
    # Around the middle of the swath, and not across 180°.
    rows, cols = np.nonzero(good)
    k = len(rows) // 2
    center = lon[rows[k], cols[k]], lat[rows[k], cols[k]]
    half = 4.0 if "MODIS" in file else 8.0
    west, east = max(center[0] - half, -179.5), min(center[0] + half, 179.5)
    bounds = west, center[1] - half, east, center[1] + half
    size = (240, 220)
    transform = from_bounds(*bounds, size[1], size[0])
    out = {}
    for method in ("nearest", "bilinear"):
        out[method], _ = reproject(
            src, np.full(size, np.nan), src_geoloc_array=np.stack([lon, lat]), src_crs=WGS84, dst_transform=transform,
            dst_crs=WGS84, src_nodata=np.nan, dst_nodata=np.nan, resampling=Resampling[method], tolerance=0, XSCALE=1, YSCALE=1)
    for key, array in dict(x=lon, y=lat, src=src, **out).items():
        array.astype("<f8").tofile(OUT / f"{n}.{key}")
    index.append(dict(name=file, n=n, height=src.shape[0], width=src.shape[1], affine=list(transform)[:6], rows=size[0], cols=size[1]))
(OUT / "index.json").write_text(json.dumps(index))
