//! One of the values of the source pixels that a destination pixel touches: extremes, quantiles, mode.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::Resampling;
use super::area::visit;
use super::kernel::Source;
use super::positions::Point;
use crate::sample::Sample;

/// Areas that differ by less of themselves are equal: positions are not exact, and it must not depend
/// on the window they are computed in which of two equal areas leads.
const SAME_AREA: f64 = 1e-6;

/// Room for the values touched, used again for every pixel.
pub(super) struct Touched<T> {
    values: Vec<T>,
    weights: HashMap<u64, f64>,
}

impl<T: Sample> Touched<T> {
    pub(super) fn new() -> Self {
        Self { values: Vec::new(), weights: HashMap::new() }
    }

    /// The value that a method takes from the window between two transformed corners; `None` also
    /// for a method that makes a value of its own.
    pub(super) fn pick(
        &mut self,
        resampling: Resampling,
        source: &Source<'_, T>,
        from: Point,
        to: Point,
    ) -> Option<T> {
        match resampling {
            Resampling::Min => extreme(source, from, to, Ordering::Less),
            Resampling::Max => extreme(source, from, to, Ordering::Greater),
            Resampling::Q1 => self.quantile(source, from, to, 1),
            Resampling::Median => self.quantile(source, from, to, 2),
            Resampling::Q3 => self.quantile(source, from, to, 3),
            Resampling::Mode => self.mode(source, from, to),
            _ => None,
        }
    }

    /// The value below or at which so many quarters of the values are, the lower of two. Pixels
    /// count whole. NaN among them is the answer, as there is no order then.
    fn quantile(
        &mut self,
        source: &Source<'_, T>,
        from: Point,
        to: Point,
        quarters: usize,
    ) -> Option<T> {
        self.values.clear();
        visit(source, from, to, |value, _| self.values.push(value))?;
        if let Some(nan) = self.values.iter().find(|value| is_nan(**value)) {
            return Some(*nan);
        }
        let index = (self.values.len() * quarters).div_ceil(4).checked_sub(1)?;
        let order = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(Ordering::Equal);
        Some(*self.values.select_nth_unstable_by(index, order).1)
    }

    /// The value of most area. Of ties the first to get there. With types of more than 16 bits a
    /// value leads only from its second pixel on, unless it is the very first: GDAL counts those
    /// types in a list, and looks for the leader where it adds to a count.
    fn mode(&mut self, source: &Source<'_, T>, from: Point, to: Point) -> Option<T> {
        let is_small = size_of::<T>() <= 2;
        self.weights.clear();
        let mut leader: Option<(u64, T, f64)> = None;
        visit(source, from, to, |value, weight| {
            let key = key(value);
            let known = self.weights.get(&key).copied();
            let total = known.unwrap_or(0.0) + weight;
            self.weights.insert(key, total);
            let leads = match leader {
                None => true,
                Some((led, _, most)) => {
                    led == key
                        || (total > most * (1.0 + SAME_AREA) && (is_small || known.is_some()))
                }
            };
            if leads {
                leader = Some((key, value, total));
            }
        })?;
        leader.map(|(_, value, _)| value)
    }
}

/// The least or the greatest value; NaN only where there is nothing else.
fn extreme<T: Sample>(
    source: &Source<'_, T>,
    from: Point,
    to: Point,
    wanted: Ordering,
) -> Option<T> {
    let mut found: Option<T> = None;
    visit(source, from, to, |value, _| {
        let is_better = found.is_none_or(|found| {
            is_nan(found) || value.partial_cmp(&found).is_some_and(|order| order == wanted)
        });
        if is_better {
            found = Some(value);
        }
    })?;
    found
}

fn is_nan<T: Sample>(value: T) -> bool {
    value.partial_cmp(&value).is_none()
}

/// The same number for equal values, and for all NaN.
fn key<T: Sample>(value: T) -> u64 {
    if is_nan(value) {
        return u64::MAX;
    }
    // There are two zeros.
    let value = if value == T::zeroed() { T::zeroed() } else { value };
    let mut bytes = [0; 8];
    bytes[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&value));
    u64::from_ne_bytes(bytes)
}
