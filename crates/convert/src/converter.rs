//! The seam of converters: a format, the rules that choose parameters, and the work itself.

use std::fmt;
use std::path::Path;

use crate::conversion::{Conversion, Outcome, convert_unless};
use crate::error::{Error, Result};
use crate::readers::Readers;
use crate::rules::Rules;

/// The rules that come with IDF.
const IDF: &str = include_str!("../data/idf.toml");

/// Turns datasets into one format.
pub trait Converter: fmt::Debug + Send + Sync {
    /// The format's name.
    fn format(&self) -> &str;

    /// Which parameters are for which dataset.
    fn rules(&self) -> &Rules;

    /// Converts one input, unless it is stopped meanwhile.
    ///
    /// # Errors
    /// Any of the crate, naming what is at fault; nothing is then left behind.
    fn convert_unless(
        &self,
        conversion: &Conversion,
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Outcome>;

    /// Converts one input.
    ///
    /// # Errors
    /// Any of the crate, naming what is at fault; nothing is then left behind.
    fn convert(&self, conversion: &Conversion) -> Result<Outcome> {
        self.convert_unless(conversion, &|| false)
    }
}

/// To IDF 1.0.
#[derive(Debug)]
pub struct Idf {
    /// Which parameters are for which dataset.
    pub rules: Rules,
    /// What can be read.
    pub readers: Readers,
}

/// Converters by format.
#[derive(Debug)]
pub struct Converters(Vec<Box<dyn Converter>>);

impl Idf {
    /// With the built-in readers and rules.
    ///
    /// # Errors
    /// [`Error::Rules`] if the built-in rules were wrong; a test reads them.
    pub fn built_in() -> Result<Self> {
        let rules = Rules::parse(IDF, Path::new("data/idf.toml"))?;
        Ok(Self { rules, readers: Readers::built_in() })
    }
}

impl Converter for Idf {
    fn format(&self) -> &str {
        "idf"
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn convert_unless(
        &self,
        conversion: &Conversion,
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Outcome> {
        convert_unless(conversion, &self.readers, is_stopped)
    }
}

impl Converters {
    /// The built-in ones.
    ///
    /// # Errors
    /// [`Error::Rules`] if built-in rules were wrong.
    pub fn built_in() -> Result<Self> {
        Ok(Self(Vec::new()).with(Idf::built_in()?))
    }

    /// These and one more; one of the same format is replaced.
    #[must_use]
    pub fn with(mut self, converter: impl Converter + 'static) -> Self {
        self.0.retain(|known| known.format() != converter.format());
        self.0.push(Box::new(converter));
        self
    }

    /// In the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Converter> {
        self.0.iter().map(|converter| &**converter)
    }

    /// The converter to a format.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the known ones.
    pub fn get(&self, format: &str) -> Result<&dyn Converter> {
        self.iter().find(|converter| converter.format() == format).ok_or_else(|| {
            let known: Vec<&str> = self.iter().map(Converter::format).collect();
            let (kind, name) = ("format", format.to_owned());
            Error::UnknownName { kind, name, known: known.join(", ") }
        })
    }
}
