//! The `Range` header: one range of bytes.

/// What a `Range` header asks of a file of some length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// No range, several ranges or another unit: the whole file.
    Whole,
    /// Bytes `start..end`.
    Part { start: u64, end: u64 },
    /// A range with nothing in the file.
    Unsatisfiable,
}

impl ByteRange {
    /// Reads a header by RFC 9110 section 14: what is not one valid range is ignored.
    pub(crate) fn parse(header: Option<&str>, length: u64) -> Self {
        let Some(spec) = header.and_then(|value| value.trim().strip_prefix("bytes=")) else {
            return Self::Whole;
        };
        let Some((first, last)) = spec.trim().split_once('-') else { return Self::Whole };
        match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if last < first => Self::Whole,
            (Ok(first), Ok(last)) => Self::part(first, last.saturating_add(1), length),
            (Ok(first), Err(_)) if last.is_empty() => Self::part(first, length, length),
            (Err(_), Ok(suffix)) if first.is_empty() => {
                Self::part(length - suffix.min(length), length, length)
            }
            _ => Self::Whole,
        }
    }

    fn part(start: u64, end: u64, length: u64) -> Self {
        let end = end.min(length);
        if start < end { Self::Part { start, end } } else { Self::Unsatisfiable }
    }
}

#[cfg(test)]
mod tests {
    use super::ByteRange::{self, Part, Unsatisfiable, Whole};

    #[test]
    fn ranges_of_ten_bytes() {
        let cases = [
            ("bytes=0-0", Part { start: 0, end: 1 }),
            ("bytes=2-5", Part { start: 2, end: 6 }),
            ("bytes=2-", Part { start: 2, end: 10 }),
            ("bytes=8-99", Part { start: 8, end: 10 }),
            ("bytes=-3", Part { start: 7, end: 10 }),
            ("bytes=-99", Part { start: 0, end: 10 }),
            ("bytes=0-18446744073709551615", Part { start: 0, end: 10 }),
            ("bytes=10-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=5-2", Whole),
            ("bytes=0-1,4-5", Whole),
            ("bytes=-", Whole),
            ("lines=0-1", Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(ByteRange::parse(Some(header), 10), expected, "{header}");
        }
        assert_eq!(ByteRange::parse(None, 10), Whole);
        assert_eq!(ByteRange::parse(Some("bytes=0-"), 0), Unsatisfiable);
    }
}
