//! GeoTIFFs over byte ranges: open, choose a level, fetch a window, decode it.

mod block_cache;
mod codec;
mod decode;
mod fetch;
mod gdal_metadata;
mod geokeys;
mod head;
mod ifd;
mod image;
mod lerc;
mod palette;
mod predictor;
mod read_ahead;
mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;

use terracube_grid::{GeoBox, Window};
use terracube_store::{Key, ReadStore};

use self::gdal_metadata::{BandMetadata, Metadata};
use self::head::Head;
use self::ifd::{Ifd, Order, tag};
use self::image::Image;
use crate::{ColorInterpretation, DType, Error, Gcps, Level, MaskKind, Result};

pub use self::block_cache::BlockCache;
pub use self::fetch::{FetchedWindow, TileRef};
pub use self::read_ahead::{ReadAhead, WindowRef};

/// A GeoTIFF opened over byte ranges, cloud optimised or not. Cloning is cheap.
///
/// Bands and levels count from 0; level 0 is the full image, the others are its overviews from
/// fine to coarse. Which pixels are valid follows GDAL's warper: by the nodata value when there is
/// one, else by an internal mask, else by an alpha band (0 is invalid).
#[derive(Debug, Clone)]
pub struct Cog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn ReadStore>,
    key: Key,
    geobox: Result<GeoBox, String>,
    gcps: Option<Gcps>,
    nodata: Option<f64>,
    bands: Vec<BandMetadata>,
    tags: BTreeMap<String, BTreeMap<String, String>>,
    colors: Vec<ColorInterpretation>,
    color_table: Vec<[u8; 4]>,
    levels: Vec<Level>,
    images: Vec<Image>,
    masks: Vec<Option<Image>>,
    /// Where blocks are kept, and this file's number there.
    cache: Option<(BlockCache, u64)>,
}

impl Cog {
    /// Reads the header and all directories, in few requests when they are near the start.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotATiff`], [`Error::Truncated`], [`Error::Malformed`],
    /// [`Error::TooLarge`], [`Error::Unsupported`] or [`Error::Read`], each naming the key.
    pub async fn open(store: Arc<dyn ReadStore>, key: Key) -> Result<Self> {
        let mut head = Head::new(Arc::clone(&store), key.clone());
        let (order, ifds) = ifd::read_ifds(&mut head, key.as_str()).await?;
        Ok(Self { inner: Arc::new(Inner::new(store, key, order, &ifds)?) })
    }

    /// As [`open`](Self::open), keeping compressed blocks in a cache that windows and files share.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_cached(
        store: Arc<dyn ReadStore>,
        key: Key,
        cache: BlockCache,
    ) -> Result<Self> {
        let mut head = Head::new(Arc::clone(&store), key.clone());
        let (order, ifds) = ifd::read_ifds(&mut head, key.as_str()).await?;
        let mut inner = Inner::new(store, key, order, &ifds)?;
        let file = cache.register();
        inner.cache = Some((cache, file));
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The key in the store.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.inner.key
    }

    /// Where the full image lies, or `None` without a CRS and affine that are understood.
    #[must_use]
    pub fn geobox(&self) -> Option<&GeoBox> {
        self.inner.geobox.as_ref().ok()
    }

    /// Why there is no [`geobox`](Self::geobox).
    #[must_use]
    pub fn geobox_missing(&self) -> Option<&str> {
        self.inner.geobox.as_ref().err().map(String::as_str)
    }

    /// How many bands it has, alpha included.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.inner.images[0].bands
    }

    /// The pixel type of a band. Half precision reads as `float32`, odd numbers of bits as the
    /// next larger unsigned integer.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] without such a band.
    pub fn dtype(&self, band: usize) -> Result<DType> {
        self.inner.check_band(band)?;
        Ok(self.inner.images[0].dtype)
    }

    /// The value that marks pixels without data, for all bands.
    #[must_use]
    pub fn nodata(&self) -> Option<f64> {
        self.inner.nodata
    }

    /// Whether the file says which pixels of a band are valid: by nodata, a mask or an alpha band.
    #[must_use]
    pub fn says_validity(&self, band: usize) -> bool {
        !matches!(self.inner.validity(0, band), fetch::Validity::All)
    }

    /// Scale and offset of a band: physical value = stored value * scale + offset. (1, 0) when the
    /// file says nothing.
    #[must_use]
    pub fn scale_offset(&self, band: usize) -> (f64, f64) {
        let band = self.inner.bands.get(band);
        let scale = band.and_then(|b| b.scale).unwrap_or(1.0);
        (scale, band.and_then(|b| b.offset).unwrap_or(0.0))
    }

    /// The description of a band.
    #[must_use]
    pub fn description(&self, band: usize) -> Option<&str> {
        self.inner.bands.get(band)?.description.as_deref()
    }

    /// The unit of a band's physical values.
    #[must_use]
    pub fn unit(&self, band: usize) -> Option<&str> {
        self.inner.bands.get(band)?.unit.as_deref()
    }

    /// What a band means to the eye.
    #[must_use]
    pub fn color(&self, band: usize) -> ColorInterpretation {
        self.inner.colors.get(band).copied().unwrap_or_default()
    }

    /// Red, green, blue and opacity of each value of the only band, from 0; empty without a table.
    #[must_use]
    pub fn color_table(&self) -> &[[u8; 4]] {
        &self.inner.color_table
    }

    /// Tags by name, of the file's own domain (empty) or another, as GDAL shows them: items of its
    /// metadata, `TIFFTAG_*`, `AREA_OR_POINT`.
    #[must_use]
    pub fn tags(&self, domain: &str) -> Option<&BTreeMap<String, String>> {
        self.inner.tags.get(domain)
    }

    /// The names of the domains of [`tags`](Self::tags).
    pub fn tag_domains(&self) -> impl Iterator<Item = &str> {
        self.inner.tags.keys().map(String::as_str)
    }

    /// Tags of a band.
    #[must_use]
    pub fn band_tags(&self, band: usize) -> Option<&BTreeMap<String, String>> {
        Some(&self.inner.bands.get(band)?.tags)
    }

    /// The points that locate the image when it has no affine.
    #[must_use]
    pub fn gcps(&self) -> Option<&Gcps> {
        self.inner.gcps.as_ref()
    }

    /// What GDAL's flags say of a band's mask. Which pixels are valid is decided by nodata first,
    /// as its warper does; its flags name a mask first.
    #[must_use]
    pub fn mask_kind(&self, band: usize) -> MaskKind {
        let alpha = self.alpha_band().filter(|alpha| *alpha != band);
        if self.levels().first().is_some_and(|full| full.has_mask) {
            MaskKind::PerDataset
        } else if self.nodata().is_some() {
            MaskKind::Nodata
        } else if alpha.is_some() {
            MaskKind::Alpha
        } else {
            MaskKind::AllValid
        }
    }

    /// The band that says which pixels are opaque.
    #[must_use]
    pub fn alpha_band(&self) -> Option<usize> {
        self.inner.images[0].alpha
    }

    /// The full image first, then the overviews from fine to coarse.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.inner.levels
    }

    /// The level to read for pixels `scale` times (columns, rows) as large as the full image's, by
    /// [`Level::choose`].
    #[must_use]
    pub fn level_for(&self, scale: (f64, f64)) -> usize {
        Level::choose(&self.inner.levels, scale)
    }

    /// Where a level lies; `None` without a [`geobox`](Self::geobox) or such a level.
    #[must_use]
    pub fn level_geobox(&self, level: usize) -> Option<GeoBox> {
        self.inner.levels.get(level)?.geobox(self.geobox()?)
    }

    /// Whether the bands of a pixel are stored side by side, so that fetching one fetches all.
    #[must_use]
    pub fn is_interleaved(&self) -> bool {
        self.bands() > 1 && !self.inner.images[0].planar
    }
}

impl Inner {
    fn new(store: Arc<dyn ReadStore>, key: Key, order: Order, ifds: &[Ifd]) -> Result<Self> {
        let is_mask = |ifd: &Ifd| ifd.uint(tag::SUBFILE_TYPE).unwrap_or(0) & 4 != 0;
        let is_reduced = |ifd: &Ifd| ifd.uint(tag::SUBFILE_TYPE).unwrap_or(0) & 1 != 0;
        let main = ifds.iter().find(|ifd| !is_mask(ifd)).unwrap_or(&ifds[0]);
        let full = Image::new(main, order, key.as_str())?;
        let (width, height) = (full.width, full.height);

        let mut overviews: Vec<_> = ifds
            .iter()
            .filter(|ifd| is_reduced(ifd) && !is_mask(ifd) && !std::ptr::eq(*ifd, main))
            // An overview that cannot be read is as good as none.
            .filter_map(|ifd| Image::new(ifd, order, key.as_str()).ok())
            .filter(|o| {
                (o.bands, o.dtype) == (full.bands, full.dtype)
                    && o.width <= width
                    && o.height <= height
                    && o.width * o.height < width * height
            })
            .collect();
        overviews.sort_by_key(|o| std::cmp::Reverse(o.width * o.height));
        let mut images = vec![full];
        images.append(&mut overviews);

        let mut mask_images = Vec::new();
        for ifd in ifds.iter().filter(|ifd| is_mask(ifd)) {
            mask_images.push(Image::new(ifd, order, key.as_str())?);
        }
        let mut masks: Vec<Option<Image>> = Vec::new();
        for image in &images {
            let same = |m: &Image| (m.width, m.height) == (image.width, image.height);
            let found = mask_images.iter().position(|m| same(m) && m.dtype == DType::U8);
            masks.push(found.map(|i| mask_images.swap_remove(i)));
        }
        let levels = images.iter().zip(&masks).map(|(image, mask)| Level {
            width: image.width,
            height: image.height,
            tile_width: image.block_width,
            tile_height: image.block_height,
            factor: (width as f64 / image.width as f64, height as f64 / image.height as f64),
            has_mask: mask.is_some(),
        });
        let xml = main.text(tag::GDAL_METADATA).unwrap_or_default();
        let Metadata { domains: mut tags, bands } = gdal_metadata::parse(&xml, images[0].bands);
        let default = tags.entry(String::new()).or_default();
        tags::add(main, geokeys::pixel_is_point(main), default);
        let nodata = main
            .text(tag::GDAL_NODATA)
            .and_then(|text| parse_nodata(&text))
            // As GDAL, a value that no pixel can have is taken for none.
            .filter(|v| images[0].dtype.is_float() || images[0].dtype.holds(*v));
        let color_table = palette::color_table(main, &images[0], nodata);
        Ok(Self {
            geobox: geokeys::geobox(main, width, height),
            gcps: geokeys::gcps(main),
            nodata,
            colors: palette::interpretations(&images[0], &bands),
            color_table,
            bands,
            tags,
            levels: levels.collect(),
            images,
            masks,
            cache: None,
            store,
            key,
        })
    }

    fn check_band(&self, band: usize) -> Result<()> {
        let bands = self.images[0].bands;
        if band < bands {
            return Ok(());
        }
        let has = format!("it has {bands} bands, counted from 0");
        Err(Error::OutOfRange {
            key: self.key.to_string(),
            what: "band",
            asked: band.to_string(),
            has,
        })
    }

    fn check_window(&self, level: usize, band: usize, window: &Window) -> Result<()> {
        self.check_band(band)?;
        Level::check_window(self.key.as_str(), &self.levels, level, window)
    }
}

fn parse_nodata(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('\0');
    if text.to_ascii_lowercase().trim_start_matches('-').starts_with("nan") {
        return Some(f64::NAN);
    }
    text.parse().ok()
}
