"""Says how GDAL reads GeoTIFFs, as a compact reference for the table of formats.

Usage: python formats_reference.py OUT.json NAME=FOLDER... [.SUFFIX...]
Every file below each FOLDER that ends in a SUFFIX (.tif and .tiff when none is given) is opened with
rasterio; its path in the reference is NAME/PATH.
`tests/fixtures/formats.json` was made with rasterio 1.5.2 (GDAL 3.12.2) by

    python formats_reference.py ../fixtures/formats.json own=../fixtures/geotiff \
        geotiff=DATA/geotiff derived=DATA/derived

and `tests/fixtures/other_formats.json` (what only GDAL reads) by

    python formats_reference.py ../fixtures/other_formats.json geotiff=DATA/geotiff .jp2 .vrt .hgt.zip

For every file: size, sample types, nodata, mask flags, scale, offset, unit, description, colour
interpretation, colour table, tags by domain, GCPs (number, first, last and the sum of each column), CRS,
affine. For every level and band: size, CRC-32 of the pixels in little-endian order (half precision
widened to float32), lowest, highest and mean value of the finite ones, how many are valid as GDAL's
warper sees it (by nodata, else by mask or alpha; of the first band), and of lossy codecs, whose
decoders may round differently, 25 pixels.
"""

import json
import math
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import rasterio

warnings.filterwarnings("ignore")


def number(value):
    """JSON has no NaN."""
    return value if value is None or math.isfinite(value) else str(value)


def short(tags):
    """Long texts by their checksum."""
    by_crc = lambda text: f"crc {zlib.crc32(text.encode())}" if len(text) > 50 else text
    return {name: by_crc(text) for name, text in tags.items()}


def pixels(data, lossy):
    little = np.ascontiguousarray(data.astype(data.dtype.newbyteorder("<")))
    entry = {"crc": zlib.crc32(little.tobytes())}
    finite = data[np.isfinite(data)]
    if finite.size and data.dtype.kind != "c":
        entry["range"] = [finite.min().item(), finite.max().item(), finite.mean(dtype="f8").item()]
    if lossy:
        flat = data.reshape(-1)
        entry["samples"] = flat[:: max(1, flat.size // 25)][:25].tolist()
    return entry


def describe(path):
    with rasterio.open(path) as file:
        structure = file.tags(ns="IMAGE_STRUCTURE")
        codec = structure.get("COMPRESSION", "none")
        entry = {
            "codec": codec,
            "interleave": structure.get("INTERLEAVE"),
            "size": [file.width, file.height],
            "dtypes": list(file.dtypes),
            "nodata": number(file.nodata),
            "masks": ["+".join(flag.name for flag in flags) for flags in file.mask_flag_enums],
            "scales": [number(v) for v in file.scales],
            "offsets": [number(v) for v in file.offsets],
            "units": list(file.units),
            "descriptions": list(file.descriptions),
            "colors": [color.name for color in file.colorinterp],
        }
        try:
            table = file.colormap(1)
            entry["color_table"] = "".join("%02x%02x%02x%02x" % tuple(c) for c in table.values())
        except ValueError:
            pass
        entry["tags"] = {"": short(file.tags())}
        skipped = ("IMAGE_STRUCTURE", "DERIVED_SUBDATASETS", "COLOR_PROFILE")
        for domain in file.tag_namespaces():
            if domain not in skipped:
                entry["tags"][domain] = short(file.tags(ns=domain))
        bands = [file.tags(band) for band in file.indexes]
        if any(bands):
            entry["band_tags"] = bands
        gcps, gcp_crs = file.gcps
        if gcps:
            table = np.array([[g.col, g.row, g.x, g.y, g.z or 0.0] for g in gcps])
            entry["gcps"] = {
                "count": len(gcps), "first": table[0].tolist(), "last": table[-1].tolist(),
                "sum": table.sum(0).tolist(), "epsg": gcp_crs.to_epsg() if gcp_crs else None,
            }
        if not file.transform.is_identity:
            entry["affine"] = list(file.transform)[:6]
        if file.crs:
            entry["epsg"] = file.crs.to_epsg()
            entry["proj4"] = file.crs.to_proj4()
        lossy = "JPEG" in codec or structure.get("COMPRESSION_REVERSIBILITY") == "LOSSY" \
            or (codec == "WEBP" and structure.get("COMPRESSION_REVERSIBILITY") != "LOSSLESS") \
            or "SOURCE_COLOR_SPACE" in structure
        entry["lossy"] = lossy
        factors = file.overviews(1)
    entry["levels"] = []
    for level in range(-1, len(factors)):
        options = {} if level < 0 else {"overview_level": level}
        with rasterio.open(path, **options) as file:
            bands = []
            for band in file.indexes:
                data = file.read(band)
                if data.dtype == np.float16:
                    data = data.astype(np.float32)
                bands.append(pixels(data, lossy))
                if band == 1:
                    nodata = file.nodata
                    if nodata is None:
                        valid = file.read_masks(1) != 0
                    elif math.isnan(nodata):
                        valid = ~np.isnan(data)
                    else:
                        valid = data != np.dtype(data.dtype).type(nodata)
                    bands[0]["valid"] = int(valid.sum())
            entry["levels"].append({"size": [file.width, file.height], "bands": bands})
    return entry


index = {}
folders = [argument for argument in sys.argv[2:] if "=" in argument]
suffixes = tuple(argument for argument in sys.argv[2:] if "=" not in argument) or (".tif", ".tiff")
for argument in folders:
    name, folder = argument.split("=", 1)
    for path in sorted(Path(folder).rglob("*")):
        if path.name.lower().endswith(suffixes):
            key = f"{name}/{path.relative_to(folder)}"
            try:
                index[key] = describe(path)
            except Exception as error:
                index[key] = {"error": str(error).replace(str(path), path.name)[:200]}
lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in index.items()]
Path(sys.argv[1]).write_text("{\n" + ",\n".join(lines) + "\n}\n")
