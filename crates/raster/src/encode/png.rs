//! Rasters as PNG pictures, invalid pixels transparent.

use std::path::Path;

use super::Ramp;
use super::file::write_whole;
use crate::{Error, Raster, Result};

/// Which values become the two ends of the picture's range.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Stretch {
    /// The 2nd and 98th percentile of the valid pixels.
    #[default]
    Percentiles,
    /// The smallest and largest valid pixel.
    Full,
    /// These values.
    Between(f64, f64),
}

/// A picture to be written: one band through a colour ramp, or three as red, green and blue.
#[derive(Debug, Clone, Copy)]
pub struct Png<'a> {
    bands: [&'a Raster; 3],
    is_color: bool,
    stretch: Stretch,
    ramp: Ramp,
    hillshade: Option<f64>,
}

impl<'a> Png<'a> {
    /// A picture of one band.
    #[must_use]
    pub fn new(raster: &'a Raster) -> Self {
        Self {
            bands: [raster; 3],
            is_color: false,
            stretch: Stretch::default(),
            ramp: Ramp::default(),
            hillshade: None,
        }
    }

    /// A picture of three bands; a pixel is transparent where any is invalid. Each band is
    /// stretched by itself unless the ends are given.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when shapes differ.
    pub fn rgb(red: &'a Raster, green: &'a Raster, blue: &'a Raster) -> Result<Self> {
        let shape = |r: &Raster| (r.width, r.height);
        if shape(green) != shape(red) || shape(blue) != shape(red) {
            return Err(Error::Mismatch {
                what: "bands of a picture",
                left: format!("{:?}", shape(red)),
                right: format!("{:?} and {:?}", shape(green), shape(blue)),
            });
        }
        Ok(Self { bands: [red, green, blue], is_color: true, ..Self::new(red) })
    }

    /// Sets the stretch.
    #[must_use]
    pub fn stretch(mut self, stretch: Stretch) -> Self {
        self.stretch = stretch;
        self
    }

    /// Sets the colour ramp, for one band.
    #[must_use]
    pub fn ramp(mut self, ramp: Ramp) -> Self {
        self.ramp = ramp;
        self
    }

    /// Shades one band as heights lit from the north-west at 45 degrees. `exaggeration` is height
    /// units per pixel size: heights are divided by the pixel size and multiplied by what makes
    /// relief visible.
    #[must_use]
    pub fn hillshade(mut self, exaggeration: f64) -> Self {
        self.hillshade = Some(exaggeration);
        self
    }

    /// Writes the picture under a temporary name, then renames it.
    ///
    /// # Errors
    /// [`Error::Write`], or [`Error::Mismatch`] for a picture without pixels.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        write_whole(path.as_ref(), &[&self.to_bytes()?])
    }

    /// The picture's bytes: 8-bit RGBA.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (width, height) = (self.bands[0].width, self.bands[0].height);
        if width == 0 || height == 0 {
            return Err(Error::Mismatch {
                what: "the shape of a picture",
                left: format!("{width} by {height}"),
                right: "at least one pixel".into(),
            });
        }
        let failed = |source: png::EncodingError| Error::Write {
            path: "a PNG".into(),
            source: Box::new(source),
        };
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&self.pixels()).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(out)
    }

    fn pixels(&self) -> Vec<u8> {
        let (width, height) = (self.bands[0].width, self.bands[0].height);
        let ends = self.bands.map(|band| self.ends(band));
        let mut out = vec![0; width * height * 4];
        for (i, pixel) in out.chunks_exact_mut(4).enumerate() {
            let (col, row) = (i % width, i / width);
            let unit = |b: usize| {
                let (low, high) = ends[b];
                let value = self.bands[b].value(col, row).filter(|v| !v.is_nan())?;
                Some(if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 })
            };
            let Some(first) = unit(0) else { continue };
            let color = if self.is_color {
                let (Some(green), Some(blue)) = (unit(1), unit(2)) else { continue };
                [first, green, blue].map(|v| (v * 255.0 + 0.5) as u8)
            } else {
                let light = self.hillshade.map_or(1.0, |z| light(self.bands[0], col, row, z));
                self.ramp.color(first).map(|v| (f64::from(v) * light).min(255.0) as u8)
            };
            pixel[..3].copy_from_slice(&color);
            pixel[3] = 255;
        }
        out
    }

    fn ends(&self, band: &Raster) -> (f64, f64) {
        if let Stretch::Between(low, high) = self.stretch {
            return (low, high);
        }
        let mut values: Vec<f64> = (0..band.width * band.height)
            .filter_map(|i| band.value(i % band.width, i / band.width))
            .filter(|v| v.is_finite())
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |part: f64| {
            let index = (values.len().saturating_sub(1)) as f64 * part;
            values.get(index.round() as usize).copied().unwrap_or(0.0)
        };
        if self.stretch == Stretch::Full { (at(0.0), at(1.0)) } else { (at(0.02), at(0.98)) }
    }
}

/// How bright a slope is: about 1 where it is flat.
fn light(raster: &Raster, col: usize, row: usize, exaggeration: f64) -> f64 {
    let Some(here) = raster.value(col, row) else { return 1.0 };
    let at = |dc: isize, dr: isize| {
        let (c, r) = (col.checked_add_signed(dc), row.checked_add_signed(dr));
        c.zip(r).and_then(|(c, r)| raster.value(c, r)).unwrap_or(here)
    };
    let dx = (at(1, 0) - at(-1, 0)) / 2.0 * exaggeration;
    let dy = (at(0, 1) - at(0, -1)) / 2.0 * exaggeration;
    // The sun's direction in (east, south, up), from the north-west, 45 degrees high.
    let (sun_x, sun_y, sun_z) = (-0.5, -0.5, std::f64::consts::FRAC_1_SQRT_2);
    let lit = (-dx * sun_x - dy * sun_y + sun_z) / (dx * dx + dy * dy + 1.0).sqrt();
    0.35 + 0.65 * (lit.max(0.0) / sun_z)
}
