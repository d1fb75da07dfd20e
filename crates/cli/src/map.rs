//! A map of a cube's patches by state, as a picture.

use terracube::cube::{Cube, PatchState, State};
use terracube::raster::{Pixels, Raster};
use terracube::raster::{Png, Stretch};

use crate::failure::Failure;

/// The longer side of the picture in pixels, unless there are more patches than that.
const LONGER_SIDE: usize = 800;
/// No picture is larger, however many patches there are.
const LARGEST_SIDE: usize = 8000;
/// Patches narrower than this are drawn without a line around them.
const LINE_FROM: usize = 6;

const FILLED: Colour = [26, 152, 80];
const EMPTY: Colour = [189, 189, 189];
const MISSING: Colour = [255, 255, 255];
const FAILED: Colour = [215, 48, 39];
const LINE: Colour = [120, 130, 140];
const NOT_ASKED: Colour = [238, 241, 245];

type Colour = [u8; 3];

/// A map of patches: one colour for each place of the patch grid, over all time steps asked.
#[derive(Debug)]
pub(crate) struct Map {
    width: usize,
    height: usize,
    /// The patch column of each column of the picture, and the patch row of each row.
    cols: Vec<u32>,
    rows: Vec<u32>,
    places: Vec<Place>,
    /// Rows and columns of the patches shown.
    shape: (u32, u32),
}

/// What is known about one place at all time steps asked.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    steps: u32,
    filled: u32,
    empty: u32,
    failed: u32,
}

impl Map {
    /// Draws the patches of a state: those asked, in the smallest rectangle that holds them.
    pub(crate) fn of(cube: &Cube, state: &State) -> Self {
        let patches = state.patches();
        let span = |part: fn(&terracube::cube::Patch) -> u32| {
            let values = patches.iter().map(|(patch, _)| part(patch));
            values.fold((u32::MAX, 0), |(low, high), v| (low.min(v), high.max(v + 1)))
        };
        let (rows, cols) = (span(|p| p.row), span(|p| p.col));
        let shape = (rows.1.saturating_sub(rows.0), cols.1.saturating_sub(cols.0));
        let mut places = vec![Place::default(); shape.0 as usize * shape.1 as usize];
        for (patch, state) in patches {
            let index =
                (patch.row - rows.0) as usize * shape.1 as usize + (patch.col - cols.0) as usize;
            places[index].add(*state);
        }
        let geobox = cube.geobox();
        let [patch_rows, patch_cols] = cube.patches().shape();
        let pixels_high = span_of(rows, patch_rows, geobox.height);
        let pixels_wide = span_of(cols, patch_cols, geobox.width);
        let (x, y) = geobox.resolution();
        let (ground_x, ground_y) = (pixels_wide as f64 * x.abs(), pixels_high as f64 * y.abs());
        let longer = ground_x.max(ground_y).max(f64::MIN_POSITIVE);
        let side = |ground: f64, patches: u32| {
            let wanted = (LONGER_SIDE as f64 * ground / longer).round() as usize;
            wanted.max(patches as usize).clamp(1, LARGEST_SIDE)
        };
        let (width, height) = (side(ground_x, shape.1), side(ground_y, shape.0));
        Self {
            width,
            height,
            cols: line_of(width, pixels_wide, patch_cols),
            rows: line_of(height, pixels_high, patch_rows),
            places,
            shape,
        }
    }

    /// The picture as PNG.
    pub(crate) fn to_png(&self) -> Result<Vec<u8>, Failure> {
        let pixels = self.pixels();
        let plane = |i: usize| {
            let values = pixels.iter().map(|colour| colour[i]).collect();
            Raster::new(self.width, self.height, Pixels::U8(values))
        };
        let (red, green, blue) = (plane(0)?, plane(1)?, plane(2)?);
        let picture = Png::rgb(&red, &green, &blue)?.stretch(Stretch::Between(0.0, 255.0));
        Ok(picture.to_bytes()?)
    }

    fn pixels(&self) -> Vec<Colour> {
        let has_room = |length: usize, patches: u32| length >= patches as usize * LINE_FROM;
        let has_lines = has_room(self.width, self.shape.1) && has_room(self.height, self.shape.0);
        let mut pixels = Vec::with_capacity(self.width * self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                let is_line = has_lines && (is_edge(&self.cols, x) || is_edge(&self.rows, y));
                let patch = || self.colour(self.rows[y], self.cols[x]);
                pixels.push(if is_line { LINE } else { patch() });
            }
        }
        pixels
    }

    fn colour(&self, row: u32, col: u32) -> Colour {
        self.places
            .get(row as usize * self.shape.1 as usize + col as usize)
            .map_or(NOT_ASKED, Place::colour)
    }
}

impl Place {
    fn add(&mut self, state: PatchState) {
        self.steps += 1;
        match state {
            PatchState::Filled => self.filled += 1,
            PatchState::Empty => self.empty += 1,
            PatchState::Failed => self.failed += 1,
            PatchState::Missing => {}
        }
    }

    fn colour(&self) -> Colour {
        match *self {
            Self { steps: 0, .. } => NOT_ASKED,
            Self { failed: 1.., .. } => FAILED,
            Self { steps, filled: 0, empty, .. } if empty == steps => EMPTY,
            Self { steps, filled, empty, .. } => {
                let share = f64::from(filled + empty) / f64::from(steps);
                let mix = |i: usize| {
                    let (none, all) = (f64::from(MISSING[i]), f64::from(FILLED[i]));
                    (none + (all - none) * share).round() as u8
                };
                [mix(0), mix(1), mix(2)]
            }
        }
    }
}

/// Pixels of the cube that patches from `first` to `end` cover.
fn span_of((first, end): (u32, u32), patch: usize, cube: usize) -> usize {
    let start = first as usize * patch;
    (end as usize * patch).min(cube).saturating_sub(start)
}

/// For each pixel of a side of the picture, the patch it shows, counted from the first shown.
fn line_of(length: usize, pixels: usize, patch: usize) -> Vec<u32> {
    (0..length).map(|i| to_u32(((2 * i + 1) * pixels / (2 * length)) / patch.max(1))).collect()
}

/// Whether a pixel is the first of its patch, or the last of the picture.
fn is_edge(line: &[u32], i: usize) -> bool {
    i == 0 || i + 1 == line.len() || line[i] != line[i - 1]
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(filled: u32, empty: u32, failed: u32, steps: u32) -> Colour {
        Place { steps, filled, empty, failed }.colour()
    }

    #[test]
    fn one_step_has_the_four_colours() {
        assert_eq!(place(1, 0, 0, 1), FILLED);
        assert_eq!(place(0, 1, 0, 1), EMPTY);
        assert_eq!(place(0, 0, 0, 1), MISSING);
        assert_eq!(place(0, 0, 1, 1), FAILED);
        assert_eq!(place(0, 0, 0, 0), NOT_ASKED);
    }

    #[test]
    fn several_steps_show_their_share_and_any_failure() {
        assert_eq!(place(1, 1, 0, 4), [141, 204, 168]);
        assert_eq!(place(3, 0, 1, 4), FAILED);
        assert_eq!(place(0, 4, 0, 4), EMPTY);
    }

    #[test]
    fn edge_patches_are_as_narrow_as_they_are() {
        assert_eq!(line_of(5, 5, 2), [0, 0, 1, 1, 2]);
        assert_eq!(line_of(10, 5, 2), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
        assert_eq!(span_of((1, 3), 2, 5), 3);
    }
}
