//! One image or trajectory, as it is to be written.

use terracube_grid::{Crs, Time};

use crate::attribute::{Attribute, Attributes};
use crate::samples::Samples;

/// How the data of a granule lie in space and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Rows of one latitude, columns of one longitude.
    GridLatLon,
    /// Rows and columns of a projection.
    GridYx,
    /// Rows and cells of a sensor.
    Swath,
    /// Places along time.
    TimeDependent,
}

/// Pixels whose place is told; all others lie between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Lattice {
    /// How the data lie.
    pub model: Model,
    /// Pixels along each axis: rows and columns, or samples.
    pub sizes: Vec<usize>,
    /// Per axis, where the lattice's lines are: 0 is the outer edge of the first pixel.
    pub indices: Vec<Vec<i32>>,
    /// Degrees north: along the first axis for [`Model::GridLatLon`], else row by row.
    pub lat: Vec<f64>,
    /// Degrees east: along the second axis for [`Model::GridLatLon`], else row by row.
    pub lon: Vec<f64>,
}

/// The values of one variable.
#[derive(Debug, Clone)]
pub struct Field {
    /// The name it gets.
    pub name: String,
    /// Values, rows after rows.
    pub samples: Samples,
    /// What is said of it, as in the input.
    pub attributes: Attributes,
    /// Least value that is told; of the data where it is not given.
    pub least: Option<f64>,
    /// Greatest value that is told; of the data where it is not given.
    pub most: Option<f64>,
    /// Whether the input held integers that are not scaled.
    pub is_integer: bool,
    /// The name of the input's variable, where it is another one.
    pub source: Option<String>,
}

/// One image or trajectory.
#[derive(Debug, Clone)]
pub struct Granule {
    /// Its name, that of a folder.
    pub id: String,
    /// Where its pixels are.
    pub lattice: Lattice,
    /// First and last moment.
    pub coverage: (Time, Time),
    /// Of a trajectory: seconds since 1970 of each sample.
    pub times: Vec<f64>,
    /// Metres.
    pub resolution: f64,
    /// The projection, of [`Model::GridYx`].
    pub crs: Option<Crs>,
    /// What is said of it beyond what is computed.
    pub attributes: Attributes,
    /// Its variables.
    pub fields: Vec<Field>,
}

impl Model {
    /// Names of the image's axes.
    #[must_use]
    pub fn axes(self) -> &'static [&'static str] {
        match self {
            Self::GridLatLon => &["lat", "lon"],
            Self::GridYx => &["y", "x"],
            Self::Swath => &["row", "cell"],
            Self::TimeDependent => &["time"],
        }
    }

    /// `cdm_data_type` where the input does not say it.
    #[must_use]
    pub fn data_type(self) -> &'static str {
        match self {
            Self::GridLatLon | Self::GridYx => "Grid",
            Self::Swath => "Swath",
            Self::TimeDependent => "Trajectory",
        }
    }
}

impl Lattice {
    /// Pixels of the image.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.sizes.iter().fold(1, |all, size| all.saturating_mul(*size))
    }
}

impl Field {
    /// A field without a range.
    #[must_use]
    pub fn new(name: impl Into<String>, samples: Samples) -> Self {
        Self {
            name: name.into(),
            samples,
            attributes: Attributes::default(),
            least: None,
            most: None,
            is_integer: false,
            source: None,
        }
    }

    /// Whether it has this name, or the input's variable has.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.source.as_deref() == Some(name)
    }

    /// With a range.
    #[must_use]
    pub fn ranged(mut self, least: f64, most: f64) -> Self {
        (self.least, self.most) = (Some(least), Some(most));
        self
    }

    /// With an attribute more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Attribute>) -> Self {
        self.attributes.set(name, value);
        self
    }
}
