//! Checksums as STAC writes them: multihashes in hex.

use std::fmt::Write as _;

use sha2::Digest as _;

use crate::{Error, Result};

/// A checksum to compare with: a multihash in hex, as `file:checksum` of STAC has it. Known are
/// sha1 (0x11), sha2-256 (0x12), sha2-512 (0x13), blake3 (0x1e) and md5 (0xd5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    algorithm: Algorithm,
    digest: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
    Blake3,
    Md5,
}

/// A checksum being computed.
#[derive(Debug)]
pub(crate) enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
    Blake3(Box<blake3::Hasher>),
    Md5(md5::Md5),
}

impl Checksum {
    /// Reads a multihash; `None` for an algorithm that is not known.
    ///
    /// # Errors
    /// [`Error::Document`] when it is no multihash at all: not hex, or of a wrong length.
    pub fn parse(hex: &str) -> Result<Option<Self>> {
        let malformed = |reason: &str| Error::Document {
            what: format!("checksum `{}`", hex.chars().take(200).collect::<String>()),
            reason: reason.to_owned(),
        };
        let bytes = decode_hex(hex).ok_or_else(|| malformed("it is not hexadecimal"))?;
        let mut rest = bytes.as_slice();
        let truncated = || malformed("it is too short for a multihash");
        let code = read_varint(&mut rest).ok_or_else(truncated)?;
        let length = read_varint(&mut rest).ok_or_else(truncated)?;
        if length != rest.len() as u64 {
            return Err(malformed("its length does not fit its digest"));
        }
        let Some(algorithm) = Algorithm::of_code(code) else { return Ok(None) };
        if rest.len() != algorithm.length() {
            return Err(malformed("its digest has a wrong length for its algorithm"));
        }
        Ok(Some(Self { algorithm, digest: rest.to_vec() }))
    }

    /// The name of the algorithm, as multihash has it.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    pub(crate) fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Sha1 => Hasher::Sha1(sha1::Sha1::default()),
            Algorithm::Sha256 => Hasher::Sha256(sha2::Sha256::default()),
            Algorithm::Sha512 => Hasher::Sha512(sha2::Sha512::default()),
            Algorithm::Blake3 => Hasher::Blake3(Box::default()),
            Algorithm::Md5 => Hasher::Md5(md5::Md5::default()),
        }
    }

    /// Compares with what was computed.
    ///
    /// # Errors
    /// [`Error::Mismatch`].
    pub(crate) fn check(&self, hasher: Hasher, url: &str) -> Result<()> {
        let found = hasher.finish();
        if found == self.digest {
            return Ok(());
        }
        Err(Error::Mismatch {
            url: url.to_owned(),
            property: self.algorithm(),
            expected: encode_hex(&self.digest),
            found: encode_hex(&found),
        })
    }
}

impl Algorithm {
    fn of_code(code: u64) -> Option<Self> {
        match code {
            0x11 => Some(Self::Sha1),
            0x12 => Some(Self::Sha256),
            0x13 => Some(Self::Sha512),
            0x1e => Some(Self::Blake3),
            0xd5 => Some(Self::Md5),
            _ => None,
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Blake3 => 32,
            Self::Sha512 => 64,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha2-256",
            Self::Sha512 => "sha2-512",
            Self::Blake3 => "blake3",
            Self::Md5 => "md5",
        }
    }
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => {
                hasher.update(bytes);
            }
            Self::Md5(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(hasher) => hasher.finalize().to_vec(),
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Sha512(hasher) => hasher.finalize().to_vec(),
            Self::Blake3(hasher) => hasher.finalize().as_bytes().to_vec(),
            Self::Md5(hasher) => hasher.finalize().to_vec(),
        }
    }
}

fn decode_hex(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    hex.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok())
        .collect()
}

pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let (first, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf abc | sha1sum, sha256sum, b3sum, md5sum; the prefixes are of the multihash table.
    const OF_ABC: [(&str, &str); 4] = [
        ("sha1", "1114a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha2-256", "1220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("blake3", "1e206437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"),
        ("md5", "d50110900150983cd24fb0d6963f7d28e17f72"),
    ];

    #[test]
    fn the_checksums_of_abc() {
        for (name, multihash) in OF_ABC {
            let checksum = Checksum::parse(multihash).unwrap().unwrap();
            assert_eq!(checksum.algorithm(), name);
            let mut right = checksum.hasher();
            right.update(b"a");
            right.update(b"bc");
            checksum.check(right, "x").unwrap();
            let mut wrong = checksum.hasher();
            wrong.update(b"abd");
            assert!(matches!(checksum.check(wrong, "x"), Err(Error::Mismatch { .. })));
        }
    }

    #[test]
    fn an_unknown_algorithm_is_none_and_a_malformed_text_an_error() {
        assert_eq!(Checksum::parse("1604aabbccdd").unwrap(), None);
        for text in ["", "12", "1220ab", "zz", "122", "1102aabb"] {
            assert!(Checksum::parse(text).is_err(), "{text}");
        }
    }
}
