//! Small netCDF files of the classic format, written by its specification (CDF-1).

/// Numbers or characters of one type.
pub(crate) enum Values {
    Text(&'static str),
    Bytes(Vec<i8>),
    Shorts(Vec<i16>),
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
}

/// A variable: its name, its dimensions by number, attributes and values.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) dimensions: Vec<u32>,
    pub(crate) attributes: Vec<(&'static str, Values)>,
    pub(crate) values: Values,
}

/// The bytes of a file with these dimensions, by name and length, and variables.
pub(crate) fn classic(dimensions: &[(&str, u32)], variables: &[Variable]) -> Vec<u8> {
    // Where the values begin depends on the length of the header, not on what it says of it.
    let length = header(dimensions, variables, 0).len();
    let mut file = header(dimensions, variables, length);
    for variable in variables {
        file.extend(padded(variable.values.bytes()));
    }
    file
}

fn header(dimensions: &[(&str, u32)], variables: &[Variable], mut begin: usize) -> Vec<u8> {
    let mut out = b"CDF\x01\0\0\0\0".to_vec();
    list(&mut out, 10, dimensions.len());
    for (name, length) in dimensions {
        text(&mut out, name);
        number(&mut out, *length as usize);
    }
    list(&mut out, 0, 0);
    list(&mut out, 11, variables.len());
    for variable in variables {
        text(&mut out, variable.name);
        number(&mut out, variable.dimensions.len());
        variable.dimensions.iter().for_each(|d| number(&mut out, *d as usize));
        list(&mut out, 12, variable.attributes.len());
        for (name, values) in &variable.attributes {
            text(&mut out, name);
            number(&mut out, values.kind().0);
            number(&mut out, values.bytes().len() / values.kind().1);
            out.extend(padded(values.bytes()));
        }
        let size = padded(variable.values.bytes()).len();
        number(&mut out, variable.values.kind().0);
        number(&mut out, size);
        number(&mut out, begin);
        begin += size;
    }
    out
}

impl Values {
    /// The number of the type, and the bytes of one.
    fn kind(&self) -> (usize, usize) {
        match self {
            Self::Bytes(_) => (1, 1),
            Self::Text(_) => (2, 1),
            Self::Shorts(_) => (3, 2),
            Self::Floats(_) => (5, 4),
            Self::Doubles(_) => (6, 8),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Bytes(values) => values.iter().map(|v| v.cast_unsigned()).collect(),
            Self::Shorts(values) => values.iter().flat_map(|v| v.to_be_bytes()).collect(),
            Self::Floats(values) => values.iter().flat_map(|v| v.to_be_bytes()).collect(),
            Self::Doubles(values) => values.iter().flat_map(|v| v.to_be_bytes()).collect(),
        }
    }
}

/// A tag and how many follow; both are 0 where none do.
fn list(out: &mut Vec<u8>, tag: usize, count: usize) {
    number(out, if count == 0 { 0 } else { tag });
    number(out, count);
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len());
    out.extend(padded(text.as_bytes().to_vec()));
}

fn number(out: &mut Vec<u8>, number: usize) {
    out.extend(u32::try_from(number).unwrap().to_be_bytes());
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
