"""gdalwarp with all cores, into an uncompressed tiled GeoTIFF: what it writes fastest."""

import subprocess

import task as tasks

task = tasks.read()
grid = task.grid
command = ["gdalwarp", "-q", "-overwrite", "-t_srs", grid.crs, "-r", task.resampling]
command += ["-te", *map(str, grid.extent), "-ts", str(grid.width), str(grid.height)]
command += ["-multi", "-wo", "NUM_THREADS=ALL_CPUS", "-wm", "256"]
command += ["--config", "GDAL_CACHEMAX", "256", "--config", "GDAL_NUM_THREADS", "ALL_CPUS"]
command += ["-co", "TILED=YES", "-co", "BLOCKXSIZE=512", "-co", "BLOCKYSIZE=512"]
command += [f"/vsicurl/{url}" for url in task.files] + [task.out]
meter = tasks.Meter()
subprocess.run(command, check=True)
meter.stop()
