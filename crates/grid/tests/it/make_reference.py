#!/usr/bin/env python3
"""Writes the reference values under tests/it/data.

    python -m pip install pyproj==3.8.0 odc-geo==0.5.3
    python crates/grid/tests/it/make_reference.py crates/grid/tests/it/data
"""

import json
import re
import sys
import warnings
from pathlib import Path

from odc.geo.geobox import GeoBox
from odc.geo.geom import BoundingBox
from odc.geo.types import XY
from pyproj import CRS, Transformer
from pyproj.enums import WktVersion

warnings.filterwarnings("ignore")
OUT = Path(sys.argv[1])
MODIS = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs +type=crs"
ROTATED = "+proj=ob_tran +o_proj=longlat +o_lat_p=39.25 +o_lon_p=0 +lon_0=18 +ellps=WGS84 +no_defs +type=crs"
CRSS = [
    f"EPSG:{c}" for c in (
        4326, 4258, 3857, 32601, 32633, 32660, 32701, 32733, 25832, 2193, 3031, 3413, 3411, 3412, 3976,
        3995, 3035, 6931, 6932, 6933, 5070, 3577, 2154, 3034, 3978, 8857, 4087, 27700, 31467, 2056, 4807,
    )
] + ["ESRI:54009", "ESRI:102001", "ESRI:102008", "ESRI:54030", "ESRI:54008", MODIS, ROTATED,
     "+proj=geos +h=35785831 +lon_0=0 +sweep=y +a=6378169 +b=6356583.8 +units=m +no_defs +type=crs"]
AREAS = {MODIS: (-180, -90, 180, 90), ROTATED: (-20, 25, 60, 70)}


def points():
    lines = []
    for text in CRSS:
        crs = CRS.from_user_input(text)
        base = CRS.from_epsg(4326) if text not in ("EPSG:3411", "EPSG:3412") else crs.geodetic_crs
        transformer = Transformer.from_crs(base, crs, always_xy=True)
        area = crs.area_of_use.bounds if crs.area_of_use else AREAS.get(text, (-50, -50, 50, 50))
        west, south, east, north = area
        east += 360 if east < west else 0
        for i in range(4):
            for j in range(4):
                lon = west + (east - west) * (i + 0.37) / 4
                lon = lon - 360 if lon > 180 else lon
                lat = south + (north - south) * (j + 0.59) / 4
                x, y = transformer.transform(lon, lat)
                lines.append(f"{text}\t{lon!r}\t{lat!r}\t{x!r}\t{y!r}")
    (OUT / "points.tsv").write_text("\n".join(lines) + "\n")


def texts():
    lines = []
    for text in CRSS:
        crs = CRS.from_user_input(text)
        for form in ("WKT1_GDAL", "WKT1_ESRI", "WKT2_2019"):
            try:
                wkt = crs.to_wkt(WktVersion(form), pretty=False)
            except Exception:
                continue
            if not wkt:
                continue
            bare = re.sub(r',(ID|AUTHORITY)\["[^"]*",("[^"]*"|\d+)\]', "", wkt)
            lines.append(f"{text}\t{form}\t{bare}")
        def strip(node):
            if isinstance(node, dict):
                return {k: strip(v) for k, v in node.items() if k not in ("id", "ids", "$schema")}
            return [strip(v) for v in node] if isinstance(node, list) else node
        lines.append(f"{text}\tPROJJSON\t{json.dumps(strip(crs.to_json_dict()))}")
    (OUT / "texts.tsv").write_text("\n".join(lines) + "\n")


def cf():
    out = {}
    for text in CRSS:
        found = CRS.from_user_input(text).to_cf()
        if "grid_mapping_name" in found:
            keep = {k: v for k, v in found.items() if k != "crs_wkt" and not k.endswith("_name") or k == "grid_mapping_name"}
            out[text] = {k: list(v) if isinstance(v, tuple) else v for k, v in keep.items()}
    (OUT / "cf.json").write_text(json.dumps(out, indent=1) + "\n")


def geoboxes():
    lines = []
    boxes = [(600003.0, 4999000.0, 601000.0, 5000000.0), (-1234.5, -987.6, 345.6, 1002.0), (0.0, 0.0, 100.0, 100.04)]
    for box in boxes:
        for res in (10.0, 30.0, 7.5):
            for name, anchor in (("edge", "edge"), ("center", "center"), ("offset", XY(0.25, 0.75)), ("floating", "floating")):
                g = GeoBox.from_bbox(BoundingBox(*box, crs="EPSG:32633"), resolution=res, anchor=anchor)
                b = list(g.affine)[:6]
                z = g.zoom_out(3)
                lines.append("\t".join(map(repr, [*box, res])) + f"\t{name}\t" + "\t".join(map(repr, [*b, *g.shape, *z.shape])))
    (OUT / "geoboxes.tsv").write_text("\n".join(lines) + "\n")


points()
texts()
cf()
geoboxes()
