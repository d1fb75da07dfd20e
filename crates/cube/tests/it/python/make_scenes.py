#!/usr/bin/env python3
"""Writes tests/it/data/scenes: small scenes of real geometry, and what GDAL and odc-stac make of them.

    python -m pip install rasterio==1.5.2 odc-stac==0.5.3
    python crates/cube/tests/it/python/make_scenes.py crates/cube/tests/it/data/scenes

Pixels are a smooth function of longitude and latitude, so that tiles of different CRSs go on in one
another, plus what is different by tile; a wedge of each tile is nodata, as at the edge of a swath.
scenes.json lists the cases; expected pixels are raw little-endian uint16, row by row, 0 is nodata.
"""

import datetime as dt
import json
import random
import sys
from pathlib import Path

import numpy as np
import pystac
import rasterio
import odc.stac
from odc.geo.geobox import GeoBox
from odc.stac._stac_load import _group_items
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject, transform, transform_bounds

OUT = Path(sys.argv[1]).resolve()


def scene(name, crs, x, y, size, width, height, when, add=0, wedge=0, scl=None):
    """A file with a wedge of nodata at its left side, and its classification on a grid of its own."""
    t = Affine(size[0], 0, x, 0, -size[1], y)
    cols, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    lon, lat = transform(crs, "EPSG:4326", *[a.ravel() for a in t * (cols, rows)])
    lon, lat = np.radians(np.array(lon)), np.radians(np.array(lat))
    smooth = 5000 + 1500 * np.sin(9 * lon) * np.cos(lat) + 2000 * np.sin(40 * lat)
    values = (smooth.reshape(height, width) // 20 * 20 + add).astype("uint16")
    values[cols < wedge * (1 - rows / height)] = 0
    save(name, values, crs, t, 0)
    if scl:
        ratio, clouds = scl
        classes = np.full((height // ratio, width // ratio), 4, "uint8")
        classes[clouds] = 9
        save(f"{name}_scl", classes, crs, t * Affine.scale(ratio), 0)
    left, bottom, right, top = x, y - height * size[1], x + width * size[0], y
    west, south, east, north = transform_bounds(crs, "EPSG:4326", left, bottom, right, top)
    return {
        "id": name, "datetime": when, "crs": crs, "transform": list(t)[:6],
        "shape": [height, width], "bbox": [west, south, east, north], "has_scl": bool(scl),
    }


def save(name, values, crs, t, nodata):
    profile = dict(driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
                   dtype=values.dtype, crs=crs, transform=t, nodata=nodata, compress="deflate",
                   tiled=True, blockxsize=128, blockysize=128, predictor=2)
    with rasterio.open(OUT / f"{name}.tif", "w", **profile) as file:
        file.write(values, 1)


def warped(name, crs, t, shape, method):
    """By GDAL, exactly, in masked space; kernels as wide as a source pixel."""
    with rasterio.open(OUT / f"{name}.tif") as file:
        source = file.read(1).astype("float64")
        source[source == 0] = np.nan
        out = np.full(shape, np.nan)
        reproject(source, out, src_transform=file.transform, src_crs=file.crs, src_nodata=np.nan,
                  dst_transform=t, dst_crs=crs, dst_nodata=np.nan, resampling=Resampling[method],
                  tolerance=0, XSCALE=1, YSCALE=1)
    return np.where(np.isnan(out), np.nan, np.floor(out + 0.5))


def case(name, scenes, crs, extent, resolution, method, masked=False):
    """The first scene with a value gives it; a pixel counts where the classification is not 9."""
    left, bottom, right, top = extent
    t = Affine(resolution, 0, left, 0, -resolution, top)
    shape = (round((top - bottom) / resolution), round((right - left) / resolution))
    result = np.full(shape, np.nan)
    for one in sorted(scenes, key=lambda s: (s["datetime"], s["id"])):
        values = warped(one["id"], crs, t, shape, method)
        if masked:
            flags = warped(one["id"] + "_scl", crs, t, shape, "nearest")
            values[np.isnan(flags) | (flags == 9)] = np.nan
        result = np.where(np.isnan(result), values, result)
    write(f"{name}_{method}.bin", result)
    print(name, method, shape, f"{np.isfinite(result).mean():.0%} valid")
    return {"name": f"{name}_{method}", "crs": crs, "extent": extent, "resolution": resolution,
            "resampling": method, "masked": masked, "scenes": [s["id"] for s in scenes]}


def write(name, values):
    np.nan_to_num(values, nan=0.0).astype("<u2").tofile(OUT / name)


def item(one):
    west, south, east, north = one["bbox"]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    made = pystac.Item(one["id"], {"type": "Polygon", "coordinates": [ring]}, one["bbox"],
                       dt.datetime.fromisoformat(one["datetime"]), {})
    made.stac_extensions = [
        "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
        "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
    ]
    made.add_asset("red", pystac.Asset(str(OUT / f"{one['id']}.tif"), media_type=pystac.MediaType.COG,
        roles=["data"], extra_fields={
            "proj:epsg": int(one["crs"].split(":")[1]), "proj:shape": one["shape"],
            "proj:transform": one["transform"], "raster:bands": [{"data_type": "uint16", "nodata": 0}]}))
    return made


# Sentinel-2 tiles 31UGS and 32ULB, on both sides of 6° east, at 600 m.
clouds = (slice(20, 32), slice(10, 40))
pair = [
    scene("31UGS", "EPSG:32631", 699960, 5700000, (600, 600), 183, 183, "2020-06-01T10:40:00Z",
          wedge=60, scl=(3, clouds)),
    scene("32ULB", "EPSG:32632", 300000, 5700000, (600, 600), 183, 183, "2020-06-01T10:30:00Z",
          add=7, wedge=30, scl=(3, clouds)),
]
# Tiles 01WCP, which lies across 180°, and 60WWT beside it.
dateline = [
    scene("01WCP", "EPSG:32601", 300000, 7400040, (600, 600), 183, 183, "2020-06-02T00:10:00Z", wedge=20),
    scene("60WWU", "EPSG:32660", 499980, 7400040, (600, 600), 183, 183, "2020-06-02T00:20:00Z", add=7),
]
# The pole in the middle of a polar stereographic scene, and at the edge of one in degrees.
polar = [scene("polar", "EPSG:3413", -1000000, 1000000, (20000, 20000), 100, 100,
               "2020-06-01T00:00:00Z", wedge=30)]
cap = [scene("cap", "EPSG:4326", -180, 90, (2, 0.5), 180, 24, "2020-06-01T00:00:00Z")]
cases = []
for method in ("nearest", "bilinear"):
    cases += [
        case("zones_in_32632", pair, "EPSG:32632", [270000, 5610000, 320000, 5660000], 500, method),
        case("zones_in_3035", pair, "EPSG:3035", [4045000, 3095000, 4095000, 3145000], 500, method, True),
        case("dateline_in_degrees", dateline, "EPSG:4326", [179.65, 66.2, 180.35, 66.6], 0.005, method),
        case("dateline_in_3413", dateline, "EPSG:3413", [-1855000, 1805000, -1805000, 1855000], 500, method),
        case("pole_in_32661", polar, "EPSG:32661", [1400000, 1400000, 2600000, 2600000], 15000, method),
        case("pole_from_degrees", cap, "EPSG:3413", [-600000, -600000, 600000, 600000], 15000, method),
    ]

# What odc.stac.load makes of two tiles on two days by the sun, of which one is of two days UTC.
days = [
    scene("60a", "EPSG:32660", 499980, 7400040, (1800, 1800), 61, 61, "2020-06-01T23:50:00Z", wedge=40),
    scene("60b", "EPSG:32660", 600000, 7400040, (1800, 1800), 61, 61, "2020-06-02T00:10:00Z", add=7, wedge=10),
    scene("60c", "EPSG:32660", 499980, 7400040, (1800, 1800), 61, 61, "2020-06-02T23:55:00Z", add=11, wedge=20),
    scene("60d", "EPSG:32660", 600000, 7400040, (1800, 1800), 61, 61, "2020-06-02T23:50:00Z", add=13, wedge=50),
]
grid = GeoBox((60, 100), Affine(1800, 0, 520080, 0, -1800, 7395000), "EPSG:32660")
loaded = odc.stac.load([item(one) for one in days], bands=["red"], geobox=grid, groupby="solar_day",
                       resampling="nearest")
write("odc.bin", loaded.red.values.astype("float64"))
middle = grid.extent.centroid.to_crs("EPSG:4326").points[0][0]
parsed = list(odc.stac.parse_items([item(one) for one in days]))
groups = _group_items([item(one) for one in days], parsed, "solar_day", middle)
odc_case = {"scenes": [s["id"] for s in days], "crs": "EPSG:32660", "resolution": 1800,
            "extent": [520080, 7395000 - 60 * 1800, 520080 + 100 * 1800, 7395000],
            "times": [str(t)[:19] for t in loaded.time.values],
            "groups": [[days[i]["id"] for i in group] for group in groups]}
print(odc_case)

# Groups of items anywhere, by odc-stac: by the longitude of each, and by one for all.
rng = random.Random(5)
somewhere = []
for i in range(80):
    west, south = rng.uniform(-179, 176), rng.uniform(-80, 78)
    moment = dt.datetime(2020, 2, 28) + dt.timedelta(minutes=rng.randrange(3 * 24 * 60))
    bbox = [round(v, 3) for v in (west, south, west + rng.uniform(0.2, 2), south + rng.uniform(0.2, 2))]
    somewhere.append({"id": f"s{i:02}", "datetime": moment.isoformat() + "Z", "bbox": bbox})
items = []
for one in somewhere:
    west, south, east, north = one["bbox"]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    items.append(pystac.Item(one["id"], {"type": "Polygon", "coordinates": [ring]}, one["bbox"],
                             dt.datetime.fromisoformat(one["datetime"]), {}))
    items[-1].add_asset("x", pystac.Asset("https://a.example/x.tif", media_type=pystac.MediaType.COG, roles=["data"]))
parsed = list(odc.stac.parse_items(items))
for key, lon in (("own", None), ("at_-122.4", -122.4)):
    for group in _group_items(items, parsed, "solar_day", lon):
        for i in group:
            day = parsed[i].solar_date if lon is None else parsed[i].solar_date_at(lon)
            somewhere[i][key] = str(day.date())

every = pair + dateline + polar + cap + days
text = json.dumps({"scenes": every, "cases": cases, "odc": odc_case, "grouped": somewhere})
(OUT / "scenes.json").write_text(text.replace('}, {', '},\n{') + "\n")
