//! A store of one file: what of a list of requests is for it.

use bytes::Bytes;
use terracube_store::{ByteRequest, Key};

use crate::{Error, Result};

/// The requests for the file of this key.
pub(super) fn requests_of(key: &Key, requests: &[(Key, ByteRequest)]) -> Vec<ByteRequest> {
    requests.iter().filter(|(wanted, _)| wanted == key).map(|(_, request)| *request).collect()
}

/// The parts of the file, one for each request for it, put where its requests are in the list;
/// other keys are absent. Without parts the file itself is absent.
pub(super) fn answers_of(
    key: &Key,
    requests: &[(Key, ByteRequest)],
    parts: Option<Vec<Bytes>>,
) -> Vec<Option<Bytes>> {
    let mut parts = parts.unwrap_or_default().into_iter();
    let answer = |(wanted, _): &(Key, ByteRequest)| if wanted == key { parts.next() } else { None };
    requests.iter().map(answer).collect()
}

/// A file that is not there is none; other errors stay.
pub(super) fn absent_is_none<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
