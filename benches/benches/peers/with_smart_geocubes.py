"""smart-geocubes: a cube of its own over the collection, filled by tile, read by window."""

import task as tasks

import odc.stac
from odc.geo.geobox import GeoBox
from odc.geo.geom import box
from smart_geocubes.accessors import STACAccessor

task = tasks.read()
grid = task.grid
odc.stac.configure_rio(cloud_defaults=True)


class Relief(STACAccessor):
    """As its own datasets are declared: a chunk is a tile."""

    stac_api_url = task.stac
    collection = task.collection
    extent = GeoBox.from_bbox(tuple(grid.extent), grid.crs, shape=(grid.height, grid.width))
    temporal_extent = None
    chunk_size = task.side
    channels = ["dem"]
    _channels_meta = {"dem": {"units": "m"}}
    _channels_encoding = {
        "dem": {"dtype": "float32"}
        | ({} if task.codec == "default" else {"compressors": [tasks.codec(task.codec)]})
    }

    def visualize_state(self, ax=None):
        raise NotImplementedError


# By a pixel less: a polygon that shares an edge with a tile asks for that tile too.
left, bottom, right, top = tasks.extent_of(task.window, grid)
inset = grid.resolution / 2
area = box(left + inset, bottom + inset, right - inset, top - inset, grid.crs)
cube = Relief(task.out)
if task.work != "warm":
    cube.create(exists_ok=True)
meter = tasks.Meter()
if task.work == "fill":
    cube.procedural_download(area, None)
    meter.stop()
else:
    pixels = cube.load(area).dem
    meter.stop(pixels.values)
