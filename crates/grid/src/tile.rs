//! One cell of a tile grid.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A tile by its place in a [`TileGrid`](crate::TileGrid): columns count eastward and rows southward
/// from the grid's upper left corner; both may be negative in a grid without limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tile {
    /// Column.
    pub col: i64,
    /// Row.
    pub row: i64,
}

impl Tile {
    /// From column and row.
    #[must_use]
    pub const fn new(col: i64, row: i64) -> Self {
        Self { col, row }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.col, self.row)
    }
}

impl std::str::FromStr for Tile {
    type Err = crate::Error;

    /// Reads `col/row`, as [`Display`](fmt::Display) writes it.
    fn from_str(text: &str) -> crate::Result<Self> {
        let read = || {
            let (col, row) = text.split_once('/')?;
            Some(Self::new(col.trim().parse().ok()?, row.trim().parse().ok()?))
        };
        read().ok_or_else(|| crate::Error::invalid("tile", format!("{text:?} is not col/row")))
    }
}
