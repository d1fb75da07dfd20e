"""Says how netCDF4, xarray and cftime read netCDF files, and how cftime counts time.

Usage: python netcdf_reference.py FOLDER NETCDF.json CF_TIME.json
Needs netCDF4, cftime and numpy. `tests/fixtures/netcdf.json` and `cf_time.json` were made with netCDF4
1.7.5 and cftime.

Every variable of at least two dimensions, numeric, is described: dimensions, stored type (unsigned where
`_Unsigned` says so), CRC-32 of the stored values in little-endian order, how many are valid (not
`_FillValue`, `missing_value`, the default fill, NaN, or outside the valid range, all of it in stored values),
scale and offset, the dates of its time coordinate, first and last values of its 1-D coordinates, sums of
its 2-D longitudes and latitudes.
"""

import json
import sys
import warnings
import zlib
from pathlib import Path

import cftime
import netCDF4
import numpy as np

warnings.filterwarnings("ignore")


def crc(values):
    return zlib.crc32(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes())


def attribute(variable, name, default=None):
    try:
        return getattr(variable, name, default)
    except Exception:
        return default


def date(when):
    micros = ((when.hour * 60 + when.minute) * 60 + when.second) * 1_000_000 + when.microsecond
    return [when.year, when.month, when.day, micros]


def describe(group, name, variable):
    variable.set_auto_maskandscale(False)
    values = np.asarray(variable[...])
    if str(attribute(variable, "_Unsigned", "")).lower() == "true" and values.dtype.kind == "i":
        values = values.view(values.dtype.str.replace("i", "u"))
    entry = {
        "dims": list(variable.dimensions), "shape": list(variable.shape), "dtype": values.dtype.name,
        "crc": crc(values), "scale": float(attribute(variable, "scale_factor", 1.0)),
        "offset": float(attribute(variable, "add_offset", 0.0)),
    }
    # Masks are right for unsigned values only when values are unpacked as well.
    variable.set_auto_maskandscale(True)
    masked = np.ma.getmaskarray(variable[...])
    if values.dtype.kind == "f":
        masked = masked | np.isnan(values)
    entry["valid"] = int(masked.size - masked.sum())
    axes = {}
    for dimension in variable.dimensions:
        coordinate = group.variables.get(dimension)
        if coordinate is None or coordinate.ndim != 1 or coordinate.dtype.kind not in "fiu":
            continue
        coordinate.set_auto_mask(False)
        values = np.ma.asarray(coordinate[...])
        coordinate.set_auto_mask(True)
        units = str(attribute(coordinate, "units", ""))
        if " since " in units:
            calendar = str(attribute(coordinate, "calendar", "standard"))
            try:
                first, last = cftime.num2date([values[0], values[-1]], units, calendar)
                entry["times"] = [date(first), date(last)]
            except Exception:
                pass
        ends = [float(np.ma.filled(values[i].astype("f8"), np.nan)) for i in (0, -1)]
        if np.isfinite(ends).all():
            axes[dimension] = ends
    entry["axes"] = axes
    return entry


def places(group):
    """Sums of the 2-D longitudes and latitudes."""
    found = {}
    for name, variable in group.variables.items():
        units = str(attribute(variable, "units", "")).lower()
        if variable.ndim == 2 and units in ("degrees_north", "degrees_east", "degree_north", "degree_east"):
            values = np.ma.filled(np.ma.asarray(variable[...]).astype("f8"), np.nan)
            found[name] = [int(np.isfinite(values).sum()), float(np.nansum(values))]
    return found


index = {}
root = Path(sys.argv[1])
for path in sorted(root.rglob("*")):
    if path.suffix not in (".nc", ".cdf"):
        continue
    key = str(path.relative_to(root))
    try:
        with netCDF4.Dataset(path) as file:
            variables = {}
            for name, variable in file.variables.items():
                if variable.ndim >= 2 and getattr(variable.dtype, "kind", "") in "fiu":
                    variables[name] = describe(file, name, variable)
            index[key] = {"variables": variables, "places": places(file)}
    except Exception as error:
        index[key] = {"error": str(error)[:100]}
lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in index.items()]
Path(sys.argv[2]).write_text("{\n" + ",\n".join(lines) + "\n}\n")

cases = []
SINCE = ["1970-01-01", "1850-1-1 00:00:0.0", "1-1-1 0:0:0", "1582-10-10", "2000-02-28T12:30:00Z",
         "1900-01-01 06:00:00 +02:00"]
CALENDARS = ["standard", "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"]
VALUES = [("days", 0), ("days", 59.5), ("days", 366), ("days", 577_735), ("days", 730_485.25),
          ("days", -400), ("hours", 1_051_896.75), ("seconds", 1e9 + 0.25), ("minutes", 123_456)]
for since in SINCE:
    for calendar in CALENDARS:
        for unit, value in VALUES:
            try:
                when = cftime.num2date(value, f"{unit} since {since}", calendar)
            except Exception:
                continue
            if when.year > 0:
                cases.append({"units": f"{unit} since {since}", "calendar": calendar,
                              "value": value, "date": date(when)})
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
Path(sys.argv[3]).write_text(f"[\n{lines}\n]\n")
