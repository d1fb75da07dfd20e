//! Which pixels of one grid another one needs.

use crate::bounds::Bounds;
use crate::geobox::GeoBox;
use crate::transform::Transform;
use crate::window::Window;

/// How one grid is read onto another.
///
/// Complete: every source pixel under the centre or area of a destination pixel, and `padding` more
/// around it, is in `src`; `dst` holds every destination pixel that the source touches. Poles and the
/// antimeridian included: a destination across the source's seam gets the source's full width.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPlan {
    /// The source pixels to read.
    pub src: Window,
    /// The destination pixels that can get a value.
    pub dst: Window,
    /// `(dc, dr)` when both are one grid: destination pixel `(col, row)` is source pixel
    /// `(col + dc, row + dr)`; copy, no resampling needed. `src` and `dst` then have the same size.
    pub paste: Option<(i64, i64)>,
    /// Source pixels per destination pixel `(along columns, along rows)`. Taken at one point that
    /// depends only on the source, the destination's CRS and its resolution, not on the destination's
    /// window, so that every window of a cube is resampled alike: the middle of what source bounds and
    /// the destination CRS's area of use have in common.
    pub scale: (f64, f64),
}

impl ReadPlan {
    /// The plan to read `src` onto `dst`; `to_src` leads from `dst`'s CRS to `src`'s. `padding` is the
    /// resampling kernel's radius in source pixels. `None` when they do not overlap.
    #[must_use]
    pub fn new(src: &GeoBox, dst: &GeoBox, to_src: &Transform, padding: usize) -> Option<Self> {
        Self::of(src, dst, src.is_aligned_with(dst), to_src, padding)
    }

    /// The plans for one window of a grid, as those of [`around`](Self::around): whether pixels are
    /// copied is decided on all that the source and the whole grid share, so that it is the same for
    /// every window.
    #[must_use]
    pub fn of_window(
        src: &GeoBox,
        (whole, window): (&GeoBox, &Window),
        to_src: &Transform,
        padding: usize,
    ) -> Vec<(GeoBox, Self)> {
        let dst = whole.crop(window);
        let offset = (i64::try_from(window.col), i64::try_from(window.row));
        turned(src, |placed| {
            let shared = placed.aligned_in(whole).zip(offset.0.ok().zip(offset.1.ok()));
            let paste = shared.map(|((col, row), (dc, dr))| (col + dc, row + dr));
            Self::of(placed, &dst, paste, to_src, padding)
        })
    }

    fn of(
        src: &GeoBox,
        dst: &GeoBox,
        paste: Option<(i64, i64)>,
        to_src: &Transform,
        padding: usize,
    ) -> Option<Self> {
        if let Some(offset) = paste {
            return pasted(src, dst, offset);
        }
        let position = Position::new(src, dst, to_src)?;
        let mut search = Search {
            position,
            width: src.width as f64,
            height: src.height as f64,
            found: None,
            small: 0,
        };
        search.visit(Block { col: 0, row: 0, width: dst.width, height: dst.height });
        let (pixels, dst_window) = search.found?;
        let pad = padding as f64 + 1.0;
        let span = |low: f64, high: f64, size: usize| {
            let first = (low - pad).floor().max(0.0);
            let end = (high + pad).ceil().min(size as f64);
            (first < end).then_some((first as usize, (end - first) as usize))
        };
        let (col, width) = span(pixels.min_x, pixels.max_x, src.width)?;
        let (row, height) = span(pixels.min_y, pixels.max_y, src.height)?;
        let scale = search.position.scale(src, dst).unwrap_or((1.0, 1.0));
        Some(Self {
            src: Window::new(col, row, width, height),
            dst: dst_window,
            paste: None,
            scale,
        })
    }

    /// The plans for a source whose longitudes go another turn round than the destination's, e.g. 0…360
    /// onto −180…180: each with the source as it has to be placed. For a source that is not geographic
    /// it is the plan of [`new`](Self::new) alone.
    #[must_use]
    pub fn around(
        src: &GeoBox,
        dst: &GeoBox,
        to_src: &Transform,
        padding: usize,
    ) -> Vec<(GeoBox, Self)> {
        turned(src, |placed| Self::new(placed, dst, to_src, padding))
    }
}

/// The plans for the source as it is and turned round once to each side, where it is geographic.
fn turned(src: &GeoBox, plan: impl Fn(&GeoBox) -> Option<ReadPlan>) -> Vec<(GeoBox, ReadPlan)> {
    let turns = if src.crs.is_geographic() { -1..=1 } else { 0..=0 };
    let turn = std::f64::consts::TAU / src.crs.angular_unit();
    turns
        .filter_map(|k| {
            let mut placed = src.clone();
            placed.affine.c += f64::from(k) * turn;
            let plan = plan(&placed)?;
            Some((placed, plan))
        })
        .collect()
}

fn pasted(src: &GeoBox, dst: &GeoBox, (col, row): (i64, i64)) -> Option<ReadPlan> {
    let span = |offset: i64, src_size: usize, dst_size: usize| {
        let (src_size, dst_size) = (i64::try_from(src_size).ok()?, i64::try_from(dst_size).ok()?);
        let first = (-offset).max(0);
        let end = dst_size.min(src_size.checked_sub(offset)?);
        let size = usize::try_from(end - first).ok().filter(|n| *n > 0)?;
        Some((usize::try_from(first).ok()?, usize::try_from(first + offset).ok()?, size))
    };
    let (dst_col, src_col, width) = span(col, src.width, dst.width)?;
    let (dst_row, src_row, height) = span(row, src.height, dst.height)?;
    Some(ReadPlan {
        src: Window::new(src_col, src_row, width, height),
        dst: Window::new(dst_col, dst_row, width, height),
        paste: Some((col, row)),
        scale: (1.0, 1.0),
    })
}

/// From destination pixels to source pixels.
struct Position<'a> {
    to_src: &'a Transform,
    dst: crate::affine::Affine,
    src: crate::affine::Affine,
}

impl<'a> Position<'a> {
    fn new(src: &GeoBox, dst: &GeoBox, to_src: &'a Transform) -> Option<Self> {
        Some(Self { to_src, dst: dst.affine, src: src.affine.inverse().ok()? })
    }

    fn of(&self, col: f64, row: f64) -> Option<(f64, f64)> {
        let (x, y) = self.dst.apply(col, row);
        let (x, y) = self.to_src.forward(x, y)?;
        Some(self.src.apply(x, y))
    }

    fn scale(&self, src: &GeoBox, dst: &GeoBox) -> Option<(f64, f64)> {
        let (col, row) = self.fixed_point(src, dst)?;
        // Half a pixel to each side, the larger one-sided pair when one side leaves the domain.
        let step = |dc: f64, dr: f64| {
            let ends =
                (self.of(col + dc, row + dr), self.of(col - dc, row - dr), self.of(col, row));
            let ((a, b), width) = match ends {
                (Some(a), Some(b), _) => ((a, b), 1.0),
                (Some(a), None, Some(b)) | (None, Some(a), Some(b)) => ((a, b), 0.5),
                _ => return None,
            };
            Some(((a.0 - b.0) / width, (a.1 - b.1) / width))
        };
        let (across, down) = (step(0.5, 0.0)?, step(0.0, 0.5)?);
        let scale = (across.0.hypot(down.0), across.1.hypot(down.1));
        (scale.0.is_normal() && scale.1.is_normal()).then_some(scale)
    }

    /// In destination pixels.
    fn fixed_point(&self, src: &GeoBox, dst: &GeoBox) -> Option<(f64, f64)> {
        let inverse = dst.affine.inverse().ok()?;
        let place = |x: f64, y: f64| {
            let (x, y) = self.to_src.inverse(x, y)?;
            Some(inverse.apply(x, y))
        };
        let bounds = src.bounds();
        let (x, y) = bounds.center();
        let shared = || {
            let area = dst.crs.area_of_use()?;
            let (west, east) = if area.min_x > area.max_x {
                (area.min_x, area.max_x + 360.0)
            } else {
                (area.min_x, area.max_x)
            };
            let lonlat = Transform::new(&crate::crs::Crs::wgs84(), &src.crs).ok()?;
            let (lon, lat) = lonlat.inverse(x, y)?;
            let turned = lon + 360.0 * ((west - lon) / 360.0).ceil().max(0.0);
            if (west..=east).contains(&turned) && (area.min_y..=area.max_y).contains(&lat) {
                return None;
            }
            let grid = (0..=16)
                .flat_map(|i| (0..=16).map(move |j| (f64::from(i) / 16.0, f64::from(j) / 16.0)));
            let inside = grid.filter_map(|(u, v)| {
                let lon = west + (east - west) * u;
                let lon = if lon > 180.0 { lon - 360.0 } else { lon };
                lonlat.forward(lon, area.min_y + area.height() * v)
            });
            let held = Bounds::of_points(inside.filter(|(x, y)| bounds.contains_point(*x, *y)))?;
            Some(held.center())
        };
        shared().and_then(|(x, y)| place(x, y)).or_else(|| place(x, y))
    }
}

/// A rectangle of destination pixels.
#[derive(Clone, Copy)]
struct Block {
    col: usize,
    row: usize,
    width: usize,
    height: usize,
}

/// Halves the destination until each block's image is as good as straight.
struct Search<'a> {
    position: Position<'a>,
    width: f64,
    height: f64,
    found: Option<(Bounds, Window)>,
    small: usize,
}

impl Search<'_> {
    /// Bend that a block may have, in source pixels or as a part of its image's size.
    const STRAIGHT: (f64, f64) = (0.5, 0.005);
    /// Blocks of this many pixels, or of this part of the grid, are not cut for a closer outline.
    const SMALL: (usize, usize) = (16, 256);
    /// Blocks wholly outside the domain are cut down to this fraction of the grid.
    const BLIND: usize = 32;

    fn visit(&mut self, whole: Block) {
        let blind = (whole.width.max(whole.height) / Self::BLIND).max(Self::SMALL.0);
        self.small = (whole.width.max(whole.height) / Self::SMALL.1).max(Self::SMALL.0);
        let mut open = vec![whole];
        // Corners and middle come first: what they show need not be looked for again.
        for row in [whole.height / 2, 0, whole.height - 1] {
            for col in [whole.width / 2, 0, whole.width - 1] {
                open.push(Block { col, row, width: 1, height: 1 });
            }
        }
        while let Some(block) = open.pop() {
            self.look(block, blind, &mut open);
        }
    }

    fn look(&mut self, block: Block, blind: usize, open: &mut Vec<Block>) {
        let at = |i: usize, size: usize, first: usize| first as f64 + size as f64 * i as f64 / 2.0;
        let mut points = [None; 9];
        for (n, point) in points.iter_mut().enumerate() {
            *point = self
                .position
                .of(at(n % 3, block.width, block.col), at(n / 3, block.height, block.row));
        }
        let single = block.width == 1 && block.height == 1;
        let side = block.width.max(block.height);
        let Some(image) = Bounds::of_points(points.iter().flatten().copied()) else {
            if side > blind {
                split(block, open);
            }
            return;
        };
        let (across, down) = bend(&points);
        // Over a seam a pixel's corners are far apart, and what lies between them is not under it.
        let torn = across > 0.4 * image.width() || down > 0.4 * image.height();
        let image = match points.iter().flatten().copied().filter(|p| self.holds(*p)) {
            held if single && torn => match Bounds::of_points(held) {
                Some(held) => held,
                None => return,
            },
            _ => image,
        };
        let straight = |bend: f64, size: f64| bend <= Self::STRAIGHT.0.max(Self::STRAIGHT.1 * size);
        let finite = across.is_finite() && down.is_finite();
        let slack = match (single, finite) {
            (true, _) => (0.0, 0.0),
            (false, true) => (3.0 * across, 3.0 * down),
            (false, false) => (self.width, self.height),
        };
        let grown = Bounds::new(
            image.min_x - slack.0,
            image.min_y - slack.1,
            image.max_x + slack.0,
            image.max_y + slack.1,
        );
        let straight =
            single || (straight(across, image.width()) && straight(down, image.height()));
        let Some(clipped) = self.clipped(&grown) else {
            if !straight && !finite {
                split(block, open);
            }
            return;
        };
        let window = Window::new(block.col, block.row, block.width, block.height);
        let known = |(b, w): &(Bounds, Window)| b.contains(&clipped) && w.contains(&window);
        if self.found.as_ref().is_some_and(known) {
            return;
        }
        let tight = single || across.max(down) <= Self::STRAIGHT.0;
        if (straight && clipped == grown) || (tight && side <= self.small) {
            self.found = Some(match &self.found {
                Some((b, w)) => (b.union(&clipped), w.union(&window)),
                None => (clipped, window),
            });
            return;
        }
        split(block, open);
    }

    fn holds(&self, (x, y): (f64, f64)) -> bool {
        (0.0..=self.width).contains(&x) && (0.0..=self.height).contains(&y)
    }

    /// What of an image lies on the source, edges included.
    fn clipped(&self, image: &Bounds) -> Option<Bounds> {
        let (west, east) = (image.min_x.max(0.0), image.max_x.min(self.width));
        let (top, bottom) = (image.min_y.max(0.0), image.max_y.min(self.height));
        (west <= east && top <= bottom).then(|| Bounds::new(west, top, east, bottom))
    }
}

/// How far the nine points are from a bilinear map of the corners, across and down; infinite if one is
/// missing.
fn bend(points: &[Option<(f64, f64)>; 9]) -> (f64, f64) {
    const MIDDLES: [(usize, usize, usize); 6] =
        [(1, 0, 2), (3, 0, 6), (5, 2, 8), (7, 6, 8), (4, 0, 8), (4, 2, 6)];
    let mut worst = (0.0_f64, 0.0_f64);
    for (middle, a, b) in MIDDLES {
        let (Some(m), Some(a), Some(b)) = (points[middle], points[a], points[b]) else {
            return (f64::INFINITY, f64::INFINITY);
        };
        worst.0 = worst.0.max((m.0 - f64::midpoint(a.0, b.0)).abs());
        worst.1 = worst.1.max((m.1 - f64::midpoint(a.1, b.1)).abs());
    }
    worst
}

fn split(block: Block, open: &mut Vec<Block>) {
    let halves = |first: usize, size: usize| {
        let left = size / 2;
        [(first, left), (first + left, size - left)]
    };
    for (row, height) in halves(block.row, block.height) {
        for (col, width) in halves(block.col, block.width) {
            if width > 0 && height > 0 {
                open.push(Block { col, row, width, height });
            }
        }
    }
}
