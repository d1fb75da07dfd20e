//! How many pixels an image may have: asked before there is room made for them.

use std::path::Path;

use crate::error::{Error, Result};

/// Pixels of an image at most: more than a grid of the Earth has at 0.01 degrees, 4 GiB of floats.
const MOST: usize = 1 << 30;

/// How many pixels, or values, there are of these sizes.
///
/// # Errors
/// [`Error::Input`] where there are too many to be in memory.
pub(crate) fn counted(path: &Path, what: &str, sizes: &[usize]) -> Result<usize> {
    count(sizes).ok_or_else(|| {
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let sizes = sizes.join(" by ");
        Error::input(path, format!("{what} has {sizes} pixels: {MOST} are the most that are read"))
    })
}

/// The same without a word; `None` where there are too many.
pub(crate) fn count(sizes: &[usize]) -> Option<usize> {
    if sizes.contains(&0) {
        return Some(0);
    }
    let all = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
    all.filter(|all| *all <= MOST)
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn too_many_are_none_and_none_overflows() {
        assert_eq!(count(&[18_000, 36_000]), Some(648_000_000));
        assert_eq!(count(&[1_000_000, 1_000_000]), None);
        assert_eq!(count(&[usize::MAX, usize::MAX]), None);
        assert_eq!(count(&[usize::MAX, 2, 0]), Some(0));
    }
}
