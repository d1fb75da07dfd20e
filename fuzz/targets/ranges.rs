//! Byte ranges: resolving, joining into requests, taking answers apart, and what servers say of them.
#![no_main]

use std::ops::Range;

use arbitrary::Arbitrary;
use bytes::Bytes;
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;
use terracube_source::fuzzing as source;
use terracube_store::{ByteRequest, Key, Memory, ReadStore, Store, fuzzing as store};

#[derive(Debug, Arbitrary)]
struct Input {
    size: u16,
    requests: Vec<Wanted>,
    gap: u16,
    largest: u16,
    header: String,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Wanted {
    All,
    Near { start: u16, len: u16 },
    Far { start: u64, end: u64 },
    Offset(u64),
    Suffix(u64),
}

impl Wanted {
    fn request(self) -> ByteRequest {
        match self {
            Self::All => ByteRequest::All,
            Self::Near { start, len } => {
                ByteRequest::Range { start: start.into(), end: u64::from(start) + u64::from(len) }
            }
            Self::Far { start, end } => ByteRequest::Range { start, end },
            Self::Offset(start) => ByteRequest::Offset(start),
            Self::Suffix(n) => ByteRequest::Suffix(n),
        }
    }
}

fuzz_target!(|input: Input| {
    headers(&input.header);
    let requests: Vec<_> = input.requests.iter().take(64).map(|wanted| wanted.request()).collect();
    let value: Bytes = (0..input.size).map(|i| (i % 251) as u8).collect::<Vec<_>>().into();
    let key = Key::new("a").unwrap();
    let ranges: Vec<_> =
        requests.iter().map(|request| resolved(*request, value.len() as u64)).collect();
    for (request, range) in requests.iter().zip(&ranges) {
        assert_eq!(request.resolve(&key, value.len() as u64).ok(), *range, "{request:?}");
    }
    let at = |range: &Range<u64>| value.slice(range.start as usize..range.end as usize);
    // A store's values, by the same requests.
    let wanted: Vec<_> = requests.iter().map(|request| (key.clone(), *request)).collect();
    let got = block_on(async {
        let memory = Memory::new();
        memory.set(&key, value.clone()).await.unwrap();
        memory.get_partial_values(&wanted).await
    });
    match got {
        Ok(got) => {
            for (got, range) in got.iter().zip(&ranges) {
                assert_eq!(got.as_ref(), range.as_ref().map(at).as_ref());
            }
        }
        Err(_) => assert!(ranges.contains(&None)),
    }
    // A bucket's: every request is answered once, by one that holds it.
    let mut answered = vec![0; requests.len()];
    for (fetch, answers) in store::coalesce(&wanted) {
        for (place, request) in answers {
            assert_eq!(request, requests[place]);
            answered[place] += 1;
            if let (ByteRequest::Range { start, end }, ByteRequest::Range { start: s, end: e }) =
                (fetch, request)
            {
                assert!(start <= s && (e <= end || s >= e), "{fetch:?} for {request:?}");
            }
        }
    }
    assert!(answered.iter().all(|times| *times == 1));
    // A server's: the bytes of all that lie in the file.
    let inside: Vec<_> = ranges.into_iter().flatten().filter(|range| !range.is_empty()).collect();
    let largest = u64::from(input.largest).max(64);
    let got = source::fetched(&value, &inside, input.gap.into(), largest);
    for (range, got) in inside.iter().zip(got) {
        assert_eq!(got, Some(at(range)));
    }
});

/// What zarr-python's `ByteRequest`s mean, in numbers that do not overflow.
fn resolved(request: ByteRequest, size: u64) -> Option<Range<u64>> {
    let (start, end) = match request {
        ByteRequest::All => return Some(0..size),
        ByteRequest::Range { start, end } => (start, end.min(size)),
        ByteRequest::Offset(start) => (start, size),
        ByteRequest::Suffix(n) => (size - n.min(size), size),
    };
    (start < end).then_some(start..end)
}

fn headers(text: &str) {
    if let Some((range, size)) = source::content_range(text) {
        assert!(range.start < range.end && size.is_none_or(|size| range.end <= size));
        let total = size.map_or("*".to_owned(), |size| size.to_string());
        let again = format!("bytes {}-{}/{total}", range.start, range.end - 1);
        assert_eq!(source::content_range(&again), Some((range, size)));
    }
    let _ = source::retry_after(text);
}
