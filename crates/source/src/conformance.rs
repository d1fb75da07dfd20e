//! The contract of a source as tests, for any implementation.
//!
//! ```ignore
//! terracube_source::source_conformance!(my_source, make(), Expectations::default());
//! ```
//! `make` gives a source and the access to it each time it is called, as
//! `(impl Source, Access, Box<dyn Any>)`; the third value is kept alive during a test: a server, a
//! folder, or `()`.

use std::collections::HashSet;

use futures::StreamExt;
use terracube_store::ByteRequest;

use crate::{Access, Asset, Error, Granule, Opened, Query, Source};

/// What the source under test offers.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// A query with a region and a time that finds some granules, but not all.
    pub some: Query,
    /// How many it finds.
    pub some_count: usize,
    /// How many granules there are in all.
    pub all_count: usize,
    /// The name of an asset that every granule has and that can be read.
    pub asset: String,
    /// A query that finds nothing.
    pub nothing: Query,
}

/// Makes one test of each rule of the contract.
#[macro_export]
macro_rules! source_conformance {
    ($name:ident, $make:expr, $expectations:expr) => {
        mod $name {
            use super::*;
            $crate::source_conformance!(@rules $make, $expectations,
                search_is_lazy, all_are_found, ids_are_unique, results_match_the_query,
                nothing_is_no_error, a_limit_is_kept, ids_select, a_search_can_be_repeated,
                open_gives_readable_bytes, an_unknown_asset_is_named, it_describes_itself);
        }
    };
    (@rules $make:expr, $expectations:expr, $($rule:ident),*) => {$(
        #[tokio::test]
        async fn $rule() {
            let (source, access, _kept) = $make;
            $crate::conformance::$rule(&source, &access, &$expectations).await;
        }
    )*};
}

async fn all(source: &dyn Source, access: &Access, query: &Query) -> Vec<Granule> {
    let found: Vec<_> = source.search(query, access).collect().await;
    found.into_iter().map(|granule| granule.unwrap_or_else(|error| fail(&error))).collect()
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
fn fail(error: &Error) -> Granule {
    panic!("a search failed: {error}")
}

/// A search asks nothing before its stream is polled.
pub async fn search_is_lazy(source: &dyn Source, access: &Access, _: &Expectations) {
    let granules = source.search(&Query::new(), access);
    tokio::task::yield_now().await;
    assert_eq!(access.stats().requests, 0, "asked before the stream was polled");
    drop(granules);
}

/// A query without restrictions finds everything.
pub async fn all_are_found(source: &dyn Source, access: &Access, expected: &Expectations) {
    assert_eq!(all(source, access, &Query::new()).await.len(), expected.all_count);
}

/// No granule comes twice.
pub async fn ids_are_unique(source: &dyn Source, access: &Access, expected: &Expectations) {
    for query in [&Query::new(), &expected.some] {
        let found = all(source, access, query).await;
        let ids: HashSet<_> = found.iter().map(|one| (&one.collection, &one.id)).collect();
        assert_eq!(ids.len(), found.len(), "a granule came twice");
    }
}

/// Granules lie in the region and the time asked for.
pub async fn results_match_the_query(
    source: &dyn Source,
    access: &Access,
    expected: &Expectations,
) {
    let found = all(source, access, &expected.some).await;
    assert_eq!(found.len(), expected.some_count);
    let selection = crate::selection::Selection::new(&expected.some);
    for granule in &found {
        assert!(selection.admits(granule), "`{}` does not match the query", granule.id);
    }
}

/// Finding nothing is an empty stream.
pub async fn nothing_is_no_error(source: &dyn Source, access: &Access, expected: &Expectations) {
    assert_eq!(all(source, access, &expected.nothing).await.len(), 0);
}

/// No more granules come than the limit says.
pub async fn a_limit_is_kept(source: &dyn Source, access: &Access, expected: &Expectations) {
    for limit in [0, 1, expected.all_count, expected.all_count + 5] {
        let found = all(source, access, &Query::new().limit(limit)).await;
        assert_eq!(found.len(), limit.min(expected.all_count));
    }
}

/// A query for an id finds it alone.
pub async fn ids_select(source: &dyn Source, access: &Access, _: &Expectations) {
    let everything = all(source, access, &Query::new()).await;
    let Some(one) = everything.last() else { return };
    let found = all(source, access, &Query::new().id(&one.id)).await;
    assert_eq!(found.iter().map(|granule| &granule.id).collect::<Vec<_>>(), [&one.id]);
}

/// The same query finds the same granules in the same order.
pub async fn a_search_can_be_repeated(
    source: &dyn Source,
    access: &Access,
    expected: &Expectations,
) {
    let ids = |found: Vec<Granule>| found.into_iter().map(|one| one.id).collect::<Vec<_>>();
    let first = ids(all(source, access, &expected.some).await);
    assert_eq!(first, ids(all(source, access, &expected.some).await));
}

/// An asset can be opened and its bytes read, in parts and whole.
#[expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
pub async fn open_gives_readable_bytes(
    source: &dyn Source,
    access: &Access,
    expected: &Expectations,
) {
    for granule in all(source, access, &expected.some).await {
        let asset = granule.asset(&expected.asset).expect("the asset expected");
        let Opened::Bytes { store, key } =
            source.open(&granule, asset, access).await.expect("an opened asset")
        else {
            panic!("the asset was ordered, not opened")
        };
        let whole = store.get(&key, ByteRequest::All).await.expect("bytes").expect("a value");
        let size = store.size(&key).await.expect("a size").expect("a value");
        assert_eq!(size, whole.len() as u64);
        let half = size / 2;
        let parts = [ByteRequest::from(0..half), ByteRequest::Offset(half), ByteRequest::Suffix(1)];
        let parts: Vec<_> = parts.into_iter().map(|part| (key.clone(), part)).collect();
        let parts = store.get_partial_values(&parts).await.expect("parts");
        let middle = usize::try_from(half).expect("a small asset");
        let wanted = [&whole[..middle], &whole[middle..], &whole[whole.len() - 1..]];
        for (part, wanted) in parts.iter().zip(wanted) {
            assert_eq!(part.as_deref(), Some(wanted));
        }
    }
}

/// An asset that a granule does not have is an error that names those it has.
#[expect(clippy::panic, reason = "a test fails by panicking")]
pub async fn an_unknown_asset_is_named(
    source: &dyn Source,
    access: &Access,
    expected: &Expectations,
) {
    let found = all(source, access, &expected.some).await;
    let Some(granule) = found.first() else { return };
    let unknown = Asset::new("no such asset", "https://host.example/none");
    match source.open(granule, &unknown, access).await {
        Err(Error::UnknownAsset { known, .. }) => assert!(known.contains(&expected.asset)),
        other => panic!("expected an error for an unknown asset, found {other:?}"),
    }
}

/// It says in a few words what it is.
pub async fn it_describes_itself(source: &dyn Source, _: &Access, _: &Expectations) {
    let text = source.describe();
    assert!(!text.trim().is_empty() && text.lines().count() == 1, "{text:?}");
}
