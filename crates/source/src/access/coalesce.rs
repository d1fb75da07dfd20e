//! Merging byte ranges that lie close together into few requests.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// Ranges with a smaller gap than this between them are fetched together.
pub(crate) const GAP: u64 = 64 << 10;
/// No request is larger.
pub(crate) const LARGEST: u64 = 4 << 20;

/// Which requests to send for some ranges, and how to put the answers together.
#[derive(Debug)]
pub(crate) struct FetchPlan {
    /// The ranges to request, ascending.
    pub(crate) fetches: Vec<Range<u64>>,
    /// For each range wanted: where its pieces are, as (fetch, range).
    pieces: Vec<Vec<(usize, Range<u64>)>>,
}

impl FetchPlan {
    /// Plans `wanted`, none of them empty: gaps up to `gap` are read over, requests are at most
    /// `largest` bytes, longer ranges are cut.
    pub(crate) fn new(wanted: &[Range<u64>], gap: u64, largest: u64) -> Self {
        let mut cut: Vec<(usize, Range<u64>)> = wanted
            .iter()
            .enumerate()
            .flat_map(|(index, range)| {
                let end = range.end;
                (range.start..end)
                    .step_by(usize::try_from(largest).unwrap_or(usize::MAX))
                    .map(move |start| (index, start..end.min(start.saturating_add(largest))))
            })
            .collect();
        cut.sort_by_key(|(_, range)| (range.start, range.end));
        let mut fetches: Vec<Range<u64>> = Vec::new();
        let mut pieces = vec![Vec::new(); wanted.len()];
        for (index, range) in cut {
            match fetches.last_mut() {
                Some(last)
                    if range.start <= last.end.saturating_add(gap)
                        && range.end.max(last.end) - last.start <= largest =>
                {
                    last.end = last.end.max(range.end);
                }
                _ => fetches.push(range.clone()),
            }
            pieces[index].push((fetches.len() - 1, range));
        }
        Self { fetches, pieces }
    }

    /// The bytes of each wanted range, in their order, out of the answers to `fetches`. An answer
    /// may be short at the end of the file; `None` for a range that starts past it.
    pub(crate) fn assemble(&self, answers: &[Bytes]) -> Vec<Option<Bytes>> {
        let slice = |(fetch, range): &(usize, Range<u64>)| {
            let offset =
                |at: u64| usize::try_from(at - self.fetches[*fetch].start).unwrap_or(usize::MAX);
            let answer = &answers[*fetch];
            let (start, end) = (offset(range.start), offset(range.end).min(answer.len()));
            (start < end).then(|| answer.slice(start..end))
        };
        self.pieces
            .iter()
            .map(|pieces| match pieces.as_slice() {
                [one] => slice(one),
                many => {
                    let mut all = BytesMut::new();
                    many.iter().filter_map(slice).for_each(|part| all.extend_from_slice(&part));
                    (!all.is_empty()).then(|| all.freeze())
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn near_ranges_share_a_request_and_far_ones_do_not() {
        let plan = FetchPlan::new(&[100..110, 0..10, 20..30, 25..28], 10, 50);
        assert_eq!(plan.fetches, [0..30, 100..110]);
    }

    #[test]
    fn a_long_range_is_cut() {
        let long = 5..125;
        let plan = FetchPlan::new(std::slice::from_ref(&long), 10, 50);
        assert_eq!(plan.fetches, [5..55, 55..105, 105..125]);
    }

    proptest! {
        #[test]
        fn every_range_gets_its_bytes(
            wanted in prop::collection::vec((0u64..900, 1u64..200), 1..12),
            gap in 0u64..60,
            largest in 1u64..150,
        ) {
            let file: Vec<u8> = (0..1000).map(|i| (i % 251) as u8).collect();
            let wanted: Vec<_> = wanted.iter().map(|(start, n)| *start..start + n).collect();
            let plan = FetchPlan::new(&wanted, gap, largest);
            let at = |i: u64| (i as usize).min(file.len());
            let answers: Vec<Bytes> = plan
                .fetches
                .iter()
                .map(|range| Bytes::copy_from_slice(&file[at(range.start)..at(range.end)]))
                .collect();
            for fetch in &plan.fetches {
                prop_assert!(fetch.end - fetch.start <= largest);
            }
            for (range, got) in wanted.iter().zip(plan.assemble(&answers)) {
                prop_assert_eq!(got.unwrap(), &file[at(range.start)..at(range.end)]);
            }
        }
    }
}
