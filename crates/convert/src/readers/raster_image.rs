//! Rasters of every format that the raster crate reads.

use std::path::Path;
use std::sync::Arc;

use terracube_grid::{Time, Window};
use terracube_raster::{
    Cog, Error as RasterError, GcpMethod, GcpPlaces, LocalFile, LocalOptions, Raster, RasterFile,
};
use terracube_store::{Directory, Key};
use tokio::runtime::Runtime;

use super::coverage;
use super::picture::Override;
use crate::attribute::Attributes;
use crate::error::{Error, Result};
use crate::granule::{Field, Granule};
use crate::idf;
use crate::moment;
use crate::options::Options;
use crate::pixels;
use crate::reader::{Input, Reader, Reading, Sink};

/// `raster`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RasterImage;

/// A raster that is open, with what its calls need.
struct Image<'a> {
    path: &'a Path,
    file: RasterFile,
    runtime: Runtime,
}

/// A band and the name its field has.
struct Chosen {
    band: usize,
    name: String,
}

impl Reader for RasterImage {
    fn name(&self) -> &'static str {
        "raster"
    }

    fn about(&self) -> &'static str {
        "GeoTIFFs, and what GDAL opens where it is built in: a variable for each band"
    }

    fn read(&self, input: &Input, sink: &mut Sink<'_>) -> Result<Reading> {
        let options = &input.input;
        let image = Image::open(&input.path, options)?;
        let Some(full) = image.file.levels().first().cloned() else {
            return Err(Error::input(&input.path, "it has no image"));
        };
        let chosen = image.chosen(options)?;
        // A file without its pixels says any size in a few bytes.
        pixels::counted(&input.path, "the image", &[full.height, full.width])?;
        let overrides = options.pairs("global_overrides")?;
        let mut of_file = Attributes::default();
        let software = image.tag("TIFFTAG_SOFTWARE");
        for (name, text) in [("title", image.tag("TIFFTAG_IMAGEDESCRIPTION")), ("source", software)]
        {
            if let Some(text) = text {
                of_file.set(name, text);
            }
        }
        let time = image.time(options, &chosen)?;
        let coverage = coverage::of(&input.path, time, (&of_file, &overrides), options, false)?;
        let id = input.id(&input.base_name());
        let size = (full.height, full.width);
        let mut granule = image.granule(id, size, coverage, &input.output)?;
        granule.attributes = idf::copied(&of_file, &overrides, input.is_compat);
        for Chosen { band, name } in chosen {
            let raster = image.read(band, Window::new(0, 0, full.width, full.height))?;
            let mut field = Field::of_raster(&name, &raster, image.file.scale_offset(band));
            for (key, text) in [("long_name", image.title(band)), ("units", image.unit(band))] {
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    field.attributes.set(key, text);
                }
            }
            granule.fields.push(Override::unmasked(&name, options)?.made(field));
        }
        if granule.fields.iter().all(|field| field.samples.is_all_missing()) {
            return Ok(Reading::Nothing("no pixel is valid".to_owned()));
        }
        sink(granule)?;
        Ok(Reading::Done)
    }
}

impl<'a> Image<'a> {
    fn open(path: &'a Path, options: &Options) -> Result<Self> {
        let failed = |cause: &dyn std::fmt::Display| Error::NotReadable {
            path: path.to_owned(),
            format: "a raster",
            reason: cause.to_string(),
        };
        if let Err(cause) = std::fs::File::open(path) {
            return Err(Error::read(path, "it", cause));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let store = Directory::new(folder.unwrap_or(Path::new("."))).map_err(|e| failed(&e))?;
        let key = Key::new(name.as_ref()).map_err(|cause| failed(&cause))?;
        // The rest of the crate is synchronous; the store's calls need a runtime.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| failed(&cause))?;
        let file = match runtime.block_on(Cog::open(Arc::new(store), key)) {
            Ok(cog) => RasterFile::Cog(cog),
            Err(RasterError::NotATiff { .. }) => {
                let variable = options.get("variable").map(str::to_owned);
                let local = LocalOptions { variable, allow_vrt: false };
                let found = LocalFile::open(path, &local);
                RasterFile::Local(found.map_err(|cause| failed(&cause))?)
            }
            Err(cause) => return Err(failed(&cause)),
        };
        Ok(Self { path, file, runtime })
    }

    /// The bands that `variables` names, else all but the alpha band.
    fn chosen(&self, options: &Options) -> Result<Vec<Chosen>> {
        let alpha = self.file.as_cog().and_then(Cog::alpha_band);
        let all: Vec<Chosen> = (0..self.file.bands())
            .filter(|band| Some(*band) != alpha)
            .map(|band| Chosen { band, name: format!("band_{}", band + 1) })
            .collect();
        let wanted = options.names("variables");
        if wanted.is_empty() {
            return Ok(all);
        }
        let known = || {
            all.iter().map(|chosen| match self.title(chosen.band) {
                Some(title) if !title.is_empty() => format!("{} ({title})", chosen.name),
                _ => chosen.name.clone(),
            })
        };
        let find = |name: &String| {
            let found = all.iter().find(|chosen| {
                chosen.name == *name || self.title(chosen.band).as_deref() == Some(name)
            });
            found.map(|chosen| Chosen { band: chosen.band, name: name.clone() }).ok_or_else(|| {
                Error::NoVariable {
                    path: self.path.to_owned(),
                    name: name.clone(),
                    known: known().collect::<Vec<_>>().join(", "),
                }
            })
        };
        wanted.iter().map(find).collect()
    }

    /// The instant that the options tell, else the bands, else the file.
    fn time(&self, options: &Options, chosen: &[Chosen]) -> Result<Option<Time>> {
        if let Some(text) = options.get("indicative_time") {
            let format = options.get("time_coverage_format");
            return moment::parse("indicative_time", text, format).map(Some);
        }
        if let RasterFile::Local(file) = &self.file {
            let of_band = |chosen: &Chosen| file.bands().get(chosen.band).and_then(|b| b.time);
            let times: Vec<Option<Time>> = chosen.iter().map(of_band).collect();
            if times.windows(2).any(|pair| pair[0] != pair[1]) {
                return Err(Error::option(
                    "variables",
                    "the bands are of several instants: choose those of one",
                ));
            }
            if let Some(Some(time)) = times.first() {
                return Ok(Some(*time));
            }
        }
        // TIFF 6.0, section 8: `YYYY:MM:DD HH:MM:SS`.
        let tag = self.tag("TIFFTAG_DATETIME");
        tag.map(|text| moment::parse("TIFFTAG_DATETIME", &text, Some("%Y:%m:%d %H:%M:%S")))
            .transpose()
    }

    /// The granule without its fields: of a grid, or a swath by its points.
    fn granule(
        &self,
        id: String,
        size: (usize, usize),
        coverage: (Time, Time),
        output: &Options,
    ) -> Result<Granule> {
        if let Some(geobox) = self.file.geobox() {
            return Granule::on_grid(id, geobox, coverage, output);
        }
        if let Some(places) = self.file.geolocation() {
            return Granule::by_arrays(id, places, size, coverage, output);
        }
        let Some(gcps) = self.file.gcps() else {
            let why = self.file.geobox_missing().unwrap_or("it says no grid");
            return Err(Error::input(self.path, format!("its pixels have no place: {why}")));
        };
        let places = GcpPlaces::new(gcps, GcpMethod::Auto)
            .map_err(|cause| Error::input(self.path, cause.to_string()))?;
        Granule::by_points(id, &places, size, coverage, output)
    }

    fn read(&self, band: usize, window: Window) -> Result<Raster> {
        let failed =
            |cause: RasterError| Error::read(self.path, &format!("band {}", band + 1), cause);
        match &self.file {
            RasterFile::Cog(cog) => {
                let fetched = self.runtime.block_on(cog.fetch(0, band, window)).map_err(failed)?;
                fetched.decode().map_err(failed)
            }
            RasterFile::Local(file) => file.read(0, band, window).map_err(failed),
        }
    }

    fn title(&self, band: usize) -> Option<String> {
        match &self.file {
            RasterFile::Cog(cog) => cog.description(band).map(str::to_owned),
            RasterFile::Local(file) => file.band(band).ok()?.description.clone(),
        }
    }

    fn unit(&self, band: usize) -> Option<String> {
        match &self.file {
            RasterFile::Cog(cog) => cog.unit(band).map(str::to_owned),
            RasterFile::Local(file) => file.band(band).ok()?.unit.clone(),
        }
    }

    fn tag(&self, name: &str) -> Option<String> {
        let tags = self.file.as_cog()?.tags("")?;
        tags.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}
