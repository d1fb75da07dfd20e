//! Buckets of Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::GoogleCloudStorageBuilder;

use super::Object;
use crate::{Error, Prefix, Result};

/// The store at `gs://bucket/prefix`; how to sign comes from the environment (`GOOGLE_…`).
pub(crate) fn open(bucket: &str, prefix: Prefix) -> Result<Object> {
    let shown = format!("gs://{bucket}/{prefix}");
    let client = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .build()
        .map_err(|cause| Error::Location { location: shown.clone(), reason: cause.to_string() })?;
    Ok(Object::new(Arc::new(client), prefix, &shown, &shown))
}

// No registry has an emulator of Google's service: the contract is run on the adapter with the
// client that `object_store` keeps in memory.
#[cfg(test)]
#[cfg(feature = "conformance")]
#[expect(clippy::allow_attributes, reason = "the macro is for crates with other lints as well")]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    crate::store_conformance!(in_memory, async {
        let prefix = Prefix::new("a/prefix").unwrap();
        Some((Object::new(Arc::new(InMemory::new()), prefix, "gs://bucket", "gs://bucket"), ()))
    });
}
