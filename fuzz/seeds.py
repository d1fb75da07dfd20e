"""Makes the seeds of the target `cog` with rasterio: a small file for each codec and layout."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import from_origin

FOLDER = Path(__file__).parent / "seeds" / "cog"
rng = np.random.default_rng(7)


def write(name, dtype, bands=1, side=32, overview=False, mask=False, **options):
    low, high = (0, 200) if dtype in ("uint8", "int8") else (-300, 300)
    values = np.cumsum(rng.integers(-2, 3, (bands, side, side)), axis=2).clip(low, high)
    values = np.repeat(np.repeat(values[:, ::8, ::8], 8, 1), 8, 2)
    path = FOLDER / f"{name}.tif"
    profile = dict(
        driver="GTiff", width=side, height=side, count=bands, dtype=dtype,
        crs="EPSG:3413", transform=from_origin(-640000, -3392000, 1000, 1000), **options,
    )
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(path, "w", **profile) as file:
            file.write(values.astype(dtype))
            if mask:
                file.write_mask(values[0] % 2 == 0)
        if overview:
            with rasterio.open(path, "r+") as file:
                file.build_overviews([2], Resampling.nearest)


tiles = dict(tiled=True, blockxsize=16, blockysize=16)
write("deflate-float", "float32", compress="deflate", predictor=3, nodata=-9999, overview=True, **tiles)
write("deflate-int", "int16", compress="deflate", predictor=2, mask=True, **tiles)
write("lzw-strips", "uint8", bands=2, compress="lzw", interleave="band")
write("lzw-predictor", "uint16", compress="lzw", predictor=2, **tiles)
write("packbits-big-endian", "int16", compress="packbits", ENDIANNESS="BIG")
write("zstd-bigtiff", "float64", compress="zstd", BIGTIFF="YES", **tiles)
write("jpeg", "uint8", bands=3, compress="jpeg", photometric="ycbcr", interleave="pixel", **tiles)
write("webp", "uint8", bands=3, compress="webp", interleave="pixel", **tiles)
write("lerc", "float32", compress="lerc", **tiles)
write("lerc-deflate", "uint8", compress="lerc_deflate", **tiles)
write("lzma", "int32", compress="lzma", **tiles)
write("bits", "uint8", side=24, NBITS=4)
write("alpha", "uint8", bands=4, interleave="pixel", alpha="yes", compress="deflate")
