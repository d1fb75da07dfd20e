//! Sentinel-2 level 1C: reflectances at the top of the atmosphere, as means of blocks.

mod jp2;
mod product;
mod tiles;

use terracube_grid::{Crs, Transform};

use super::percentiles::percentiles;
use super::picture::Override;
use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::idf;
use crate::lattice::{self, Axis};
use crate::options::Options;
use crate::reader::{Input, Reader, Reading, Sink};
use crate::samples::Samples;
use jp2::Image;
use product::{Band, Product, Tile};

/// Metres of a pixel where `resolution` is not given.
const RESOLUTION: usize = 60;
/// Metres between points of the lattice, whatever `gcp_spacing` says.
const SPACING: usize = 25_000;
const KIND: &str = "_TOA_reflectance";

/// `sentinel2/L1`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentinel2L1;

impl Reader for Sentinel2L1 {
    fn name(&self) -> &'static str {
        "sentinel2/L1"
    }

    fn about(&self) -> &'static str {
        "Sentinel-2 level 1C: a GRANULE/L1C_* of the SAFE folder"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let options = &input.input;
        if options.is_on("rgb_contrast") {
            return Err(Error::option(
                "rgb_contrast",
                "is not supported: it needs a land mask and a table of the atmosphere; without it \
                 every band has a range of its own",
            ));
        }
        let bands = bands(options)?;
        let resolution = options.spacing(&["resolution"], RESOLUTION)?;
        let product = Product::read(&input.path)?;
        let tile = Tile::read(&input.path)?;
        let mut size = None;
        let mut fields = Vec::with_capacity(bands.len());
        for band in &bands {
            let block = block(band, resolution)?;
            let image = Image::open(&tile.image(band)?)?;
            let (rows, cols) = (image.rows() / block, image.cols() / block);
            let known = *size.get_or_insert((rows, cols));
            if known != (rows, cols) || rows == 0 || cols == 0 {
                return Err(Error::input(
                    image.path(),
                    format!("gives {rows} by {cols} pixels of {resolution} m: it does not fit"),
                ));
            }
            fields.push(field(band, &image, block, &product, options)?);
        }
        let Some((rows, cols)) = size else {
            return Err(Error::option("variables", "names none"));
        };
        if fields.iter().all(|field| field.samples.is_all_missing()) {
            return Ok(Reading::Nothing("no pixel was seen: all are 0".to_owned()));
        }
        let failed = |cause: terracube_grid::Error| Error::Projection {
            text: tile.crs.clone(),
            reason: cause.to_string(),
        };
        let crs = Crs::parse(&tile.crs).map_err(failed)?;
        let to_wgs84 = Transform::new(&crs, &Crs::wgs84()).map_err(failed)?;
        let metres = resolution as f64;
        // The corner that is told is the outer one; the option is about coordinates of centres.
        let shift = if options.are_centres() { 0.0 } else { metres / 2.0 };
        let y = Axis { origin: tile.top - shift, step: -metres, len: rows };
        let x = Axis { origin: tile.left + shift, step: metres, len: cols };
        let spacing = Options::of([("gcp_spacing", (SPACING / resolution).max(1).to_string())]);
        let mut attributes = Attributes::default();
        super::set_texts(
            &mut attributes,
            &[
                ("institution", "ESA"),
                ("platform", &product.platform),
                ("platform_type", "leo satellite"),
                ("sensor", "MSI"),
                ("sensor_type", "multi-spectral imager"),
            ],
        );
        let overrides = options.pairs("global_overrides")?;
        sink(Granule {
            id: input.id(&format!("{}-{resolution}m", product.granule)),
            lattice: lattice::grid_yx(
                y,
                x,
                &to_wgs84,
                &spacing,
                input.output.is_on("unwrap_longitudes"),
            )?,
            coverage: product.coverage,
            times: Vec::new(),
            resolution: metres,
            crs: Some(crs),
            attributes: idf::copied(&attributes, &overrides, input.is_compat),
            fields,
        })?;
        Ok(Reading::Done)
    }
}

/// The bands that are asked for; blue, green and red by default.
fn bands(options: &Options) -> Result<Vec<Band>> {
    let names = match options.names("variables") {
        names if names.is_empty() => {
            ["B02", "B03", "B04"].map(|name| format!("{name}{KIND}")).into()
        }
        names => names,
    };
    let band = |name: &String| {
        name.strip_suffix(KIND).and_then(Band::named).ok_or_else(|| Error::UnknownName {
            kind: "variable of Sentinel-2",
            name: name.clone(),
            known: Band::all()
                .map(|band| format!("{}{KIND}", band.name))
                .collect::<Vec<_>>()
                .join(", "),
        })
    };
    names.iter().map(band).collect()
}

/// Pixels of a band along the side of one of the result.
fn block(band: &Band, resolution: usize) -> Result<usize> {
    let block = resolution / band.metres;
    // Sums of larger blocks would not fit.
    if resolution.is_multiple_of(band.metres) && (1..=jp2::LARGEST_BLOCK).contains(&block) {
        return Ok(block);
    }
    Err(Error::option(
        "resolution",
        format!("{resolution} m is no multiple of the {} m of {}", band.metres, band.name),
    ))
}

/// Reflectances of a band, with their range.
fn field(
    band: &Band,
    image: &Image,
    block: usize,
    product: &Product,
    options: &Options,
) -> Result<Field> {
    let offset = product.offsets.get(band.id).copied().unwrap_or(0.0);
    let mut means = image.block_means(block)?;
    for mean in &mut means {
        *mean = ((f64::from(*mean) + offset) / product.quantification) as f32;
    }
    let samples = Samples::F32(means);
    let (least, most) = percentiles(&samples, 0.1, 99.9).unwrap_or((0.0, 1.0));
    let name = format!("{}{KIND}", band.name);
    let mut field = Field::new(name.clone(), samples)
        .ranged(least, most)
        .with("long_name", format!("{} top-of-atmosphere reflectance", band.name));
    Override::unmasked(&name, options)?.apply(&mut field);
    Ok(field)
}
