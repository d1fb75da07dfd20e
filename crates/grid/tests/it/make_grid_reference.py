#!/usr/bin/env python3
"""Writes data/grids.tsv: tiles by name, as the communities' own packages have them.

    python -m pip install morecantile==7.1.0 mercantile==1.2.1 mgrs==1.6.0 equi7grid==1.1.1
    python crates/grid/tests/it/make_grid_reference.py crates/grid/tests/it/data

bounds  SET:GRID  NAME  min_x  min_y  max_x  max_y     a tile, in its grid's CRS
place   SET:GRID  NAME  lon  lat                       the tile at a place
mgrs    NAME  lon  lat                                 the square at a place
"""

import random
import sys
from pathlib import Path

import mercantile
import mgrs
import morecantile
from equi7grid import get_standard_equi7grid

OUT = Path(sys.argv[1])
random.seed(5)
SETS = ["WebMercatorQuad", "WorldCRS84Quad", "WGS1984Quad", "WorldMercatorWGS84Quad", "EuropeanETRS89_LAEAQuad",
        "UPSArcticWGS84Quad", "UPSAntarcticWGS84Quad", "CanadianNAD83_LCC", "UTM31WGS84Quad"]
lines = []

for name in SETS:
    tms = morecantile.tms.get(name)
    for matrix in tms.tileMatrices[:: 3]:
        z = int(matrix.id)
        for _ in range(3):
            col, row = random.randrange(matrix.matrixWidth), random.randrange(matrix.matrixHeight)
            b = tms.xy_bounds(morecantile.Tile(col, row, z))
            lines.append("\t".join(["bounds", f"{name.lower()}:{z}", f"{z}/{col}/{row}", *map(repr, (b.left, b.bottom, b.right, b.top))]))

for _ in range(60):
    lon, lat, z = random.uniform(-179.9, 179.9), random.uniform(-84, 84), random.randrange(0, 20)
    t = mercantile.tile(lon, lat, z)
    lines.append(f"place\twebmercatorquad:{z}\t{z}/{t.x}/{t.y}\t{lon!r}\t{lat!r}")

squares = mgrs.MGRS()
places = [(random.uniform(-180, 180), random.uniform(-80, 84)) for _ in range(600)]
# Norway, Svalbard, and along the edges of bands and zones.
places += [(random.uniform(-2, 13), random.uniform(55, 65)) for _ in range(60)]
places += [(random.uniform(-2, 44), random.uniform(71, 84)) for _ in range(60)]
places += [(random.randrange(-180, 180, 6) + random.choice((-1e-3, 1e-3)), random.uniform(-80, 84)) for _ in range(60)]
places += [(random.uniform(-180, 180), random.randrange(-72, 80, 8) + random.choice((-1e-3, 1e-3))) for _ in range(60)]
for lon, lat in places:
    if lon >= -180:
        lines.append(f"mgrs\t{squares.toMGRS(lat, lon, MGRSPrecision=0)}\t{lon!r}\t{lat!r}")

grid = get_standard_equi7grid(20)
for continent, box in (("EU", (9, 45, 12, 48)), ("AF", (20, -5, 22, -3)), ("NA", (-105, 40, -100, 42)), ("SA", (-62, -12, -60, -10)),
                       ("AS", (100, 20, 102, 22)), ("OC", (140, -22, 142, -20)), ("AN", (40, -75, 45, -72))):
    for tiling in ("T6", "T3", "T1"):
        for tile in grid[continent].get_tiles_in_geog_bbox(box, tiling):
            name = tile.name
            b = tile.outer_boundary_extent
            member = f"equi7:{continent.lower()}-{tiling.lower()}-20m"
            # The older packages put the sampling into the name: EU020M_E042N012T6.
            lines.append("\t".join(["bounds", member, name.replace("_", "020M_"), *map(repr, b)]))
            lines.append("\t".join(["bounds", member, name, *map(repr, b)]))

(OUT / "grids.tsv").write_text("\n".join(lines) + "\n")
