//! What zarr-python and Python's icechunk read of ours, and we of theirs.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use terracube_store::{
    ArraySpec, Codecs, OpenOptions, ZarrArray, create_group, create_repository, open_repository,
    read_group_attributes, write_consolidated,
};

/// Runs a script with the Python that `TERRACUBE_PYTHON` names; `false` when there is none.
pub(crate) fn python(script: &str, folder: &Path) -> bool {
    python_with(script, &[folder.as_os_str()])
}

/// As [`python`], with these arguments.
pub(crate) fn python_with(script: &str, arguments: &[&OsStr]) -> bool {
    let Ok(python) = std::env::var("TERRACUBE_PYTHON") else {
        assert!(std::env::var("TERRACUBE_TEST_STRICT").is_err(), "TERRACUBE_PYTHON must be set");
        println!("skipped: TERRACUBE_PYTHON is not set");
        return false;
    };
    let output = Command::new(python).arg("-c").arg(script).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    true
}

const DTYPES: [&str; 11] = [
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64",
];

fn codecs() -> [(&'static str, Codecs, bool); 5] {
    let blosc = Codecs::Blosc { cname: "zstd".into(), clevel: 1, shuffle: "bitshuffle".into() };
    [
        ("default", Codecs::Default, false),
        ("none", Codecs::None, false),
        ("zstd", Codecs::Zstd { level: 3 }, false),
        ("gzip", Codecs::Gzip { level: 5 }, true),
        ("blosc", blosc, true),
    ]
}

/// 0, 1, 2, … 34 as little-endian elements, in a grid of 5 × 7.
fn ramp(data_type: &str) -> Vec<u8> {
    // 0 to 34 as IEEE half floats
    let half = |i: u16| {
        if i == 0 { 0 } else { (15 + i.ilog2() as u16) << 10 | (i << (10 - i.ilog2())) & 0x3ff }
    };
    (0..35_u8)
        .flat_map(|i| match data_type {
            "float16" => half(i.into()).to_ne_bytes().to_vec(),
            "float32" => f32::from(i).to_ne_bytes().to_vec(),
            "float64" => f64::from(i).to_ne_bytes().to_vec(),
            "int8" | "uint8" => vec![i],
            "int16" | "uint16" => u16::from(i).to_ne_bytes().to_vec(),
            "int32" | "uint32" => u32::from(i).to_ne_bytes().to_vec(),
            _ => u64::from(i).to_ne_bytes().to_vec(),
        })
        .collect()
}

#[tokio::test]
async fn python_reads_what_we_wrote() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ours.zarr", "ours.icechunk"] {
        let location = folder.path().join(name).display().to_string();
        let repository = create_repository(&location, &OpenOptions::default()).await.unwrap();
        let session = repository.begin().await.unwrap();
        let store = session.store();
        create_group(&store, "", serde_json::Map::from_iter([("k".into(), json!("v"))]))
            .await
            .unwrap();
        for data_type in DTYPES {
            for (label, codecs, sharded) in codecs() {
                let mut spec = ArraySpec::new(vec![5, 7], vec![2, 3], data_type);
                spec.codecs = codecs;
                spec.shard_shape = sharded.then(|| vec![4, 6]);
                spec.dimension_names = vec!["y".into(), "x".into()];
                let path = format!("{data_type}-{label}");
                let array = ZarrArray::create(store.clone(), &path, &spec).await.unwrap();
                array.write(&[0..5, 0..7], &ramp(data_type)).await.unwrap();
            }
        }
        if name == "ours.zarr" {
            write_consolidated(&store, "").await.unwrap();
        }
        session.commit("for Python").await.unwrap();
    }
    python(
        r"
import sys, numpy as np, zarr, icechunk
folder = sys.argv[1]
repo = icechunk.Repository.open(icechunk.local_filesystem_storage(folder + '/ours.icechunk'))
for store in [folder + '/ours.zarr', repo.readonly_session('main').store]:
    group = zarr.open_group(store, mode='r')
    assert dict(group.attrs) == {'k': 'v'}
    arrays = dict(group.arrays())
    assert len(arrays) == 55, len(arrays)
    for name, array in arrays.items():
        dtype = name.split('-')[0]
        assert array.dtype == np.dtype(dtype), (name, array.dtype)
        assert array.metadata.dimension_names == ('y', 'x')
        assert '_zarrs' not in array.attrs
        expected = np.arange(35).reshape(5, 7).astype(dtype)
        assert np.array_equal(array[:], expected), (name, array[:])
assert zarr.open_group(folder + '/ours.zarr', mode='r').metadata.consolidated_metadata is not None
",
        folder.path(),
    );
}

#[tokio::test]
async fn we_read_what_python_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let written = python(
        r"
import sys, numpy as np, zarr, icechunk
from zarr.codecs import BloscCodec, ZstdCodec, GzipCodec
folder = sys.argv[1]
repo = icechunk.Repository.create(icechunk.local_filesystem_storage(folder + '/theirs.icechunk'))
session = repo.writable_session('main')
dtypes = 'int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64'.split()
compressors = {'default': 'auto', 'none': None, 'zstd': ZstdCodec(level=3),
               'gzip': GzipCodec(), 'blosc': BloscCodec(cname='zstd', shuffle='bitshuffle')}
for store in [folder + '/theirs.zarr', session.store]:
    group = zarr.create_group(store, attributes={'k': 'v'})
    for dtype in dtypes:
        for label, compressor in compressors.items():
            array = group.create_array(f'{dtype}-{label}', shape=(5, 7), chunks=(2, 3), dtype=dtype,
                shards=(4, 6) if label in ('gzip', 'blosc') else None, compressors=compressor)
            array[:] = np.arange(35).reshape(5, 7).astype(dtype)
session.commit('from Python')
zarr.consolidate_metadata(folder + '/theirs.zarr')
two = zarr.create_group(folder + '/two.zarr', zarr_format=2)
array = two.create_array('a', shape=(5, 7), chunks=(2, 3), dtype='float32', attributes={'u': 'm'})
array[:] = np.arange(35).reshape(5, 7)
",
        folder.path(),
    );
    if !written {
        return;
    }
    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    for name in ["theirs.zarr", "theirs.icechunk"] {
        let location = folder.path().join(name).display().to_string();
        let repository = open_repository(&location, &options).await.unwrap();
        let store = repository.latest().await.unwrap();
        let attributes = read_group_attributes(&store, "").await.unwrap().unwrap();
        assert_eq!(attributes["k"], json!("v"));
        for data_type in DTYPES {
            for (label, ..) in codecs() {
                let path = format!("{data_type}-{label}");
                let array = ZarrArray::open(store.clone(), &path).await.unwrap();
                assert_eq!(array.data_type(), data_type);
                let values = array.read(&[0..5, 0..7]).await.unwrap();
                assert_eq!(values, ramp(data_type), "{name} {path}");
            }
        }
    }
    let location = folder.path().join("two.zarr").display().to_string();
    let store = open_repository(&location, &options).await.unwrap().latest().await.unwrap();
    let array = ZarrArray::open(store, "a").await.unwrap();
    assert_eq!(array.data_type(), "float32");
    assert_eq!(array.attributes()["u"], json!("m"));
    assert_eq!(array.read(&[0..5, 0..7]).await.unwrap(), ramp("float32"));
}
