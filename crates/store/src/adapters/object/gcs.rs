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
