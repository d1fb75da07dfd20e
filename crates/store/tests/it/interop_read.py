import glob, os, sys
import icechunk, numpy as np, zarr

folder = sys.argv[1]
if len(sys.argv) > 2:
    import obstore.store

    prefix, endpoint = sys.argv[2], os.environ["TERRACUBE_S3_ENDPOINT"]
    plain = zarr.storage.ObjectStore(obstore.store.S3Store(
        "terracube", prefix=prefix + "/a.zarr", config={
            "endpoint": endpoint, "region": "us-east-1",
            "access_key_id": "test", "secret_access_key": "hidden"},
        client_options={"allow_http": True}))
    storage = icechunk.s3_storage(
        bucket="terracube", prefix=prefix + "/a.icechunk", region="us-east-1", allow_http=True,
        endpoint_url=endpoint, force_path_style=True,
        access_key_id="test", secret_access_key="hidden")
else:
    plain = folder + "/a.zarr"
    storage = icechunk.local_filesystem_storage(folder + "/a.icechunk")
repo = icechunk.Repository.open(storage)
stores = {"a.zarr": plain, "a.icechunk": repo.readonly_session("main").store}
if len(sys.argv) == 2:
    stores["b.zarr.zip"] = zarr.storage.ZipStore(folder + "/b.zarr.zip", mode="r")
seen = 0
for place, store in stores.items():
    group = zarr.open_group(store, mode="r")
    assert (group.metadata.consolidated_metadata is None) == (place == "a.icechunk"), place
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
assert seen == 40 * len(stores), seen
