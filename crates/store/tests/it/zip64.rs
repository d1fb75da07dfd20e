//! ZIP64 archives whose numbers of 64 bits lie.

use terracube_store::{ByteRequest, ReadStore};

use crate::zip::{fault, fault_of_opening, key, keys, opened, value};

const VALUE: &[u8] = b"12345";

/// An archive of two values, all of whose numbers are in fields of ZIP64.
#[derive(Default)]
struct Lying {
    /// What the first is said to be long, and where the second is said to be.
    size: Option<u64>,
    offset: Option<u64>,
    /// What the end says of the directory.
    count: Option<u64>,
    start: Option<u64>,
    /// Where the end of ZIP64 is said to be.
    end: Option<u64>,
}

impl Lying {
    fn bytes(&self) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for name in [b"a", b"b"] {
            let honest = (VALUE.len() as u64, bytes.len() as u64);
            let (size, offset) = match name {
                b"a" => (self.size.unwrap_or(honest.0), honest.1),
                _ => (honest.0, self.offset.unwrap_or(honest.1)),
            };
            header(&mut bytes, b"PK\x03\x04", &[45], 20, &[]);
            field(&mut bytes, name, &[size, size]);
            bytes.extend(VALUE);
            // no comment, disk 0, no attributes, and the offset
            let rest = [&[0; 10][..], &[0xff; 4]].concat();
            header(&mut directory, b"PK\x01\x02", &[45, 45], 28, &rest);
            field(&mut directory, name, &[size, size, offset]);
        }
        let (start, length) = (bytes.len() as u64, directory.len() as u64);
        let end = start + length;
        bytes.extend(directory);
        let count = self.count.unwrap_or(2);
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        numbers(&mut bytes, &[count, count, length, self.start.unwrap_or(start)]);
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        numbers(&mut bytes, &[self.end.unwrap_or(end)]);
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend([&b"PK\x05\x06\0\0\0\0"[..], &[0xff; 12], &[0; 2]].concat());
        bytes
    }
}

/// A header up to the name of one letter; its sizes are elsewhere.
fn header(bytes: &mut Vec<u8>, signature: &[u8; 4], versions: &[u16], extra: u16, rest: &[u8]) {
    bytes.extend(signature);
    versions.iter().for_each(|version| bytes.extend(version.to_le_bytes()));
    // no flags, stored, 1980-01-01
    bytes.extend([0, 0, 0, 0, 0, 0, 33, 0]);
    bytes.extend(rawzip::crc32(VALUE).to_le_bytes());
    bytes.extend([0xff; 8]);
    bytes.extend([1, 0]);
    bytes.extend(extra.to_le_bytes());
    bytes.extend(rest);
}

/// The name and the field of ZIP64.
fn field(bytes: &mut Vec<u8>, name: &[u8], held: &[u64]) {
    bytes.extend(name);
    bytes.extend([1, 0, 8 * held.len() as u8, 0]);
    numbers(bytes, held);
}

fn numbers(bytes: &mut Vec<u8>, held: &[u64]) {
    held.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
}

#[tokio::test]
async fn an_honest_archive_is_read() {
    let (zip, _folder) = opened(&Lying::default().bytes()).await;
    assert_eq!(keys(&zip).await, ["a", "b"]);
    assert_eq!(value(&zip, "a").await, VALUE);
    assert_eq!(value(&zip, "b").await, VALUE);
}

#[tokio::test]
async fn a_size_that_no_file_has_is_refused_before_memory_is_taken() {
    for offset in [None, Some(1 << 62), Some(u64::MAX)] {
        for size in [6, 1 << 40, 1 << 60, u64::MAX - 100, u64::MAX] {
            let lying = Lying { size: Some(size), offset, ..Lying::default() };
            let (zip, _folder) = opened(&lying.bytes()).await;
            let said = fault(&zip, "a").await;
            let overflows = size > u64::MAX - 100;
            // six bytes are there when nothing is said to follow
            let known = ["runs into", "checksum", "cut off"].iter().any(|why| said.contains(why));
            assert!(known && (overflows || !said.contains("cut off")), "{said}");
            let most = ByteRequest::Range { start: 0, end: size / 2 };
            if size > 6 {
                assert!(zip.get(&key("a"), most).await.is_err());
            }
            match offset {
                None => assert_eq!(value(&zip, "b").await, VALUE),
                Some(_) => assert!(fault(&zip, "b").await.contains("behind the directory")),
            }
        }
    }
}

#[tokio::test]
async fn an_end_that_lies_is_refused_when_the_archive_is_opened() {
    let far = [1 << 40, 1 << 62, u64::MAX];
    for n in far.into_iter().map(Some) {
        for lying in [
            Lying { count: n, ..Lying::default() },
            Lying { start: n, ..Lying::default() },
            Lying { end: n, ..Lying::default() },
        ] {
            fault_of_opening(&lying.bytes()).await;
        }
    }
    // one less, one more, a lap of 16 bits more
    for count in [0, 1, 3, 65_538] {
        let lying = Lying { count: Some(count), ..Lying::default() };
        assert!(fault_of_opening(&lying.bytes()).await.contains(&format!("should {count}")));
    }
}

#[tokio::test]
async fn a_part_of_an_archive_is_refused_wherever_it_is_cut() {
    let whole = Lying::default().bytes();
    for length in 0..whole.len() {
        fault_of_opening(&whole[..length]).await;
    }
}

#[tokio::test]
async fn any_byte_may_be_wrong() {
    let whole = Lying::default().bytes();
    let (mut refused, mut read) = (0, 0);
    for place in 0..whole.len() {
        for wrong in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[place] = wrong;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.zip");
            std::fs::write(&path, bytes).unwrap();
            let Ok(zip) = terracube_store::Zip::open(&path).await else {
                refused += 1;
                continue;
            };
            for name in keys(&zip).await {
                match zip.get(&key(&name), ByteRequest::All).await {
                    Ok(value) => {
                        assert_eq!(value.unwrap(), VALUE, "byte {place} is {wrong}");
                        read += 1;
                    }
                    Err(_) => refused += 1,
                }
                zip.get(&key(&name), ByteRequest::Suffix(1 << 40)).await.ok();
            }
        }
    }
    assert!(refused > 100 && read > 100, "{refused} were refused, {read} were read");
}
