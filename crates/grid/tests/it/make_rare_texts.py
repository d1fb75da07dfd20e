#!/usr/bin/env python3
"""Writes texts without codes of CRSs whose projection is not computed here.

    python -m pip install pyproj==3.8.0
    python crates/grid/tests/it/make_rare_texts.py crates/grid/tests/it/data/rare_texts.tsv

Lines, each tab-separated: code, and a text in which the CRS itself has none. Where ESRI's own names say
less than the code (interrupted Goode homolosine) they are left out.
"""

import json
import re
import sys

from pyproj import CRS

NUMBERS = (10, 11, 12, 13, 14, 15, 16, 18, 19, 22, 23, 24, 29, 31, 42, 43, 45, 46, 48, 52, 53, 76, 77, 78, 79, 80)
CODES = ["EPSG:6247", "EPSG:8441", "EPSG:27200", "EPSG:29701", *(f"ESRI:{54000 + n}" for n in NUMBERS)]
# The last one is that of the CRS; parts keep theirs.
OWN = re.compile(r',(ID|AUTHORITY)\["(EPSG|ESRI)","?\d+"?\]\]$')

with open(sys.argv[1], "w", encoding="utf-8") as file:
    for code in CODES:
        crs = CRS(code)
        for version in ("WKT2_2019", "WKT1_GDAL", "WKT1_ESRI"):
            try:
                text = OWN.sub("]", crs.to_wkt(version))
            except Exception as error:
                sys.stderr.write(f"{code}: {error}\n")
                continue
            if "Goode_Homolosine\"],PARAMETER[\"False" not in text and "IGAC" not in text:
                print(code, text, sep="\t", file=file)
        value = json.loads(crs.to_json())
        del value["id"]
        print(code, json.dumps(value), sep="\t", file=file)
