//! Putting credentials on one request, decided anew for every hop.

use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{Auth, Provider, RedactedUrl, Secret};
use crate::{Error, Result};

/// A provider with its secrets fetched.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) provider: Provider,
    ready: Option<Ready>,
}

#[derive(Debug)]
enum Ready {
    Header(HeaderName, HeaderValue),
    Query(String, Secret),
}

impl Credential {
    pub(crate) fn fetch(provider: Provider) -> Result<Self> {
        let ready = provider.auth.as_ref().map(Ready::fetch).transpose()?;
        Ok(Self { provider, ready })
    }

    /// Adds the credentials to a request to `url`, which is one of the provider's.
    pub(crate) fn apply(&self, url: &mut Url, headers: &mut HeaderMap) -> Result<()> {
        let Some(ready) = &self.ready else { return Ok(()) };
        if url.scheme() != "https" && !self.provider.allow_insecure {
            return Err(Error::NotAllowed {
                what: RedactedUrl::from(&*url).to_string(),
                reason: format!(
                    "credentials of `{}` do not go over http; use https or set `allow_insecure`",
                    self.provider.name
                ),
            });
        }
        match ready {
            // A signed URL carries its own; storage services refuse two at once.
            Ready::Header(name, _) if name == AUTHORIZATION && is_signed(url) => {}
            Ready::Header(name, value) => {
                headers.insert(name.clone(), value.clone());
            }
            Ready::Query(name, value) => {
                retain_query(url, |key, _| key != name);
                url.query_pairs_mut().append_pair(name, value.expose());
            }
        }
        Ok(())
    }

    /// Takes this provider's query token off a URL that is not one of its own.
    pub(crate) fn withdraw(&self, url: &mut Url) {
        if let Some(Ready::Query(_, value)) = &self.ready {
            retain_query(url, |_, found| found != value.expose());
        }
    }
}

impl Ready {
    fn fetch(auth: &Auth) -> Result<Self> {
        match auth {
            Auth::Bearer { token } => {
                let text = format!("Bearer {}", token.fetch()?.expose());
                Ok(Self::Header(AUTHORIZATION, header_value(&text)?))
            }
            Auth::Basic { user, password } => {
                let pair = format!("{}:{}", user.fetch()?.expose(), password.fetch()?.expose());
                let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
                Ok(Self::Header(AUTHORIZATION, header_value(&format!("Basic {encoded}"))?))
            }
            Auth::Header { name, value } => {
                Ok(Self::Header(header_name(name)?, header_value(value.fetch()?.expose())?))
            }
            Auth::QueryToken { name, value } => Ok(Self::Query(name.clone(), value.fetch()?)),
        }
    }
}

pub(crate) fn header_name(name: &str) -> Result<HeaderName> {
    name.parse().map_err(|_| Error::Setting {
        setting: name.to_owned(),
        reason: "not a name of a header".to_owned(),
    })
}

pub(crate) fn header_value(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::Setting {
        setting: "header".to_owned(),
        reason: "the value has characters that no header can have".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_signed(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| {
        ["x-amz-signature", "x-goog-signature", "sig", "signature"]
            .iter()
            .any(|signed| name.eq_ignore_ascii_case(signed))
    })
}

/// Keeps the pairs of the query that `keep` wants; a query that keeps all is not touched.
fn retain_query(url: &mut Url, keep: impl Fn(&str, &str) -> bool) {
    if url.query_pairs().all(|(name, value)| keep(&name, &value)) {
        return;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, value)| keep(name, value))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
}
