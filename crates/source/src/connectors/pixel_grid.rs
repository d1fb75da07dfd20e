//! A pixel grid as configurations write it.

use serde::Deserialize;
use terracube_grid::{Anchor, Bounds, Crs, GeoBox};

/// A pixel grid: its CRS, the edges of its pixels (min x, min y, max x, max y), and either their
/// number (rows, columns) or their size in units of the CRS.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct PixelGrid(pub(crate) GeoBox);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    crs: Crs,
    extent: [f64; 4],
    shape: Option<[usize; 2]>,
    resolution: Option<f64>,
}

impl TryFrom<Written> for PixelGrid {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let [min_x, min_y, max_x, max_y] = written.extent;
        let bounds = Bounds::new(min_x, min_y, max_x, max_y);
        let made = match (written.shape, written.resolution) {
            (Some([rows, columns]), None) => GeoBox::from_shape(written.crs, bounds, columns, rows),
            (None, Some(size)) => {
                GeoBox::from_bounds(written.crs, bounds, (size, size), Anchor::Floating)
            }
            _ => return Err("give either `shape` or `resolution`".to_owned()),
        };
        made.map(Self).map_err(|cause| cause.to_string())
    }
}
