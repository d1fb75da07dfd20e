"""Prints as JSON what rasterio (GDAL) says about GeoTIFFs, and whether their layout is a COG's.

Usage: python describe.py FILE...
"""

import json
import sys

import rasterio

out = []
for path in sys.argv[1:]:
    with rasterio.open(path) as src:
        entry = {
            "dtype": src.dtypes[0], "count": src.count, "shape": list(src.shape),
            "epsg": src.crs.to_epsg(), "proj4": src.crs.to_proj4(),
            "transform": list(src.transform)[:6],
            "nodata": None if src.nodata is None else str(src.nodata),
            "scales": list(src.scales), "offsets": list(src.offsets),
            "descriptions": list(src.descriptions), "units": list(src.units),
            "overviews": src.overviews(1),
            "layout": src.tags(ns="IMAGE_STRUCTURE").get("LAYOUT"),
            "block": list(src.block_shapes[0]),
            "sums": [float(src.read(i).astype("float64").sum()) for i in src.indexes],
            "valid": [int((src.read_masks(i) > 0).sum()) for i in src.indexes],
        }
        # Directories before data, the coarsest overview's data first.
        offsets = []
        for level in range(-1, len(entry["overviews"])):
            kw = {} if level < 0 else {"overview_level": level}
            with rasterio.open(path, **kw) as o:
                offsets.append([int(o.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1)),
                                int(o.get_tag_item("IFD_OFFSET", "TIFF", bidx=1))])
        entry["offsets_of_levels"] = offsets
        out.append(entry)
print(json.dumps(out))
