#!/usr/bin/env python3
"""Writes PROJ's coordinates where it takes grids, or projections that are not computed here.

    python -m pip install pyproj==3.8.0
    python crates/grid/tests/it/make_by_proj_reference.py /usr/share/proj crates/grid/tests/it/data/by_proj.tsv

The folder is one with grids: here that of Debian 12's package proj-data (9.1.1).
Lines, each tab-separated: from, to, x and y in the first, x and y in the second.
"""

import sys

import pyproj
from pyproj import Transformer

pyproj.datadir.append_data_dir(sys.argv[1])
pyproj.network.set_network_enabled(False)
DHDN = "+proj=tmerc +lat_0=0 +lon_0=9 +k=1 +x_0=3500000 +y_0=0 +ellps=bessel +nadgrids=BETA2007.gsb +units=m"
NTF = ("+proj=lcc +lat_1=46.8 +lat_0=46.8 +lon_0=0 +k_0=0.99987742 +x_0=600000 +y_0=2200000 "
       "+a=6378249.2 +b=6356515 +pm=paris +nadgrids=ntf_r93.gsb +units=m")
CH1903 = ("+proj=somerc +lat_0=46.9524055555556 +lon_0=7.43958333333333 +k_0=1 +x_0=600000 +y_0=200000 "
          "+ellps=bessel +nadgrids=CHENYX06_etrs.gsb +units=m")
NZGD49 = ("+proj=nzmg +lat_0=-41 +lon_0=173 +x_0=2510000 +y_0=6023150 +ellps=intl "
          "+nadgrids=nzgd2kgrid0005.gsb +units=m")
CASES = [
    # By a grid.
    ("EPSG:4326", "EPSG:4745", [(13.7, 51.05), (12.4, 51.3)]),
    ("EPSG:4326", "EPSG:3398", [(13.7, 51.05), (12.4, 51.3)]),
    ("EPSG:4326", "EPSG:5667", [(10.7, 50.9), (11.6, 50.95)]),
    ("EPSG:25832", DHDN, [(550000, 5800000), (460000, 5430000)]),
    ("EPSG:4326", NTF, [(2.35, 48.85), (5.4, 43.3)]),
    ("EPSG:4326", CH1903, [(7.45, 46.95), (9.5, 46.85)]),
    ("+proj=longlat +a=6378249.2 +b=6356515 +nadgrids=ntf_r93.gsb", DHDN, [(7.75, 48.58)]),
    # By areas, and turned longitudes.
    ("EPSG:4326", "EPSG:5170", [(126.9, 37.5), (128.5, 35.9)]),
    ("EPSG:4326", "EPSG:26391", [(4.0, 7.0)]),
    # By projections.
    ("EPSG:4326", "ESRI:54042", [(10, 50), (-120, -33)]),
    ("EPSG:4326", "ESRI:54043", [(10, 50), (-120, -33)]),
    ("EPSG:4686", "EPSG:6247", [(-74.1, 4.65)]),
    ("EPSG:4272", "EPSG:27200", [(174.78, -41.29), (168.66, -45.03)]),
    ("EPSG:4326", "+proj=ob_tran +o_proj=moll +o_lat_p=45 +o_lon_p=0 +lon_0=-90 +R=6371000", [(10, 50)]),
    # By both.
    ("EPSG:4326", NZGD49, [(174.78, -41.29), (168.66, -45.03)]),
]


def crs(text):
    return text + " +type=crs" if "+proj" in text else text


with open(sys.argv[2], "w", encoding="utf-8") as file:
    for start, end, points in CASES:
        transformer = Transformer.from_crs(crs(start), crs(end), always_xy=True)
        for x, y in points:
            found = transformer.transform(x, y)
            digits = 10 if abs(found[0]) <= 180 else 5
            print(start, end, x, y, *(f"{v:.{digits}f}" for v in found), sep="\t", file=file)
