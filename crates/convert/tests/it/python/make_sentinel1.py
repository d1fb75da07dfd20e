"""Makes the small Sentinel-1 products that `sentinel1.rs` converts, and what the reference program makes of them.

    python make_sentinel1.py ../sentinel1 IDF_CONVERTER

IDF_CONVERTER is the command of idf-converter 0.1.458 (Python 3.12.1, numpy 1.26.4, netCDF4 1.7.5.1.post1,
scipy 1.17.1), which is run as a black box; without it only the inputs are made. `expected.json` holds of each case the
granules' dimensions, attributes, lattices and packed bytes (in hexadecimal digits, row by row).
"""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import netCDF4
import numpy as np

OCN = 'S1A_IW_OCN__2SDV_20230105T060000_20230105T060025_046655_059790_ABCD.SAFE'
SOURCE = 'S1A_IW_SL1__1_DV_20230105T060003_20230105T060024_046655_059790_1234.SAFE'
FILL = np.float32(-999)
TEXTS = '-20230105t060000-20230105t060025-046655-059790-001'


def ocean(path, variables, sizes, version):
    """A netCDF file of an ocean product: variables along all of the sizes."""
    with netCDF4.Dataset(path, 'w', format='NETCDF3_CLASSIC') as file:
        file.title = 'Sentinel-1 OCN Product'
        file.missionName = 'S1A'
        file.missionPhase = 'Routine'
        file.sourceProduct = SOURCE
        file.firstMeasurementTime = '2023-01-05T06:00:00.123456Z'
        file.lastMeasurementTime = '2023-01-05T06:00:25.654321Z'
        file.IPFversion = version
        for name, size in sizes.items():
            file.createDimension(name, size)
        for name, (values, units, about) in variables.items():
            kind = 'i1' if values.dtype.kind in 'iu' else 'f4'
            variable = file.createVariable(name, kind, tuple(sizes), fill_value=-128 if kind == 'i1' else FILL)
            variable.units = units
            variable.long_name = about
            variable[:] = values


def velocities(path, version, is_whole, is_flat):
    """Three sub-swaths of 13 by 9 cells, of which two are smaller and one goes north; across 180 degrees.

    When it is flat the file has the second one only, and no dimension for them."""
    rows, cells, swath = np.meshgrid(np.arange(13), np.arange(9), np.arange(3), indexing='ij')
    lat = 60 - 0.009 * rows - 0.001 * cells
    lon = 179.75 + 0.018 * (cells + 9 * swath) - 0.002 * rows
    lon = np.where(lon > 180, lon - 360, lon)
    velocity = 0.8 * np.sin(rows * 1.7 + cells * 0.9) + 0.1 * swath + 0.02 * rows
    sweep = 0.9 * np.sin(rows * 0.8 + cells * 0.45 + swath)
    outside = (swath == 0) & ((rows >= 11) | (cells >= 8)) | (swath == 2) & ((rows < 1) | (cells < 2))
    if not is_whole:
        velocity = np.where((rows == 4) & (cells == 3) | (rows > 9) & (cells > 5), FILL, velocity)
        sweep = np.where((rows == 7) & (cells == 2), FILL, sweep)
    values = {
        'rvlLat': (np.where(outside, FILL, lat), 'degrees_north', 'latitude'),
        'rvlLon': (np.where(outside, FILL, lon), 'degrees_east', 'longitude'),
        'rvlRadVel': (velocity, 'm/s', 'Radial surface velocity'),
        'rvlRadVelStd': (0.1 + 0.01 * rows + 0.001 * cells, 'm/s', 'Standard deviation'),
        'rvlUssX': (0.3 + 0.01 * rows - 0.003 * cells, 'm/s', 'Stokes drift X'),
        'rvlUssY': (0.1 - 0.02 * cells, 'm/s', 'Stokes drift Y'),
        'rvlSnr': (5 + 0.1 * rows * cells, 'dB', 'Signal to noise ratio'),
        'rvlHeading': (np.where(swath == 1, 346.0, 193.0), 'degrees', 'heading'),
        'rvlIncidenceAngle': (30 + 0.4 * (cells + 9 * swath), 'degrees', 'incidence'),
        'rvlSweepAngle': (sweep, 'degrees', 'sweep angle'),
    }
    for name in values:
        if name not in ('rvlLat', 'rvlLon'):
            field, units, about = values[name]
            values[name] = (np.where(outside, FILL, field), units, about)
    sizes = {'rvlAzSize': 13, 'rvlRaSize': 9, 'rvlSwath': 3}
    if is_flat:
        del sizes['rvlSwath']
        values = {name: (field[:, :, 1], units, about) for name, (field, units, about) in values.items()}
    ocean(path, values, sizes, version)


def winds(path, version, masks):
    """12 by 10 cells of wind."""
    rows, cells = np.meshgrid(np.arange(12), np.arange(10), indexing='ij')
    speed = 3 + 0.5 * rows + 0.2 * cells
    values = {
        'owiLat': (60 - 0.009 * rows - 0.001 * cells, 'degrees_north', 'latitude'),
        'owiLon': (5 + 0.018 * cells - 0.002 * rows, 'degrees_east', 'longitude'),
        'owiWindSpeed': (np.where(rows + cells == 5, FILL, speed), 'm/s', 'SAR wind speed'),
        'owiWindDirection': ((10.0 * rows + 33 * cells) % 360, 'degrees', 'SAR wind direction'),
        'owiEcmwfWindSpeed': (4 + 0.3 * rows + 0.1 * cells, 'm/s', 'model wind speed'),
        'owiEcmwfWindDirection': ((300 + 7.0 * rows - 3 * cells) % 360, 'degrees', 'model wind direction'),
        'owiRadVel': (0.4 * rows - 0.5 * cells, 'm/s', 'radial velocity'),
        'owiInversionQuality': (rows % 3, '', 'inversion quality'),
        'owiWindQuality': (cells % 4, '', 'wind quality'),
    }
    # Land in the south, where the wind is strongest, and ice in the east.
    if 'owiMask' in masks:
        values['owiMask'] = (np.where(rows > 9, 1, np.where(cells > 8, 2, 0)), '', 'mask')
    if 'owiLandFlag' in masks:
        values['owiLandFlag'] = (np.where(rows > 9, 1, 0), '', 'land')
    ocean(path, values, {'owiAzSize': 12, 'owiRaSize': 10}, version)


def tiff(path, pixels):
    """Unsigned 16-bit pixels, or complex ones of twice 16 bits (the last axis); strips of 7 lines."""
    is_complex = pixels.ndim == 3
    raw = np.ascontiguousarray(pixels, '<i2' if is_complex else '<u2').tobytes()
    lines, samples = pixels.shape[:2]
    length, starts = len(raw) // lines, range(0, lines, 7)
    tags = [(256, 4, [samples]), (257, 4, [lines]), (258, 3, [32 if is_complex else 16]), (259, 3, [1]), (262, 3, [1]),
            (273, 4, [8 + line * length for line in starts]), (277, 3, [1]), (278, 4, [7]),
            (279, 4, [min(7, lines - line) * length for line in starts]), (339, 3, [5 if is_complex else 1])]
    place = 8 + len(raw) + 2 + 12 * len(tags) + 4
    directory, lists = struct.pack('<H', len(tags)), b''
    for tag, kind, values in tags:
        field = struct.pack('<I', values[0])
        if len(values) > 1:
            field = struct.pack('<I', place + len(lists))
            lists += struct.pack(f'<{len(values)}I', *values)
        directory += struct.pack('<HHI', tag, kind, len(values)) + field
    with open(path, 'wb') as file:
        file.write(b'II*\0' + struct.pack('<I', 8 + len(raw)) + raw + directory + bytes(4) + lists)


def image(root, product, polarisation, mode, swath, spacing, pixels):
    """An image with its annotation: relief, incidences on a curve, across 180 degrees, calibration that varies."""
    safe = f'{root}/S1A_{mode}_{product}_1SDH_20230105T060000_20230105T060025_046655_059790_ABCD.SAFE'
    os.makedirs(f'{safe}/annotation/calibration', exist_ok=True)
    os.makedirs(f'{safe}/measurement', exist_ok=True)
    name = f's1a-{swath}-{product[:3]}-{polarisation}'.lower() + TEXTS
    tiff(f'{safe}/measurement/{name}.tiff', pixels)
    lines, samples = pixels.shape[:2]
    points = ''
    for line in (0, lines // 3, 2 * lines // 3, lines - 1):
        for pixel in np.linspace(0, samples - 1, 5).astype(int):
            lon = 180.005 - 0.000215 * pixel + 0.00005 * line
            points += f'''<geolocationGridPoint><line>{line}</line><pixel>{pixel}</pixel>
<latitude>{60 + 0.00009 * line + 0.00002 * pixel:.9f}</latitude><longitude>{(lon + 180) % 360 - 180:.9f}</longitude>
<height>{300 + 20 * np.sin(pixel / 20) + 2 * line:.4f}</height>
<incidenceAngle>{26 + 16 * np.sqrt((pixel + 8) / samples) + 0.01 * line:.6f}</incidenceAngle></geolocationGridPoint>
'''
    with open(f'{safe}/annotation/{name}.xml', 'w') as file:
        file.write(f'''<?xml version="1.0"?>
<product><adsHeader><missionId>S1A</missionId><productType>{product[:3]}</productType>
<polarisation>{polarisation}</polarisation><mode>{mode}</mode><swath>{swath}</swath>
<startTime>2023-01-05T06:00:00.123456</startTime><stopTime>2023-01-05T06:00:25.654321</stopTime></adsHeader>
<generalAnnotation><productInformation><pass>Ascending</pass></productInformation></generalAnnotation>
<imageAnnotation><imageInformation><rangePixelSpacing>{spacing[1]}</rangePixelSpacing>
<azimuthPixelSpacing>{spacing[0]}</azimuthPixelSpacing><incidenceAngleMidSwath>38.0</incidenceAngleMidSwath>
<numberOfSamples>{samples}</numberOfSamples><numberOfLines>{lines}</numberOfLines></imageInformation></imageAnnotation>
<geolocationGrid><geolocationGridPointList>
{points}</geolocationGridPointList></geolocationGrid></product>
''')
    vectors = ''
    for line in (-10, lines // 2, lines - 5):
        at = np.linspace(0, samples - 1, 4).astype(int)
        sigma = ' '.join(f'{400 + 0.5 * pixel + 0.3 * line:.4f}' for pixel in at)
        vectors += f'''<calibrationVector><line>{line}</line><pixel>{' '.join(map(str, at))}</pixel>
<sigmaNought>{sigma}</sigmaNought></calibrationVector>
'''
    with open(f'{safe}/annotation/calibration/calibration-{name}.xml', 'w') as file:
        file.write(f'<?xml version="1.0"?>\n<calibration><calibrationVectorList>\n{vectors}</calibrationVectorList></calibration>\n')
    return os.path.relpath(f'{safe}/measurement/{name}.tiff', root)


def detected(factor=1.0):
    lines, samples = np.meshgrid(np.arange(50), np.arange(61), indexing='ij')
    pixels = factor * (120 + 40 * np.sin(lines * 0.9 + samples * 0.31) - samples) + lines * 13 % 29
    pixels[10:14, 20:30] = 0
    return pixels.astype('u2')


def single_look(shape):
    lines, samples = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing='ij')
    real = 150 * np.sin(lines * 1.31 + samples * 2.17) + lines * samples % 37
    imaginary = 130 * np.cos(lines * 0.71 - samples * 1.3) - lines * 5 % 23
    return np.round(np.stack([real, imaginary], -1)).astype('i2')


def inputs(root):
    """Makes all inputs; gives the cases: name, reader, input, options of input and output."""
    found = []
    for part in ('rvl', 'rvl-old', 'rvl-flat', 'owi', 'owi-old'):
        folder = f'{root}/{part}/{OCN}/measurement'
        os.makedirs(folder, exist_ok=True)
        path = f'{folder}/s1a-iw-ocn-vv{TEXTS}.nc'
        if part.startswith('rvl'):
            velocities(path, '3.31' if part == 'rvl-old' else '3.52', part != 'rvl-old', part == 'rvl-flat')
        else:
            winds(path, *(('3.52', ['owiMask']) if part == 'owi' else ('2.84', ['owiLandFlag', 'owiMask'])))
        options = {'rvl': ('', 'gcp_spacing = 4'), 'owi': ('', 'downscale = yes gcp_spacing = 6')}.get(part, ('', ''))
        found.append((part, f'sentinel1/L2/{part[:3]}', os.path.relpath(path, root), *options))
    grd = image(root, 'GRDH', 'HH', 'EW', 'EW', (10.0, 12.0), detected())
    cross = image(root, 'GRDH', 'HV', 'EW', 'EW', (10.0, 12.0), detected(0.2))
    wave = image(root, 'SLC_', 'VV', 'WV', 'WV1', (4.1, 3.2), single_look((64, 60)))
    strip = image(root, 'SLC_', 'HH', 'S3', 'S3', (4.1, 3.2), single_look((60, 45)))
    found += [
        ('hh', 'sentinel1/L1', grd, '', ''),
        ('variables', 'sentinel1/L1', grd, 'variables = roughness,sigma0,incidence spacing = 3,1 contrast = relative', ''),
        ('override', 'sentinel1/L1', grd, 'override(roughness) = valid_max:1.5,name:rough contrast = ice', ''),
        ('strict', 'sentinel1/L1', grd, 'variables = roughness,sigma0 contrast = relative_strict', ''),
        ('cross-ice', 'sentinel1/L1', cross, 'mspacing = 35,25 contrast = ice', ''),
        ('wave', 'sentinel1/L1', wave, '', ''),
        ('wave-float', 'sentinel1/L1', wave, 'mspacing = 25', 'use_float32_values = sea_surface_roughness'),
        ('stripmap', 'sentinel1/L1', strip, 'contrast = ice', ''),
    ]
    return found


VOLATILE = ('history', 'processing_software', 'netcdf_version_id')


def plain(value):
    return value.item() if isinstance(value, np.generic) else value


def granule(path):
    """What is in a file of the reference, as JSON."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        fields = {}
        for name, variable in file.variables.items():
            if 'gcp' in name or name == 'time':
                continue
            values = variable[0]
            attributes = {key: plain(variable.getncattr(key)) for key in variable.ncattrs()}
            as_text = values.tobytes().hex() if values.dtype == 'u1' else values.astype('<f4').tobytes().hex()
            fields[name] = {'type': str(values.dtype), 'attributes': attributes, 'values': as_text}
        return {
            'dimensions': {name: len(size) for name, size in file.dimensions.items()},
            'attributes': {key: plain(file.getncattr(key)) for key in file.ncattrs() if key not in VOLATILE},
            'time': file['time'][0].item(),
            'rows': file['index_row_gcp'][:].tolist(),
            'cells': file['index_cell_gcp'][:].tolist(),
            'lat': [round(float(value), 6) for value in file['lat_gcp'][:].ravel()],
            'lon': [round(float(value), 6) for value in file['lon_gcp'][:].ravel()],
            'fields': fields,
        }


def expected(root, cases, converter):
    made = []
    for name, reader, path, of_input, of_output in cases:
        with tempfile.TemporaryDirectory() as out:
            words = [converter, '-t', reader, '-i', 'path', '=', f'{root}/{path}', *of_input.split(),
                     '-o', 'path', '=', out, 'collection', '=', 'c', *of_output.split()]
            done = subprocess.run(words, capture_output=True, text=True)
            assert done.returncode == 0, f'{name}: {done.stderr.strip().splitlines()[-1]}'
            files = sorted(os.path.join(folder, file) for folder, _, names in os.walk(out) for file in names)
            made.append({'case': name, 'reader': reader, 'input': path, 'of_input': of_input, 'of_output': of_output,
                         'files': {os.path.relpath(file, f'{out}/c'): granule(file) for file in files}})
    with open(f'{root}/expected.json', 'w') as file:
        file.write('[\n' + ',\n'.join(json.dumps(case, sort_keys=True) for case in made) + '\n]\n')


if __name__ == '__main__':
    root = os.path.abspath(sys.argv[1])
    for entry in os.listdir(root) if os.path.isdir(root) else []:
        if os.path.isdir(f'{root}/{entry}'):
            shutil.rmtree(f'{root}/{entry}')
    cases = inputs(root)
    if len(sys.argv) > 2:
        expected(root, cases, sys.argv[2])
