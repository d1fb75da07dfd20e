//! Blocks kept for a while, so that windows which share a block fetch and decode it once.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::Shared;

use crate::Pixels;

/// Blocks of several files that more than one window may need, bounded in bytes, the longest unused
/// dropped first. A block that several windows ask for at the same time is fetched by one of them,
/// and decoded by the first that needs its pixels. Clones are the same cache.
///
/// Blocks [read ahead](crate::Cog::read_ahead) count only once they are decoded: until then whoever
/// reads ahead accounts for them.
#[derive(Debug, Clone)]
pub struct BlockCache {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    capacity: u64,
    held: u64,
    files: u64,
    clock: u64,
    blocks: HashMap<Id, Block>,
    /// Blocks that count, the longest unused first.
    by_use: BTreeMap<u64, Id>,
    /// How many have announced that they will need a block.
    wanted: HashMap<Id, u32>,
}

/// A block: the file, and its range in it.
pub(super) type Id = (u64, u64, u64);
type Arrival = Shared<oneshot::Receiver<Arc<Kept>>>;

#[derive(Debug)]
enum Block {
    /// `used` is 0 while it does not count.
    Here {
        kept: Arc<Kept>,
        size: u64,
        used: u64,
    },
    Coming(Arrival),
}

/// A block that is kept: as it came until somebody decodes it, then as its pixels, all bands of a
/// row beside each other.
#[derive(Debug)]
pub(super) struct Kept {
    /// Weak, for the cache holds the block: each would keep the other for ever.
    cache: Weak<Mutex<State>>,
    id: Id,
    compressed: Mutex<Bytes>,
    pixels: OnceLock<Result<Pixels, String>>,
}

impl Kept {
    /// The pixels, decoded now if they are not yet. `decode` must not wait for other threads of a
    /// pool: those may be waiting here.
    pub(super) fn pixels(
        &self,
        decode: impl FnOnce(&Bytes) -> Result<Pixels, String>,
    ) -> Result<&Pixels, String> {
        let made = self.pixels.get_or_init(|| {
            let bytes = self.bytes();
            let pixels = decode(&bytes);
            if let Ok(pixels) = &pixels {
                *self.compressed.lock().unwrap_or_else(PoisonError::into_inner) = Bytes::new();
                if let Some(state) = self.cache.upgrade() {
                    BlockCache { state }.decoded(self.id, pixels.as_bytes().len() as u64);
                }
            }
            pixels
        });
        made.as_ref().map_err(Clone::clone)
    }

    /// Makes a copy of compressed bytes, so that they do not keep the whole answer they came in.
    fn leave_answer(&self) {
        let mut compressed = self.compressed.lock().unwrap_or_else(PoisonError::into_inner);
        *compressed = Bytes::copy_from_slice(&compressed);
    }

    /// As it came; empty once it is decoded.
    pub(super) fn bytes(&self) -> Bytes {
        self.compressed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What to do about a block.
pub(super) enum Claim {
    /// It is here.
    Here(Arc<Kept>),
    /// Somebody else is fetching it; an error means that they gave up.
    Coming(Arrival),
    /// Fetch it and hand it over.
    Mine(Promise),
}

/// The duty to fetch a block. Dropping it gives up, and the next one who asks gets the duty.
#[derive(Debug)]
pub(super) struct Promise {
    cache: BlockCache,
    id: Id,
    sender: Option<oneshot::Sender<Arc<Kept>>>,
}

impl BlockCache {
    /// A cache of at most so many bytes.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State { capacity, ..State::default() })) }
    }

    /// Bytes held at the moment.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.lock().held
    }

    /// A number for a file that this cache has not given out before.
    pub(super) fn register(&self) -> u64 {
        let mut state = self.lock();
        state.files += 1;
        state.files
    }

    pub(super) fn claim(&self, file: u64, range: &Range<u64>) -> Claim {
        let id = (file, range.start, range.end);
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        match state.blocks.get_mut(&id) {
            Some(Block::Coming(arrival)) => Claim::Coming(arrival.clone()),
            Some(Block::Here { kept, used, .. }) => {
                let kept = kept.clone();
                if *used > 0 {
                    let before = std::mem::replace(used, now);
                    state.by_use.remove(&before);
                    state.by_use.insert(now, id);
                }
                Claim::Here(kept)
            }
            None => {
                let (sender, receiver) = oneshot::channel();
                state.blocks.insert(id, Block::Coming(receiver.shared()));
                Claim::Mine(Promise { cache: self.clone(), id, sender: Some(sender) })
            }
        }
    }

    /// Whether a block is neither here nor coming.
    pub(super) fn is_missing(&self, file: u64, range: &Range<u64>) -> bool {
        !self.lock().blocks.contains_key(&(file, range.start, range.end))
    }

    /// Says that a block will be needed until [`release`](Self::release): what nobody needs is
    /// dropped before it.
    pub(super) fn announce(&self, id: Id) {
        *self.lock().wanted.entry(id).or_default() += 1;
    }

    /// Takes back announcements.
    pub(super) fn release(&self, ids: &[Id]) {
        let mut state = self.lock();
        for id in ids {
            match state.wanted.get_mut(id) {
                Some(count) if *count > 1 => *count -= 1,
                _ => {
                    state.wanted.remove(id);
                    if let Some(Block::Here { kept, used: 0, .. }) = state.blocks.get(id) {
                        kept.leave_answer();
                    }
                    state.count(*id, None);
                }
            }
        }
        state.shrink();
    }

    /// Gives a block away: nobody else needs it. `None` when it is not here, or was announced by
    /// more than one.
    pub(super) fn take(&self, file: u64, range: &Range<u64>) -> Option<Arc<Kept>> {
        let id = (file, range.start, range.end);
        let mut state = self.lock();
        if state.wanted.get(&id).is_some_and(|count| *count > 1) {
            return None;
        }
        if !matches!(state.blocks.get(&id), Some(Block::Here { .. })) {
            return None;
        }
        match state.blocks.remove(&id) {
            Some(Block::Here { kept, size, used }) => {
                if state.by_use.remove(&used).is_some() {
                    state.held -= size;
                }
                Some(kept)
            }
            _ => None,
        }
    }

    /// A block takes so many bytes now, and counts.
    fn decoded(&self, id: Id, size: u64) {
        let mut state = self.lock();
        state.count(id, Some(size));
        state.shrink();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Promise {
    /// Hands the block over to those who wait and to the cache.
    pub(super) fn keep(mut self, bytes: Bytes) -> Arc<Kept> {
        let size = bytes.len() as u64;
        let kept = Arc::new(Kept {
            cache: Arc::downgrade(&self.cache.state),
            id: self.id,
            compressed: Mutex::new(bytes),
            pixels: OnceLock::new(),
        });
        let mut state = self.cache.lock();
        state.blocks.insert(self.id, Block::Here { kept: kept.clone(), size, used: 0 });
        if !state.wanted.contains_key(&self.id) {
            state.count(self.id, None);
            state.shrink();
        }
        drop(state);
        if let Some(sender) = self.sender.take() {
            // Nobody waiting is fine.
            let _ = sender.send(kept.clone());
        }
        kept
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if self.sender.is_some() {
            self.cache.lock().blocks.remove(&self.id);
        }
    }
}

/// So many announced blocks are stepped over before one of them is dropped.
const STEPPED_OVER: usize = 256;

impl State {
    /// From now on the block counts, with a new size if there is one.
    fn count(&mut self, id: Id, resized: Option<u64>) {
        let Some(Block::Here { size, used, .. }) = self.blocks.get_mut(&id) else { return };
        if *used > 0 {
            self.held -= *size;
        } else {
            self.clock += 1;
            *used = self.clock;
            self.by_use.insert(*used, id);
        }
        *size = resized.unwrap_or(*size);
        self.held += *size;
    }

    fn shrink(&mut self) {
        while self.held > self.capacity {
            let mut oldest = self.by_use.iter().take(STEPPED_OVER);
            let idle = oldest.find(|(_, id)| !self.wanted.contains_key(id)).map(|(used, _)| *used);
            let first = || self.by_use.first_key_value().map(|(used, _)| *used);
            let Some(used) = idle.or_else(first) else { return };
            let Some(id) = self.by_use.remove(&used) else { return };
            if let Some(Block::Here { size, .. }) = self.blocks.remove(&id) {
                self.held -= size;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mine(claim: Claim) -> Promise {
        match claim {
            Claim::Mine(promise) => promise,
            _ => panic!("the block is not there"),
        }
    }

    #[tokio::test]
    async fn a_block_is_fetched_by_one_and_had_by_all() {
        let cache = BlockCache::new(100);
        let promise = mine(cache.claim(1, &(0..10)));
        let Claim::Coming(arrival) = cache.claim(1, &(0..10)) else { panic!("it is coming") };
        promise.keep(Bytes::from_static(b"0123456789"));
        assert_eq!(&arrival.await.unwrap().bytes()[..], b"0123456789");
        assert!(matches!(cache.claim(1, &(0..10)), Claim::Here(_)));
        assert!(matches!(cache.claim(2, &(0..10)), Claim::Mine(_)));
    }

    #[test]
    fn a_block_is_decoded_once_and_counts_as_its_pixels() {
        let cache = BlockCache::new(100);
        let kept = mine(cache.claim(1, &(0..3))).keep(Bytes::from_static(b"abc"));
        assert_eq!(cache.held(), 3);
        let decoded =
            kept.pixels(|bytes| Ok(Pixels::U16(bytes.iter().map(|b| (*b).into()).collect())));
        assert_eq!(decoded, Ok(&Pixels::U16(vec![97, 98, 99])));
        assert_eq!(cache.held(), 6);
        let again = kept.pixels(|_| Err("decoded twice".into()));
        assert_eq!(again, Ok(&Pixels::U16(vec![97, 98, 99])));
    }

    #[test]
    fn what_was_kept_goes_with_the_cache() {
        let cache = BlockCache::new(100);
        let kept = mine(cache.claim(1, &(0..3))).keep(Bytes::from_static(b"abc"));
        let left = Arc::downgrade(&kept);
        drop(cache);
        // Who holds the block may still read it.
        let decoded = kept.pixels(|bytes| Ok(Pixels::U8(bytes.to_vec())));
        assert_eq!(decoded, Ok(&Pixels::U8(b"abc".to_vec())));
        drop(kept);
        assert!(left.upgrade().is_none(), "the cache kept itself alive");
    }

    #[tokio::test]
    async fn giving_up_passes_the_duty_on() {
        let cache = BlockCache::new(100);
        let promise = mine(cache.claim(1, &(0..10)));
        let Claim::Coming(arrival) = cache.claim(1, &(0..10)) else { panic!("it is coming") };
        drop(promise);
        assert!(arrival.await.is_err());
        mine(cache.claim(1, &(0..10)));
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let cache = BlockCache::new(25);
        for start in [0, 10] {
            mine(cache.claim(1, &(start..start + 10))).keep(Bytes::from(vec![0; 10]));
        }
        assert!(matches!(cache.claim(1, &(0..10)), Claim::Here(_)));
        mine(cache.claim(1, &(20..30))).keep(Bytes::from(vec![0; 10]));
        assert_eq!(cache.held(), 20);
        assert!(matches!(cache.claim(1, &(0..10)), Claim::Here(_)));
        assert!(matches!(cache.claim(1, &(10..20)), Claim::Mine(_)));
    }
}
