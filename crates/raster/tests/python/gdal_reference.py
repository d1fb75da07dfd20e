"""Says how GDAL reads files that only it reads, by variable, as a reference for `gdal_formats.rs`.

Usage: python gdal_reference.py OUT.json NAME=FOLDER...

`tests/fixtures/gdal.json` was made with GDAL 3.6.2 (`gdalinfo`, `gdal_translate` of Debian 12) by

    python gdal_reference.py ../fixtures/gdal.json own=../fixtures data=DATA

and the files in `tests/fixtures/gdal` from 12 by 8 pixels of two bands, `i * 10 + band` where
`i % 7` is not 0 and else -9999, by

    gdal_translate -a_srs EPSG:4326 -a_ullr 10 60 16 56 -a_nodata -9999 -co RANK=2 -of HDF4Image \
        two.bin two.hdf
    gdal_translate -a_srs EPSG:4326 -a_ullr 10 60 16 56 -a_nodata -9999 -co FORMAT=NC4 -of netCDF \
        two.bin two.nc
    gdal_translate -ot Float32 -a_srs EPSG:4326 -a_ullr 10 60 16 56 -of GRIB \
        -co DATA_ENCODING=SIMPLE_PACKING -co NBITS=16 -co DISCIPLINE=0 -co PDS_PDTN=0 \
        -co "IDS=CENTER=7 SUBCENTER=0 MASTER_TABLE=2 LOCAL_TABLE=0 SIGNF_REF_TIME=1 \
             REF_TIME=2020-01-02T00:00:00Z PROD_STATUS=0 TYPE=1" \
        -co "PDS_TEMPLATE_NUMBERS=0 0 2 0 96 0 0 0 1 0 0 0 6 103 0 0 0 0 2 255 0 0 0 0 0" \
        two.bin two.grib2

A file is opened under the name it is given here: GDAL looks at `.h5` and `.nc` differently.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

MODIS = "data/netcdf/rioxarray/MOD09GA.A2008296.h14v17.006.2015181011753.hdf"
# The file, the name it is opened under, the variable, the format of GDAL's name of it.
FILES = [
    ("own/gdal/two.hdf", "two.hdf", "Band0", 'HDF4_SDS:GDAL_HDF4:"{}":0'),
    ("own/gdal/two.hdf", "two.hdf", "Band1", 'HDF4_SDS:GDAL_HDF4:"{}":1'),
    ("own/gdal/two.grib2", "two.grib2", None, "{}"),
    ("own/gdal/two.nc", "two.nc", "Band1", 'NETCDF:"{}":Band1'),
    ("own/gdal/two.nc", "two.nc", "Band2", 'NETCDF:"{}":Band2'),
    ("own/gdal/two.nc", "two.h5", "Band2", 'HDF5:"{}"://Band2'),
    *[
        (MODIS, "MOD09GA.hdf", name, f'HDF4_EOS:EOS_GRID:"{{}}":{grid}:{name}')
        for grid, name in [
            ("MODIS_Grid_1km_2D", "num_observations_1km"),
            ("MODIS_Grid_1km_2D", "state_1km_1"),
            ("MODIS_Grid_500m_2D", "sur_refl_b01_1"),
            ("MODIS_Grid_500m_2D", "QC_500m_1"),
        ]
    ],
    *[
        ("data/netcdf/swath/AMSR2-L2B.nc", "AMSR2-L2B.h5", name, f'HDF5:"{{}}"://{name}')
        for name in ["sea_surface_temperature", "l2p_flags", "lat"]
    ],
    *[
        ("data/netcdf/" + file, Path(file).name, name, f'NETCDF:"{{}}":{name}')
        for file, name in [
            ("rioxarray/PLANET_SCOPE_3D.nc", "blue"),
            ("rioxarray/PLANET_SCOPE_3D.nc", "green"),
            ("stars/bcsd_obs_1999.nc", "pr"),
            ("stars/reduced.nc", "sst"),
            ("iris/transverse_mercator_tmean_1910_1910.nc", "tmean"),
        ]
    ],
]


def run(*command):
    done = subprocess.run(command, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr.decode()}")
    return done.stdout


def describe(name, folder):
    info = json.loads(run("gdalinfo", "-json", name))
    entry = {"size": info["size"], "affine": info.get("geoTransform"), "bands": []}
    if "coordinateSystem" in info:
        entry["outline"] = info.get("wgs84Extent", {}).get("coordinates", [None])[0]
    for band in info["bands"]:
        raw, mask = folder / "band.bin", folder / "mask.bin"
        number = str(band["band"])
        run("gdal_translate", "-q", "-of", "ENVI", "-b", number, name, str(raw))
        run("gdal_translate", "-q", "-of", "ENVI", "-b", f"mask,{number}", name, str(mask))
        entry["bands"].append({
            "dtype": band["type"],
            "nodata": band.get("noDataValue"),
            "scale": band.get("scale", 1.0),
            "offset": band.get("offset", 0.0),
            "crc": zlib.crc32(raw.read_bytes()),
            "valid": sum(value != 0 for value in mask.read_bytes()),
        })
    return entry


def main():
    out, roots = Path(sys.argv[1]), dict(pair.split("=") for pair in sys.argv[2:])
    lines = []
    for path, opened, variable, form in FILES:
        root, rest = path.split("/", 1)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / opened
            shutil.copyfile(Path(roots[root]) / rest, copy)
            entry = describe((form or "{}").format(copy), Path(folder))
        entry = {"file": path, "opened": opened, "variable": variable, **entry}
        lines.append(json.dumps(entry, separators=(",", ":")))
    out.write_text("[\n" + ",\n".join(lines) + "\n]\n")


main()
