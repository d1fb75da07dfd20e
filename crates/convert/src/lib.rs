//! Datasets to what viewers read: readers, rules that choose them, IDF.
#![doc = include_str!("../README.md")]

mod attribute;
mod conversion;
mod converter;
mod dataset;
mod error;
mod grammar;
mod granule;
mod idf;
mod image;
mod lattice;
mod moment;
mod nc;
mod options;
mod parameters;
mod pixels;
mod reader;
mod readers;
mod rule;
mod rules;
mod samples;
mod transform;
mod unpack;

pub use attribute::{Attribute, Attributes, NumberType};
pub use conversion::{Conversion, Outcome, convert, convert_unless, write_granules};
pub use converter::{Converter, Converters, Idf};
pub use dataset::Dataset;
pub use error::{Error, Result};
pub use granule::{Field, Granule, Lattice, Model};
pub use options::Options;
pub use parameters::Parameters;
pub use reader::{Input, Reader, Reading, Sink};
pub use readers::Readers;
pub use rule::{Inputs, Pattern, Rule, TextCondition};
pub use rules::{Rules, Verdict};
pub use samples::Samples;
