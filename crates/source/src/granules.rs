//! Streams of granules.

use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::{Granule, Query, Result};

/// Granules as they come. Nothing is asked of a source before the stream is polled.
pub type Granules = BoxStream<'static, Result<Granule>>;

/// The granules of a connector that knows them without asking, those that `query` matches: its
/// region, time, collections, ids and limit are applied here. A granule whose footprint is not
/// known is taken to match the region. A filter is not applied.
///
/// ```
/// use terracube_source::prelude::*;
/// let june = TimeRange::parse("2020-06")?;
/// let all = ["a", "b"].map(|id| Ok(Granule::new(id, june)));
/// let found = granules(&Query::new().id("b"), all);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn granules<I>(query: &Query, all: I) -> Granules
where
    I: IntoIterator<Item = Result<Granule>>,
    I::IntoIter: Send + 'static,
{
    let limit = query.limit.unwrap_or(usize::MAX);
    let selection = crate::selection::Selection::new(query);
    stream::iter(all)
        .filter_map(move |granule| {
            let kept = match granule {
                Ok(granule) => selection.admits(&granule).then_some(Ok(granule)),
                Err(error) => Some(Err(error)),
            };
            std::future::ready(kept)
        })
        .take(limit)
        .boxed()
}
