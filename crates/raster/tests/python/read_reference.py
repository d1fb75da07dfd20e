"""Reads every GeoTIFF below a folder with rasterio and writes its bands as raw bytes.

Usage: python read_reference.py FOLDER OUT
Writes OUT/index.json: a list of {path, error} or {path, bands, levels, ...}, and OUT/N.BAND.LEVEL.raw
with the pixels in native byte order, OUT/N.BAND.LEVEL.mask with the mask (255 valid).
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio
import rasterio._err

warnings.filterwarnings("ignore")
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
index = []
files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".tif", ".tiff"))
for n, path in enumerate(files):
    entry = {"path": str(path.relative_to(folder)), "n": n}
    index.append(entry)
    try:
        with rasterio.open(path) as src:
            entry["dtypes"] = [str(d) for d in src.dtypes]
            entry["width"], entry["height"] = src.width, src.height
            entry["transform"] = list(src.transform)[:6]
            entry["has_transform"] = not src.transform.is_identity
            entry["gcps"] = len(src.gcps[0])
            nodata = src.nodata
            entry["nodata"] = None if nodata is None else str(nodata)
            entry["scales"], entry["offsets"] = list(src.scales), list(src.offsets)
            entry["descriptions"] = list(src.descriptions)
            entry["overviews"] = src.overviews(1)
            try:
                entry["epsg"] = src.crs.to_epsg() if src.crs else None
                entry["has_crs"] = bool(src.crs)
            except Exception as e:
                entry["epsg"], entry["has_crs"] = None, False
            flags = [[f.name for f in fs] for fs in src.mask_flag_enums]
            entry["mask_flags"] = flags
            for band in src.indexes:
                data = src.read(band)
                if data.dtype == np.float16:
                    data = data.astype(np.float32)
                    entry["dtypes"][band - 1] = "float32"
                data.tofile(out / f"{n}.{band - 1}.0.raw")
                if band == 1:
                    src.read_masks(band).tofile(out / f"{n}.{band - 1}.0.mask")
        levels = []
        for level, factor in enumerate(entry["overviews"], 1):
            with rasterio.open(path, overview_level=level - 1) as src:
                data = src.read(1)
                data.tofile(out / f"{n}.0.{level}.raw")
                levels.append([src.width, src.height])
        entry["levels"] = levels
    except Exception as e:
        entry["error"] = str(e)[:200]
(out / "index.json").write_text(json.dumps(index))
