//! The seam: search gives granules, open gives the bytes of an asset or an order for them.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;

use crate::{Access, Asset, Granule, Granules, Opened, Query, Result};

/// Where granules come from. A source holds no credentials, no retries and no limits: it passes
/// every request through [`Access`]. It decodes nothing either: it says where the bytes are.
///
/// ```
/// use terracube_source::prelude::*;
///
/// /// One relief, always the same.
/// #[derive(Debug, serde::Deserialize)]
/// struct Relief {
///     url: String,
/// }
///
/// #[async_trait]
/// impl Source for Relief {
///     fn search(&self, query: &Query, _access: &Access) -> Granules {
///         let always = TimeRange::parse("2000-01-01/2030-01-01");
///         let url = self.url.clone();
///         granules(query, always.into_iter().map(move |time| {
///             Ok(Granule::new("relief", time).with_asset(Asset::new("height", url.clone())))
///         }))
///     }
/// }
///
/// impl Connector for Relief {
///     const NAME: &'static str = "relief";
///     const ABOUT: &'static str = "one relief, always the same";
///     const KEYS: &'static [&'static str] = &["url"];
/// }
///
/// let registry = Registry::empty().with::<Relief>();
/// let config = serde_json::json!({ "url": "https://data.example/relief.tif" });
/// let source = registry.connect("relief", config)?;
/// # Ok::<(), terracube_source::Error>(())
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source",
    note = "implement `Source`: one method, `search`, gives granules; check it with `source_conformance!`"
)]
pub trait Source: Debug + Send + Sync + 'static {
    /// The granules that match `query`, lazily: nothing is asked before the stream is polled, and
    /// no page before its first granule is wanted. Errors come through the stream, which ends
    /// after one that it cannot go past.
    fn search(&self, query: &Query, access: &Access) -> Granules;

    /// Opens an asset of a granule: its bytes, or a ticket for an order. By default its href is
    /// read in ranges.
    ///
    /// # Errors
    /// [`Error::UnknownAsset`](crate::Error::UnknownAsset) for an asset the granule does not have;
    /// [`Error::NotAllowed`](crate::Error::NotAllowed) for an href that may not be read; what the
    /// source says. A missing file may show only when it is read.
    async fn open(&self, granule: &Granule, asset: &Asset, access: &Access) -> Result<Opened> {
        // An asset of another granule is a mistake of the caller.
        granule.asset(&asset.name)?;
        access.ranged_asset(asset).await
    }

    /// What this source is, in a few words, without secrets.
    fn describe(&self) -> String {
        let name = std::any::type_name::<Self>();
        name.rsplit("::").next().unwrap_or(name).to_owned()
    }
}

/// A source that can be configured by name: the struct is its configuration.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered as a source",
    note = "implement `Source` and `Connector`, and derive `serde::Deserialize`: the struct is its configuration"
)]
pub trait Connector: Source + DeserializeOwned {
    /// The name in declarations, in kebab case.
    const NAME: &'static str;
    /// What it connects to, in one line.
    const ABOUT: &'static str;
    /// The keys of its configuration, for messages; other keys are refused.
    const KEYS: &'static [&'static str];
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Source + ?Sized> Source for Arc<S> {
    fn search(&self, query: &Query, access: &Access) -> Granules {
        (**self).search(query, access)
    }
    async fn open(&self, granule: &Granule, asset: &Asset, access: &Access) -> Result<Opened> {
        (**self).open(granule, asset, access).await
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
}
