#!/usr/bin/env python3
"""Prints PROJ's coordinates for every code of the table, for examples/crs_sweep.rs to compare with.

    python crates/grid/data/sweep_reference.py | cargo run -p terracube-grid --example crs_sweep

One line per point: from code, to code, x, y in the first CRS, x, y in the second (x first).
The first CRS is the second's own geographic one, or, with --wgs84, EPSG:4326.
"""

import math
import sys
import warnings

from pyproj import Transformer
from pyproj.crs import CRS
from pyproj.database import query_crs_info
from pyproj.enums import PJType

warnings.filterwarnings("ignore")
FROM_WGS84 = "--wgs84" in sys.argv
N = 5


def main():
    infos = []
    for auth in ("EPSG", "ESRI"):
        for kind in (PJType.PROJECTED_CRS, PJType.GEOGRAPHIC_2D_CRS):
            infos += [i for i in query_crs_info(auth, kind, allow_deprecated=True) if i.code.isdigit()]
    for info in infos:
        code = int(info.code)
        if info.auth_name == "ESRI" and not (53001 <= code <= 54099 or 102001 <= code <= 102040):
            continue
        try:
            crs = CRS.from_authority(info.auth_name, info.code)
            base = crs.geodetic_crs
            source = CRS.from_epsg(4326) if FROM_WGS84 else CRS.from_authority(*base.to_authority())
            area = crs.area_of_use
            transformer = Transformer.from_crs(source, crs, always_xy=True)
        except Exception:
            continue
        if area is None or crs.type_name.startswith("Derived"):
            continue
        name = ":".join(source.to_authority())
        meridian = 0.0 if FROM_WGS84 else math.degrees(
            source.prime_meridian.longitude * source.prime_meridian.unit_conversion_factor)
        unit = source.axis_info[0].unit_conversion_factor
        east = area.east + (360 if area.east < area.west else 0)
        for i in range(N):
            for j in range(N):
                lon = area.west + (east - area.west) * (i + 0.5) / N
                lon = lon - 360 if lon > 180 else lon
                lat = area.south + (area.north - area.south) * (j + 0.5) / N
                x = math.radians(lon - meridian) / unit
                y = math.radians(lat) / unit
                to_x, to_y = transformer.transform(x, y)
                print(f"{name}\t{info.auth_name}:{code}\t{x!r}\t{y!r}\t{to_x!r}\t{to_y!r}")


main()
