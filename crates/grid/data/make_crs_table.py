#!/usr/bin/env python3
"""Writes crs.bin: what terracube-grid knows of each CRS code, from PROJ's database.

    python -m pip install pyproj==3.8.0
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
       "g:NAME"                   only a grid does it to 5 m or better, or ("regional
                                  shifts") no single Helmert does it within 10 m of PROJ
       "?"                        PROJ knows no operation
"""

import math
import re
import struct
import sys
import warnings
import zlib

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


def single_helmert(definition):
    """The one 3- or 7-parameter Helmert of a pipeline as position vector, else None."""
    steps = definition.split("step ")
    others = ("axisswap", "unitconvert", "push", "pop", "cart", "noop", "longlat", "pipeline", "affine")
    found = None
    for step in steps:
        step = step.strip()
        match = re.search(r"proj=(\w+)", step)
        if not match:
            continue
        kind = match.group(1)
        if kind == "helmert":
            if found is not None or "t_epoch" in step:
                return None
            found = step
        elif kind not in others:
            return None
    if found is None:
        return None
    args = dict(re.findall(r"(\w+)=([-\w.+]+)", found))
    values = [float(args.get(k, 0)) for k in ("x", "y", "z", "rx", "ry", "rz", "s")]
    if args.get("convention") == "coordinate_frame":
        values[3:6] = [-v for v in values[3:6]]
    if re.search(r"\binv\b", found):
        values = [-v for v in values]
    return values


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
    best_grid, best = None, None
    for op in group.unavailable_operations:
        if op.grids:
            accuracy = op.accuracy if op.accuracy >= 0 else 99
            if best_grid is None or accuracy < best_grid[0]:
                best_grid = (accuracy, op.grids[0].short_name)
    for tr in group.transformers:
        if "grids=" in tr.definition:
            continue
        values = (
            [0.0] * 7
            if "helmert" not in tr.definition and "proj=" in tr.definition
            and "hgridshift" not in tr.definition and "molodensky" not in tr.definition
            and "gridshift" not in tr.definition
            else single_helmert(tr.definition)
        )
        if "proj=noop" == tr.definition.strip():
            values = [0.0] * 7
        if values is None:
            continue
        accuracy = tr.accuracy if tr.accuracy >= 0 else 99
        # The operations come best first: largest overlap with the area of use, then accuracy.
        best = (accuracy, values)
        break
    if best is None:
        return f"g:{best_grid[1]}" if best_grid else "?"
    if best_grid and best[0] > WORST_HELMERT:
        return f"g:{best_grid[1]}"
    if not agrees(geodetic, area, best[1]):
        return "g:regional shifts"
    if not any(best[1]):
        return "null"
    return "h:" + ",".join(f"{v:.10g}" for v in best[1])


def agrees(geodetic, area, values):
    """Whether a Helmert stays near PROJ's own choice over the area."""
    if area is None:
        return True
    e = geodetic.ellipsoid
    helmert = Transformer.from_pipeline(
        f"+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart "
        f"+a={e.semi_major_metre!r} +b={e.semi_minor_metre!r} +step +proj=helmert "
        + " ".join(f"+{k}={v!r}" for k, v in zip(("x", "y", "z", "rx", "ry", "rz", "s"), values))
        + " +convention=position_vector +step +inv +proj=cart +ellps=WGS84 "
        "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    exact = Transformer.from_crs(geodetic, WGS84, always_xy=True)
    pm = math.degrees(geodetic.prime_meridian.longitude * geodetic.prime_meridian.unit_conversion_factor)
    unit = geodetic.axis_info[0].unit_conversion_factor
    east = area.east + (360 if area.east < area.west else 0)
    for u in (0.1, 0.5, 0.9):
        for v in (0.1, 0.5, 0.9):
            lon = area.west + (east - area.west) * u
            lat = area.south + (area.north - area.south) * v
            x, y = math.radians(lon - pm) / unit, math.radians(lat) / unit
            a = exact.transform(x, y)
            b = helmert.transform(lon, lat, 0.0)
            dx = ((a[0] - b[0] + 180) % 360 - 180) * math.cos(math.radians(lat))
            if not math.hypot(dx, a[1] - b[1]) * 111e3 < WORST_AGREEMENT:
                return False
    return True


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
