"""Makes a small CF netCDF file: three days on a grid in UTM 33N, stored south to north.

Usage: python make_netcdf.py OUT.nc
`tests/fixtures/netcdf/days.nc` was made with netCDF4 1.7.5. Variables: `place` (float32), the column plus
1000 times the row from the upper left plus 100000 times the day; `sst` (int16, packed by 0.01 and 273.15),
10 times the day plus the column, missing in the first column.
"""

import sys

import netCDF4
import numpy as np

DAYS, HEIGHT, WIDTH = 3, 30, 20
with netCDF4.Dataset(sys.argv[1], "w", format="NETCDF3_CLASSIC") as file:
    file.Conventions = "CF-1.11"
    for name, size in [("time", DAYS), ("y", HEIGHT), ("x", WIDTH)]:
        file.createDimension(name, size)
    time = file.createVariable("time", "f8", ("time",))
    time.units, time.calendar, time.standard_name = "hours since 2020-06-01", "standard", "time"
    time[:] = [12, 36, 60]
    crs = file.createVariable("crs", "i4")
    crs.grid_mapping_name = "transverse_mercator"
    crs.longitude_of_central_meridian, crs.latitude_of_projection_origin = 15.0, 0.0
    crs.scale_factor_at_central_meridian = 0.9996
    crs.false_easting, crs.false_northing = 500000.0, 0.0
    crs.semi_major_axis, crs.inverse_flattening = 6378137.0, 298.257223563
    x = file.createVariable("x", "f8", ("x",))
    x.standard_name, x.units = "projection_x_coordinate", "m"
    x[:] = 500005 + 10 * np.arange(WIDTH)
    y = file.createVariable("y", "f8", ("y",))
    y.standard_name, y.units = "projection_y_coordinate", "km"
    y[:] = (4999995 - 10 * np.arange(HEIGHT))[::-1] / 1000
    day, row, col = np.mgrid[0:DAYS, 0:HEIGHT, 0:WIDTH]
    place = file.createVariable("place", "f4", ("time", "y", "x"))
    place.grid_mapping = "crs"
    place[:] = (col + 1000 * row + 100000 * day)[:, ::-1, :]
    sst = file.createVariable("sst", "i2", ("time", "y", "x"), fill_value=-999)
    sst.grid_mapping, sst.units = "crs", "K"
    sst.scale_factor, sst.add_offset = 0.01, 273.15
    sst.set_auto_maskandscale(False)
    sst[:] = np.where(col == 0, -999, 10 * day + col)
