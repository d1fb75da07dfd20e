//! Attributes of files and variables: names with a text or numbers.

/// Attributes that are values as they are stored.
const OF_STORED: [&str; 7] = [
    "_FillValue",
    "missing_value",
    "valid_min",
    "valid_max",
    "valid_range",
    "flag_values",
    "flag_masks",
];

/// The type of a number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum NumberType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// One or more numbers of a type.
    Numbers(NumberType, Vec<f64>),
}

/// Attributes by name, in the order they were set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(Vec<(String, Attribute)>);

impl NumberType {
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    #[cfg_attr(not(feature = "netcdf"), expect(dead_code, reason = "nothing is read"))]
    /// The unsigned type of a signed one's size.
    pub(crate) fn unsigned(self) -> Option<Self> {
        match self {
            Self::I8 => Some(Self::U8),
            Self::I16 => Some(Self::U16),
            Self::I32 => Some(Self::U32),
            Self::I64 => Some(Self::U64),
            _ => None,
        }
    }

    /// How many values an integer type has.
    pub(crate) fn turn(self) -> f64 {
        f64::from(8 * self.bytes() as u32).exp2()
    }

    /// Least and greatest of an integer type.
    pub(crate) fn limits(self) -> Option<(f64, f64)> {
        Some(match self {
            Self::U8 => (0.0, 255.0),
            Self::I8 => (-128.0, 127.0),
            Self::U16 => (0.0, 65_535.0),
            Self::I16 => (-32_768.0, 32_767.0),
            Self::U32 => (0.0, f64::from(u32::MAX)),
            Self::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
            Self::U64 => (0.0, u64::MAX as f64),
            Self::I64 => (i64::MIN as f64, i64::MAX as f64),
            Self::F32 | Self::F64 => return None,
        })
    }
}

impl Attribute {
    /// One number.
    #[must_use]
    pub fn number(kind: NumberType, value: f64) -> Self {
        Self::Numbers(kind, vec![value])
    }

    /// As a text; numbers are written, several with commas.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Numbers(kind, values) => {
                let one = |value: &f64| match kind {
                    NumberType::F32 => {
                        let value = *value as f32;
                        if value.fract() == 0.0 && value.abs() < 1e16 {
                            format!("{value:.1}")
                        } else {
                            value.to_string()
                        }
                    }
                    NumberType::F64 if value.fract() == 0.0 && value.abs() < 1e16 => {
                        format!("{value:.1}")
                    }
                    _ => value.to_string(),
                };
                values.iter().map(one).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// The first number; of a text the number that it is.
    #[must_use]
    pub fn to_number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Numbers(_, values) => values.first().copied(),
        }
    }
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Attributes {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value of a name as a text, if it is there.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Attribute::to_text)
    }

    /// The first number of a name's value.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Attribute::to_number)
    }

    /// Sets a name, in its old place or at the end.
    pub fn set(&mut self, name: &str, value: impl Into<Attribute>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes a name out.
    pub fn remove(&mut self, name: &str) -> Option<Attribute> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    #[cfg_attr(not(feature = "netcdf"), expect(dead_code, reason = "nothing is read"))]
    /// Reads what speaks of stored values as unsigned too.
    pub(crate) fn wrap(&mut self, stored: NumberType, unsigned: NumberType) {
        let turn = stored.turn();
        for (name, value) in &mut self.0 {
            let speaks = OF_STORED.contains(&name.as_str());
            if let Attribute::Numbers(kind, values) = value
                && speaks
                && *kind == stored
            {
                *kind = unsigned;
                values.iter_mut().filter(|value| **value < 0.0).for_each(|value| *value += turn);
            }
        }
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}
