//! Which requests to a bucket answer which byte requests.

use std::collections::HashMap;

use crate::{ByteRequest, Key};

/// Ranges that lie no further apart are read together.
const GAP: u64 = 512 * 1024;
/// Ranges are not joined beyond so many bytes.
const LONGEST: u64 = 8 * 1024 * 1024;

/// One request to the bucket, and what it answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fetch {
    pub(crate) key: Key,
    pub(crate) request: ByteRequest,
    /// Places of the byte requests, and what each wants.
    pub(crate) answers: Vec<(usize, ByteRequest)>,
}

/// Joins equal requests, and neighbouring ranges of a key.
pub(crate) fn coalesce(requests: &[(Key, ByteRequest)]) -> Vec<Fetch> {
    let mut ranges: HashMap<&Key, Vec<(u64, u64, usize)>> = HashMap::new();
    let mut others: HashMap<(&Key, ByteRequest), Vec<(usize, ByteRequest)>> = HashMap::new();
    for (place, (key, request)) in requests.iter().enumerate() {
        match *request {
            ByteRequest::Range { start, end } if start < end => {
                ranges.entry(key).or_default().push((start, end, place));
            }
            request => others.entry((key, request)).or_default().push((place, request)),
        }
    }
    let mut fetches: Vec<_> = others
        .into_iter()
        .map(|((key, request), answers)| Fetch { key: key.clone(), request, answers })
        .collect();
    for (key, mut wanted) in ranges {
        wanted.sort_unstable();
        let mut joined: Vec<(u64, u64, Vec<_>)> = Vec::new();
        for (start, end, place) in wanted {
            let answer = (place, ByteRequest::Range { start, end });
            match joined.last_mut() {
                Some((first, last, answers))
                    if start <= last.saturating_add(GAP)
                        && (end <= *last || end - *first <= LONGEST) =>
                {
                    *last = end.max(*last);
                    answers.push(answer);
                }
                _ => joined.push((start, end, vec![answer])),
            }
        }
        fetches.extend(joined.into_iter().map(|(start, end, answers)| Fetch {
            key: key.clone(),
            request: ByteRequest::Range { start, end },
            answers,
        }));
    }
    fetches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let key = Key::new("a").unwrap();
        let requests: Vec<_> = ranges
            .iter()
            .map(|(start, end)| (key.clone(), ByteRequest::Range { start: *start, end: *end }))
            .collect();
        let mut places = Vec::new();
        let mut fetched = Vec::new();
        for fetch in coalesce(&requests) {
            let ByteRequest::Range { start, end } = fetch.request else { unreachable!() };
            for (place, wanted) in fetch.answers {
                assert_eq!(wanted, requests[place].1);
                assert!(start <= ranges[place].0 && ranges[place].1 <= end);
                places.push(place);
            }
            fetched.push((start, end));
        }
        places.sort_unstable();
        assert_eq!(places, (0..ranges.len()).collect::<Vec<_>>());
        fetched
    }

    #[test]
    fn neighbours_are_read_together_and_the_length_is_bounded() {
        assert_eq!(joined(&[(5, 9), (0, 5), (5, 9)]), [(0, 9)]);
        assert_eq!(joined(&[(0, 10), (10 + GAP, 20 + GAP)]), [(0, 20 + GAP)]);
        assert_eq!(joined(&[(0, 10), (11 + GAP, 12 + GAP)]), [(0, 10), (11 + GAP, 12 + GAP)]);
        let long: Vec<_> = (0..20).map(|i| (i << 20, (i + 1) << 20)).collect();
        assert_eq!(joined(&long), [(0, LONGEST), (LONGEST, 2 * LONGEST), (16 << 20, 20 << 20)]);
        // a range longer than the bound is read whole, and answers what lies in it
        assert_eq!(joined(&[(0, 3 * LONGEST), (7, 9)]), [(0, 3 * LONGEST)]);
        assert_eq!(joined(&[]), []);
    }
}
