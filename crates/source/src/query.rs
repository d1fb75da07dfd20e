//! What is asked of a source.

use serde_json::Value;
use terracube_grid::{Region, TimeRange};

/// What is asked of a source; what is not set does not restrict.
///
/// ```
/// use terracube_source::Query;
/// let query = Query::new().collection("sentinel-2-l2a").limit(10);
/// assert_eq!(query.limit, Some(10));
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Query {
    /// Granules whose footprint meets this region.
    pub region: Option<Region>,
    /// Granules whose time meets this range.
    pub time: Option<TimeRange>,
    /// Granules of one of these collections; empty means all.
    pub collections: Vec<String>,
    /// Granules with one of these ids; empty means all.
    pub ids: Vec<String>,
    /// A CQL2 filter: an object is CQL2-JSON, a string CQL2-text; passed on as it is.
    pub filter: Option<Value>,
    /// At most so many granules.
    pub limit: Option<usize>,
}

impl Query {
    /// A query that matches everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Restricts to granules whose footprint meets `region`.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Restricts to granules whose time meets `time`.
    #[must_use]
    pub fn time(mut self, time: TimeRange) -> Self {
        self.time = Some(time);
        self
    }

    /// Adds a collection.
    #[must_use]
    pub fn collection(mut self, collection: impl Into<String>) -> Self {
        self.collections.push(collection.into());
        self
    }

    /// Adds collections.
    #[must_use]
    pub fn collections<S: Into<String>>(mut self, all: impl IntoIterator<Item = S>) -> Self {
        self.collections.extend(all.into_iter().map(Into::into));
        self
    }

    /// Adds an id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.ids.push(id.into());
        self
    }

    /// Adds ids.
    #[must_use]
    pub fn ids<S: Into<String>>(mut self, all: impl IntoIterator<Item = S>) -> Self {
        self.ids.extend(all.into_iter().map(Into::into));
        self
    }

    /// Sets the CQL2 filter.
    #[must_use]
    pub fn filter(mut self, filter: Value) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Stops after so many granules.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }
}
