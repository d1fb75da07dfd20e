//! PROJ's operations for the datums that need a grid.

use crate::bounds::Bounds;
use crate::crs::datum_key;

/// Made by `data/make_operation_table.py`, which describes its columns.
static TABLE: &str = include_str!("../../data/operations.tsv");

/// One line of the table.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it is meant for, in longitude and latitude.
    pub(super) area: Bounds,
    /// Whether it is meant for waters only, which its area is a rectangle around.
    pub(super) at_sea: bool,
    /// The names of its grids, joined by commas.
    pub(super) grids: &'static str,
    /// A PROJ string to WGS 84, on radians east of Greenwich.
    pub(super) operation: &'static str,
}

/// The operations for a datum, best first; none for a name that the table does not have.
pub(super) fn entries(datum: &str) -> Vec<Entry> {
    let key = datum_key(datum);
    TABLE.lines().filter_map(|line| entry(line, &key)).collect()
}

fn entry(line: &'static str, key: &str) -> Option<Entry> {
    let mut fields = line.split('\t');
    if datum_key(fields.next()?) != key {
        return None;
    }
    let mut edges = fields.nth(1)?.split(',').map(|edge| edge.parse().ok());
    let mut next = || edges.next().flatten();
    let area = Bounds::new(next()?, next()?, next()?, next()?);
    let at_sea = fields.next()? == "sea";
    Some(Entry { area, at_sea, grids: fields.next()?, operation: fields.next()? })
}
