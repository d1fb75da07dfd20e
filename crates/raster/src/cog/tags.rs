//! The tags of a file as GDAL names them: its own items, baseline TIFF tags, the raster type.

use std::collections::BTreeMap;

use super::ifd::{Ifd, tag};

/// Text tags and their names.
const TEXTS: [(u16, &str); 7] = [
    (tag::DOCUMENT_NAME, "DOCUMENTNAME"),
    (tag::IMAGE_DESCRIPTION, "IMAGEDESCRIPTION"),
    (tag::SOFTWARE, "SOFTWARE"),
    (tag::DATE_TIME, "DATETIME"),
    (tag::ARTIST, "ARTIST"),
    (tag::HOST_COMPUTER, "HOSTCOMPUTER"),
    (tag::COPYRIGHT, "COPYRIGHT"),
];

const NUMBERS: [(u16, &str); 4] = [
    (tag::X_RESOLUTION, "XRESOLUTION"),
    (tag::Y_RESOLUTION, "YRESOLUTION"),
    (tag::MIN_SAMPLE_VALUE, "MINSAMPLEVALUE"),
    (tag::MAX_SAMPLE_VALUE, "MAXSAMPLEVALUE"),
];

/// Adds what the directory has to the items of the default domain.
pub(super) fn add(ifd: &Ifd, pixel_is_point: Option<bool>, tags: &mut BTreeMap<String, String>) {
    let mut insert = |name: &str, text: String| {
        tags.insert(format!("TIFFTAG_{name}"), text);
    };
    for (tag, name) in TEXTS {
        if let Some(text) = ifd.text(tag).filter(|text| !text.is_empty()) {
            insert(name, text);
        }
    }
    for (tag, name) in NUMBERS {
        if let Some(value) = ifd.floats(tag).first() {
            insert(name, shortest(*value));
        }
    }
    if let Some(unit) = ifd.uint(tag::RESOLUTION_UNIT) {
        let name = match unit {
            1 => " (unitless)",
            2 => " (pixels/inch)",
            3 => " (pixels/cm)",
            _ => "",
        };
        insert("RESOLUTIONUNIT", format!("{unit}{name}"));
    }
    if let Some(is_point) = pixel_is_point {
        let kind = if is_point { "Point" } else { "Area" };
        tags.insert("AREA_OR_POINT".into(), kind.into());
    }
}

/// A number as C prints it with `%.8g`, for the sizes that resolutions have.
fn shortest(value: f64) -> String {
    let digits = if value == 0.0 { 0 } else { (7 - value.abs().log10().floor() as i32).max(0) };
    let text = format!("{value:.*}", digits as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::shortest;

    #[test]
    fn numbers_have_eight_digits_at_most() {
        let pairs = [(72.0, "72"), (72.5, "72.5"), (0.1, "0.1"), (1.0 / 3.0, "0.33333333")];
        for (value, text) in pairs {
            assert_eq!(shortest(value), text);
        }
        assert_eq!(shortest(0.0), "0");
    }
}
