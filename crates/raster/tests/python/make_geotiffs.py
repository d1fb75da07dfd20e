"""Makes small GeoTIFFs of every kind, for the table of formats.

Usage: python make_geotiffs.py OUT
Writes OUT/NAME.tif, 37 by 29 pixels each, with rasterio and the GDAL that comes with it. The files in
`tests/fixtures/geotiff` were made by rasterio 1.5.2 with GDAL 3.12.2; `formats_reference.py` then
says how GDAL reads them.
"""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import Affine

warnings.filterwarnings("ignore")
out = Path(sys.argv[1])
W, H = 37, 29
ROWS, COLS = np.mgrid[0:H, 0:W]
UTM = {"crs": "EPSG:32633", "transform": Affine(30, 0, 399960, 0, -30, 4900020)}
LONLAT = {"crs": "EPSG:4326", "transform": Affine(0.25, 0, 10, 0, -0.25, 50)}


def smooth(dtype, top=200.0, bands=1):
    """A hill per band, so that lossy codecs stay near and predictors have something to do."""
    hills = [
        np.exp(-(((ROWS - 14 - b) / 9) ** 2) - ((COLS - 18 + 2 * b) / 12) ** 2) * top
        for b in range(bands)
    ]
    return np.stack(hills).astype(dtype)


def write(name, data, place=UTM, tags=None, finish=None, env=None, **profile):
    path = out / f"{name}.tif"
    profile = {"driver": "GTiff", "width": W, "height": H, **place, **profile}
    with rasterio.Env(**(env or {})):
        with rasterio.open(path, "w", count=len(data), dtype=data.dtype, **profile) as file:
            file.write(data)
            if tags:
                file.update_tags(**tags)
            if finish:
                finish(file)
    return path


def overviews(path, factors, resampling=Resampling.nearest):
    with rasterio.open(path, "r+") as file:
        file.build_overviews(factors, resampling)


# Sample types, with a predictor where GDAL allows one.
for dtype in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]:
    write(f"{dtype}_deflate_predictor2", smooth(dtype, 120), compress="deflate", predictor=2)
write("float16", smooth("float16"), compress="deflate", predictor=2)
for dtype in ["float32", "float64"]:
    write(f"{dtype}_deflate_predictor3", smooth(dtype), compress="deflate", predictor=3)
write("complex64", (smooth("float32") + 1j).astype("complex64"))
for bits, top in [(1, 1.99), (2, 3.99), (4, 15.99)]:
    write(f"uint8_{bits}bit", smooth("uint8", top), nbits=bits)
for bits, top in [(10, 1023), (12, 4095)]:
    write(f"uint16_{bits}bit", smooth("uint16", top, 3), nbits=bits, interleave="pixel")
write("uint32_20bit", smooth("uint32", 1_000_000), nbits=20, compress="lzw")

# Codecs.
write("packbits", smooth("uint8"), compress="packbits")
write("lzw_separate", smooth("int16", 300, 3), compress="lzw", interleave="band")
write("lzma", smooth("uint16", 3000), compress="lzma")
write("zstd_predictor2_big_endian", smooth("uint32"), compress="zstd", predictor=2, endianness="big")
write("lerc", smooth("float32"), compress="lerc", max_z_error=0)
write("lerc_three_bands", smooth("float32", 90, 3), compress="lerc", max_z_error=0, interleave="pixel")
write("lerc_deflate_limited", smooth("uint8"), compress="lerc_deflate", max_z_error=2)
write("lerc_zstd_nan", np.where(ROWS + COLS < 20, np.nan, smooth("float32")).astype("float32"),
      compress="lerc_zstd", max_z_error=0, nodata=np.nan)
write("webp_lossless", smooth("uint8", 200, 4), compress="webp", webp_lossless=True, interleave="pixel")
write("webp", smooth("uint8", 200, 3), compress="webp", interleave="pixel")
write("jpeg_grey", smooth("uint8"), compress="jpeg")
write("jpeg_ycbcr_tiled", smooth("uint8", 200, 3), compress="jpeg", photometric="ycbcr",
      interleave="pixel", tiled=True, blockxsize=16, blockysize=16)
write("jpeg_rgb", smooth("uint8", 200, 3), compress="jpeg", photometric="rgb", interleave="pixel")
write("jpeg_separate", smooth("uint8", 200, 3), compress="jpeg", interleave="band")
write("jpeg_cmyk", smooth("uint8", 200, 4), compress="jpeg", photometric="cmyk", interleave="pixel")
write("jpeg_12bit", smooth("uint16", 4000), compress="jpeg", nbits=12)

# Colours.
def palette(file):
    file.write_colormap(1, {i: (i, 255 - i, i // 2, 255) for i in range(256)})


write("palette", smooth("uint8"), photometric="palette", finish=palette, nodata=3)
write("miniswhite", smooth("uint8"), photometric="miniswhite")
write("cmyk", smooth("uint8", 200, 4), photometric="cmyk", interleave="pixel")
write("cielab", smooth("uint8", 100, 3), photometric="cielab", interleave="pixel")
write("icclab", smooth("uint8", 100, 3), photometric="icclab", interleave="pixel")
write("rgba", smooth("uint8", 255, 4), photometric="rgb", alpha="yes", interleave="pixel")
write("grey_alpha", smooth("uint16", 65535, 2), alpha="premultiplied", interleave="pixel")


def interpretations(file):
    file.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined]


write("blue_green_red", smooth("uint16", 3000, 4), finish=interpretations, interleave="band")


# Validity.
def mask(file):
    file.write_mask((ROWS % 7 > 1) & (COLS > 4))


inner = {"GDAL_TIFF_INTERNAL_MASK": True}
write("internal_mask", smooth("uint8", 200, 3), env=inner, finish=mask, interleave="pixel")
path = write("mask_nodata_overviews", smooth("int16", 500), env=inner, finish=mask, nodata=0,
             compress="deflate", tiled=True, blockxsize=16, blockysize=16)
with rasterio.Env(**inner):
    overviews(path, [2, 4])
write("nodata_nan", np.where(ROWS == COLS, np.nan, smooth("float64")), nodata=np.nan)
write("nodata_float32", np.where(ROWS > COLS, -3.4028234663852886e38, smooth("float32")).astype("float32"),
      nodata=-3.4028234663852886e38)
write("sparse", np.zeros((1, H, W), "int16"), nodata=-7, sparse_ok=True, tiled=True, blockxsize=16,
      blockysize=16)


# Metadata.
def described(file):
    file.scales, file.offsets = (0.0001, 2.0), (-0.1, 273.15)
    file.units = ("1", "K")
    file.set_band_description(1, "reflectance <b4> & more")
    file.update_tags(1, WAVELENGTH="0.66")
    file.update_tags(ns="SENSOR", GAIN="high")


write("described", smooth("int16", 900, 2), finish=described, nodata=-1, tags={
    "ACQUIRED": "2026-11-21", "TIFFTAG_SOFTWARE": "a maker of fixtures",
    "TIFFTAG_XRESOLUTION": "72.5", "TIFFTAG_RESOLUTIONUNIT": "3",
})

# Place.
gcps = [
    GroundControlPoint(row=r, col=c, x=10 + c / 100 + r / 900, y=50 - r / 100, z=float(r), id=str(i))
    for i, (r, c) in enumerate([(0, 0), (0, 36.5), (14.25, 18), (28, 0), (28, 36)], 1)
]
write("gcps", smooth("uint8"), {}, gcps=gcps, crs="EPSG:4326")
write("gcps_pixel_is_point", smooth("uint8"), {}, gcps=gcps, crs="EPSG:4326",
      tags={"AREA_OR_POINT": "Point"})
write("pixel_is_point", smooth("uint8"), LONLAT, tags={"AREA_OR_POINT": "Point"})
write("rotated", smooth("uint8"), {"crs": "EPSG:3577",
      "transform": Affine.translation(1e6, -3e6) * Affine.rotation(30) * Affine.scale(25, -25)})
write("south_up", smooth("uint8"), {"crs": "EPSG:4326", "transform": Affine(0.25, 0, 10, 0, 0.25, 40)})
write("no_place", smooth("uint8"), {})
write("bigtiff", smooth("uint8"), bigtiff="yes")
path = write("overviews_by_3", smooth("int16", 900), LONLAT, compress="deflate", tiled=True,
             blockxsize=16, blockysize=16)
overviews(path, [3, 5], Resampling.average)

for left in out.glob("*.aux.xml"):
    print("a sidecar was written, and must not be:", left)
    os.remove(left)
