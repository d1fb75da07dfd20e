"""Says which overview `gdalwarp -ovr AUTO` reads at which ratio of resolutions.

Usage: python overview_reference.py OUT.json
Needs rasterio, and gdalwarp on PATH (`tests/fixtures/overviews.json` was made with GDAL 3.6.2). Every
level of a source is filled with its own number, so that a pixel of the result says where it is from.
A case has the size of the full image, the sizes of the levels, the ratios of pixel sizes (columns, rows)
and the level read.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import from_origin

RATIOS = [1.0, 1.5, 1.9, 1.98, 1.995, 2.0, 2.5, 2.99, 3.0, 3.5, 3.9, 3.98, 4.0, 4.5, 4.9, 5.0, 7.9, 8.0, 20.0]
PAIRS = [(2.0, 4.0), (4.0, 2.0), (1.0, 4.0), (4.0, 1.0), (1.9, 8.0), (8.0, 1.9)]
FILES = {
    "by two": (1024, 1024, [2, 4, 8]),
    "odd": (1001, 997, [2, 4]),
    "by three and five": (1200, 900, [3, 5]),
    "from four": (1024, 1024, [4, 16]),
}

cases = []
with tempfile.TemporaryDirectory() as folder:
    for name, (width, height, factors) in FILES.items():
        path, out = Path(folder) / "a.tif", Path(folder) / "b.tif"
        with rasterio.open(path, "w", driver="GTiff", width=width, height=height, count=1, dtype="uint8",
                           crs="EPSG:32633", transform=from_origin(500000, 5000000, 10, 10),
                           tiled=True) as file:
            file.write(np.full((1, height, width), 1, "uint8"))
        levels = [[width, height]]
        if factors:
            with rasterio.open(path, "r+") as file:
                file.build_overviews(factors, Resampling.nearest)
            for level in range(len(factors)):
                with rasterio.open(path, "r+", overview_level=level) as file:
                    file.write(np.full((1, file.height, file.width), level + 2, "uint8"))
                    levels.append([file.width, file.height])
        for x, y in [(r, r) for r in RATIOS] + PAIRS:
            subprocess.run(
                ["gdalwarp", "-q", "-overwrite", "-r", "near", "-ovr", "AUTO", "-tr", str(10 * x), str(10 * y),
                 str(path), str(out)], check=True)
            with rasterio.open(out) as file:
                data = file.read(1)
                value = int(data[data.shape[0] // 2, data.shape[1] // 2])
            cases.append({"file": name, "levels": levels, "ratio": [x, y], "level": value - 1})
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
Path(sys.argv[1]).write_text(f"[\n{lines}\n]\n")
