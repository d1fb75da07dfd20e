"""Warps one band of a file with GDAL onto a grid, exactly, and writes raw little-endian float64.

usage: gdal_warp.py REQUEST.json OUT.bin
"""
import json, sys
import numpy as np, rasterio
from rasterio.warp import reproject, Resampling
from rasterio.transform import Affine

KERNELS = ("bilinear", "cubic", "cubic_spline", "lanczos")

request = json.load(open(sys.argv[1]))
height, width = request["shape"]
level = {} if request["overview"] is None else {"overview_level": request["overview"]}
with rasterio.open(request["file"], **level) as file:
    src_nodata = file.nodata if file.nodata is not None else request.get("source_nodata")
    source = file.read(request["band"])
    # GDAL counts values of few bits in another way than others.
    as_is = request["integer"] and request["resampling"] == "mode"
    nodata = src_nodata if as_is else np.nan
    if not as_is:
        source = source.astype("float64")
        if src_nodata is not None and not np.isnan(src_nodata):
            source[source == src_nodata] = np.nan
        mask = file.dataset_mask() if src_nodata is None else None
        if mask is not None:
            source[mask == 0] = np.nan
    out = np.full((height, width), nodata, dtype=source.dtype)
    scale = dict(zip(("XSCALE", "YSCALE"), request["scale"]))
    reproject(
        source, out,
        src_transform=file.transform, src_crs=file.crs, src_nodata=nodata,
        dst_transform=Affine(*request["transform"]), dst_crs=request["crs"], dst_nodata=nodata,
        resampling=Resampling[request["resampling"]], tolerance=0,
        **(scale if request["resampling"] in KERNELS else {}),
    )
    if as_is:
        out = np.where(out == nodata, np.nan, out.astype("float64"))
    elif request["integer"]:
        out = np.where(np.isnan(out), np.nan, np.floor(out + 0.5))
open(sys.argv[2], "wb").write(np.ascontiguousarray(out, dtype="<f8").tobytes())
