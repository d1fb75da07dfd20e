"""Makes `relief.tif`, the base relief of the demo, from ETOPO5.

ETOPO5 (National Geophysical Data Center, 1988) is in the public domain: heights and depths on nodes
5 arc minutes apart. Debian's package `ferret-datasets` holds it as `etopo5.cdf`:

    apt-get download ferret-datasets && dpkg-deb -x ferret-datasets_*.deb etopo
    python -m venv venv && venv/bin/pip install netCDF4 numpy pyproj rasterio
    venv/bin/python make_relief.py etopo/usr/share/ferret-vis/data/etopo5.cdf relief.tif

The result is a GeoTIFF in EPSG:4326, int16, metres, deflated with predictor 2. A node becomes the
centre of a pixel. What is farther than 60 km from the demo's tiles is 0, to keep the file small.
"""

import sys

import netCDF4
import numpy as np
import pyproj
import rasterio
from rasterio.transform import from_origin

WEST, EAST, SOUTH, NORTH = -110, 30, 56, 88
NODES = 12  # per degree
# The area of the tiles in EPSG:3413 (see src/tiles.rs) and a margin, in metres.
LEFT, RIGHT, BOTTOM, TOP, MARGIN = -640e3, 896e3, -3520e3, -448e3, 60e3

source, target = sys.argv[1:]
with netCDF4.Dataset(source) as dataset:
    heights = dataset["ROSE"]
    rows = slice((SOUTH + 90) * NODES, (NORTH + 90) * NODES + 1)
    west = heights[rows, (WEST + 360) * NODES :]
    east = heights[rows, : EAST * NODES + 1]
relief = np.rint(np.ma.hstack([west, east]).filled(0))[::-1].astype("int16")

lon = WEST + np.arange(relief.shape[1]) / NODES
lat = NORTH - np.arange(relief.shape[0]) / NODES
to_polar = pyproj.Transformer.from_crs(4326, 3413, always_xy=True)
x, y = to_polar.transform(*np.meshgrid(lon, lat))
near = (x > LEFT - MARGIN) & (x < RIGHT + MARGIN) & (y > BOTTOM - MARGIN) & (y < TOP + MARGIN)
relief[~near] = 0
rows, cols = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
relief = relief[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]

half = 0.5 / NODES
corner = from_origin(lon[cols[0]] - half, lat[rows[0]] + half, 1 / NODES, 1 / NODES)
profile = dict(driver="GTiff", dtype="int16", count=1, height=relief.shape[0], width=relief.shape[1],
               crs="EPSG:4326", transform=corner, compress="deflate", predictor=2, zlevel=9,
               tiled=True, blockxsize=256, blockysize=256)
with rasterio.open(target, "w", **profile) as file:
    file.write(relief, 1)
print(target, relief.shape, f"{relief.min()} to {relief.max()} m")
