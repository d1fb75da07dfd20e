import json, os, sys, warnings, zipfile
import icechunk, numcodecs, numpy as np, zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

folder = sys.argv[1]
expected = []


def note(place, path, array, values):
    file = f"{len(expected)}.bin"
    native = values.astype(values.dtype.newbyteorder("="))
    native.tofile(f"{folder}/{file}")
    fill = array.fill_value
    if fill is not None:
        fill = np.asarray(fill).astype(native.dtype).tobytes().hex()
    # more than one pattern of bits is NaN
    if values.dtype.kind in "fc" and np.isnan(array.fill_value):
        fill = None
    expected.append(dict(place=place, path=path, file=file, shape=list(values.shape), fill=fill))


DTYPES = {
    "bool": [False, True],
    "int8": [0, -1], "int16": [0, -9999], "int32": [7, -1], "int64": [0, -(2**63)],
    "uint8": [0, 255], "uint16": [0, 65535], "uint32": [0, 1], "uint64": [0, 2**64 - 1],
    "float16": [0, np.nan, np.inf], "float32": [0, np.nan, -np.inf, 1.5],
    "float64": [0, np.nan, np.inf, -0.1], "complex64": [0, 1 + 2j], "complex128": [0, 1.5 - 1j],
}
CODECS = {
    "blosc": dict(compressors=BloscCodec(cname="lz4", shuffle="shuffle")),
    "zstd": dict(compressors=ZstdCodec(level=3, checksum=True)),
    "gzip-crc": dict(compressors=[GzipCodec(level=4), Crc32cCodec()]),
    "sharded": dict(shards=(4, 6), compressors=BloscCodec(cname="zstd", shuffle="bitshuffle")),
    "transposed-big": dict(
        filters=TransposeCodec(order=(1, 0)), serializer=BytesCodec(endian="big"), compressors=None),
}


def values(dtype):
    ramp = np.arange(35).reshape(5, 7)
    return (ramp % 2 == 1) if dtype == "bool" else (ramp * 3).astype(dtype)


def bucket(place):
    """A plain store in the bucket of the tests."""
    import obstore.store

    return zarr.storage.ObjectStore(obstore.store.S3Store(
        "terracube", prefix=f"{sys.argv[2]}/{place}", config={
            "endpoint": os.environ["TERRACUBE_S3_ENDPOINT"], "region": "us-east-1",
            "access_key_id": "test", "secret_access_key": "hidden"},
        client_options={"allow_http": True}))


def bucket_storage(place):
    return icechunk.s3_storage(
        bucket="terracube", prefix=f"{sys.argv[2]}/{place}", region="us-east-1", allow_http=True,
        endpoint_url=os.environ["TERRACUBE_S3_ENDPOINT"], force_path_style=True,
        access_key_id="test", secret_access_key="hidden")


in_bucket = len(sys.argv) > 2
storage = bucket_storage("a.icechunk") if in_bucket else icechunk.local_filesystem_storage(
    folder + "/a.icechunk")
plain = bucket("a.zarr") if in_bucket else folder + "/a.zarr"
repo = icechunk.Repository.create(storage)
session = repo.writable_session("main")
stores = {"a.zarr": plain, "a.icechunk": session.store}
if not in_bucket:
    # a key that is written again is there twice
    warnings.filterwarnings("ignore", "Duplicate name")
    stores["b.zarr.zip"] = zarr.storage.ZipStore(folder + "/b.zarr.zip", mode="w")
    stores["deflated.zip"] = zarr.storage.ZipStore(
        folder + "/deflated.zip", mode="w", compression=zipfile.ZIP_DEFLATED)
for place, store in stores.items():
    root = zarr.create_group(store, attributes={"level": 0})
    down = root.create_group("deep", attributes={"level": 1}).create_group("down", attributes={"level": 2})
    for dtype, fills in DTYPES.items():
        for label, codecs in CODECS.items():
            if label == "transposed-big" and np.dtype(dtype).itemsize == 1:
                codecs = {**codecs, "serializer": "auto"}
            for n, fill in enumerate(fills):
                if n and label != "blosc":
                    continue
                path = f"{dtype}-{label}-{n}"
                array = root.create_array(
                    path, shape=(5, 7), chunks=(2, 3), dtype=dtype, fill_value=fill, **codecs)
                # the last rows stay the fill value
                array[:3] = values(dtype)[:3]
                note(place, path, array, np.asarray(array[...]))
        scalar = down.create_array(f"{dtype}-scalar", shape=(), dtype=dtype, fill_value=fills[-1])
        scalar[...] = values(dtype)[2, 1]
        note(place, f"deep/down/{dtype}-scalar", scalar, np.asarray(scalar[...]))
    empty = root.create_array("empty", shape=(0, 4), chunks=(1, 4), dtype="int16")
    note(place, "empty", empty, np.zeros((0, 4), "int16"))
    again = root.create_array("again", shape=(5, 7), chunks=(2, 3), dtype="uint8")
    for n in range(3):
        again[...] = n
        again.attrs["written"] = n
    note(place, "again", again, np.full((5, 7), 2, "uint8"))
session.commit("from Python")
for place, store in stores.items():
    if place != "a.icechunk":
        zarr.consolidate_metadata(store)
    if place.endswith(".zip"):
        names = store._zf.namelist()
        assert len(names) > len(set(names)), place
        store.close()

twos = {"two.zarr": bucket("two.zarr") if in_bucket else f"{folder}/two.zarr"}
if not in_bucket:
    twos["two.zip"] = zarr.storage.ZipStore(folder + "/two.zip", mode="w")
for place, store in twos.items():
    root = zarr.create_group(store, zarr_format=2)
    for separator in "./":
        for dtype in ["<i2", ">i4", "<f4", ">f8", "|u1", "|b1", "<c8"]:
            for label, options in {
                "none": dict(compressors=None),
                "blosc": dict(compressors=numcodecs.Blosc(cname="lz4", shuffle=1)),
                "zstd": dict(compressors=numcodecs.Zstd(level=1)),
                "gzip": dict(compressors=numcodecs.GZip(level=1)),
                "fortran": dict(compressors=None, order="F"),
            }.items():
                path = f"{label}-{dtype[1:]}-{dtype[0] == '>'}-{ord(separator)}"
                array = root.create_array(
                    path, shape=(5, 7), chunks=(2, 3), dtype=dtype, fill_value=0,
                    chunk_key_encoding={"name": "v2", "separator": separator}, **options)
                whole = values("bool" if dtype == "|b1" else dtype)
                array[:3] = whole[:3]
                note(place, path, array, np.asarray(array[...]))
if not in_bucket:
    twos["two.zip"].close()

with open(folder + "/expected.json", "w") as file:
    json.dump(expected, file)
