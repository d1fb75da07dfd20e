//! How the chunks of a new array are compressed.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How the chunks of a new array are compressed.
///
/// In TOML and JSON: `"default"`, `"none"`, `{ name = "blosc", cname = "zstd", clevel = 1 }`,
/// `{ name = "zstd", level = 3 }`, `{ name = "gzip", level = 5 }`, or the list of codecs as
/// `zarr.json` has it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Codecs {
    /// Blosc, lz4 level 5 with byte shuffle.
    #[default]
    Default,
    /// Uncompressed, little-endian.
    None,
    /// Blosc.
    Blosc {
        /// `blosclz`, `lz4`, `lz4hc`, `zlib` or `zstd`.
        cname: String,
        /// 0 to 9.
        clevel: u8,
        /// `noshuffle`, `shuffle` or `bitshuffle`.
        shuffle: String,
    },
    /// Zstandard.
    Zstd {
        /// The level, 1 to 22 or negative for the fast ones.
        level: i32,
    },
    /// Gzip.
    Gzip {
        /// 0 to 9.
        level: u32,
    },
    /// The codecs as `zarr.json` lists them.
    Raw(Vec<Value>),
}

const CNAMES: [&str; 5] = ["blosclz", "lz4", "lz4hc", "zlib", "zstd"];
const SHUFFLES: [&str; 3] = ["noshuffle", "shuffle", "bitshuffle"];

impl Codecs {
    /// The list for `zarr.json`, or what is wrong.
    pub(super) fn list(&self, element_size: usize) -> Result<Vec<Value>, String> {
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let compressor = match self {
            Self::Raw(list) => return Ok(list.clone()),
            Self::None => return Ok(vec![bytes]),
            Self::Default => blosc("lz4", 5, "shuffle", element_size)?,
            Self::Blosc { cname, clevel, shuffle } => blosc(cname, *clevel, shuffle, element_size)?,
            Self::Zstd { level } => {
                json!({"name": "zstd", "configuration": {"level": level, "checksum": false}})
            }
            Self::Gzip { level } => json!({"name": "gzip", "configuration": {"level": level}}),
        };
        Ok(vec![bytes, compressor])
    }
}

fn blosc(cname: &str, clevel: u8, shuffle: &str, element_size: usize) -> Result<Value, String> {
    if !CNAMES.contains(&cname) {
        return Err(format!("blosc has no cname `{cname}`; it has {}", CNAMES.join(", ")));
    }
    if !SHUFFLES.contains(&shuffle) {
        return Err(format!("blosc has no shuffle `{shuffle}`; it has {}", SHUFFLES.join(", ")));
    }
    if clevel > 9 {
        return Err(format!("blosc has no clevel {clevel}; it has 0 to 9"));
    }
    Ok(json!({"name": "blosc", "configuration": {
        "cname": cname, "clevel": clevel, "shuffle": shuffle,
        "typesize": element_size, "blocksize": 0,
    }}))
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
enum Table {
    Blosc {
        #[serde(default = "lz4")]
        cname: String,
        #[serde(default = "five")]
        clevel: u8,
        #[serde(default = "shuffle")]
        shuffle: String,
    },
    Zstd {
        #[serde(default = "three")]
        level: i32,
    },
    Gzip {
        #[serde(default = "five")]
        level: u32,
    },
}

fn lz4() -> String {
    "lz4".to_owned()
}

fn shuffle() -> String {
    "shuffle".to_owned()
}

fn five<T: From<u8>>() -> T {
    5.into()
}

fn three() -> i32 {
    3
}

impl Serialize for Codecs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = match self.clone() {
            Self::Default => return serializer.serialize_str("default"),
            Self::None => return serializer.serialize_str("none"),
            Self::Raw(list) => return list.serialize(serializer),
            Self::Blosc { cname, clevel, shuffle } => Table::Blosc { cname, clevel, shuffle },
            Self::Zstd { level } => Table::Zstd { level },
            Self::Gzip { level } => Table::Gzip { level },
        };
        table.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Codecs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CodecsVisitor)
    }
}

struct CodecsVisitor;

impl<'de> Visitor<'de> for CodecsVisitor {
    type Value = Codecs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`default`, `none`, a table with the name of a codec, or a list of codecs")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Codecs, E> {
        match name {
            "default" => Ok(Codecs::Default),
            "none" => Ok(Codecs::None),
            "blosc" | "zstd" | "gzip" => {
                Err(E::custom(format!("write `{name}` as a table: {{ name = \"{name}\" }}")))
            }
            _ => Err(E::unknown_variant(name, &["default", "none", "blosc", "zstd", "gzip"])),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Codecs, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Codecs::Raw)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Codecs, A::Error> {
        Ok(match Table::deserialize(MapAccessDeserializer::new(map))? {
            Table::Blosc { cname, clevel, shuffle } => Codecs::Blosc { cname, clevel, shuffle },
            Table::Zstd { level } => Codecs::Zstd { level },
            Table::Gzip { level } => Codecs::Gzip { level },
        })
    }
}
