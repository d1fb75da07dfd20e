//! The built-in readers, one line each.

mod coverage;
mod drifter;
mod ghrsst_l2p;
mod grid;
mod grid_lat_lon;
mod grid_yx;
mod mfwam;
mod olci_l1;
mod olci_l2;
mod percentiles;
mod picture;
mod raster_image;
mod rtofs;
mod sentinel1_l1;
mod sentinel1_ocn;
mod sentinel1_owi;
mod sentinel1_rvl;
mod sentinel2_l1;
mod sentinel3;
mod slstr_l1_bt;
mod slstr_l2;
mod topaz4;
mod xml;

pub(crate) use picture::Override;

use crate::error::{Error, Result};
use crate::reader::Reader;

/// Readers by name.
#[derive(Debug)]
pub struct Readers(Vec<Box<dyn Reader>>);

impl Readers {
    /// None.
    #[must_use]
    pub fn empty() -> Self {
        Self(Vec::new())
    }

    /// The built-in ones.
    #[must_use]
    pub fn built_in() -> Self {
        Self::empty()
            .with(grid_lat_lon::GridLatLon)
            .with(grid_yx::GridYx)
            .with(raster_image::RasterImage)
            .with(mfwam::Mfwam)
            .with(topaz4::Topaz4)
            .with(rtofs::Rtofs)
            .with(ghrsst_l2p::GhrsstL2p)
            .with(drifter::Drifter)
            .with(slstr_l2::SlstrL2)
            .with(slstr_l1_bt::SlstrL1Bt)
            .with(olci_l2::OlciL2)
            .with(olci_l1::OlciL1)
            .with(sentinel1_l1::Sentinel1L1)
            .with(sentinel1_rvl::Sentinel1Rvl)
            .with(sentinel1_owi::Sentinel1Owi)
            .with(sentinel2_l1::Sentinel2L1)
    }

    /// These and one more; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, reader: impl Reader + 'static) -> Self {
        self.0.retain(|known| known.name() != reader.name());
        self.0.push(Box::new(reader));
        self
    }

    /// In the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Reader> {
        self.0.iter().map(|reader| &**reader)
    }

    /// The reader of a name.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the known ones.
    pub fn get(&self, name: &str) -> Result<&dyn Reader> {
        self.iter().find(|reader| reader.name() == name).ok_or_else(|| Error::UnknownName {
            kind: "reader",
            name: name.to_owned(),
            known: self.iter().map(Reader::name).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Sets attributes that are texts.
fn set_texts(attributes: &mut crate::attribute::Attributes, texts: &[(&str, &str)]) {
    for (name, text) in texts {
        attributes.set(name, *text);
    }
}
