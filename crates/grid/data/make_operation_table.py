#!/usr/bin/env python3
"""Writes operations.tsv: how PROJ shifts the datums that crs.bin refuses ("g:…") to WGS 84.

    python -m pip install pyproj==3.8.0
    python crates/grid/data/make_operation_table.py crates/grid/data/crs.bin crates/grid/data/operations.tsv

Lines, each tab-separated: datum name, accuracy in metres, area "w,s,e,n", "sea" if it is meant for
waters only (its area is a rectangle around them) else "land", the grids it needs, joined by commas, and
the operation as a PROJ string, on longitude and latitude in radians, east of Greenwich. Those of a datum
stand together, in PROJ's order of preference: the most accurate, then that of the smallest area; where
there is a grid, those for waters come last. Left out are ballpark operations, those that depend on a time, and, where there is a grid, those
that are not good to 5 m.
"""

import math
import re
import struct
import sys
import warnings
import zlib

import pyproj
from pyproj.crs import CRS
from pyproj.transformer import TransformerGroup

warnings.filterwarnings("ignore")
pyproj.network.set_network_enabled(False)
WORST = 5.0  # metres
WGS84 = CRS.from_epsg(4326)
TIMED = re.compile(r"\+t_epoch|\+dt=|deformation|defmodel")


def refused(path):
    """Datum names of the lines with a grid, each with one code."""
    with open(path, "rb") as file:
        table = file.read()
    count = struct.unpack_from("<I", table, 8)[0]
    heads = [struct.unpack_from("<BIII", table, 12 + 13 * i) for i in range(count)]
    data = 12 + 13 * count + 4
    found = {}
    for authority, _, offset, length in heads:
        block = zlib.decompress(table[data + offset:data + offset + length], -15).decode()
        for line in block.split("\n"):
            code, datum, shift = (line.split("\t")[i] for i in (0, 7, 8))
            if shift.startswith("g:"):
                found.setdefault(datum, CRS.from_authority(("EPSG", "ESRI")[authority], code))
    return found


def steps(definition, meridian):
    """A pipeline between degrees or grads, in any axis order, from a meridian in degrees, as one
    between radians from Greenwich; or None."""
    parts = [part.strip().lstrip("+") for part in definition.replace("+", "").split("step ")]
    parts = [part.strip() for part in parts if part.strip() and part.strip() != "proj=pipeline"]
    ends = ("proj=axisswap order=2,1", "proj=noop")
    while parts and parts[0].startswith(ends):
        parts.pop(0)
    while parts and parts[-1].startswith(ends):
        parts.pop()
    if not parts:
        return "+proj=noop"
    if len(parts) < 3 or "xy_out=rad" not in parts[0] or parts[-1] != "proj=unitconvert xy_in=rad xy_out=deg":
        return None
    parts = parts[1:-1]
    # The way to Greenwich is behind us; some operations turn longitudes further.
    turn = re.match(r"inv proj=longlat (.*?)(?:pm=(\S+))?$", parts[0])
    if turn:
        number = re.fullmatch(r"[-.\d]+", turn[2] or "")
        rest = float(turn[2]) - meridian if number else 0.0
        parts[:1] = [f"inv proj=longlat {turn[1]}pm={rest:.15g}"] if abs(rest) > 1e-9 else []
    words = ["+" + " +".join(part.split()) for part in parts]
    return "+proj=pipeline +step " + " +step ".join(words)


def main(table, path):
    lines = []
    for datum, crs in sorted(refused(table).items()):
        geodetic = crs.geodetic_crs.to_2d()
        group = TransformerGroup(geodetic, WGS84, always_xy=True, allow_ballpark=False)
        found = [(tr.accuracy, tr.area_of_use, [], tr.definition) for tr in group.transformers]
        found += [(op.accuracy, op.area_of_use, [grid.short_name for grid in op.grids], op.to_proj4())
                  for op in group.unavailable_operations]
        prime = geodetic.prime_meridian
        meridian = math.degrees(prime.longitude * prime.unit_conversion_factor)
        any_grid = any(grids for _, _, grids, _ in found)
        kept = []
        for accuracy, area, grids, definition in found:
            accuracy = accuracy if accuracy >= 0 else 999.0
            operation = steps(definition, meridian) if definition else None
            if operation is None or area is None or TIMED.search(operation):
                print("left out:", datum, accuracy, definition, area)
                continue
            if any_grid and accuracy > WORST:
                continue
            west, south, east, north = area.bounds
            height = math.sin(math.radians(north)) - math.sin(math.radians(south))
            size = (east - west + (360 if east < west else 0)) * height
            box = ",".join(f"{v:.7g}" for v in area.bounds)
            # There and back by one grid needs none.
            grids = "" if operation == "+proj=noop" else ",".join(grids)
            sea = "- offshore" in area.name
            kept.append((sea and any_grid, accuracy, size, sea, box, grids, operation))
        kept.sort()
        lines += ["\t".join([datum, f"{accuracy:g}", box, "sea" if sea else "land", grids, operation])
                  for _, accuracy, _, sea, box, grids, operation in kept]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print(f"PROJ {pyproj.proj_version_str}: {len(lines)} operations")


main(*sys.argv[1:])
