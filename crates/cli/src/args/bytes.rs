//! A number of bytes as people write it: `256M`, `1.5 GiB`.

use std::str::FromStr;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

/// `K`, `M`, `G` and `T` are powers of 1024, as memory is counted; `kB`, `MB` … of 1000.
const UNITS: [(&str, u64); 13] = [
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("kb", 1_000),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("g", 1 << 30),
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
    ("t", 1 << 40),
    ("tib", 1 << 40),
];

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim().to_ascii_lowercase();
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let number: Option<f64> = number.parse().ok();
        match (number, factor) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            (Some(n), Some(factor)) if (1.0..1e18).contains(&(n * factor as f64)) => {
                Ok(Self((n * factor as f64) as u64))
            }
            _ => Err("not a size: write it like 256M, 1.5G or 500MB".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        let read = |text: &str| text.parse::<Bytes>().map(|b| b.0);
        assert_eq!(read("256M"), Ok(256 << 20));
        assert_eq!(read("1.5 GiB"), Ok(3 << 29));
        assert_eq!(read("500MB"), Ok(500_000_000));
        assert_eq!(read("4096"), Ok(4096));
        for wrong in ["", "M", "-1M", "0", "1e9", "256X", "NaN", "99999999T"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
