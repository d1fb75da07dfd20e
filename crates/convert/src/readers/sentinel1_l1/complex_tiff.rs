//! TIFF files of complex pixels, as single look images are: strips without compression.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::{Error, Result};
use crate::pixels;

/// Means of the squared modulus over blocks, row by row; lines are read one after the other.
pub(super) fn block_means(
    path: &Path,
    (height, width): (usize, usize),
    (rows, cells): (usize, usize),
) -> Result<Vec<f64>> {
    let failed = |reason: String| Error::NotReadable {
        path: path.to_owned(),
        format: "TIFF of complex pixels",
        reason,
    };
    let file = File::open(path).map_err(|cause| Error::read(path, "it", cause))?;
    let mut image = Image::open(file).map_err(failed)?;
    let is_there = rows.checked_mul(height).is_some_and(|wanted| wanted <= image.lines)
        && cells.checked_mul(width).is_some_and(|wanted| wanted <= image.samples);
    if !is_there {
        let size = format!("{} by {}", image.lines, image.samples);
        return Err(failed(format!("it has {size} pixels, fewer than the annotation says")));
    }
    let mut means = vec![0.0; pixels::counted(path, "the image", &[rows, cells])?];
    for line in 0..rows * height {
        let power = image.power(line).map_err(|reason| failed(format!("line {line}: {reason}")))?;
        let first = line / height * cells;
        let blocks = power.chunks_exact(width).take(cells);
        for (mean, block) in means[first..first + cells].iter_mut().zip(blocks) {
            *mean += block.iter().sum::<f64>();
        }
    }
    let count = (height * width) as f64;
    means.iter_mut().for_each(|mean| *mean /= count);
    Ok(means)
}

/// What reading a part gives, or what is wrong with it.
type Outcome<T> = Result<T, String>;

/// An open file, the first image of it.
struct Image {
    file: File,
    is_big_endian: bool,
    lines: usize,
    samples: usize,
    rows_per_strip: usize,
    strips: Vec<u64>,
    kind: Kind,
}

/// How the two parts of a pixel are stored.
#[derive(Clone, Copy)]
enum Kind {
    I16,
    F32,
}

/// An entry of a directory: what it is of, the type and count of its values, and where they are.
struct Entry {
    tag: u64,
    kind: u64,
    count: u64,
    /// Where the field is that holds the values, or their place when they do not fit.
    field: u64,
}

impl Image {
    fn open(file: File) -> Outcome<Self> {
        let mut image = Self {
            file,
            is_big_endian: false,
            lines: 0,
            samples: 0,
            rows_per_strip: 0,
            strips: Vec::new(),
            kind: Kind::I16,
        };
        let mut head = [0; 4];
        image.bytes(0, &mut head)?;
        image.is_big_endian = head.starts_with(b"MM");
        let is_big = match (&head[..2], image.uint(2, 2)?) {
            (b"II" | b"MM", 42) => false,
            (b"II" | b"MM", 43) => true,
            _ => return Err("it is no TIFF".to_owned()),
        };
        let entries = image.entries(is_big)?;
        let mut values = |tag: u64| -> Outcome<Vec<u64>> {
            let entry = entries.iter().find(|entry| entry.tag == tag);
            entry.map_or(Ok(Vec::new()), |entry| image.values(entry, is_big))
        };
        let mut one = |tag: u64, default: Option<u64>| -> Outcome<u64> {
            let found = values(tag)?.first().copied();
            found.or(default).ok_or_else(|| format!("tag {tag} is missing"))
        };
        let (samples, lines) = (one(256, None)?, one(257, None)?);
        let (bits, format) = (one(258, None)?, one(339, Some(1))?);
        if one(259, Some(1))? != 1 || one(277, Some(1))? != 1 {
            return Err("it is compressed, or has several samples to a pixel".to_owned());
        }
        let kind = match (format, bits) {
            (5, 32) => Kind::I16,
            (6, 64) => Kind::F32,
            _ => return Err(format!("samples of format {format} with {bits} bits")),
        };
        let rows_per_strip = one(278, Some(lines))?.clamp(1, lines.max(1));
        let strips = values(273)?;
        if (strips.len() as u64) < lines.div_ceil(rows_per_strip) {
            return Err("there are fewer strips than lines need".to_owned());
        }
        // It is not compressed: what has no room in the file is not there.
        let length = image.file.metadata().map_err(|cause| cause.to_string())?.len();
        let needed = lines.checked_mul(samples).and_then(|all| all.checked_mul(bits / 8));
        if needed.is_none_or(|needed| needed > length) {
            return Err(format!(
                "it says {lines} by {samples} pixels, for which its {length} bytes are too few"
            ));
        }
        (image.lines, image.samples) = (lines as usize, samples as usize);
        (image.rows_per_strip, image.strips) = (rows_per_strip as usize, strips);
        image.kind = kind;
        Ok(image)
    }

    /// Squared moduli of a line's pixels.
    fn power(&mut self, line: usize) -> Outcome<Vec<f64>> {
        let bytes = match self.kind {
            Kind::I16 => 4,
            Kind::F32 => 8,
        };
        let within = (line % self.rows_per_strip * self.samples * bytes) as u64;
        let start = self.strips[line / self.rows_per_strip].saturating_add(within);
        let mut stored = vec![0; self.samples * bytes];
        self.bytes(start, &mut stored)?;
        let (kind, is_big) = (self.kind, self.is_big_endian);
        let part = |bytes: &[u8]| match (kind, bytes) {
            (Kind::I16, [a, b]) => {
                let pair = [*a, *b];
                f64::from(if is_big { i16::from_be_bytes(pair) } else { i16::from_le_bytes(pair) })
            }
            (Kind::F32, [a, b, c, d]) => {
                let four = [*a, *b, *c, *d];
                f64::from(if is_big { f32::from_be_bytes(four) } else { f32::from_le_bytes(four) })
            }
            _ => 0.0,
        };
        let pixel = |pixel: &[u8]| {
            let (real, imaginary) = pixel.split_at(bytes / 2);
            let (real, imaginary) = (part(real), part(imaginary));
            real * real + imaginary * imaginary
        };
        Ok(stored.chunks_exact(bytes).map(pixel).collect())
    }

    fn entries(&mut self, is_big: bool) -> Outcome<Vec<Entry>> {
        // Sizes of a count of entries, of an entry, of a place.
        let (counted, size, place) = if is_big { (8, 20, 8) } else { (2, 12, 4) };
        let start = self.uint(place, place as usize)?;
        let count = self.uint(start, counted)?.min(4096);
        let entry = |at: u64| -> Outcome<Entry> {
            let field = at.saturating_add(4 + place);
            let mut uint = |at, bytes| self.uint(at, bytes);
            let (tag, kind) = (uint(at, 2)?, uint(at + 2, 2)?);
            Ok(Entry { tag, kind, count: uint(at + 4, place as usize)?, field })
        };
        let first = start.saturating_add(counted as u64);
        (0..count).map(|index| first.saturating_add(index * size)).map(entry).collect()
    }

    /// Whole numbers of an entry.
    fn values(&mut self, entry: &Entry, is_big: bool) -> Outcome<Vec<u64>> {
        let size: usize = match entry.kind {
            1 => 1,
            3 => 2,
            4 => 4,
            16 => 8,
            kind => return Err(format!("tag {} has values of type {kind}", entry.tag)),
        };
        let room = if is_big { 8 } else { 4 };
        let fits = entry.count.saturating_mul(size as u64) <= room;
        let start = if fits { entry.field } else { self.uint(entry.field, room as usize)? };
        let length = self.file.metadata().map_err(|cause| cause.to_string())?.len();
        if entry.count > length {
            return Err(format!("tag {} has more values than the file bytes", entry.tag));
        }
        (0..entry.count)
            .map(|index| self.uint(start.saturating_add(index * size as u64), size))
            .collect()
    }

    /// A whole number of so many bytes, at most 8.
    fn uint(&mut self, at: u64, bytes: usize) -> Outcome<u64> {
        let mut stored = [0; 8];
        let stored = &mut stored[..bytes];
        self.bytes(at, stored)?;
        if !self.is_big_endian {
            stored.reverse();
        }
        Ok(stored.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn bytes(&mut self, at: u64, into: &mut [u8]) -> Outcome<()> {
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(into));
        read.map_err(|cause| cause.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::block_means;

    /// Two rows of three pixels, 3 + 4i times 1 to 6, a strip to a row.
    fn file(is_big_endian: bool, is_big: bool, is_float: bool) -> Vec<u8> {
        let number = |value: u64, bytes: usize| {
            let all = value.to_be_bytes();
            let mut stored = all[8 - bytes..].to_vec();
            if !is_big_endian {
                stored.reverse();
            }
            stored
        };
        let place = if is_big { 8 } else { 4 };
        let mut file = if is_big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        file.extend(number(if is_big { 43 } else { 42 }, 2));
        if is_big {
            file.extend([number(8, 2), number(0, 2)].concat());
        }
        let pixel = if is_float { 8 } else { 4 };
        let data = if is_big { 16 } else { 8 };
        let places = data + 6 * pixel;
        file.extend(number(places + 2 * place, place as usize));
        for index in 1..=6u8 {
            for part in [3, 4] {
                let value = part * i16::from(index);
                let bits = if is_float {
                    u64::from(f32::from(value).to_bits())
                } else {
                    u64::from(value.cast_unsigned())
                };
                file.extend(number(bits, pixel as usize / 2));
            }
        }
        for row in 0..2 {
            file.extend(number(data + row * 3 * pixel, place as usize));
        }
        let kind = if is_big { 16 } else { 4 };
        let tags = [
            (256, 3, 1, 3),
            (257, 3, 1, 2),
            (258, 3, 1, pixel * 8),
            (273, kind, 2, places),
            (278, 3, 1, 1),
            (339, 3, 1, if is_float { 6 } else { 5 }),
        ];
        file.extend(number(tags.len() as u64, if is_big { 8 } else { 2 }));
        for (tag, kind, count, value) in tags {
            file.extend([number(tag, 2), number(kind, 2), number(count, place as usize)].concat());
            let size = if kind == 3 { 2 } else { place as usize };
            let mut field = number(value, size);
            field.resize(place as usize, 0);
            file.extend(field);
        }
        file
    }

    #[test]
    fn both_byte_orders_sizes_and_kinds_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tiff");
        for (is_big_endian, is_big, is_float) in
            [(false, false, true), (true, false, false), (false, true, false), (true, true, true)]
        {
            std::fs::write(&path, file(is_big_endian, is_big, is_float)).unwrap();
            let power = block_means(&path, (1, 1), (2, 3)).unwrap();
            assert_eq!(power, [1.0, 4.0, 9.0, 16.0, 25.0, 36.0].map(|square| 25.0 * square));
            // (1 + 4 + 16 + 25) / 4; the third pixel of a row fills no block.
            assert_eq!(block_means(&path, (2, 2), (1, 1)).unwrap(), [287.5]);
        }
    }

    #[test]
    fn a_size_that_the_file_has_no_room_for_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tiff");
        let mut bytes = file(false, true, false);
        // The value of the first entry, the width: tag 256, type 3, one.
        let entry = [0, 1, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        let at = bytes.windows(12).position(|found| found == entry).unwrap();
        bytes[at + 2] = 16;
        bytes[at + 12..at + 20].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
        let error = block_means(&path, (1, 1), (2, 3)).unwrap_err().to_string();
        assert!(error.contains("a.tiff") && error.contains("too few"), "{error}");
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tiff");
        let whole = file(false, false, false);
        for (bytes, word) in [
            (whole[..20].to_vec(), "fill"),
            (b"nothing at all".to_vec(), "no TIFF"),
            (whole.clone(), "fewer than"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = block_means(&path, (1, 1), (3, 3)).unwrap_err().to_string();
            assert!(error.contains("a.tiff") && error.contains(word), "{error}");
        }
    }
}
