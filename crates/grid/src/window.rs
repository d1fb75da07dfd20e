//! A rectangle of pixels.

use serde::{Deserialize, Serialize};

/// A rectangle of whole pixels: first column and row, and how many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// First column.
    pub col: usize,
    /// First row.
    pub row: usize,
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

impl Window {
    /// From first column, first row, width and height.
    #[must_use]
    pub const fn new(col: usize, row: usize, width: usize, height: usize) -> Self {
        Self { col, row, width, height }
    }

    /// One past the last column.
    #[must_use]
    pub const fn col_end(&self) -> usize {
        self.col + self.width
    }

    /// One past the last row.
    #[must_use]
    pub const fn row_end(&self) -> usize {
        self.row + self.height
    }

    /// The columns.
    #[must_use]
    pub const fn cols(&self) -> std::ops::Range<usize> {
        self.col..self.col_end()
    }

    /// The rows.
    #[must_use]
    pub const fn rows(&self) -> std::ops::Range<usize> {
        self.row..self.row_end()
    }

    /// Number of pixels.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.width * self.height
    }

    /// Whether it holds no pixel.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The pixels in both, if any.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let (col, row) = (self.col.max(other.col), self.row.max(other.row));
        let (end, bottom) =
            (self.col_end().min(other.col_end()), self.row_end().min(other.row_end()));
        (col < end && row < bottom).then(|| Self::new(col, row, end - col, bottom - row))
    }

    /// The smallest window that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (col, row) = (self.col.min(other.col), self.row.min(other.row));
        let (end, bottom) =
            (self.col_end().max(other.col_end()), self.row_end().max(other.row_end()));
        Self::new(col, row, end - col, bottom - row)
    }

    /// Whether every pixel of `other` is in this window.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.col <= other.col
            && self.row <= other.row
            && other.col_end() <= self.col_end()
            && other.row_end() <= self.row_end()
    }
}
