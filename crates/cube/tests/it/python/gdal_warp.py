"""Warps one band of a file with GDAL onto a grid, exactly, and writes raw little-endian float64.

usage: gdal_warp.py REQUEST.json OUT.bin
"""
import json, sys
import numpy as np, rasterio
from rasterio.warp import reproject, Resampling
from rasterio.transform import Affine

request = json.load(open(sys.argv[1]))
height, width = request["shape"]
level = {} if request["overview"] is None else {"overview_level": request["overview"]}
with rasterio.open(request["file"], **level) as file:
    src_nodata = file.nodata if file.nodata is not None else request.get("source_nodata")
    out = np.full((height, width), np.nan, dtype="float64")
    source = file.read(request["band"]).astype("float64")
    if src_nodata is not None and not np.isnan(src_nodata):
        source[source == src_nodata] = np.nan
    mask = file.dataset_mask() if src_nodata is None else None
    if mask is not None:
        source[mask == 0] = np.nan
    reproject(
        source, out,
        src_transform=file.transform, src_crs=file.crs, src_nodata=np.nan,
        dst_transform=Affine(*request["transform"]), dst_crs=request["crs"], dst_nodata=np.nan,
        resampling=Resampling[request["resampling"]], tolerance=0,
        XSCALE=request["scale"][0], YSCALE=request["scale"][1],
    )
    integer = request["integer"]
    if integer:
        out = np.where(np.isnan(out), np.nan, np.floor(out + 0.5))
open(sys.argv[2], "wb").write(np.ascontiguousarray(out, dtype="<f8").tobytes())
