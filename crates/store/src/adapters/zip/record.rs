//! What an archive says about a stored value, in bytes: before the value, in the directory, and at
//! the end of all.

/// Sizes and offsets from here on are in the extra field of ZIP64, counts in its end.
const IN_32_BITS: u64 = 0xffff_ffff;
const IN_16_BITS: u64 = 0xffff;
/// The length of a local header before its name, of a ZIP64 field with both sizes.
const LOCAL_HEADER: u64 = 30;
const LOCAL_ZIP64: u64 = 20;
/// The version of the format that can store, and that can do ZIP64.
const STORING: u16 = 10;
const ZIP64: u16 = 45;
const BY_UNIX: u16 = 3 << 8;
/// A regular file that all may read and the owner write.
const MODE: u32 = 0o100_644 << 16;
/// The names are UTF-8.
const UTF8: u16 = 1 << 11;
/// 1980-01-01, 00:00: the same values make the same archive.
const TIME: u16 = 0;
const DATE: u16 = 1 << 5 | 1;

/// Where a stored value begins with its header, its size and its checksum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) crc: u32,
}

impl Record {
    /// Where the bytes of the value begin.
    pub(super) fn start(&self, name: &str) -> u64 {
        let extra = if self.size >= IN_32_BITS { LOCAL_ZIP64 } else { 0 };
        self.offset + LOCAL_HEADER + name.len() as u64 + extra
    }

    pub(super) fn end(&self, name: &str) -> u64 {
        self.start(name) + self.size
    }

    /// The header that comes before the value.
    pub(super) fn local_header(&self, name: &str) -> Vec<u8> {
        let is_large = self.size >= IN_32_BITS;
        let mut header = Vec::with_capacity((self.start(name) - self.offset) as usize);
        header.extend(b"PK\x03\x04");
        self.common(&mut header, is_large, name, if is_large { LOCAL_ZIP64 as u16 } else { 0 });
        header.extend(name.as_bytes());
        if is_large {
            zip64(&mut header, &[self.size, self.size]);
        }
        header
    }

    /// Appends the entry of the directory.
    pub(super) fn describe(&self, name: &str, directory: &mut Vec<u8>) {
        let mut large = Vec::new();
        if self.size >= IN_32_BITS {
            large.extend([self.size, self.size]);
        }
        if self.offset >= IN_32_BITS {
            large.push(self.offset);
        }
        let is_large = !large.is_empty();
        let extra = if is_large { 4 + 8 * large.len() as u16 } else { 0 };
        directory.extend(b"PK\x01\x02");
        directory.extend((BY_UNIX | ZIP64).to_le_bytes());
        self.common(directory, is_large, name, extra);
        // no comment, disk 0, not a text
        directory.extend([0; 6]);
        directory.extend(MODE.to_le_bytes());
        directory.extend(in_32_bits(self.offset));
        directory.extend(name.as_bytes());
        if is_large {
            zip64(directory, &large);
        }
    }

    /// What both headers have, from the version to the length of the extra field.
    fn common(&self, header: &mut Vec<u8>, is_large: bool, name: &str, extra: u16) {
        let version = if is_large { ZIP64 } else { STORING };
        let flags = if name.is_ascii() { 0 } else { UTF8 };
        let stored = 0_u16;
        for field in [version, flags, stored, TIME, DATE] {
            header.extend(field.to_le_bytes());
        }
        header.extend(self.crc.to_le_bytes());
        header.extend(in_32_bits(self.size));
        header.extend(in_32_bits(self.size));
        header.extend((name.len() as u16).to_le_bytes());
        header.extend(extra.to_le_bytes());
    }
}

/// Appends what follows a directory of so many entries that lies at `start..end`.
pub(super) fn finish(count: u64, start: u64, end: u64, directory: &mut Vec<u8>) {
    let length = end - start;
    if count >= IN_16_BITS || length >= IN_32_BITS || start >= IN_32_BITS {
        directory.extend(b"PK\x06\x06");
        directory.extend(44_u64.to_le_bytes());
        directory.extend((BY_UNIX | ZIP64).to_le_bytes());
        directory.extend(ZIP64.to_le_bytes());
        // disk 0 of disk 0
        directory.extend([0; 8]);
        for field in [count, count, length, start] {
            directory.extend(field.to_le_bytes());
        }
        directory.extend(b"PK\x06\x07");
        directory.extend([0; 4]);
        directory.extend(end.to_le_bytes());
        directory.extend(1_u32.to_le_bytes());
    }
    directory.extend(b"PK\x05\x06");
    directory.extend([0; 4]);
    let count = (count.min(IN_16_BITS) as u16).to_le_bytes();
    directory.extend(count);
    directory.extend(count);
    directory.extend(in_32_bits(length));
    directory.extend(in_32_bits(start));
    // no comment
    directory.extend([0; 2]);
}

fn in_32_bits(number: u64) -> [u8; 4] {
    (number.min(IN_32_BITS) as u32).to_le_bytes()
}

fn zip64(header: &mut Vec<u8>, numbers: &[u64]) {
    header.extend(1_u16.to_le_bytes());
    header.extend((8 * numbers.len() as u16).to_le_bytes());
    for number in numbers {
        header.extend(number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Seek, SeekFrom, Write};
    use std::process::Command;

    use super::*;
    use crate::{ByteRequest, Key, ReadStore, Zip};

    /// A value of 5 GiB, all but its end a hole, and one after it: sizes and offsets of ZIP64.
    #[tokio::test]
    async fn values_and_offsets_past_4_gib_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut file = File::create(&path).unwrap();
        let large = Record { offset: 0, size: 5 << 30, crc: 0 };
        let after = Record { offset: large.end("large"), size: 5, crc: crc32fast::hash(b"small") };
        file.write_all(&large.local_header("large")).unwrap();
        file.seek(SeekFrom::Start(large.end("large") - 3)).unwrap();
        file.write_all(b"end").unwrap();
        file.write_all(&after.local_header("after")).unwrap();
        file.write_all(b"small").unwrap();
        let mut directory = Vec::new();
        large.describe("large", &mut directory);
        after.describe("after", &mut directory);
        let start = after.end("after");
        let end = start + directory.len() as u64;
        finish(2, start, end, &mut directory);
        file.write_all(&directory).unwrap();

        let zip = Zip::open(&path).await.unwrap();
        let [large, after] = ["large", "after"].map(|key| Key::new(key).unwrap());
        assert_eq!(zip.size(&large).await.unwrap(), Some(5 << 30));
        let read = zip.get(&large, ByteRequest::Suffix(5)).await.unwrap();
        assert_eq!(read.unwrap(), &b"\0\0end"[..]);
        assert_eq!(zip.get(&after, ByteRequest::All).await.unwrap().unwrap(), "small");
        let Ok(python) = std::env::var("TERRACUBE_PYTHON") else {
            assert!(
                std::env::var("TERRACUBE_TEST_STRICT").is_err(),
                "TERRACUBE_PYTHON must be set"
            );
            println!("skipped: TERRACUBE_PYTHON is not set");
            return;
        };
        let script = r"
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.getinfo('large').file_size == 5 << 30
    with archive.open('large') as large:
        assert large.read(10) == b'\0' * 10
    assert archive.read('after') == b'small'
";
        let status = Command::new(python).args(["-c", script]).arg(&path).status().unwrap();
        assert!(status.success());
    }
}
