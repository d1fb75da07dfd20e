//! What a cache keeps, and what makes room.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;

use super::files::{File, Files, Found};
use crate::{ByteRequest, Key, Prefix, Result};

/// Bytes of bookkeeping counted for each value.
const OVERHEAD: u64 = 200;
/// Writes are told apart by so many groups of keys.
const GROUPS: usize = 256;

/// What is kept. The clock algorithm makes room: a key that was used since the hand last passed
/// stays once more.
pub(super) struct Shelf {
    state: RwLock<State>,
    capacity: u64,
    files: Option<Arc<Files>>,
}

struct State {
    entries: HashMap<Key, Entry>,
    /// Keys in the order in which the hand passes; those with another stamp are gone.
    ring: VecDeque<(Key, u64)>,
    next_stamp: u64,
    bytes: u64,
    /// Grows with each write to a key of the group.
    epochs: [u64; GROUPS],
    /// What is being written, or may have been by a write whose end is not known: never kept.
    written: Vec<(u64, Scope)>,
}

/// All that is kept of a key. The whole value apart saves a hit a second hash.
struct Entry {
    whole: Option<Held>,
    parts: HashMap<ByteRequest, Held>,
    bytes: u64,
    stamp: u64,
    used: AtomicBool,
}

/// Bytes kept.
#[derive(Clone)]
pub(super) enum Held {
    Memory(Bytes),
    File(Arc<File>),
}

/// The keys that a write changes.
#[derive(Debug, Clone)]
pub(super) enum Scope {
    One(Key),
    Below(Prefix),
}

impl Scope {
    fn contains(&self, key: &Key) -> bool {
        match self {
            Self::One(one) => one == key,
            Self::Below(prefix) => prefix.contains(key),
        }
    }
}

impl Shelf {
    pub(super) fn new(capacity: u64, files: Option<Files>) -> Self {
        let state = State {
            entries: HashMap::new(),
            ring: VecDeque::new(),
            next_stamp: 0,
            bytes: 0,
            epochs: [0; GROUPS],
            written: Vec::new(),
        };
        Self { state: RwLock::new(state), capacity, files: files.map(Arc::new) }
    }

    /// Takes in what an earlier cache left in the folder.
    pub(super) fn restore(&self, found: Vec<Found>) {
        let mut state = self.write();
        for Found { key, request, file } in found {
            state.insert(key, request, Held::File(Arc::new(file)), self.capacity);
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.read().bytes
    }

    /// What is kept that answers a request, and what to read of it.
    pub(super) fn find(&self, key: &Key, request: ByteRequest) -> Option<(Held, ByteRequest)> {
        let state = self.read();
        let entry = state.entries.get(key)?;
        entry.mark();
        match &entry.whole {
            Some(whole) => Some((whole.clone(), request)),
            None => Some((entry.parts.get(&request)?.clone(), ByteRequest::All)),
        }
    }

    /// The answer to a request when it is kept in memory.
    pub(super) fn find_in_memory(&self, key: &Key, request: ByteRequest) -> Result<Option<Bytes>> {
        if self.files.is_some() {
            return Ok(None);
        }
        let state = self.read();
        let Some(entry) = state.entries.get(key) else { return Ok(None) };
        entry.mark();
        match (&entry.whole, request) {
            (Some(Held::Memory(bytes)), ByteRequest::All) => Ok(Some(bytes.clone())),
            (Some(Held::Memory(bytes)), request) => part(bytes, request, key).map(Some),
            (None, request) => match entry.parts.get(&request) {
                Some(Held::Memory(bytes)) => Ok(Some(bytes.clone())),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Which write to the key was the last; what is read from now on belongs to it.
    pub(super) fn epoch(&self, key: &Key) -> u64 {
        self.read().epochs[group(key)]
    }

    /// Keeps what was read, unless the key was written since `epoch`.
    pub(super) async fn keep(&self, key: &Key, request: ByteRequest, value: Bytes, epoch: u64) {
        if value.len() as u64 + OVERHEAD > self.capacity {
            return;
        }
        let held = match &self.files {
            // a part may be of a larger buffer, which would stay
            None if request != ByteRequest::All => Held::Memory(Bytes::copy_from_slice(&value)),
            None => Held::Memory(value),
            Some(files) => match Files::write(files, key, request, value).await {
                Ok(file) => Held::File(Arc::new(file)),
                Err(error) => {
                    tracing::warn!(%error, "the cache cannot keep a value");
                    return;
                }
            },
        };
        let mut state = self.write();
        let is_current = state.epochs[group(key)] == epoch
            && !state.written.iter().any(|(_, scope)| scope.contains(key));
        if is_current {
            state.insert(key.clone(), request, held, self.capacity);
        } else {
            held.discard();
        }
    }

    pub(super) fn forget(&self, scope: &Scope) {
        self.write().forget(scope);
    }

    /// Forgets what is about to be written; nothing of it is kept until that is done.
    pub(super) fn begin_write(&self, scopes: Vec<Scope>) -> Writing<'_> {
        let mut state = self.write();
        let id = state.next_stamp();
        for scope in scopes {
            state.forget(&scope);
            state.written.push((id, scope));
        }
        Writing { shelf: self, id }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write under way. When it fails or is dropped it may still take place later, so that what it
/// writes is not kept from then on.
pub(super) struct Writing<'a> {
    shelf: &'a Shelf,
    id: u64,
}

impl Writing<'_> {
    pub(super) fn done(self) {
        let mut state = self.shelf.write();
        let (done, left) = std::mem::take(&mut state.written)
            .into_iter()
            .partition::<Vec<_>, _>(|(id, _)| *id == self.id);
        state.written = left;
        for (_, scope) in done {
            state.next_epoch(&scope);
        }
    }
}

impl State {
    fn insert(&mut self, key: Key, request: ByteRequest, held: Held, capacity: u64) {
        let stamp = self.next_stamp();
        let cost = |held: &Held, key: &Key| held.len() + OVERHEAD + key.as_str().len() as u64;
        let added = cost(&held, &key);
        let entry = self.entries.entry(key.clone()).or_insert_with(|| {
            self.ring.push_back((key.clone(), stamp));
            let used = AtomicBool::new(false);
            Entry { whole: None, parts: HashMap::new(), bytes: 0, stamp, used }
        });
        let replaced = match request {
            ByteRequest::All => entry.whole.replace(held),
            part => entry.parts.insert(part, held),
        };
        let freed = replaced.map_or(0, |replaced| {
            replaced.discard();
            cost(&replaced, &key)
        });
        entry.bytes = entry.bytes + added - freed;
        self.bytes = self.bytes + added - freed;
        while self.bytes > capacity {
            self.evict_one();
        }
    }

    fn evict_one(&mut self) {
        let Some((key, stamp)) = self.ring.pop_front() else { return };
        match self.entries.get(&key) {
            Some(entry) if entry.stamp != stamp => {}
            Some(entry) if entry.used.swap(false, Relaxed) => self.ring.push_back((key, stamp)),
            Some(_) => self.remove(&key),
            None => {}
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.bytes;
            entry.whole.iter().chain(entry.parts.values()).for_each(Held::discard);
        }
    }

    fn forget(&mut self, scope: &Scope) {
        self.next_epoch(scope);
        match scope {
            Scope::One(key) => self.remove(key),
            Scope::Below(prefix) => {
                let below: Vec<_> =
                    self.entries.keys().filter(|key| prefix.contains(key)).cloned().collect();
                below.iter().for_each(|key| self.remove(key));
            }
        }
        if self.ring.len() > 2 * self.entries.len() + 64 {
            let entries = &self.entries;
            self.ring.retain(|(key, stamp)| entries.get(key).is_some_and(|e| e.stamp == *stamp));
        }
    }

    fn next_epoch(&mut self, scope: &Scope) {
        match scope {
            Scope::One(key) => self.epochs[group(key)] += 1,
            Scope::Below(_) => self.epochs.iter_mut().for_each(|epoch| *epoch += 1),
        }
    }

    fn next_stamp(&mut self) -> u64 {
        self.next_stamp += 1;
        self.next_stamp
    }
}

impl Entry {
    fn mark(&self) {
        // read first: a line that many threads write is slow
        if !self.used.load(Relaxed) {
            self.used.store(true, Relaxed);
        }
    }
}

impl Held {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(file) => file.len(),
        }
    }

    /// Whether it was kept by this cache, or checked.
    pub(super) fn is_trusted(&self) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::File(file) => file.is_trusted(),
        }
    }

    pub(super) fn trust(&self) {
        if let Self::File(file) = self {
            file.trust();
        }
    }

    fn discard(&self) {
        if let Self::File(file) = self {
            file.discard();
        }
    }

    /// Whether it can be of a value of so many bytes.
    pub(super) fn agrees(&self, size: u64, key: &Key) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::File(file) => file
                .request()
                .resolve(key, size)
                .is_ok_and(|range| range.end - range.start == file.len()),
        }
    }

    /// Bytes of what is kept; `None` when the file is gone or damaged.
    pub(super) async fn read(&self, request: ByteRequest, key: &Key) -> Result<Option<Bytes>> {
        match self {
            Self::Memory(bytes) => part(bytes, request, key).map(Some),
            Self::File(file) => Ok(file.read(request.resolve(key, file.len())?).await),
        }
    }
}

fn part(whole: &Bytes, request: ByteRequest, key: &Key) -> Result<Bytes> {
    let range = request.resolve(key, whole.len() as u64)?;
    Ok(whole.slice(range.start as usize..range.end as usize))
}

fn group(key: &Key) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish() as usize % GROUPS
}
