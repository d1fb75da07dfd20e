#!/usr/bin/env python3
"""Writes PROJ's coordinates for every code of the table, for tests/it/sweep.rs to compare with.

    python -m pip install pyproj==3.8.0
    python crates/grid/tests/it/make_sweep.py crates/grid/tests/it/data/sweep.tsv.deflate

Raw deflate of lines, each tab-separated: to, from, prime meridian of the first in degrees east of
Greenwich, radians per unit of the first, and a point of the second for each of POINTS, placed by
fractions of the area of use (as the table has it): "x y" in hundred-thousandths of the unit (metres or
so) or thousand-millionths (degrees or so), "-" where PROJ gives none.

A projected code is computed from the geographic CRS under it; and every code, geographic ones too,
from EPSG:4326 without any grid installed, for the datum.
"""

import math
import sys
import warnings
import zlib

import pyproj
from pyproj import Transformer
from pyproj.crs import CRS
from pyproj.database import query_crs_info
from pyproj.enums import PJType

warnings.filterwarnings("ignore")
pyproj.network.set_network_enabled(False)
POINTS = ((0.5, 0.5), (0.03, 0.04), (0.97, 0.06), (0.04, 0.95), (0.96, 0.97))


def line(name, crs, source, start, area, points):
    meridian = math.degrees(
        source.prime_meridian.longitude * source.prime_meridian.unit_conversion_factor)
    unit = source.axis_info[0].unit_conversion_factor
    steps = 1e9 if crs.is_geographic else 1e5
    transformer = Transformer.from_crs(source, crs, always_xy=True)
    west, south, east, north = (float(f"{v:.7g}") for v in area.bounds)
    east += 360.0 if east < west else 0.0
    found = []
    for u, v in points:
        lon, lat = west + (east - west) * u, south + (north - south) * v
        lon = lon - 360.0 if lon > 180.0 else lon
        x, y = transformer.transform(math.radians(lon - meridian) / unit, math.radians(lat) / unit)
        ok = math.isfinite(x) and math.isfinite(y)
        found.append(f"{round(x * steps)} {round(y * steps)}" if ok else "-")
    return "\t".join([name, start, repr(meridian), repr(unit), *found])


def main(path):
    infos = []
    for auth in ("EPSG", "ESRI"):
        for kind in (PJType.PROJECTED_CRS, PJType.GEOGRAPHIC_2D_CRS):
            infos += [i for i in query_crs_info(auth, kind, allow_deprecated=True) if i.code.isdigit()]
    lines, seen = [], set()
    for info in infos:
        code = int(info.code)
        if info.auth_name == "ESRI" and not (53001 <= code <= 54099 or 102001 <= code <= 102040):
            continue
        crs = CRS.from_authority(info.auth_name, info.code)
        area = crs.area_of_use
        name = f"{info.auth_name}:{info.code}"
        if area is None or crs.type_name.startswith("Derived") or name in seen:
            continue
        seen.add(name)
        try:
            if crs.is_projected:
                base = crs.geodetic_crs.to_2d()
                auth = base.to_authority()
                start = ":".join(auth) if auth and auth[0] == "EPSG" else base.to_proj4()
                lines.append(line(name, crs, base, start, area, POINTS))
            points = POINTS[:1] if crs.is_projected else POINTS
            lines.append(line(name, crs, CRS.from_epsg(4326), "EPSG:4326", area, points))
        except pyproj.exceptions.ProjError as error:
            print(name, error)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    packed = packer.compress("\n".join(lines).encode()) + packer.flush()
    with open(path, "wb") as file:
        file.write(packed)
    print(f"PROJ {pyproj.proj_version_str}: {len(lines)} lines, {len(packed)} bytes")


main(sys.argv[1])
