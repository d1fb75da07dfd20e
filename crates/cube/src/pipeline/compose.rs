//! From compressed windows to the pixels of a patch: decode, warp, mask, mosaic.

use std::collections::{HashMap, HashSet};

use terracube_grid::GeoBox;
use terracube_raster::{
    DType, Mosaic, MosaicRule, Pixels, Raster, Resampling, SourceExtent, WarpOptions, copy_window,
    warp, warp_located,
};

use super::download::{Fetched, FetchedPatch, Placed};
use super::render::Target;
use crate::harmonise::Linear;
use crate::mask::Test;
use crate::{Band, Cube, Error, Result, UnmaskedOverlap};

/// Makes the bands of one patch.
pub(super) struct Composer<'a> {
    cube: &'a Cube,
    target: Target,
    bands: Vec<Vec<Fetched>>,
    masks: Vec<Vec<(Fetched, Test)>>,
    /// Masks on the patch's grid, by number and granule, each made when first needed.
    kept: HashMap<(usize, usize), Vec<bool>>,
    /// Granules that have too little to contribute.
    left_out: HashSet<usize>,
    /// From which granule each pixel is taken, when a band decides that.
    best: Option<Vec<usize>>,
}

/// The windows of one granule, at least one: two where the patch lies across its seam.
type Windows<'a> = &'a [Fetched];

impl<'a> Composer<'a> {
    pub(super) fn new(cube: &'a Cube, target: Target, fetched: FetchedPatch) -> Result<Self> {
        let FetchedPatch { bands, masks } = fetched;
        let (kept, left_out) = (HashMap::new(), HashSet::new());
        let mut composer = Self { cube, target, bands, masks, kept, left_out, best: None };
        let declared = &cube.schema().mosaic;
        if declared.minimum_valid.granule > 0.0 {
            composer.left_out = composer.with_too_little(declared.minimum_valid.granule)?;
        }
        if let Some(name) = &declared.max_of {
            composer.best = Some(composer.best_by(cube.schema().band_index(name)?)?);
        }
        Ok(composer)
    }

    /// The pixels of a band.
    pub(super) fn band(&mut self, index: usize, band: &Band) -> Result<Raster> {
        let declared = &self.cube.schema().mosaic;
        let rule = self.cube.schema().rule_of(band);
        let fetched = std::mem::take(&mut self.bands[index]);
        let is_chosen = self.best.is_some() && band.mosaic.is_none();
        let (width, height) = (self.target.geobox.width, self.target.geobox.height);
        let mut overlap = Overlap::new(declared.unmasked_overlap, &fetched);
        let mut mosaic = None;
        for windows in fetched.chunk_by(|a, b| a.numbers.granule == b.numbers.granule) {
            let granule = windows[0].numbers.granule;
            if self.left_out.contains(&granule) {
                continue;
            }
            let is_complete = mosaic.as_ref().is_some_and(Mosaic::is_complete);
            if is_complete && !overlap.is_watched() {
                break;
            }
            let mut raster = self.layer(band, rule, windows)?;
            overlap.check(&raster, &windows[0], band)?;
            if is_complete {
                continue;
            }
            if is_chosen && let Some(best) = &self.best {
                raster.mask(&best.iter().map(|chosen| *chosen == granule).collect::<Vec<_>>())?;
            }
            let dtype = raster.dtype();
            mosaic.get_or_insert_with(|| Mosaic::new(rule, width, height, dtype)).add(raster)?;
        }
        let Some(mosaic) = mosaic else { return Ok(Raster::empty(width, height, band.dtype)) };
        let mut raster = mosaic.finish();
        if raster.dtype() != band.dtype {
            raster = raster.cast(band.dtype);
        }
        if rule.is_made()
            && rule != MosaicRule::Count
            && let Some(nodata) = band.nodata_value()
        {
            raster.avoid(nodata);
        }
        Ok(raster)
    }

    /// What one granule has for a band, on the patch's grid.
    fn layer(&mut self, band: &Band, rule: MosaicRule, windows: Windows<'_>) -> Result<Raster> {
        let (first, others) = windows.split_at(1);
        let mut raster = self.placed(band, rule, &first[0])?;
        if !others.is_empty() {
            let (width, height, dtype) = (raster.width, raster.height, raster.dtype());
            let mut whole = Mosaic::new(MosaicRule::First, width, height, dtype);
            whole.add(raster)?;
            for fetched in others {
                whole.add(self.placed(band, rule, fetched)?)?;
            }
            raster = whole.finish();
        }
        let cube = self.cube;
        for (number, mask) in cube.schema().masks.iter().enumerate() {
            if mask.is_for(&band.name) {
                raster.mask(self.mask(number, windows[0].numbers.granule)?)?;
            }
        }
        Ok(raster)
    }

    /// A window decoded and on the patch's grid, in the band's numbers.
    fn placed(&self, band: &Band, rule: MosaicRule, fetched: &Fetched) -> Result<Raster> {
        let mut source = fetched.window.decode()?;
        if let Some(nodata) = fetched.numbers.nodata {
            source.invalidate(nodata);
        }
        let linear = fetched.numbers.linear;
        if rule.is_made() {
            // It would make what it is counted with another NaN.
            source.invalidate(f64::NAN);
        }
        let is_counted = rule == MosaicRule::Count;
        let dtype = if is_counted { source.dtype() } else { band.dtype };
        let is_as_it_is = linear == Linear::IDENTITY;
        let nodata = band.nodata_value().filter(|_| is_as_it_is && !is_counted);
        let how = How { resampling: band.resampling, dtype, nodata };
        let mut raster = place(source, how, &self.target, &fetched.placed)?;
        if !is_as_it_is {
            raster.rescale(linear.scale, linear.offset);
            if let Some(nodata) = band.nodata_value() {
                raster.avoid(nodata);
            }
        }
        if band.nodata_value().is_some() {
            // After the warp, whose kernels spread it as GDAL's do.
            raster.invalidate(f64::NAN);
        }
        Ok(raster)
    }

    /// Which pixels a mask lets through of a granule; all false where the mask has no value.
    fn mask(&mut self, number: usize, granule: usize) -> Result<&[bool]> {
        if !self.kept.contains_key(&(number, granule)) {
            let GeoBox { width, height, .. } = self.target.geobox;
            let mut kept = vec![false; width * height];
            let dilate = self.cube.schema().masks[number].dilate;
            let windows = &self.masks[number];
            for (fetched, test) in windows.iter().filter(|(f, _)| f.numbers.granule == granule) {
                let mut source = fetched.window.decode()?;
                if let Some(nodata) = fetched.numbers.nodata {
                    source.invalidate(nodata);
                }
                let passing = passing(&source, test, dilate)?;
                let how = How { resampling: Resampling::Nearest, dtype: DType::U8, nodata: None };
                let raster = place(passing, how, &self.target, &fetched.placed)?;
                for (i, kept) in kept.iter_mut().enumerate() {
                    let is_valid = raster.valid.as_ref().is_none_or(|v| v[i]);
                    *kept |= is_valid && raster.pixels.get_f64(i) == Some(1.0);
                }
            }
            self.kept.insert((number, granule), kept);
        }
        Ok(self.kept.get(&(number, granule)).map_or(&[], Vec::as_slice))
    }

    /// Granules of which fewer pixels of the first band are valid than a share of the patch.
    fn with_too_little(&mut self, share: f64) -> Result<HashSet<usize>> {
        let cube = self.cube;
        let Some(band) = cube.schema().bands.first() else { return Ok(HashSet::new()) };
        let fetched = std::mem::take(&mut self.bands[0]);
        let rule = cube.schema().rule_of(band);
        let wanted = share * (self.target.geobox.width * self.target.geobox.height) as f64;
        let mut found = HashSet::new();
        for windows in fetched.chunk_by(|a, b| a.numbers.granule == b.numbers.granule) {
            if (self.layer(band, rule, windows)?.count_valid() as f64) < wanted {
                found.insert(windows[0].numbers.granule);
            }
        }
        self.bands[0] = fetched;
        Ok(found)
    }

    /// The granule with the largest value of a band, pixel by pixel; ties go to the first.
    fn best_by(&mut self, index: usize) -> Result<Vec<usize>> {
        let cube = self.cube;
        let band = &cube.schema().bands[index];
        let fetched = std::mem::take(&mut self.bands[index]);
        let n = self.target.geobox.width * self.target.geobox.height;
        let (mut best, mut largest) = (vec![usize::MAX; n], vec![f64::NEG_INFINITY; n]);
        for windows in fetched.chunk_by(|a, b| a.numbers.granule == b.numbers.granule) {
            let granule = windows[0].numbers.granule;
            if self.left_out.contains(&granule) {
                continue;
            }
            let raster = self.layer(band, MosaicRule::First, windows)?;
            for (i, (best, largest)) in best.iter_mut().zip(&mut largest).enumerate() {
                let value = raster.value(i % raster.width, i / raster.width);
                if let Some(value) = value
                    && (value > *largest || (*best == usize::MAX && !value.is_nan()))
                {
                    (*best, *largest) = (granule, value);
                }
            }
        }
        self.bands[index] = fetched;
        Ok(best)
    }
}

/// How pixels come onto the patch's grid.
#[derive(Clone, Copy)]
struct How {
    resampling: Resampling,
    dtype: DType,
    nodata: Option<f64>,
}

/// Brings a decoded window onto the patch's grid.
fn place(source: Raster, how: How, target: &Target, placed: &Placed) -> Result<Raster> {
    let Target { geobox, at, tolerance } = target;
    let How { resampling, dtype, nodata } = how;
    let options = |scale, extent| WarpOptions {
        resampling,
        scale,
        extent,
        dtype,
        nodata,
        tolerance: *tolerance,
        at: *at,
    };
    let (level, plan, transform) = match placed {
        Placed::Grid { level, plan, transform } => (level, plan, transform),
        Placed::Located { by, src } => {
            // At another scale kernels would be wider than what was read.
            let options = options((1.0, 1.0), by.extent(src));
            return Ok(warp_located(&source, &by.locator, geobox, &options)?);
        }
    };
    if let Some((col, row)) = plan.paste {
        let at = (plan.src.col as i64 - col, plan.src.row as i64 - row);
        return Ok(copy_window(source, at, (geobox.width, geobox.height), dtype, nodata)?);
    }
    let extent = SourceExtent {
        col: plan.src.col,
        row: plan.src.row,
        width: level.width,
        height: level.height,
    };
    let options = options(plan.scale, extent);
    Ok(warp(&source, &level.crop(&plan.src), geobox, transform, &options)?)
}

/// 1 where a mask lets a pixel through, on the mask's own grid.
fn passing(source: &Raster, test: &Test, dilate: usize) -> Result<Raster> {
    let passes = |i: usize, value: u64| {
        source.valid.as_ref().is_none_or(|valid| valid[i]) && test.passes(value)
    };
    let mut pass: Vec<bool> = match &source.pixels {
        Pixels::U8(v) => v.iter().enumerate().map(|(i, x)| passes(i, u64::from(*x))).collect(),
        Pixels::U16(v) => v.iter().enumerate().map(|(i, x)| passes(i, u64::from(*x))).collect(),
        Pixels::U32(v) => v.iter().enumerate().map(|(i, x)| passes(i, u64::from(*x))).collect(),
        Pixels::U64(v) => v.iter().enumerate().map(|(i, x)| passes(i, *x)).collect(),
        other => {
            #[expect(clippy::cast_possible_truncation, reason = "integers of at most 64 bits")]
            let value = |i: usize| other.get_f64(i).unwrap_or(0.0) as i64;
            // Negative numbers are their bits.
            (0..other.len()).map(|i| passes(i, value(i).cast_unsigned())).collect()
        }
    };
    if dilate > 0 {
        pass = dilated(&pass, (source.width, source.height), dilate);
    }
    let pixels = Pixels::U8(pass.into_iter().map(u8::from).collect());
    Ok(Raster::new(source.width, source.height, pixels)?)
}

/// Spreads what does not pass by `reach` pixels to all sides: along rows, then along columns.
fn dilated(pass: &[bool], (width, height): (usize, usize), reach: usize) -> Vec<bool> {
    let mut along_rows = pass.to_vec();
    for (row, out) in pass.chunks(width.max(1)).zip(along_rows.chunks_mut(width.max(1))) {
        spread(width, reach, |i| row[i], |i| out[i] = false);
    }
    let mut all = along_rows.clone();
    for col in 0..width {
        spread(height, reach, |i| along_rows[i * width + col], |i| all[i * width + col] = false);
    }
    all
}

/// Drops what is at most `reach` away from what does not pass, along a line of `n`.
fn spread(n: usize, reach: usize, passes: impl Fn(usize) -> bool, mut drop: impl FnMut(usize)) {
    // Each place is dropped once, however close together those are that do not pass.
    let mut done = 0;
    for i in (0..n).filter(|i| !passes(*i)) {
        let end = (i + reach + 1).min(n);
        (i.saturating_sub(reach).max(done)..end).for_each(&mut drop);
        done = end;
    }
}

/// Watches for granules that overlap where nothing says which of their pixels are valid.
struct Overlap {
    is_watched: bool,
    /// Where something was, and whether that was of a granule of which nothing says it.
    seen: Vec<(bool, bool)>,
    granule: Option<String>,
}

impl Overlap {
    fn new(rule: UnmaskedOverlap, fetched: &[Fetched]) -> Self {
        let first = fetched.first().map(|f| f.numbers.granule);
        let is_one = fetched.iter().all(|f| Some(f.numbers.granule) == first);
        let is_guarded = fetched.iter().all(|f| f.numbers.is_guarded);
        let is_watched = rule == UnmaskedOverlap::Refuse && !is_one && !is_guarded;
        Self { is_watched, seen: Vec::new(), granule: None }
    }

    fn is_watched(&self) -> bool {
        self.is_watched
    }

    fn check(&mut self, raster: &Raster, fetched: &Fetched, band: &Band) -> Result<()> {
        if !self.is_watched {
            return Ok(());
        }
        let is_open = !fetched.numbers.is_guarded;
        self.seen.resize(raster.pixels.len(), (false, false));
        for (i, (was, was_open)) in self.seen.iter_mut().enumerate() {
            if raster.valid.as_ref().is_some_and(|valid| !valid[i]) {
                continue;
            }
            if *was && (*was_open || is_open) {
                let other = self.granule.take().unwrap_or_default();
                return Err(Error::Overlap {
                    band: band.name.clone(),
                    granule: fetched.granule.clone(),
                    other,
                });
            }
            (*was, *was_open) = (true, *was_open || is_open);
        }
        self.granule = Some(fetched.granule.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 5 by 4 pixels two do not pass: 6 (row 1, column 1) and 19 (row 3, column 4).
    #[test]
    fn dilation_is_that_of_a_square() {
        let shape = (5, 4);
        let pass: Vec<bool> = (0..20).map(|i| i != 6 && i != 19).collect();
        let dropped = |pass: &[bool]| (0..20).filter(|i| !pass[*i]).collect::<Vec<_>>();
        assert_eq!(
            dropped(&dilated(&pass, shape, 1)),
            [0, 1, 2, 5, 6, 7, 10, 11, 12, 13, 14, 18, 19]
        );
        let all_but_4: Vec<_> = (0..20).filter(|i| *i != 4).collect();
        assert_eq!(dropped(&dilated(&pass, shape, 2)), all_but_4);
        assert!(dilated(&pass, shape, 40).iter().all(|pass| !pass));
    }
}
