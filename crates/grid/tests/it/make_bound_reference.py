#!/usr/bin/env python3
"""Writes texts that bring a shift to WGS 84 along, and PROJ's coordinates in them.

    python -m pip install pyproj==3.8.0
    python crates/grid/tests/it/make_bound_reference.py /usr/share/proj crates/grid/tests/it/data/bound.tsv

The folder is one with BETA2007.gsb. Lines, each tab-separated: the text, and x and y in it of 9.7 east,
52.4 north on WGS 84.
"""

import sys

import pyproj
from pyproj import CRS, Transformer

pyproj.datadir.append_data_dir(sys.argv[1])
pyproj.network.set_network_enabled(False)
TMERC = "+proj=tmerc +lat_0=0 +lon_0=9 +k=1 +x_0=3500000 +y_0=0 +ellps=bessel "
FRAME = ('METHOD["Coordinate Frame rotation (geog2D domain)",ID["EPSG",9607]]',
         'METHOD["Position Vector transformation (geog2D domain)",ID["EPSG",9606]]')
texts = []
for projection in (TMERC, "+proj=longlat +ellps=bessel "):
    for shift in ("+towgs84=598.1,73.7,418.2", "+towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7",
                  "+nadgrids=BETA2007.gsb"):
        crs = CRS(projection + shift + " +type=crs")
        texts += [crs.to_wkt("WKT2_2019"), crs.to_wkt("WKT1_GDAL"), crs.to_json()]
        if "6.7" in shift:
            texts.append(crs.to_wkt("WKT2_2019").replace(FRAME[1], FRAME[0]))
            texts.append(f'COMPOUNDCRS["both",{crs.to_wkt("WKT2_2019")},VERTCRS["height",VDATUM["sea"],'
                         'CS[vertical,1],AXIS["height",up,LENGTHUNIT["metre",1]]]]')
with open(sys.argv[2], "w", encoding="utf-8") as file:
    for text in texts:
        found = Transformer.from_crs("EPSG:4326", CRS(text), always_xy=True).transform(9.7, 52.4)
        digits = 10 if abs(found[0]) <= 180 else 5
        print(text, *(f"{v:.{digits}f}" for v in found), sep="\t", file=file)
