//! The keys that a copy is to bring over.

use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::document::is_document;
use super::transfer::Wanted;
use crate::{Prefix, Result, Store};

/// A stream of keys to copy.
pub(super) type Wanteds = BoxStream<'static, Result<Wanted>>;

/// All keys of a store: those it lists, or those that its metadata names.
pub(super) fn of(store: Arc<dyn Store>) -> Wanteds {
    if !store.capability().listing {
        #[cfg(feature = "zarr")]
        return super::hierarchy::keys(store);
    }
    store
        .list_stats(&Prefix::root())
        .map_ok(|(key, stat)| Wanted { key, stat, is_listed: true })
        .boxed()
}

/// What there is to copy, found out before.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) documents: Vec<Wanted>,
    keys: u64,
    /// Of the values whose size is known.
    bytes: u64,
    /// How many sizes are not known.
    unsized_keys: u64,
}

/// Looks through all keys.
pub(super) async fn survey(mut keys: Wanteds) -> Result<Survey> {
    let mut survey = Survey::default();
    while let Some(wanted) = keys.try_next().await? {
        survey.keys += 1;
        match &wanted.stat {
            Some(stat) => survey.bytes += stat.size,
            None => survey.unsized_keys += 1,
        }
        if is_document(&wanted.key) {
            survey.documents.push(wanted);
        }
    }
    Ok(survey)
}

impl Survey {
    /// Whether there is no more than so much to copy; a value of unknown size may be large.
    pub(super) fn is_within(&self, keys: u64, bytes: u64) -> bool {
        const MAY_HAVE: u64 = 4 << 20;
        let may_have = self.unsized_keys.saturating_mul(MAY_HAVE);
        self.keys <= keys && self.bytes.saturating_add(may_have) <= bytes
    }
}
