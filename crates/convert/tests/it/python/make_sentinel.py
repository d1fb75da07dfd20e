"""Makes data/sentinel2 (a small SAFE folder) and data/sentinel.json: what idf-converter 0.1.458 gives
of small products of Sentinel-2 and -3. The folders of Sentinel-3 are those of ../made_sentinel3.rs.

    python -m venv venv && venv/bin/pip install idf-converter==0.1.458 'numpy<2' 'netCDF4<1.7.3'
    venv/bin/python make_sentinel.py venv/bin/idf-converter

All it needs comes with idf-converter.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import glymur
import numpy as np
from netCDF4 import Dataset

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
SAFE = "S2A_MSIL1C_20230105T100401_N0509_R122_T32TQM_20230105T120000.SAFE"
GRANULE = "L1C_T32TQM_A039400_20230105T100400"
EFR = "S3A_OL_1_EFR____20230105T100000_20230105T100300_20230105T120000_0179_094_122_2160_MAR_O_NR_003.SEN3"
RBT = "S3A_SL_1_RBT____20230105T100000_20230105T100300_20230105T120000_0179_094_122_2160_MAR_O_NR_004.SEN3"
ROWS, COLS = 30, 40
r, c = np.mgrid[0:ROWS, 0:COLS]


def sentinel2(root):
    folder = os.path.join(root, SAFE)
    granule = os.path.join(folder, "GRANULE", GRANULE)
    images = os.path.join(granule, "IMG_DATA")
    os.makedirs(images)
    bands = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"]
    metres = [60, 10, 10, 10, 20, 20, 20, 10, 20, 60, 60, 20, 20]

    def list_of(text):
        return "\n".join(text(i) for i in range(13))

    def grid(kind):
        values = "<VALUES>1 2</VALUES>" * 2
        steps = '<COL_STEP unit="m">5000</COL_STEP><ROW_STEP unit="m">5000</ROW_STEP>'
        return f"<{kind}>{steps}<Values_List>{values}</Values_List></{kind}>"

    angles = grid("Zenith") + grid("Azimuth")
    one_angle = '<ZENITH_ANGLE unit="deg">1</ZENITH_ANGLE><AZIMUTH_ANGLE unit="deg">2</AZIMUTH_ANGLE>'
    with open(os.path.join(folder, "MTD_MSIL1C.xml"), "w") as file:
        file.write(f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-1C_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-1C.xsd">
<n1:General_Info>
<Product_Info>
<PRODUCT_START_TIME>2023-01-05T10:04:01.024Z</PRODUCT_START_TIME>
<PRODUCT_STOP_TIME>2023-01-05T10:04:31.524Z</PRODUCT_STOP_TIME>
<PRODUCT_URI>{SAFE}</PRODUCT_URI>
<PROCESSING_LEVEL>Level-1C</PROCESSING_LEVEL>
<PRODUCT_TYPE>S2MSI1C</PRODUCT_TYPE>
<PROCESSING_BASELINE>05.09</PROCESSING_BASELINE>
<GENERATION_TIME>2023-01-05T12:00:00.000000Z</GENERATION_TIME>
<Datatake datatakeIdentifier="GS2A_20230105T100401_039400_N05.09"><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>
<DATATAKE_TYPE>INS-NOBS</DATATAKE_TYPE><DATATAKE_SENSING_START>2023-01-05T10:04:01.024Z</DATATAKE_SENSING_START><SENSING_ORBIT_NUMBER>122</SENSING_ORBIT_NUMBER>
<SENSING_ORBIT_DIRECTION>DESCENDING</SENSING_ORBIT_DIRECTION></Datatake>
</Product_Info>
<Product_Image_Characteristics>
<QUANTIFICATION_VALUE unit="none">10000</QUANTIFICATION_VALUE>
<Radiometric_Offset_List>
{list_of(lambda i: f'<RADIO_ADD_OFFSET band_id="{i}">{-1000 - i}</RADIO_ADD_OFFSET>')}
</Radiometric_Offset_List>
<Reflectance_Conversion><U>0.98</U><Solar_Irradiance_List>
{list_of(lambda i: f'<SOLAR_IRRADIANCE bandId="{i}" unit="W/m2/um">{1800 + i}</SOLAR_IRRADIANCE>')}
</Solar_Irradiance_List></Reflectance_Conversion>
<Spectral_Information_List>
{list_of(lambda i: f'<Spectral_Information bandId="{i}" physicalBand="{bands[i]}"><RESOLUTION>{metres[i]}</RESOLUTION><Wavelength><CENTRAL unit="nm">500</CENTRAL></Wavelength></Spectral_Information>')}
</Spectral_Information_List>
</Product_Image_Characteristics>
</n1:General_Info>
</n1:Level-1C_User_Product>
""")
    rows, cols = 24, 2520
    sizes = "\n".join(
        f'<Size resolution="{m}"><NROWS>{rows * 10 // m}</NROWS><NCOLS>{cols * 10 // m}</NCOLS></Size>\n'
        f'<Geoposition resolution="{m}"><ULX>699960</ULX><ULY>4900020</ULY><XDIM>{m}</XDIM><YDIM>-{m}</YDIM></Geoposition>'
        for m in (10, 20, 60)
    )
    with open(os.path.join(granule, "MTD_TL.xml"), "w") as file:
        file.write(f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-1C_Tile_ID xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-1C_Tile_Metadata.xsd">
<n1:General_Info>
<TILE_ID metadataLevel="Brief">S2A_OPER_MSI_L1C_TL_2APS_20230105T120000_A039400_T32TQM_N05.09</TILE_ID>
<SENSING_TIME metadataLevel="Standard">2023-01-05T10:08:33.448277Z</SENSING_TIME>
<Archiving_Info metadataLevel="Expertise"><ARCHIVING_CENTRE>2APS</ARCHIVING_CENTRE><ARCHIVING_TIME>2023-01-05T12:10:00.210197Z</ARCHIVING_TIME></Archiving_Info>
</n1:General_Info>
<n1:Geometric_Info>
<Tile_Geocoding metadataLevel="Brief">
<HORIZONTAL_CS_NAME>WGS84 / UTM zone 32N</HORIZONTAL_CS_NAME>
<HORIZONTAL_CS_CODE>EPSG:32632</HORIZONTAL_CS_CODE>
{sizes}
</Tile_Geocoding>
<Tile_Angles metadataLevel="Standard">
<Sun_Angles_Grid>{angles}</Sun_Angles_Grid>
<Mean_Sun_Angle>{one_angle}</Mean_Sun_Angle>
{list_of(lambda i: f'<Viewing_Incidence_Angles_Grids bandId="{i}" detectorId="6">{angles}</Viewing_Incidence_Angles_Grids>')}
<Mean_Viewing_Incidence_Angle_List>
{list_of(lambda i: f'<Mean_Viewing_Incidence_Angle bandId="{i}">{one_angle}</Mean_Viewing_Incidence_Angle>')}
</Mean_Viewing_Incidence_Angle_List>
</Tile_Angles>
</n1:Geometric_Info>
<n1:Quality_Indicators_Info metadataLevel="Standard"><Image_Content_QI><CLOUDY_PIXEL_PERCENTAGE>0</CLOUDY_PIXEL_PERCENTAGE></Image_Content_QI></n1:Quality_Indicators_Info>
</n1:Level-1C_Tile_ID>
""")
    row, col = np.mgrid[0:rows, 0:cols]
    for number in (2, 3, 4):
        counts = 1000 * number + 30 * (col // 20) + 11 * (row // 3) * number
        counts[:, :100] = 0
        counts[:5, 300:310] = 0
        name = os.path.join(images, f"T32TQM_20230105T100401_B{number:02}.jp2")
        # Tiles of an odd place and size, in three resolutions.
        glymur.Jp2k(name, data=counts.astype(np.uint16), tilesize=(15, 512), numres=3)
    nothing = np.zeros((rows // 6, cols // 6), np.uint16)
    glymur.Jp2k(os.path.join(images, "T32TQM_20230105T100401_B01.jp2"), data=nothing, numres=1)
    return granule


def variable(dataset, name, kind, dims, values, fill=None, **attributes):
    made = dataset.createVariable(name, kind, dims, fill_value=fill)
    made.set_auto_maskandscale(False)
    made.setncatts(attributes)
    made[:] = values


def sentinel3(folder, name, title):
    dataset = Dataset(os.path.join(folder, name + ".nc"), "w")
    dataset.createDimension("rows", ROWS)
    dataset.createDimension("columns", COLS)
    dataset.setncatts({
        "title": title,
        "institution": "MAR",
        "source": "IPF",
        "references": "none",
        "start_time": "2023-01-05T10:00:00.000000Z",
        "stop_time": "2023-01-05T10:03:00.000000Z",
    })
    return dataset


PIXELS = ("rows", "columns")


def places(dataset, names, lat, lon):
    lon = np.where(lon > 180_000_000, lon - 360_000_000, lon)
    for name, values, units in zip(names, (lat, lon), ("degrees_north", "degrees_east")):
        variable(dataset, name, "i4", PIXELS, values, -2147483648, scale_factor=1e-6, units=units)
    dataset.close()


def olci(root):
    folder = os.path.join(root, EFR)
    os.makedirs(folder)
    for band in (4, 6, 9, 17):
        name = f"Oa{band:02}_radiance"
        counts = 1000 + 100 * band + (13 * r + 7 * c) % 2000 + 10 * (r // 8) * (c // 8)
        counts[:3, :4] = 0
        counts[3:6, :4] = 65535
        counts[20:, 30:] = 50000
        if band == 9:
            counts[10:13, :5] = 60000
        dataset = sentinel3(folder, name, "OLCI Level 1b Product")
        variable(dataset, name, "u2", PIXELS, counts, 65535, scale_factor=np.float32(0.0125),
                 add_offset=np.float32(0), coordinates="time_stamp altitude latitude longitude",
                 standard_name="toa_upwelling_spectral_radiance", units="mW.m-2.sr-1.nm-1",
                 long_name=f"TOA radiance for OLCI acquisition band Oa{band:02}")
        dataset.close()
    dataset = sentinel3(folder, "geo_coordinates", "OLCI Level 1b Product")
    places(dataset, ("latitude", "longitude"),
           45_000_000 - 2700 * r - 600 * c, 5_000_000 + 3800 * c - 800 * r)
    dataset = sentinel3(folder, "time_coordinates", "OLCI Level 1b Product")
    variable(dataset, "time_stamp", "i8", ("rows",), 726228000000000 + 44000 * np.arange(ROWS),
             units="microseconds since 2000-01-01 00:00:00")
    dataset.close()
    names = ["land", "coastline", "fresh_inland_water", "tidal_region", "bright", "straylight_risk",
             "invalid", "cosmetic", "duplicated", "sun_glint_risk", "dubious"]
    names += [f"saturated@Oa{band:02}" for band in range(1, 22)]
    flags = np.zeros((ROWS, COLS), np.uint32)
    flags[20:, 30:] = 1 << 31
    flags[10:13, :5] = 1 << 12
    flags[:, 20:22] = 1 << 22
    dataset = sentinel3(folder, "qualityFlags", "OLCI Level 1b Product")
    variable(dataset, "quality_flags", "u4", PIXELS, flags, flag_meanings=" ".join(names),
             flag_masks=np.array([1 << (31 - bit) for bit in range(32)], np.uint32))
    dataset.close()
    return folder


def slstr(root):
    folder = os.path.join(root, RBT)
    os.makedirs(folder)
    for band in (7, 8, 9):
        name = f"S{band}_BT_in"
        counts = -1000 + 50 * band + (13 * r + 7 * c) % 2000
        counts[:3, :4] = -32768
        counts[3:6, :4] = 32000
        counts[6:9, :4] = -32000
        dataset = sentinel3(folder, name, "SLSTR Level 1b Product")
        variable(dataset, name, "i2", PIXELS, counts, -32768, scale_factor=np.float32(0.01),
                 add_offset=np.float32(283.73), units="K", standard_name="toa_brightness_temperature",
                 long_name=f"Gridded pixel brightness temperature for channel S{band}")
        dataset.close()
    dataset = sentinel3(folder, "geodetic_in", "SLSTR Level 1b Product")
    places(dataset, ("latitude_in", "longitude_in"),
           45_000_000 - 9000 * r - 2000 * c, 179_900_000 + 12700 * c - 2700 * r)
    return folder


def number(value):
    return value.item() if isinstance(value, np.generic) else value


def converted(program, folder, reader, output):
    out = tempfile.mkdtemp()
    command = [program, "-t", reader, "-i", f"path={folder}", "geoloc_spacing=16"]
    command += ["-o", f"path={out}", "collection=c", "gcp_spacing=16", *output]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{reader}: {done.stderr.splitlines()[-1]}")
    files = {}
    for path in sorted(glob.glob(out + "/c/*/*.nc")):
        dataset = Dataset(path)
        dataset.set_auto_maskandscale(False)
        volatile = {"history", "processing_software", "netcdf_version_id"}
        found = {
            "attributes": {n: number(dataset.getncattr(n)) for n in dataset.ncattrs() if n not in volatile},
            "variables": {},
        }
        for name, values in dataset.variables.items():
            if name == "crs":
                continue
            numbers = values[:].ravel()
            found["variables"][name] = {
                "dims": list(values.dimensions),
                "shape": list(values.shape),
                "attributes": {n: number(values.getncattr(n)) for n in values.ncattrs()},
                "values": numbers.tobytes().hex() if numbers.dtype == np.uint8 else numbers.tolist(),
            }
        files[os.path.relpath(path, out)] = found
    shutil.rmtree(out)
    return files


def main():
    program = os.path.abspath(sys.argv[1])
    shutil.rmtree(os.path.join(DATA, "sentinel2"), ignore_errors=True)
    root = tempfile.mkdtemp()
    granule = sentinel2(os.path.join(DATA, "sentinel2"))
    expected = {
        "sentinel2": converted(program, granule, "sentinel2/L1", ["downscale=yes"]),
        # Without the table of what the air scatters, the reference fails unless this is taken out.
        "olci": converted(program, olci(root), "sentinel3/olci/L1",
                          ["downscale=yes", "remove_variables=Oa17_radiance_bc"]),
        "slstr": converted(program, slstr(root), "sentinel3/slstr/L1/bt", []),
    }
    with open(os.path.join(DATA, "sentinel.json"), "w") as file:
        json.dump(expected, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")
    shutil.rmtree(root)


main()
