"""Makes what is converted: a grid as those of CMEMS and a swath as those of GHRSST, as large as asked.

inputs.py FOLDER ROWS COLUMNS SIDE
"""

import os
import sys

import netCDF4
import numpy as np

PACKED = {"zlib": True, "complevel": 4, "shuffle": True}


def waves(rows, cols, seed, speckle):
    """Long and short waves of -1 to 1 and some speckle: what is measured compresses about twice."""
    rng = np.random.default_rng(seed)
    y = np.linspace(0, 2 * np.pi, rows, dtype="f4")[:, None]
    x = np.linspace(0, 2 * np.pi, cols, dtype="f4")[None, :]
    out = np.zeros((rows, cols), "f4")
    for k in (1, 3, 8, 21, 55):
        a, b = rng.uniform(0, 2 * np.pi, 2)
        out += np.sin(k * x + a + np.sin(k * y)) * np.cos(k * y + b) / (2 * k)
    out += rng.normal(0, speckle, out.shape).astype("f4")
    return np.clip(out, -1, 1)


def packed(file, name, dims, about, scale, offset, fill=-32767):
    variable = file.createVariable(name, "i2", dims, fill_value=fill, **PACKED)
    variable.setncatts({**about, "scale_factor": scale, "add_offset": offset})
    variable.set_auto_maskandscale(False)
    return variable


def grid(path, rows, cols):
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({"Conventions": "CF-1.6", "title": "hourly fields (made)"})
        sizes = {"time": 2, "depth": 1, "latitude": rows, "longitude": cols}
        for name, size in sizes.items():
            file.createDimension(name, size)
        step = 180 / rows
        axes = [
            ("time", "f8", np.array([641328.5, 641329.5]), "hours since 1950-01-01 00:00:00"),
            ("depth", "f4", np.array([0.494025]), "m"),
            ("latitude", "f4", np.arange(rows) * step - 90, "degrees_north"),
            ("longitude", "f4", np.arange(cols) * step - 180, "degrees_east"),
        ]
        for name, kind, values, units in axes:
            variable = file.createVariable(name, kind, (name,))
            variable.units = units
            variable[:] = values
        land = waves(rows, cols, 1, 0) > 0.25
        for seed, (name, units, scale, offset) in enumerate([
            ("thetao", "degrees_C", 0.000732444226741791, 21.0),
            ("uo", "m s-1", 0.000610370188951492, 0.0),
            ("vo", "m s-1", 0.000610370188951492, 0.0),
            ("zos", "m", 0.000305185094475746, 0.0),
        ]):
            dims = ("time", "latitude", "longitude")
            if name != "zos":
                dims = ("time", "depth", "latitude", "longitude")
            variable = packed(file, name, dims, {"units": units, "long_name": name}, scale, offset)
            for step in range(2):
                values = waves(rows, cols, 10 * seed + step + 2, 0.003) * 20000
                values[land] = -32767
                variable[step] = values.round().astype("i2").reshape(variable.shape[1:])


def swath(path, side):
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({
            "Conventions": "CF-1.7",
            "title": "L2P sea surface skin temperature (made)",
            "processing_level": "L2P",
            "start_time": "20230105T120001Z",
            "stop_time": "20230105T120558Z",
        })
        for name, size in {"time": 1, "nj": side, "ni": side}.items():
            file.createDimension(name, size)
        row = np.linspace(0, 1, side, dtype="f8")[:, None]
        cell = np.linspace(0, 1, side, dtype="f8")[None, :]
        for name, values, units in [
            ("lat", 20 + 25 * row - 4 * cell + 1.5 * cell * cell, "degrees_north"),
            ("lon", -40 + 30 * cell - 6 * row + 3 * row * cell, "degrees_east"),
        ]:
            variable = file.createVariable(name, "f4", ("nj", "ni"), fill_value=-9999.0)
            variable.units = units
            variable[:] = values.astype("f4")
        time = file.createVariable("time", "i4", ("time",))
        time.units = "seconds since 1981-01-01 00:00:00"
        time[:] = [1325505601]
        dims = ("time", "nj", "ni")
        cloud = waves(side, side, 31, 0.02) > 0.2
        about = {"units": "kelvin", "long_name": "sea surface temperature", "valid_min": np.int16(-1000),
                 "valid_max": np.int16(10000)}
        sst = packed(file, "sea_surface_temperature", dims, about, 0.005, 273.15)
        values = (3000 + 2500 * waves(side, side, 32, 0.003)).round().astype("i2")
        values[waves(side, side, 33, 0) > 0.4] = -32767
        sst[0] = values
        quality = file.createVariable("quality_level", "i1", dims, fill_value=-128, **PACKED)
        quality[0] = np.where(cloud, 2, 5).astype("i1")
        wind = file.createVariable("wind_speed", "f4", dims, fill_value=-1e10, **PACKED)
        wind.setncatts({"units": "m s-1", "long_name": "wind speed"})
        wind[0] = (8 + 6 * waves(side, side, 34, 0.001)).round(2)


if __name__ == "__main__":
    folder, rows, cols, side = sys.argv[1], *map(int, sys.argv[2:])
    for name, make in [
        ("grid.nc", lambda path: grid(path, rows, cols)),
        ("swath.nc", lambda path: swath(path, side)),
    ]:
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            make(path + ".part")
            os.rename(path + ".part", path)
