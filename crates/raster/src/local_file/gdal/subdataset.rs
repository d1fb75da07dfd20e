//! The rasters within a file, by the names that people give them.

use ::gdal::{Dataset, Metadata};

use crate::{Error, Result};

/// One raster within a file that has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subdataset {
    /// What GDAL opens it by.
    pub(super) name: String,
    /// What it is called: the end of that name, or of its description where that is a number.
    variable: String,
}

impl Subdataset {
    /// All that a file names.
    pub(super) fn all(dataset: &Dataset) -> Vec<Self> {
        let items = dataset.metadata_domain("SUBDATASETS").unwrap_or_default();
        let value_of = |key: &str| {
            let of = |item: &String| item.strip_prefix(key)?.strip_prefix('=').map(str::to_owned);
            items.iter().find_map(of)
        };
        let one = |item: &String| {
            let (key, name) = item.split_once('=')?;
            let description = value_of(&format!("{}_DESC", key.strip_suffix("_NAME")?));
            Some(Self::new(name, &description.unwrap_or_default()))
        };
        items.iter().filter_map(one).collect()
    }

    fn new(name: &str, description: &str) -> Self {
        let last = name.rsplit(':').next().unwrap_or(name).trim_start_matches('/');
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
        // «[8x12] Band0 (16-bit integer)»
        let described = description
            .split_once("] ")
            .and_then(|(_, rest)| Some(rest.rsplit_once(" (")?.0))
            .filter(|text| is_number && !text.is_empty());
        Self { name: name.to_owned(), variable: described.unwrap_or(last).to_owned() }
    }

    /// The one that is called `wanted`: as GDAL names it, or by the end of its path.
    pub(super) fn find<'a>(all: &'a [Self], wanted: &str, key: &str) -> Result<&'a Self> {
        if let Some(found) = all.iter().find(|one| one.name == wanted) {
            return Ok(found);
        }
        let ends = |one: &&Self| {
            let rest = one.name.strip_suffix(wanted);
            rest.is_some_and(|rest| rest.ends_with([':', '/']))
        };
        let mut called: Vec<_> = all.iter().filter(|one| one.variable == wanted).collect();
        if called.is_empty() {
            called = all.iter().filter(ends).collect();
        }
        match &called[..] {
            [found] => Ok(found),
            [] => Err(unknown(wanted, names(all))),
            several => Err(Error::Unsupported {
                key: key.to_owned(),
                what: format!("several of its rasters are called `{wanted}`, name one of {}", {
                    let all: Vec<_> = several.iter().map(|one| one.path()).collect();
                    all.join(", ")
                }),
            }),
        }
    }

    /// What tells it from others of its name: what follows the file in GDAL's name of it.
    fn path(&self) -> &str {
        let path = self.name.rsplit_once("\":").map_or(&*self.variable, |(_, path)| path);
        path.trim_start_matches('/')
    }
}

/// The names of all, for messages; with their paths where several have the same.
pub(super) fn names(all: &[Subdataset]) -> String {
    let is_one = |one: &&Subdataset| all.iter().filter(|o| o.variable == one.variable).count() == 1;
    let name = |one| if is_one(&one) { one.variable.as_str() } else { one.path() };
    all.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Whether the only raster of a file may be called `wanted`: by its own name, where the driver
/// tells any.
pub(super) fn check_single(dataset: &Dataset, wanted: &str) -> Result<()> {
    let band = dataset.rasterband(1).ok();
    let netcdf = band.and_then(|band| band.metadata_item("NETCDF_VARNAME", ""));
    let own = netcdf.or_else(|| {
        let name = dataset.description().ok()?;
        // A driver's name of an array, not the path of the file.
        let is_array = name.starts_with("HDF") || name.starts_with("NETCDF:");
        is_array.then(|| Subdataset::new(&name, "").variable)
    });
    match own {
        Some(own) if own != wanted && !own.ends_with(&format!("/{wanted}")) => {
            Err(unknown(wanted, own))
        }
        _ => Ok(()),
    }
}

fn unknown(wanted: &str, known: String) -> Error {
    Error::UnknownName { kind: "variable", name: wanted.to_owned(), known }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Subdataset> {
        [
            ("HDF5:\"/a/b.h5\"://day/sst", "[3x4] //day/sst (16-bit integer)"),
            ("HDF5:\"/a/b.h5\"://night/sst", "[3x4] //night/sst (16-bit integer)"),
            ("HDF4_EOS:EOS_GRID:\"/a/b.hdf\":Grid 1km:state", "[2x2] state Grid 1km (8-bit)"),
            ("HDF4_SDS:UNKNOWN:\"/a/b.hdf\":0", "[8x12] Band 0 (16-bit integer)"),
            ("HDF4_EOS:EOS_GRID:\"/a/b.hdf\":Grid 1km:count", "[2x2] count Grid 1km (8-bit)"),
            ("HDF4_EOS:EOS_GRID:\"/a/b.hdf\":Grid 500m:count", "[4x4] count Grid 500m (8-bit)"),
        ]
        .map(|(name, description)| Subdataset::new(name, description))
        .into()
    }

    #[test]
    fn arrays_are_found_by_the_end_of_their_names() {
        let all = all();
        let found = |wanted: &str| {
            let found = Subdataset::find(&all, wanted, "b").unwrap();
            all.iter().position(|one| one == found).unwrap()
        };
        assert_eq!(found("night/sst"), 1);
        assert_eq!(
            (found("state"), found("Grid 1km:state"), found("Band 0"), found("0")),
            (2, 2, 3, 3)
        );
        assert_eq!((found("Grid 1km:count"), found("Grid 500m:count")), (4, 5));
        assert_eq!(found("HDF5:\"/a/b.h5\"://day/sst"), 0);
    }

    #[test]
    fn a_name_of_none_or_of_several_tells_those_that_are() {
        let error = |wanted: &str| Subdataset::find(&all(), wanted, "b").unwrap_err().to_string();
        assert!(
            error("st").contains("known are day/sst, night/sst, state, Band 0"),
            "{}",
            error("st")
        );
        assert!(error("sst").contains("name one of day/sst, night/sst"), "{}", error("sst"));
        let counts = error("count");
        assert!(counts.contains("name one of Grid 1km:count, Grid 500m:count"), "{counts}");
    }
}
