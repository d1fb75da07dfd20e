"""Writes tests/fixtures/shifted.tif, in a CRS whose datum takes a grid, and GDAL's warps of it.

Usage: python3 tests/python/shifted_reference.py tests/fixtures   (Debian 12: python3-gdal 3.6.2, numpy,
PROJ 9.1.1 with BETA2007.gsb of proj-data)
"""

import json
import sys

import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
folder = sys.argv[1]
rng = np.random.default_rng(45)
values = rng.integers(0, 1000, (36, 40)).astype("float32")
values[rng.random(values.shape) < 0.1] = -1
source = gdal.GetDriverByName("GTiff").Create(
    f"{folder}/shifted.tif", 40, 36, 1, gdal.GDT_Float32,
    ["COMPRESS=DEFLATE", "TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"])
rd83 = osr.SpatialReference()
rd83.ImportFromEPSG(3398)  # RD/83 / 3-degree Gauss-Kruger zone 4
source.SetProjection(rd83.ExportToWkt())
source.SetGeoTransform([4619000, 25, 0, 5659000, 0, -25])
source.GetRasterBand(1).WriteArray(values)
source.GetRasterBand(1).SetNoDataValue(-1)
source.FlushCache()

left, top, pixel, width, height = 408560.0, 5656700.0, 25.0, 26, 24
cases = []
for method in ("near", "bilinear", "cubic"):
    warped = gdal.Warp(
        "", source, format="MEM", dstSRS="EPSG:32633", resampleAlg=method, errorThreshold=0, dstNodata=-2,
        outputBounds=[left, top - height * pixel, left + width * pixel, top], xRes=pixel, yRes=pixel,
        warpOptions=["XSCALE=1", "YSCALE=1"])
    cases.append({"method": method, "expected": [[float(f"{v:.9g}") for v in row] for row in warped.ReadAsArray()]})
with open(f"{folder}/shifted.json", "w", encoding="utf-8") as file:
    json.dump({"left": left, "top": top, "pixel": pixel, "nodata": -2, "cases": cases}, file)
