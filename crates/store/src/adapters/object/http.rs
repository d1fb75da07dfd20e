//! Stores below a URL of a web server, for reading.

use std::sync::Arc;

use object_store::ClientOptions;
use object_store::http::HttpBuilder;

use super::Object;
use crate::{Capability, Error, Prefix, Result};

/// The store below a URL without credentials or query. Web servers do not list.
pub(crate) fn open(url: &str) -> Result<Object> {
    let url = url.trim_end_matches('/');
    let client = HttpBuilder::new()
        .with_url(url)
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build()
        .map_err(|cause| Error::Location { location: url.into(), reason: cause.to_string() })?;
    let object = Object::new(Arc::new(client), Prefix::root(), url, url);
    let capability = Capability { listing: false, ..Capability::read_only() };
    Ok(Object { capability, ..object })
}
