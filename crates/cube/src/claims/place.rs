//! The place of claims: values beside the versions of a repository, created if nobody else has.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use terracube_store::{ByteRequest, Key, Prefix, Store};

use super::blocks::{Block, Blocks};
use super::lease::{Lease, Watch, now};
use crate::Result;

/// Where claims are kept, and in whose name.
///
/// A claim on a block is a value `SHAPE/BLOCK.GENERATION` with the owner's lease, and
/// `owners/OWNER` its heartbeat: one for all its claims. Who takes over a claim that has run out
/// creates the next generation, so that of several only one does; claims are deleted by their
/// owners, and by sweeps when the owner is surely gone.
#[derive(Debug)]
pub(super) struct Place {
    store: Arc<dyn Store>,
    blocks: Blocks,
    lease: Lease,
    beats: AtomicU64,
    watch: Mutex<Watch>,
}

/// Claims made or given back at the same time.
const AT_ONCE: usize = 16;
/// A claim that changes hands so often while it is looked at is left to the others.
const ATTEMPTS: usize = 64;
/// What has shown no life for so long, by the clock, is cleared away.
const DEAD_FOR: i64 = 24 * 3600;

impl Place {
    pub(super) fn new(store: Arc<dyn Store>, blocks: Blocks, length: Duration) -> Self {
        let lease = Lease::new(length);
        Self { store, blocks, lease, beats: AtomicU64::new(0), watch: Mutex::default() }
    }

    pub(super) fn blocks(&self) -> Blocks {
        self.blocks
    }

    /// Claims each of the blocks; gives the generation where it is now ours, `None` where another
    /// has it, an error where claims cannot be made.
    pub(super) async fn claim(&self, blocks: &[Block]) -> Vec<Result<Option<u32>>> {
        let claims: Vec<_> = blocks.iter().map(|block| self.claim_one(*block)).collect();
        stream::iter(claims).buffered(AT_ONCE).collect().await
    }

    async fn claim_one(&self, block: Block) -> Result<Option<u32>> {
        let mut generation = 1;
        for _ in 0..ATTEMPTS {
            let key = self.key(block, generation)?;
            if self.store.set_if_not_exists(&key, self.lease.bytes()).await? {
                return Ok(Some(generation));
            }
            match self.store.get(&key, ByteRequest::All).await? {
                Some(claim) if self.is_void(&claim).await => generation += 1,
                Some(_) => return Ok(None),
                // Given back meanwhile.
                None => generation = 1,
            }
        }
        Ok(None)
    }

    /// Those of the blocks that nobody holds any more.
    pub(super) async fn free(&self, blocks: &HashSet<Block>) -> Result<HashSet<Block>> {
        let folder = Prefix::new(self.blocks.to_string())?;
        let listed: HashSet<Key> = self.store.list_prefix(&folder).try_collect().await?;
        let mut free = HashSet::new();
        for block in blocks {
            let mut generation = 1;
            loop {
                let key = self.key(*block, generation)?;
                let claim = match listed.contains(&key) {
                    true => self.store.get(&key, ByteRequest::All).await?,
                    false => None,
                };
                match claim {
                    None => {
                        free.insert(*block);
                        break;
                    }
                    Some(claim) if self.is_void(&claim).await => generation += 1,
                    Some(_) => break,
                }
            }
        }
        Ok(free)
    }

    /// Gives claims back. What cannot be deleted runs out.
    pub(super) async fn release(&self, claims: &[(Block, u32)]) {
        let keys = claims.iter().flat_map(|(block, last)| {
            (1..=*last).filter_map(|generation| self.key(*block, generation).ok())
        });
        self.delete(keys.collect()).await;
    }

    /// Shows life.
    pub(super) async fn beat(&self) {
        let beat = self.beats.fetch_add(1, Ordering::Relaxed) + 1;
        if let Ok(key) = heartbeat(&self.lease.owner) {
            // One that fails is made up by the next.
            let _ = self.store.set(&key, self.lease.beat(beat).bytes()).await;
        }
    }

    /// Takes the own heartbeat away, and all that owners left behind who are gone.
    pub(super) async fn clear(&self) {
        let mut keys = self.left_behind().await.unwrap_or_default();
        if self.beats.load(Ordering::Relaxed) > 0 {
            keys.extend(heartbeat(&self.lease.owner).ok());
        }
        self.delete(keys).await;
    }

    async fn left_behind(&self) -> Result<Vec<Key>> {
        let keys: Vec<Key> = self.store.list_prefix(&Prefix::root()).try_collect().await?;
        let own = heartbeat(&self.lease.owner)?;
        let keys: Vec<Key> = keys.into_iter().filter(|key| *key != own).collect();
        if keys.is_empty() {
            return Ok(keys);
        }
        let requests: Vec<_> = keys.iter().map(|key| (key.clone(), ByteRequest::All)).collect();
        let values = self.store.get_partial_values(&requests).await?;
        let leases: Vec<(Key, Lease)> = keys
            .into_iter()
            .zip(values)
            .filter_map(|(key, value)| Some((key, Lease::parse(&value?)?)))
            .collect();
        let mut last_seen: HashMap<String, i64> = HashMap::new();
        for (_, lease) in &leases {
            let last = last_seen.entry(lease.owner.clone()).or_insert(lease.at);
            *last = lease.at.max(*last);
        }
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let is_gone = |lease: &Lease| {
            let last = last_seen.get(&lease.owner).copied().unwrap_or(lease.at);
            lease.has_ended() || watch.is_over(&lease.owner) || now() - last > DEAD_FOR
        };
        // A claim stays while another took it over: the next generation begins behind it.
        let claim = |key: &Key| key.as_str().rsplit_once('.').map(|(claim, _)| claim.to_owned());
        let held: HashSet<_> = leases
            .iter()
            .filter(|(_, lease)| !is_gone(lease))
            .filter_map(|(key, _)| claim(key))
            .collect();
        let gone = leases.iter().filter(|(key, lease)| {
            is_gone(lease) && claim(key).is_none_or(|claim| !held.contains(&claim))
        });
        Ok(gone.map(|(key, _)| key.clone()).collect())
    }

    async fn delete(&self, keys: Vec<Key>) {
        let deletions: Vec<_> = keys
            .into_iter()
            .map(|key| async move {
                let _ = self.store.delete(&key).await;
            })
            .collect();
        stream::iter(deletions).buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    /// Whether a claim holds nobody off: its owner is gone, or what it says is not understood.
    async fn is_void(&self, claim: &[u8]) -> bool {
        let Some(lease) = Lease::parse(claim) else { return true };
        if lease.has_ended() {
            return true;
        }
        let found = match heartbeat(&lease.owner) {
            Ok(key) => self.store.get(&key, ByteRequest::All).await.ok(),
            Err(_) => return true,
        };
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(heartbeat) => watch.see(&lease, heartbeat),
            None => {
                watch.forget(&lease.owner);
                false
            }
        }
    }

    fn key(&self, block: Block, generation: u32) -> Result<Key> {
        Ok(Key::new(format!("{}/{block}.{generation}", self.blocks))?)
    }
}

fn heartbeat(owner: &str) -> Result<Key> {
    Ok(Key::new(format!("owners/{owner}"))?)
}
