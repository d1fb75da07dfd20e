"""Makes ../data/sentinel2, a small SAFE folder of level 1C.

    python -m venv venv && venv/bin/pip install glymur 'numpy<2'
    venv/bin/python make_sentinel2.py

It holds all that idf-converter 0.1.458 asks for, with which `../reference.rs` converts it.
"""

import os
import shutil

import glymur
import numpy as np

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "sentinel2")
SAFE = "S2A_MSIL1C_20230105T100401_N0509_R122_T32TQM_20230105T120000.SAFE"
GRANULE = "L1C_T32TQM_A039400_20230105T100400"


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


shutil.rmtree(DATA, ignore_errors=True)
sentinel2(DATA)
