import glob, os, sys
import icechunk, numpy as np, zarr

folder = sys.argv[1]
repo = icechunk.Repository.open(icechunk.local_filesystem_storage(folder + "/a.icechunk"))
stores = {"a.zarr": folder + "/a.zarr", "a.icechunk": repo.readonly_session("main").store}
seen = 0
for place, store in stores.items():
    group = zarr.open_group(store, mode="r")
    for file in glob.glob(f"{folder}/{place}.*.bin"):
        path = os.path.basename(file)[len(place) + 1 : -4].replace("~", "/")
        array = group[path]
        assert array.dtype == np.dtype(path.split("/")[-1].split("-")[0]), (place, path)
        with open(file, "rb") as opened:
            expected = opened.read()
        found = np.asarray(array[...])
        found = found.astype(found.dtype.newbyteorder("="))
        assert found.tobytes() == expected, (place, path, found)
        seen += 1
assert seen == 80, seen
