//! The built-in connectors, one line each.

#[cfg(feature = "geoparquet")]
use terracube_source::StacGeoparquet;
use terracube_source::{EarthEngine, Files, Registry, StacApi, StacStatic};

/// A registry of every built-in connector. A connector of one's own is added with one more line:
/// `sources().with::<MyConnector>()`.
///
/// ```
/// assert!(terracube::sources().names().any(|name| name == "stac-api"));
/// ```
#[must_use]
pub fn sources() -> Registry {
    let sources = Registry::empty()
        .with::<EarthEngine>()
        .with::<Files>()
        .with::<StacApi>()
        .with::<StacStatic>();
    #[cfg(feature = "geoparquet")]
    let sources = sources.with::<StacGeoparquet>();
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is made from the runs of the suite by a test of `terracube-source`.
    #[test]
    fn every_connector_has_a_conformance_run() {
        let documents = include_str!("../../../docs/sources.md");
        for name in sources().names() {
            let row = format!("| `{name}` | ");
            assert!(
                documents.contains(&row),
                "`{name}` has no run of the conformance suite: add one to `runs!` in \
                 crates/source/tests/it/conformance.rs"
            );
        }
    }
}
