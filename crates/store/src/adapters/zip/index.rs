//! What is in an archive: its directory, read once.

use std::io;
use std::ops::Range;

use rawzip::{FileReader, ZipArchive};

use super::entry::Entry;
use super::record::Record;
use super::{invalid, unreadable};
use crate::{Entry as Name, Key, Prefix};

/// The entries whose names are keys, in the order of the keys; of each name the last entry.
pub(super) struct Index {
    entries: Vec<(Key, Entry)>,
}

impl Index {
    pub(super) fn read(archive: &ZipArchive<FileReader>, buffer: &mut [u8]) -> io::Result<Self> {
        let mut entries = Vec::new();
        let mut starts = Vec::new();
        let mut records = archive.entries(buffer);
        while let Some(record) = records.next_entry().map_err(unreadable)? {
            starts.push(record.local_header_offset());
            let name = str::from_utf8(record.file_path().as_ref()).ok().map(Key::new);
            if let Some(Ok(key)) = name {
                entries.push((key, Entry::new(&record)));
            }
        }
        let (found, said) = (starts.len() as u64, archive.entries_hint());
        // an archive of many entries without ZIP64 counts them by 16 bits
        if said != if said > 0xffff { found } else { found & 0xffff } {
            return Err(invalid(format!("its directory has {found} entries and should {said}")));
        }
        // nothing may be said to lie behind the directory, or a value would be as long as it likes
        let directory = archive.directory_offset();
        starts.sort_unstable();
        for (_, entry) in &mut entries {
            let next = starts.partition_point(|start| *start <= entry.offset());
            let next = starts.get(next).copied().unwrap_or(directory);
            entry.ends_before(next.min(directory));
        }
        entries.reverse();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|(later, _), (earlier, _)| later == earlier);
        Ok(Self { entries })
    }

    pub(super) fn find(&self, key: &Key) -> Option<&Entry> {
        let place = self.entries.binary_search_by(|(found, _)| found.cmp(key)).ok()?;
        Some(&self.entries[place].1)
    }

    pub(super) fn entry(&self, place: usize) -> &(Key, Entry) {
        &self.entries[place]
    }

    /// The places of the keys below a prefix.
    pub(super) fn below(&self, prefix: &Prefix) -> Range<usize> {
        match prefix.as_str() {
            "" => 0..self.entries.len(),
            // `0` is what follows `/`
            folder => self.before(&format!("{folder}/"))..self.before(&format!("{folder}0")),
        }
    }

    /// The next name in a folder; `places` are those left of its keys.
    pub(super) fn next_name(&self, prefix: &Prefix, places: &mut Range<usize>) -> Option<Name> {
        let place = places.next()?;
        let name = Name::of(&self.entries[place].0, prefix)?;
        if let Name::Dir(folder) = &name {
            let below = match prefix.as_str() {
                "" => format!("{folder}0"),
                parent => format!("{parent}/{folder}0"),
            };
            places.start = self.before(&below);
        }
        Some(name)
    }

    /// Whether this is the directory of these records.
    pub(super) fn is_of<'a>(
        &self,
        records: impl ExactSizeIterator<Item = (&'a Key, &'a Record)>,
    ) -> bool {
        self.entries.len() == records.len()
            && self
                .entries
                .iter()
                .zip(records)
                .all(|((found, entry), (key, record))| found == key && entry.is_of(record))
    }

    /// How many keys are less than a text.
    fn before(&self, text: &str) -> usize {
        self.entries.partition_point(|(key, _)| key.as_str() < text)
    }
}
