//! The built-in connectors, one line each.

use terracube_source::{Files, Registry, StacApi, StacStatic};

/// A registry of every built-in connector. A connector of one's own is added with one more line:
/// `sources().with::<MyConnector>()`.
///
/// ```
/// let known: Vec<_> = terracube::sources().names().collect();
/// assert_eq!(known, ["files", "stac-api", "stac-static"]);
/// ```
#[must_use]
pub fn sources() -> Registry {
    Registry::empty().with::<Files>().with::<StacApi>().with::<StacStatic>()
}
