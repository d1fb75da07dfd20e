//! Sentinel-1 level 1: roughness of the sea from detected images.

mod annotation;
mod gmf;
mod tiff;

use std::path::{Path, PathBuf};

use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::idf;
use crate::lattice;
use crate::reader::{Input, Reader, Reading, Sink, base_name};
use crate::samples::Samples;
use annotation::{Annotation, Calibration};
use gmf::Polarisation;

/// `sentinel1/L1`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentinel1L1;

impl Reader for Sentinel1L1 {
    fn name(&self) -> &'static str {
        "sentinel1/L1"
    }

    fn about(&self) -> &'static str {
        "Sentinel-1 level 1 GRD: a measurement/*.tiff of the SAFE folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let files = Files::of(&input.path)?;
        let annotation = Annotation::read(&files.annotation)?;
        if annotation.product != "GRD" {
            return Err(Error::input(
                &input.path,
                format!("products of type {} are not read, GRD is", annotation.product),
            ));
        }
        let calibration = Calibration::read(&files.calibration)?;
        let polarisation = Polarisation::of(&annotation.polarisation)?;
        let (row_block, cell_block) = blocks(input, &annotation)?;
        let (rows, cells) = (annotation.lines / row_block, annotation.samples / cell_block);
        if rows < 2 || cells < 2 {
            return Err(Error::option("spacing", "leaves fewer than 2 by 2 pixels"));
        }
        let power = tiff::block_means(&input.path, (row_block, cell_block), (rows, cells))?;
        // Where a block's centre is, in lines and pixels of the image.
        let centre = |index: usize, block: usize| (index * block) as f64 + (block - 1) as f64 / 2.0;
        let lines: Vec<f64> = (0..rows).map(|row| centre(row, row_block)).collect();
        let pixels: Vec<f64> = (0..cells).map(|cell| centre(cell, cell_block)).collect();
        let mut roughness = Vec::with_capacity(rows * cells);
        for (row, line) in lines.iter().enumerate() {
            let incidence = annotation.incidence_along(*line, &pixels);
            let sigma = calibration.sigma_along(*line, &pixels);
            for cell in 0..cells {
                let sigma0 = power[row * cells + cell] / (sigma[cell] * sigma[cell]);
                let expected = polarisation.sigma0(incidence[cell]);
                let is_there = sigma0 > 0.0;
                roughness.push(if is_there { (sigma0 / expected).sqrt() as f32 } else { f32::NAN });
            }
        }
        let is_ice = input.input.get("preset").or(input.input.get("surface")) == Some("ice");
        let (least, most) = polarisation.range(is_ice);
        let field =
            Field::new("sea_surface_roughness", Samples::F32(roughness)).ranged(least, most);
        if field.samples.is_all_missing() {
            return Ok(Reading::Nothing("every pixel is 0".to_owned()));
        }
        let places = annotation.at_sea_level();
        let spread = |count: usize, pixels: usize| -> Vec<i32> {
            let step = pixels as f64 / (count - 1) as f64;
            (0..count).map(|index| (index as f64 * step).round_ties_even() as i32).collect()
        };
        let edges = |at: &[f64], block: usize| -> Vec<f64> {
            at.iter().map(|at| (at + 0.5) / block as f64).collect()
        };
        let lattice = lattice::between(
            (edges(&annotation.grid_lines, row_block), edges(&annotation.grid_pixels, cell_block)),
            places,
            (
                spread(annotation.grid_lines.len(), rows),
                spread(annotation.grid_pixels.len(), cells),
            ),
            (rows, cells),
        );
        let overrides = input.input.pairs("global_overrides")?;
        let mut granule = Granule {
            id: input.id(&files.id),
            lattice,
            coverage: annotation.coverage,
            times: Vec::new(),
            resolution: annotation.spacing * row_block as f64,
            crs: None,
            attributes: idf::copied(&Attributes::default(), &overrides, input.is_compat),
            fields: vec![field.with("long_name", "sea surface roughness")],
        };
        describe(&mut granule.attributes, &annotation, &files.safe);
        sink(granule)?;
        Ok(Reading::Done)
    }
}

/// Files of one image.
#[derive(Debug)]
struct Files {
    annotation: PathBuf,
    calibration: PathBuf,
    /// Name of the image, and of the product's last part.
    id: String,
    /// The product's name.
    safe: String,
}

impl Files {
    fn of(image: &Path) -> Result<Self> {
        let name = base_name(image);
        let safe = image.canonicalize().ok();
        let safe = safe.as_deref().and_then(Path::parent).and_then(Path::parent);
        let Some(safe) = safe.filter(|folder| folder.join("annotation").is_dir()) else {
            return Err(Error::input(
                image,
                "is not in the folder `measurement` of a SAFE product: `../annotation` is missing",
            ));
        };
        let annotation = safe.join("annotation");
        let product = safe.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let last = product.rsplit('_').next().unwrap_or_default().to_owned();
        Ok(Self {
            calibration: annotation.join("calibration").join(format!("calibration-{name}.xml")),
            annotation: annotation.join(format!("{name}.xml")),
            id: format!("{name}-{last}"),
            safe: product,
        })
    }
}

/// Lines and pixels of the image to a pixel of the result.
fn blocks(input: &Input, annotation: &Annotation) -> Result<(usize, usize)> {
    let options = &input.input;
    if let Some(metres) = options.number("mspacing")? {
        let block = |spacing: f64| ((metres / spacing).round() as usize).max(1);
        return Ok((block(annotation.azimuth_spacing), block(annotation.spacing)));
    }
    let text = options.get("spacing").unwrap_or("2");
    let parts: Vec<&str> = text.split([',', ';', 'x']).map(str::trim).collect();
    let count = |text: &str| match text.parse::<usize>() {
        Ok(count @ 1..=10_000) => Ok(count),
        _ => Err(Error::option("spacing", format!("`{text}` is not 1 or more"))),
    };
    match parts.as_slice() {
        [both] => Ok((count(both)?, count(both)?)),
        [rows, cells] => Ok((count(rows)?, count(cells)?)),
        _ => Err(Error::option("spacing", format!("`{text}` is not one or two counts"))),
    }
}

fn describe(attributes: &mut Attributes, annotation: &Annotation, safe: &str) {
    let mode = annotation.mode.as_str();
    let satellite = annotation.mission.trim_start_matches('S');
    let platform = format!("Sentinel-{satellite}");
    for (name, text) in [
        ("institution", "ESA"),
        ("platform", platform.as_str()),
        ("platform_type", "leo satellite"),
        ("sensor", "C-SAR"),
        ("sensor_type", "sar"),
        ("sensor_mode", mode),
        ("sensor_swath", annotation.swath.as_str()),
        ("sensor_polarisation", annotation.polarisation.as_str()),
        ("sensor_pass", annotation.pass.as_str()),
        ("safe_name", safe),
    ] {
        if attributes.get(name).is_none() {
            attributes.set(name, text);
        }
    }
}
