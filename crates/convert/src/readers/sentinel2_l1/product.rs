//! What a product's XML files say: bands, time, place, and how counts become reflectances.

use std::path::{Path, PathBuf};

use terracube_grid::Time;

use crate::error::{Error, Result};
use crate::moment;
use crate::readers::xml::{Find, document, text};

/// A band of the instrument.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    pub(super) name: &'static str,
    /// Its number in the metadata.
    pub(super) id: usize,
    /// Of a pixel.
    pub(super) metres: usize,
}

/// Names with the metres of a pixel, in the order of their numbers.
const BANDS: [(&str, usize); 13] = [
    ("B01", 60),
    ("B02", 10),
    ("B03", 10),
    ("B04", 10),
    ("B05", 20),
    ("B06", 20),
    ("B07", 20),
    ("B08", 10),
    ("B8A", 20),
    ("B09", 60),
    ("B10", 60),
    ("B11", 20),
    ("B12", 20),
];

/// What `MTD_MSIL1C.xml` says.
#[derive(Debug)]
pub(super) struct Product {
    /// The name of the granule: that of the product, if it has this one alone.
    pub(super) granule: String,
    pub(super) platform: String,
    pub(super) coverage: (Time, Time),
    /// Counts of a reflectance of 1.
    pub(super) quantification: f64,
    /// What is added to counts, by the band's number; empty in products of before 2022.
    pub(super) offsets: Vec<f64>,
}

/// What `MTD_TL.xml` says, and where images are.
#[derive(Debug)]
pub(super) struct Tile {
    /// As `EPSG:32632`.
    pub(super) crs: String,
    /// Metres of the outer corner.
    pub(super) left: f64,
    pub(super) top: f64,
    images: PathBuf,
}

impl Band {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        BANDS.into_iter().enumerate().map(|(id, (name, metres))| Self { name, id, metres })
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::all().find(|band| band.name == name)
    }
}

impl Product {
    /// The product of a granule's folder.
    pub(super) fn read(granule: &Path) -> Result<Self> {
        let failed = |cause| Error::read(granule, "it", cause);
        let folder = granule.canonicalize().map_err(failed)?;
        let granules = folder.parent().unwrap_or(&folder);
        let product = granules.parent().unwrap_or(granules);
        let path = product.join("MTD_MSIL1C.xml");
        if !path.is_file() {
            return Err(Error::input(
                granule,
                "is not in the folder GRANULE of a SAFE product: `../../MTD_MSIL1C.xml` is missing",
            ));
        }
        let text = text(&path)?;
        let document = document(&path, &text)?;
        let find = Find { path: &path, root: document.root_element() };
        let mut offsets = Vec::new();
        for node in find.all("RADIO_ADD_OFFSET") {
            let parsed = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok());
            let (Some(id), Some(offset)) = (
                parsed(node.attribute("band_id")).filter(|id| *id < BANDS.len() as f64),
                parsed(node.text()),
            ) else {
                return Err(Error::input(&path, "a `RADIO_ADD_OFFSET` is not a band's number"));
            };
            let id = id as usize;
            offsets.resize(offsets.len().max(id + 1), 0.0);
            offsets[id] = offset;
        }
        let quantification: f64 = find.number("QUANTIFICATION_VALUE")?;
        if quantification <= 0.0 {
            return Err(Error::input(&path, "the `QUANTIFICATION_VALUE` is not above 0"));
        }
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.strip_suffix(".SAFE").unwrap_or(&name).to_owned()
        };
        let is_alone = std::fs::read_dir(granules).map_err(failed)?.count() == 1;
        let time = |name: &str| moment::parse(name, &find.text(name)?, None);
        Ok(Self {
            granule: name(if is_alone { product } else { &folder }),
            platform: find.text("SPACECRAFT_NAME")?,
            coverage: (time("PRODUCT_START_TIME")?, time("PRODUCT_STOP_TIME")?),
            quantification,
            offsets,
        })
    }
}

impl Tile {
    /// The tile of a granule's folder.
    pub(super) fn read(granule: &Path) -> Result<Self> {
        let path = granule.join("MTD_TL.xml");
        let text = text(&path)?;
        let document = document(&path, &text)?;
        let find = Find { path: &path, root: document.root_element() };
        Ok(Self {
            crs: find.text("HORIZONTAL_CS_CODE")?,
            left: find.number("ULX")?,
            top: find.number("ULY")?,
            images: granule.join("IMG_DATA"),
        })
    }

    /// The file of a band's image.
    pub(super) fn image(&self, band: &Band) -> Result<PathBuf> {
        let failed = |cause| Error::read(&self.images, "images", cause);
        let end = format!("_{}.jp2", band.name);
        for entry in std::fs::read_dir(&self.images).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.to_string_lossy().ends_with(&end) {
                return Ok(path);
            }
        }
        Err(Error::input(
            &self.images,
            format!("has no image of {}: none ends in `{end}`", band.name),
        ))
    }
}
