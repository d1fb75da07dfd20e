//! Variables of a file as fields: names, ranges and masks by `override(VARIABLE)`.

use crate::attribute::Attribute;
use crate::error::{Error, Result};
use crate::granule::Field;
use crate::nc::{NcFile, NcVariable};
use crate::options::Options;
use crate::samples::Samples;
use crate::unpack;

/// What `override(VARIABLE)` says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Override {
    least: Bound,
    most: Bound,
    flag: Option<Flag>,
    others: Options,
}

/// An end of a range.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Bound {
    #[default]
    Unsaid,
    /// That of the data.
    Auto,
    At(f64),
}

/// Which values another variable masks.
#[derive(Debug, Clone)]
struct Flag {
    variable: String,
    least: Option<f64>,
    most: Option<f64>,
}

impl Override {
    pub(crate) fn of(variable: &str, input: &Options) -> Result<Self> {
        let key = format!("override({variable})");
        let said = input.pairs(&key)?;
        let bound = |name: &str| match said.get(name) {
            None => Ok(Bound::Unsaid),
            Some("auto") => Ok(Bound::Auto),
            Some(_) => Ok(said.number(name)?.map_or(Bound::Unsaid, Bound::At)),
        };
        let flag = match said.get("flag_variable") {
            None => None,
            Some(name) => {
                let (least, most) = (said.number("flag_min")?, said.number("flag_max")?);
                if least.is_none() && most.is_none() {
                    return Err(Error::option(&key, "flag_variable needs flag_min or flag_max"));
                }
                Some(Flag { variable: name.to_owned(), least, most })
            }
        };
        let known = ["valid_min", "valid_max", "flag_variable", "flag_min", "flag_max"];
        let others = said.iter().filter(|(name, _)| !known.contains(name));
        Ok(Self {
            least: bound("valid_min")?,
            most: bound("valid_max")?,
            flag,
            others: Options::of(others),
        })
    }

    /// The same for what is read where no other variable can mask it.
    ///
    /// # Errors
    /// [`Error::Option`] where one is to.
    pub(crate) fn unmasked(variable: &str, input: &Options) -> Result<Self> {
        let over = Self::of(variable, input)?;
        match over.flag_variable() {
            None => Ok(over),
            Some(flag) => Err(Error::option(
                &format!("override({variable})"),
                format!("flag_variable `{flag}` cannot mask here: leave it out"),
            )),
        }
    }

    /// The variable that masks, if one does.
    pub(super) fn flag_variable(&self) -> Option<&str> {
        self.flag.as_ref().map(|flag| flag.variable.as_str())
    }

    /// Takes out what the flags mask.
    pub(super) fn mask(&self, samples: &mut Samples, flags: &Samples) {
        let Some(flag) = &self.flag else { return };
        samples.mask(flags, |found| {
            found.is_nan()
                || flag.least.is_some_and(|least| found < least)
                || flag.most.is_some_and(|most| found > most)
        });
    }

    /// The field of a variable's values, with its name and range.
    pub(super) fn field(&self, variable: &NcVariable, samples: Samples) -> Field {
        let mut field = Field::new(variable.name.clone(), samples);
        if let Some((least, most)) = unpack::own_range(variable) {
            field = field.ranged(least, most);
        }
        field.attributes = variable.attributes.clone();
        field.is_integer = !variable.kind.is_float()
            && variable.attributes.get("scale_factor").is_none()
            && variable.attributes.get("add_offset").is_none();
        self.made(field)
    }

    /// Sets what is said on a field that has a range already.
    pub(super) fn apply(&self, field: &mut Field) {
        for (said, bound) in [(self.least, &mut field.least), (self.most, &mut field.most)] {
            match said {
                Bound::Unsaid => {}
                Bound::Auto => *bound = None,
                Bound::At(value) => *bound = Some(value),
            }
        }
        self.dress(field);
    }

    /// Sets what is said beyond ranges and flags: the name, and attributes.
    fn dress(&self, field: &mut Field) {
        for (name, value) in self.others.iter() {
            match name {
                "name" => field.source = Some(std::mem::replace(&mut field.name, value.to_owned())),
                _ => field.attributes.set(name, Attribute::from(value)),
            }
        }
    }

    /// A field without values, for a variable that is not there.
    pub(super) fn placeholder(&self, name: &str, len: usize) -> Field {
        self.made(Field::new(name, Samples::missing(len)))
    }

    /// A field that is of no variable, with its name and range.
    pub(crate) fn made(&self, mut field: Field) -> Field {
        let bound = |said: Bound, own: Option<f64>| match said {
            Bound::At(value) => Some(value),
            Bound::Auto => None,
            Bound::Unsaid => own,
        };
        (field.least, field.most) = (bound(self.least, field.least), bound(self.most, field.most));
        self.dress(&mut field);
        field
    }
}

/// A rectangle of a variable: an index along every other dimension.
#[derive(Debug, Clone)]
pub(super) struct Slab<'a> {
    /// Dimensions with the index to take.
    pub(super) at: &'a [(&'a str, usize)],
    /// Names of the rows' and the columns' dimension.
    pub(super) rows: &'a str,
    pub(super) cols: &'a str,
    /// First row and how many.
    pub(super) window: (usize, usize),
}

/// Reads a rectangle in physical units, rows after rows.
pub(super) fn slab(file: &NcFile, variable: &NcVariable, slab: &Slab<'_>) -> Result<Samples> {
    let (start, count, is_turned) = extent(file, variable, slab)?;
    let samples = unpack::window(file, variable, &start, &count)?;
    if !is_turned {
        return Ok(samples);
    }
    let rows = slab.window.1;
    let cols = samples.len() / rows.max(1);
    Ok(samples.select((0..rows).flat_map(|row| (0..cols).map(move |col| col * rows + row))))
}

fn extent(
    file: &NcFile,
    variable: &NcVariable,
    slab: &Slab<'_>,
) -> Result<(Vec<usize>, Vec<usize>, bool)> {
    let place = |name: &str| variable.dims.iter().position(|dim| dim == name);
    let (Some(row), Some(col)) = (place(slab.rows), place(slab.cols)) else {
        return Err(Error::input(
            file.path(),
            format!(
                "variable `{}` lies along {}, not along `{}` and `{}`",
                variable.name,
                variable.dims.join(", "),
                slab.rows,
                slab.cols
            ),
        ));
    };
    let (mut start, mut count) = (Vec::new(), Vec::new());
    for (index, (dim, len)) in variable.dims.iter().zip(&variable.shape).enumerate() {
        let chosen = slab.at.iter().find(|(name, _)| name == dim).map(|(_, at)| *at);
        let (from, many) = match chosen {
            _ if index == row => slab.window,
            _ if index == col => (0, *len),
            Some(at) if at < *len => (at, 1),
            None if *len == 1 => (0, 1),
            _ => {
                return Err(Error::input(
                    file.path(),
                    format!(
                        "variable `{}` has {len} values along `{dim}`: say which one to take",
                        variable.name
                    ),
                ));
            }
        };
        start.push(from);
        count.push(many);
    }
    Ok((start, count, col < row))
}
