//! The declaration of the demo's cube.

use std::path::Path;

use anyhow::{Context, Result};

/// The area that the demo asks for, Greenland: west, south, east, north.
pub(crate) const BBOX: &str = "-75,59,0,84";

const CUBE: &str = r#"# The cube of `cargo xtask demo`.
name = "greenland-relief"
title = "Relief of Greenland"
license = "CC0-1.0"
crs = "EPSG:3413"
resolution = 1000
# min x, min y, max x, max y in metres: 6 by 11 chunks
extent = [-640000, -3392000, 896000, -576000]

[chunks]
shape = [256, 256]

[source]
connector = "stac-api"
url = "env:TERRACUBE_DEMO_URL"
collections = ["greenland-relief"]

[[bands]]
name = "elevation"
asset = "dem"
dtype = "float32"
nodata = -9999
units = "m"
long_name = "height above the sea"
resampling = "bilinear"
"#;

/// Writes the declaration as `path`, whole or not at all.
pub(crate) fn write(path: &Path) -> Result<()> {
    let making = path.with_extension("toml.making");
    std::fs::write(&making, CUBE)
        .and_then(|()| std::fs::rename(&making, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cube.toml");
        write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let schema = terracube_cube::Schema::from_toml(&text).unwrap();
        let geobox = schema.geobox().unwrap();
        assert_eq!((geobox.width, geobox.height), (1536, 2816));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
