"""What a peer is told, what it took, and settings of GDAL that serve COGs over HTTP best."""

import json
import os
import resource
import sys
import time
import zlib
from types import SimpleNamespace

os.environ.update(
    GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR",
    GDAL_HTTP_MERGE_CONSECUTIVE_RANGES="YES",
    GDAL_HTTP_MULTIPLEX="YES",
    GDAL_INGESTED_BYTES_AT_OPEN="32768",
    CPL_VSIL_CURL_ALLOWED_EXTENSIONS=".tif",
    CPL_VSIL_CURL_CHUNK_SIZE="262144",
    VSI_CACHE="TRUE",
    NO_PROXY="127.0.0.1",
)


def read():
    """The task, from the command line."""
    task = json.loads(sys.argv[1], object_hook=lambda found: SimpleNamespace(**found))
    task.out = str(task.out)
    return task


def extent_of(window, grid):
    """Bounds of a window of a grid: min x, min y, max x, max y."""
    col, row, width, height = window
    left, top = grid.extent[0] + col * grid.resolution, grid.extent[3] - row * grid.resolution
    return (left, top - height * grid.resolution, left + width * grid.resolution, top)


def codec(name):
    """A Zarr codec by the name that the task gives it."""
    from zarr.codecs import BloscCodec

    kind, level = name.split("-")
    return BloscCodec(cname=kind, clevel=int(level), shuffle="shuffle")


class Meter:
    """Wall and CPU time since it was made, children included, and the peak of this process."""

    def __init__(self):
        self.cpu = self._cpu()
        self.began = time.perf_counter()

    @staticmethod
    def _cpu():
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(used.ru_utime + used.ru_stime for used in both)

    def stop(self, pixels=None):
        """Prints the answer; `pixels` are handed over and digested outside of the time."""
        answer = {"wall": time.perf_counter() - self.began, "cpu": self._cpu() - self.cpu}
        with open("/proc/self/status") as status:
            own = next(line for line in status if line.startswith("VmHWM:"))
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        answer["peak"] = max(int(own.split()[1]), child) * 1024
        if pixels is not None:
            answer["digest"] = digest(pixels)
        print(json.dumps(answer))


def digest(pixels):
    """The CRC-32 of pixels as little-endian float32, row by row."""
    import numpy as np

    return zlib.crc32(np.ascontiguousarray(pixels, dtype="<f4").tobytes())


def no_meter(**answer):
    """Prints an answer that took no time."""
    print(json.dumps({"wall": 0.0, "cpu": 0.0, "peak": 0, **answer}))
