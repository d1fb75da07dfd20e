//! Ready-made cubes: declarations of well-known data, to be edited and used.

use std::fmt;

/// A ready-made cube.
///
/// ```
/// let preset = terracube::Preset::named("arcticdem-32m")?;
/// let schema = terracube::cube::Schema::from_toml(preset.toml)?;
/// assert_eq!(schema.bands[0].name, "dem");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preset {
    /// The name.
    pub name: &'static str,
    /// The declaration, with what to know of it in comments. Extent, CRS and time are often to be
    /// edited.
    pub toml: &'static str,
}

/// No ready-made cube has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownPreset {
    /// The name.
    pub name: String,
}

macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        &[$(Preset {
            name: $name,
            toml: include_str!(concat!("../presets/", $name, ".toml")),
        }),+]
    };
}

const ALL: &[Preset] = presets![
    "alphaearth-embeddings",
    "arcticdem-10m",
    "arcticdem-2m",
    "arcticdem-32m",
    "cop-dem-glo-30",
    "cop-dem-glo-90",
    "esa-worldcover",
    "landsat-c2-l2-earth-search",
    "landsat-c2-l2-planetary-computer",
    "rema-10m",
    "rema-2m",
    "rema-32m",
    "sentinel-2-l2a-earth-search",
    "sentinel-2-l2a-planetary-computer",
    "tasseled-cap-trends",
];

impl Preset {
    /// All of them, by name.
    #[must_use]
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// The one of this name.
    ///
    /// # Errors
    /// [`UnknownPreset`], which names those there are.
    pub fn named(name: &str) -> Result<&'static Self, UnknownPreset> {
        let found = ALL.iter().find(|preset| preset.name == name);
        found.ok_or_else(|| UnknownPreset { name: name.to_owned() })
    }

    /// What it is, in a line: the first of its declaration.
    #[must_use]
    pub fn about(&self) -> &'static str {
        self.toml.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }
}

impl fmt::Display for UnknownPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = ALL.iter().map(|preset| preset.name).collect();
        write!(f, "no ready-made cube is called `{}`; there are {}", self.name, known.join(", "))
    }
}

impl std::error::Error for UnknownPreset {}
