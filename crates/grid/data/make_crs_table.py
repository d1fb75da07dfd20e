#!/usr/bin/env python3
"""Writes crs.bin: what terracube-grid knows of each CRS code, from PROJ's database.

    python -m pip install pyproj==3.8.0 numpy
    python crates/grid/data/make_crs_table.py crates/grid/data/crs.bin

Layout (little endian): magic "TCCRS1\\n\\0", then two sections, one after the other:
facts and WKT2. A section is u32 count, then per block u8 authority (0 EPSG, 1 ESRI),
u32 first code, u32 offset into the section's data, u32 length; then u32 data length
and the data: raw deflate streams of newline-separated lines, each tab-separated.

facts line: code, name, kind (g|p), unit name, unit factor (to metre or radian),
            area of use "w,s,e,n" or "", axis order (first axis: e|n|o),
            datum name, shift to WGS 84, deprecated (0|1), PROJ string
WKT line:   code, WKT2:2019 on one line

shift: "null"                     coordinates equal WGS 84's within the datum's accuracy
       "h:x,y,z,rx,ry,rz,s"       position-vector Helmert, metres, arc seconds, ppm
       "r:w,s,e,n,x,y,...;..."    several of them, each for an area; the first that holds a
                                  place counts, else the last
       "g:NAME"                   only a grid does it to 5 m or better, or ("regional
                                  shifts") no Helmerts do it within 10 m of PROJ
       "?"                        PROJ knows no operation
"""

import math
import re
import struct
import sys
import warnings
import zlib

import numpy as np
import pyproj
from pyproj import Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.crs import CRS
from pyproj.database import query_crs_info
from pyproj.enums import PJType, WktVersion
from pyproj.transformer import TransformerGroup

warnings.filterwarnings("ignore")
WORST_AGREEMENT = 10.0  # metres
WORST_HELMERT = 5.0  # metres: beyond this accuracy a Helmert does not replace a grid
BLOCK = 96 * 1024
WGS84 = CRS.from_epsg(4326)
EARTH = (-180.0, -90.0, 180.0, 90.0)
ARC_SECOND = math.pi / 180 / 3600
TO_LONLAT = Transformer.from_pipeline("+proj=pipeline +step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg")
EXTRA_GEOGRAPHIC_3D = {4979, 4937}
# Datums defined as, or realised within a metre or two of, WGS 84.
NULL_DATUMS = re.compile(
    r"World Geodetic System 1984|European Terrestrial Reference System 1989|ETRS89|"
    r"North American Datum 1983$|International Terrestrial Reference Frame|"
    r"Geocentric Datum of Australia|New Zealand Geodetic Datum 2000|ETRF"
)


def wanted(info):
    code = info.code
    if not code.isdigit():
        return False
    if info.auth_name == "EPSG":
        return True
    n = int(code)
    return 53001 <= n <= 54099 or 102001 <= n <= 102040


def helmert_of(definition):
    """The Helmerts and Molodensky-Badekas of a pipeline as one position vector, else None."""
    others = ("axisswap", "unitconvert", "push", "pop", "cart", "noop", "longlat", "pipeline")
    matrix, offset, found = np.eye(3), np.zeros(3), False
    for step in definition.split("step "):
        match = re.search(r"proj=(\w+)", step)
        if not match or match.group(1) in others:
            continue
        if match.group(1) not in ("helmert", "molobadekas") or "t_epoch" in step or "exact" in step:
            return None
        args = dict(re.findall(r"(\w+)=([-\w.+]+)", step))
        x, y, z, rx, ry, rz, ppm, px, py, pz = (
            float(args.get(k, 0)) for k in ("x", "y", "z", "rx", "ry", "rz", "s", "px", "py", "pz"))
        rx, ry, rz = (v * (-1 if args.get("convention") == "coordinate_frame" else 1) * ARC_SECOND for v in (rx, ry, rz))
        turn = (1 + ppm * 1e-6) * np.array([[1, -rz, ry], [rz, 1, -rx], [-ry, rx, 1]])
        pivot = np.array([px, py, pz])
        move = np.array([x, y, z]) + pivot - turn @ pivot
        if re.search(r"\binv\b", step):
            turn = np.linalg.inv(turn)
            move = -turn @ move
        matrix, offset, found = turn @ matrix, turn @ offset + move, True
    if not found:
        return [0.0] * 7
    scale = np.trace(matrix) / 3
    turn = matrix / scale
    angles = [(turn[2, 1] - turn[1, 2]) / 2, (turn[0, 2] - turn[2, 0]) / 2, (turn[1, 0] - turn[0, 1]) / 2]
    return [*offset, *(v / ARC_SECOND for v in angles), (scale - 1) * 1e6]


def moved(geodetic, values, lon, lat):
    """Longitude and latitude in degrees moved by a Helmert to WGS 84."""
    e = geodetic.ellipsoid
    a, b = e.semi_major_metre, e.semi_minor_metre
    e2 = 1 - (b / a) ** 2
    phi, lam = math.radians(lat), math.radians(lon)
    n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    x, y, z = n * math.cos(phi) * math.cos(lam), n * math.cos(phi) * math.sin(lam), n * (1 - e2) * math.sin(phi)
    rx, ry, rz = (v * ARC_SECOND for v in values[3:6])
    m = 1 + values[6] * 1e-6
    p = (values[0] + m * (x - rz * y + ry * z), values[1] + m * (rz * x + y - rx * z), values[2] + m * (-ry * x + rx * y + z))
    lon2, lat2, _ = TO_LONLAT.transform(*p)
    return lon2, lat2


def holds(box, lon, lat):
    west, south, east, north = box
    inside = west <= lon <= east if west <= east else lon >= west or lon <= east
    return inside and south <= lat <= north


def shift_of(geodetic, area):
    """The shift for an area of use."""
    name = geodetic.datum.name if geodetic.datum else ""
    if NULL_DATUMS.search(name):
        return "null"
    try:
        interest = None
        if area is not None and area.west < area.east:
            interest = AreaOfInterest(area.west, area.south, area.east, area.north)
        group = TransformerGroup(
            geodetic, WGS84, always_xy=True, allow_ballpark=False, area_of_interest=interest)
    except Exception:
        return "?"
    best_grid = None
    for op in group.unavailable_operations:
        if op.grids:
            accuracy = op.accuracy if op.accuracy >= 0 else 99
            if best_grid is None or accuracy < best_grid[0]:
                best_grid = (accuracy, op.grids[0].short_name)
    # The operations come best first: largest overlap with the area of use, then accuracy.
    good = [tr for tr in group.transformers if helmert_of(tr.definition) is not None]
    if not good:
        return f"g:{best_grid[1]}" if best_grid else "?"
    accuracy = good[0].accuracy if good[0].accuracy >= 0 else 99
    if best_grid and accuracy > WORST_HELMERT:
        return f"g:{best_grid[1]}"
    one = [(EARTH, helmert_of(good[0].definition))]
    if area is None:
        return text(one)
    # PROJ takes for each place the most accurate operation whose area holds it, then the smallest.
    everywhere = TransformerGroup(geodetic, WGS84, always_xy=True, allow_ballpark=False).transformers
    many = []
    for tr in everywhere:
        values, use = helmert_of(tr.definition), tr.area_of_use
        if values is not None and use is not None:
            box = use.bounds
            width = box[2] - box[0] + (360 if box[2] < box[0] else 0)
            many.append((tr.accuracy if tr.accuracy >= 0 else 999, width * (box[3] - box[1]), box, values))
    many.sort(key=lambda op: op[:2])
    many = [(box, values) for _, _, box, values in many]
    # Beyond all of them PROJ shifts nothing at all; there the last one goes on instead.
    known = [place for place in places(area, 6) if choice(many, *place) is not None]
    if not known:
        return "g:regional shifts"
    used = sorted({n for n in (choice(many, *place) for place in places(area, 15)) if n is not None})
    few = [many[n] for n in used]
    found = []
    for ops in (one, few, many):
        if ops:
            found.append((farthest(geodetic, known, ops), ops))
            if found[-1][0] < 1e-3:
                break
    worst, ops = min(found, key=lambda f: f[0])
    return text(ops) if worst < WORST_AGREEMENT else "g:regional shifts"


def text(ops):
    if len(ops) == 1:
        values = ops[0][1]
        return "h:" + ",".join(f"{v:.10g}" for v in values) if any(values) else "null"
    return "r:" + ";".join(",".join([*(f"{v:.7g}" for v in box), *(f"{v:.10g}" for v in values)]) for box, values in ops)


def choice(ops, lon, lat):
    return next((n for n, (box, _) in enumerate(ops) if holds(box, lon, lat)), None)


def places(area, n):
    east = area.east + (360 if area.east < area.west else 0)
    for i in range(n):
        for j in range(n):
            lon = area.west + (east - area.west) * (0.03 + 0.94 * i / (n - 1))
            yield lon - 360 if lon > 180 else lon, area.south + (area.north - area.south) * (0.03 + 0.94 * j / (n - 1))


def farthest(geodetic, at, ops):
    """How far from PROJ's own choice the operations are, in metres, at some places."""
    exact = Transformer.from_crs(geodetic, WGS84, always_xy=True)
    pm = math.degrees(geodetic.prime_meridian.longitude * geodetic.prime_meridian.unit_conversion_factor)
    unit = geodetic.axis_info[0].unit_conversion_factor
    worst = 0.0
    for lon, lat in at:
        a = exact.transform(math.radians(lon - pm) / unit, math.radians(lat) / unit)
        n = choice(ops, lon, lat)
        b = moved(geodetic, ops[n if n is not None else -1][1], lon, lat)
        dx = ((a[0] - b[0] + 180) % 360 - 180) * math.cos(math.radians(lat))
        off = math.hypot(dx, a[1] - b[1]) * 111e3
        worst = max(worst, off if off == off else 1e9)
    return worst


def first_axis(crs):
    direction = crs.axis_info[0].direction
    return {"east": "e", "north": "n"}.get(direction, "o")


def clean(text):
    return " ".join(text.split())


def main(path):
    infos = []
    for auth in ("EPSG", "ESRI"):
        for kind in (PJType.PROJECTED_CRS, PJType.GEOGRAPHIC_2D_CRS, PJType.GEOGRAPHIC_3D_CRS):
            for info in query_crs_info(auth, kind, allow_deprecated=True):
                if kind == PJType.GEOGRAPHIC_3D_CRS and int(info.code) not in EXTRA_GEOGRAPHIC_3D:
                    continue
                if wanted(info):
                    infos.append(info)
    infos.sort(key=lambda i: (i.auth_name, int(i.code)))
    shifts, facts, wkts, skipped = {}, [], [], 0
    for info in infos:
        auth, code = (0 if info.auth_name == "EPSG" else 1), int(info.code)
        try:
            crs = CRS.from_authority(info.auth_name, info.code)
            proj = crs.to_proj4()
        except Exception:
            proj = ""
        if not proj or crs.type_name.startswith("Derived"):
            skipped += 1
            continue
        proj = clean(re.sub(r"\+(type=crs|no_defs)", "", proj))
        # What PROJ's strings leave out, and a scale that its database has in parts per million.
        directions = [axis.direction for axis in crs.axis_info]
        if directions == ["south", "west"] and "+axis" not in proj:
            proj += " +axis=wsu"
        proj = proj.replace("+k=1.000007e-06", "+k=1.000007")
        geodetic = crs.geodetic_crs
        key = geodetic.to_wkt() if geodetic.to_authority() is None else geodetic.to_authority()
        key = (key, crs.area_of_use.bounds if crs.area_of_use else None)
        if key not in shifts:
            shifts[key] = shift_of(geodetic, crs.area_of_use)
        axis = crs.axis_info[0]
        area = crs.area_of_use
        box = "" if area is None else ",".join(f"{v:.7g}" for v in area.bounds)
        kind = "g" if crs.is_geographic else "p"
        facts.append((auth, code, "\t".join([
            str(code), clean(crs.name), kind, axis.unit_name, repr(axis.unit_conversion_factor), box,
            first_axis(crs), geodetic.datum.name if geodetic.datum else "", shifts[key],
            "1" if info.deprecated else "0", proj,
        ])))
        wkts.append((auth, code, f"{code}\t{crs.to_wkt(WktVersion.WKT2_2019, pretty=False)}"))
    out = b"TCCRS1\n\0" + section(facts) + section(wkts)
    with open(path, "wb") as file:
        file.write(out)
    print(f"PROJ {pyproj.proj_version_str}: {len(facts)} codes, {skipped} skipped, {len(out)} bytes")


def section(lines):
    blocks, data, current, size, start = [], b"", [], 0, None

    def flush():
        nonlocal data, current, size, start
        if current:
            raw = "\n".join(current).encode()
            packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
            packed = packer.compress(raw) + packer.flush()
            blocks.append((start[0], start[1], len(data), len(packed)))
            data += packed
        current, size, start = [], 0, None

    for auth, code, text in lines:
        if start and (size > BLOCK or start[0] != auth):
            flush()
        if not start:
            start = (auth, code)
        current.append(text)
        size += len(text) + 1
    flush()
    head = struct.pack("<I", len(blocks)) + b"".join(struct.pack("<BIII", *b) for b in blocks)
    return head + struct.pack("<I", len(data)) + data


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "crs.bin")
