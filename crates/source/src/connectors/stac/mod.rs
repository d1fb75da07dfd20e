//! STAC: APIs and static catalogues, versions 0.8 to 1.1.

mod api;
mod bands;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
#[cfg(feature = "geoparquet")]
mod geoparquet;
mod item;
mod landing;
mod page;
mod parameters;
mod projection;
#[cfg(feature = "geoparquet")]
mod row;
mod static_catalogue;

pub use api::{SearchMethod, StacApi};
#[cfg(feature = "geoparquet")]
pub use geoparquet::StacGeoparquet;
pub use static_catalogue::StacStatic;

use serde_json::Value;
use url::Url;

use crate::{Error, RedactedUrl, Result};

/// The first link with this relation.
fn link<'a>(document: &'a Value, rel: &'a str) -> Option<&'a Value> {
    links(document, rel).next()
}

/// The links with this relation that have an href.
fn links<'a>(document: &'a Value, rel: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = document["links"].as_array().map_or(&[][..], Vec::as_slice);
    all.iter().filter(move |link| link["rel"] == rel && link["href"].is_string())
}

/// A URL, or a path as one.
fn base_url(href: &str) -> Result<Url> {
    let wrong = |reason: String| Error::Setting { setting: "url".to_owned(), reason };
    match Url::parse(href) {
        Ok(url) => Ok(url),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let path = std::path::absolute(href)
                .map_err(|cause| wrong(format!("`{href}` is no path: {cause}")))?;
            Url::from_file_path(&path)
                .map_err(|()| wrong(format!("`{}` is no path", path.display())))
        }
        Err(cause) => Err(wrong(format!("`{}` is no URL: {cause}", RedactedUrl::of(href)))),
    }
}

/// The href of a link, absolute.
fn resolve(base: &Url, link: &Value) -> Result<Url> {
    let href = link["href"].as_str().unwrap_or_default();
    base.join(href).map_err(|cause| Error::Document {
        what: RedactedUrl::from(base).to_string(),
        reason: format!("it links to `{}`, which is no URL: {cause}", RedactedUrl::of(href)),
    })
}

/// The texts of an array; others in it are left out.
fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().map_or(&[][..], Vec::as_slice);
    all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}
