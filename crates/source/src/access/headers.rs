//! Headers for one origin.

use reqwest::header::HeaderMap;
use url::Url;

use super::credential::{header_name, header_value};
use super::{HostPattern, Secret};
use crate::Result;

/// Headers that go to one origin only (scheme, host and port): those a connector has in its
/// configuration. Their values are not shown.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    origin: Option<HostPattern>,
    headers: HeaderMap,
}

impl Headers {
    /// Headers for the origin of `url`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for what can be no header.
    pub fn new<'a>(
        url: &Url,
        all: impl IntoIterator<Item = (&'a str, &'a Secret)>,
    ) -> Result<Self> {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.insert(header_name(name)?, header_value(value.expose())?);
        }
        Ok(Self { origin: HostPattern::of_origin(url), headers })
    }

    pub(crate) fn apply(&self, url: &Url, headers: &mut HeaderMap) {
        if self.origin.as_ref().is_some_and(|origin| origin.matches(url)) {
            headers.extend(self.headers.clone());
        }
    }
}
