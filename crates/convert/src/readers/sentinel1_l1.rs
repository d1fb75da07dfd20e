//! Sentinel-1 level 1: roughness of the sea from detected and single look images.

mod annotation;
mod complex_tiff;
mod contrast;
mod gmf;
mod spline;
mod tiff;

use std::path::{Path, PathBuf};

use super::picture::Override;
use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::granule::{Field, Granule, Lattice};
use crate::idf;
use crate::lattice;
use crate::reader::{Input, Reader, Reading, Sink, base_name};
use crate::samples::Samples;
use annotation::{Annotation, Calibration};
use contrast::Contrast;
use gmf::Polarisation;

/// What `variables` may name.
const VARIABLES: [&str; 3] = ["roughness", "sigma0", "incidence"];
const ROUGHNESS: &str = "sea_surface_roughness";
/// Of complex images, metres between pixels of the result when nothing else is asked.
const METRES: f64 = 15.0;

/// `sentinel1/L1`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentinel1L1;

impl Reader for Sentinel1L1 {
    fn name(&self) -> &'static str {
        "sentinel1/L1"
    }

    fn about(&self) -> &'static str {
        "Sentinel-1 level 1 GRD, SLC of WV and S1 to S6: a measurement/*.tiff of the SAFE folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let wanted = Wanted::of(input)?;
        let files = Files::of(&input.path)?;
        let annotation = Annotation::read(&files.annotation)?;
        let is_complex = is_complex(&annotation, &input.path)?;
        let calibration = Calibration::read(&files.calibration)?;
        let polarisation = Polarisation::of(&annotation.polarisation)?;
        let contrast = Contrast::of(input, ROUGHNESS, &annotation.mode)?;
        let (row_block, cell_block) = blocks(input, &annotation, is_complex)?;
        let (rows, cells) = (annotation.lines / row_block, annotation.samples / cell_block);
        if rows < 2 || cells < 2 {
            return Err(Error::option("spacing", "leaves fewer than 2 by 2 pixels"));
        }
        let block_means = if is_complex { complex_tiff::block_means } else { tiff::block_means };
        let mut power = block_means(&input.path, (row_block, cell_block), (rows, cells))?;
        // Where a block's centre is, in lines and pixels of the image.
        let centre = |index: usize, block: usize| (index * block) as f64 + (block - 1) as f64 / 2.0;
        let pixels: Vec<f64> = (0..cells).map(|cell| centre(cell, cell_block)).collect();
        let incidences = annotation.incidences(&pixels);
        let mut incidence = Vec::new();
        let mut roughness = Vec::with_capacity(rows * cells);
        for (row, power) in power.chunks_exact_mut(cells).enumerate() {
            let line = centre(row, row_block);
            let sigma = calibration.sigma_along(line, &pixels);
            for ((power, sigma), angle) in power.iter_mut().zip(sigma).zip(incidences.along(line)) {
                *power /= sigma * sigma;
                let is_there = *power > 0.0;
                let ratio = *power / polarisation.sigma0(angle);
                roughness.push(if is_there { ratio.sqrt() as f32 } else { f32::NAN });
                *power = if is_there { *power } else { f64::NAN };
                if wanted.has("incidence") {
                    incidence.push(angle as f32);
                }
            }
        }
        let roughness = Samples::F32(roughness);
        if roughness.is_all_missing() {
            return Ok(Reading::Nothing("every pixel is 0".to_owned()));
        }
        let ranged = |field: Field, contrast: Contrast| {
            let size = (rows, cells);
            let range = contrast.range(polarisation, &field.samples, size, input.is_compat);
            let (least, most) = range.unzip();
            Field { least, most, ..field }
        };
        let fields = [
            wanted.made("roughness", || {
                let field = Field::new(ROUGHNESS, roughness);
                ranged(field, contrast).with("long_name", "sea surface roughness")
            }),
            wanted.made("sigma0", || {
                let field = Field::new("sigma0", Samples::F64(power));
                ranged(field, Contrast::of_sigma0(input, "sigma0"))
                    .with("long_name", "normalized radar cross-section")
            }),
            wanted.made("incidence", || {
                Field::new("incidence", Samples::F32(incidence))
                    .with("units", "degrees")
                    .with("long_name", "incidence angle")
            }),
        ];
        let overrides = input.input.pairs("global_overrides")?;
        let mut granule = Granule {
            id: input.id(&files.id),
            lattice: lattice(&annotation, (row_block, cell_block), (rows, cells)),
            coverage: annotation.coverage,
            times: Vec::new(),
            resolution: (annotation.spacing * cell_block as f64)
                .min(annotation.azimuth_spacing * row_block as f64),
            crs: None,
            attributes: idf::copied(&Attributes::default(), &overrides, input.is_compat),
            fields: fields.into_iter().flatten().collect(),
        };
        describe(&mut granule.attributes, &annotation, &files.safe);
        sink(granule)?;
        Ok(Reading::Done)
    }
}

/// Which variables are made, with what is said of each.
#[derive(Debug)]
struct Wanted(Vec<(&'static str, Override)>);

impl Wanted {
    fn of(input: &Input) -> Result<Self> {
        let names = input.input.names("variables");
        if let Some(name) = names.iter().find(|name| !VARIABLES.contains(&name.as_str())) {
            return Err(Error::UnknownName {
                kind: "variable",
                name: name.clone(),
                known: VARIABLES.join(", "),
            });
        }
        let is_wanted = |name: &&&str| {
            if names.is_empty() {
                **name == VARIABLES[0]
            } else {
                names.iter().any(|it| it == **name)
            }
        };
        let with_override =
            |name: &&'static str| Ok((*name, Override::unmasked(name, &input.input)?));
        VARIABLES.iter().filter(is_wanted).map(with_override).collect::<Result<_>>().map(Self)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(wanted, _)| *wanted == name)
    }

    /// A variable as it is wanted, if it is.
    fn made(&self, name: &str, field: impl FnOnce() -> Field) -> Option<Field> {
        let (_, said) = self.0.iter().find(|(wanted, _)| *wanted == name)?;
        let mut field = field();
        said.apply(&mut field);
        field.source = Some(name.to_owned());
        Some(field)
    }
}

/// Whether the image is of complex pixels; what is neither detected nor such an image is refused.
fn is_complex(annotation: &Annotation, path: &Path) -> Result<bool> {
    let refused = |reason: String| Err(Error::input(path, reason));
    match (annotation.product.as_str(), annotation.mode.as_str()) {
        ("GRD", _) => Ok(false),
        ("SLC", "WV" | "S1" | "S2" | "S3" | "S4" | "S5" | "S6") => Ok(true),
        ("SLC", mode) => refused(format!(
            "single look images (SLC) of mode {mode} are not read, of WV and S1 to S6 they are; \
             take the GRD product of the same pass"
        )),
        (product, _) => {
            refused(format!("products of type {product} are not read, GRD and SLC are"))
        }
    }
}

/// The geolocation grid's points at height 0, moved to lines that are spread evenly.
fn lattice(
    annotation: &Annotation,
    (row_block, cell_block): (usize, usize),
    (rows, cells): (usize, usize),
) -> Lattice {
    let spread = |count: usize, pixels: usize| -> Vec<i32> {
        // More lines than edges of pixels would fall together.
        let count = count.min(pixels + 1);
        let step = pixels as f64 / (count - 1) as f64;
        (0..count).map(|index| (index as f64 * step).round_ties_even() as i32).collect()
    };
    let edges = |at: &[f64], block: usize| -> Vec<f64> {
        at.iter().map(|at| (at + 0.5) / block as f64).collect()
    };
    lattice::between(
        (edges(&annotation.grid_lines, row_block), edges(&annotation.grid_pixels, cell_block)),
        annotation.at_sea_level(),
        (spread(annotation.grid_lines.len(), rows), spread(annotation.grid_pixels.len(), cells)),
        (rows, cells),
    )
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
fn blocks(input: &Input, annotation: &Annotation, is_complex: bool) -> Result<(usize, usize)> {
    let spacings = (annotation.azimuth_spacing, annotation.spacing);
    let of_metres = |(rows, cells): (f64, f64)| {
        let block = |metres: f64, spacing: f64| {
            ((metres / spacing).round_ties_even().min(10_000.0) as usize).max(1)
        };
        (block(rows, spacings.0), block(cells, spacings.1))
    };
    if let Some((rows, cells)) = pair(input, "spacing")? {
        let is_count = |number: f64| number.fract() == 0.0 && (1.0..=10_000.0).contains(&number);
        if !is_count(rows) || !is_count(cells) {
            return Err(Error::option("spacing", "is not one or two counts of pixels"));
        }
        return Ok((rows as usize, cells as usize));
    }
    Ok(match pair(input, "mspacing")? {
        Some(metres) => of_metres(metres),
        None if is_complex => of_metres((METRES, METRES)),
        None => (2, 2),
    })
}

/// Two positive numbers, along lines and across them; one stands for both.
fn pair(input: &Input, key: &str) -> Result<Option<(f64, f64)>> {
    let Some(text) = input.input.get(key) else { return Ok(None) };
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|number| *number > 0.0);
    let parts: Option<Vec<f64>> = text.split([',', ';', 'x']).map(number).collect();
    match parts.as_deref() {
        Some([both]) => Ok(Some((*both, *both))),
        Some([rows, cells]) => Ok(Some((*rows, *cells))),
        _ => Err(Error::option(key, format!("`{text}` is not one or two numbers above 0"))),
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
