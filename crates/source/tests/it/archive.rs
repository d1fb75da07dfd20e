//! A small archive of files, and servers that offer it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use terracube_grid::{Region, TimeRange};
use terracube_source::Query;
use terracube_source::conformance::Expectations;
use terracube_testbed::Server;

use crate::support::noise;

/// Below the archive's root: six days in two years, two tiles, two bands.
pub(crate) const TEMPLATE: &str = "sst/{time:%Y/%j}/X_{tile}_{band}.tif";

/// The files by their paths.
pub(crate) fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (year, day) in [(2019, 364), (2019, 365), (2020, 1), (2020, 2), (2020, 60), (2020, 366)] {
        for tile in ["a1", "b 2"] {
            for band in ["red", "nir"] {
                let path = format!("sst/{year}/{day:03}/X_{tile}_{band}.tif");
                files.insert(path, noise(1000 + files.len()));
            }
        }
    }
    // What a search passes over.
    files.insert("sst/readme.txt".to_owned(), b"no data".to_vec());
    files.insert("sst/2020/001/X_a1_red.tif.aux.xml".to_owned(), b"no data".to_vec());
    files
}

pub(crate) fn expected() -> Expectations {
    Expectations {
        some: Query::new()
            .region(Region::from_bbox(0.0, 0.0, 10.0, 10.0).unwrap())
            .time(TimeRange::parse("2019-12-31/2020-01-02").unwrap()),
        some_count: 4,
        all_count: 12,
        asset: "red".to_owned(),
        nothing: Query::new().time(TimeRange::parse("1990").unwrap()),
    }
}

/// Writes the files below a folder.
pub(crate) fn write(folder: &Path) {
    for (path, bytes) in files() {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// A server with the files and an index page for each folder, as nginx writes them.
pub(crate) fn on_http() -> Server {
    let mut builder = Server::builder();
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, bytes) in files() {
        let mut below = String::new();
        let parts: Vec<&str> = path.split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            let is_file = at + 1 == parts.len();
            let name = if is_file { (*part).to_owned() } else { format!("{part}/") };
            let href = name.replace(' ', "%20");
            let size = if is_file { bytes.len().to_string() } else { "-".to_owned() };
            let line = format!("<a href=\"{href}\">{name}</a>   06-Jan-2024 08:31   {size}\n");
            folders.entry(below.clone()).or_default().insert(line);
            below.push_str(&name);
        }
        builder = builder.bytes(&path, bytes);
    }
    for (folder, lines) in folders {
        let lines: String = lines.into_iter().collect();
        let page = format!(
            "<html><head><title>Index of /{folder}</title></head><body><h1>Index of /{folder}\
             </h1><hr><pre><a href=\"../\">../</a>\n{lines}</pre><hr></body></html>"
        );
        builder = builder.bytes(&folder, page.into_bytes());
    }
    builder.start().unwrap()
}
