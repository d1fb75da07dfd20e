//! Putting credentials on one request, decided anew for every hop.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use url::Url;

use super::auth::Earthdata;
use super::client::Client;
use super::login::{Login, Turn};
use super::netrc::Netrc;
use super::sas::Sas;
use super::service_account::Account;
use super::token::Tokens;
use super::token_file::TokenFile;
use super::token_request::TokenRequest;
use super::{Auth, HostPattern, Provider, RedactedUrl, Secret};
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
    Tokens(Arc<Tokens>),
    Netrc(Netrc),
    Login(Box<Login>),
    Sas(Box<Sas>),
    #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
    Cloud(Box<super::cloud::Cloud>),
}

/// A token that a request was sent with, and the status that says it is no longer good.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) token: Secret,
    pub(crate) refusal: StatusCode,
}

impl Credential {
    /// Fetches the secrets of a provider; tokens are kept in `folder`, if given.
    pub(crate) fn fetch(provider: Provider, folder: Option<&Path>) -> Result<Self> {
        let ready = match &provider.auth {
            // For SFTP alone, which fetches it when it connects.
            Some(Auth::SshKey { .. }) | None => None,
            Some(auth) => Some(Ready::fetch(auth, &provider, folder)?),
        };
        Ok(Self { provider, ready })
    }

    /// Whether `url` is one of the provider's hosts, or its login host.
    pub(crate) fn concerns(&self, url: &Url) -> bool {
        self.provider.matches(url) || self.login().is_some_and(|login| login.is_at(url))
    }

    /// Adds the credentials to a request to `url`, which concerns the provider. It gives the token
    /// that was used, if it was one that can be renewed; `refused` is one that was not taken.
    pub(crate) async fn apply(
        &self,
        client: &Client,
        #[cfg_attr(
            not(any(feature = "aws", feature = "gcp", feature = "azure")),
            expect(unused_variables, reason = "only what is signed for clouds depends on it")
        )]
        method: &Method,
        url: &mut Url,
        headers: &mut HeaderMap,
        refused: Option<&Secret>,
    ) -> Result<Option<Used>> {
        let Some(ready) = &self.ready else { return Ok(None) };
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
            Ready::Tokens(_) | Ready::Netrc(_) | Ready::Sas(_) if is_signed(url) => {}
            #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
            Ready::Cloud(_) if is_signed(url) => {}
            #[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
            Ready::Cloud(cloud) => {
                cloud.sign(&self.provider.name, method, url, headers).await?;
            }
            Ready::Header(name, value) => {
                headers.insert(name.clone(), value.clone());
            }
            Ready::Query(name, value) => {
                retain_query(url, |key, _| key != name);
                url.query_pairs_mut().append_pair(name, value.expose());
            }
            Ready::Tokens(tokens) => {
                let token = tokens.get(client, refused).await?;
                headers.insert(AUTHORIZATION, header_value(&format!("Bearer {}", token.expose()))?);
                return Ok(Some(Used { token, refusal: StatusCode::UNAUTHORIZED }));
            }
            Ready::Sas(sas) => {
                let token = sas.sign(client, url, refused).await?;
                return Ok(token.map(|token| Used { token, refusal: StatusCode::FORBIDDEN }));
            }
            Ready::Netrc(netrc) => {
                let found = url.host_str().and_then(|host| netrc.of(host));
                if let Some((user, password)) = found {
                    headers.insert(AUTHORIZATION, basic(user, password)?);
                }
            }
            Ready::Login(login) if login.is_at(url) => {
                headers.insert(AUTHORIZATION, login.basic());
            }
            Ready::Login(login) => {
                if let Some(cookies) = login.cookies(url) {
                    headers.insert(COOKIE, cookies);
                }
            }
        }
        Ok(None)
    }

    /// The turn to log in for a request to `url`, where that is needed first.
    pub(crate) async fn turn(&self, url: &Url) -> Option<Turn> {
        if !self.provider.matches(url) {
            return None;
        }
        self.login()?.turn(url).await
    }

    /// Keeps what an answer from `url` gives of a session. `ended` is an answer that redirects
    /// nowhere.
    pub(crate) fn heed(&self, url: &Url, headers: &HeaderMap, ended: bool) {
        if let Some(login) = self.login()
            && self.provider.matches(url)
        {
            login.keep(url, headers);
            if ended {
                login.note_open(url);
            }
        }
    }

    /// Takes this provider's query token off a URL that is not one of its own.
    pub(crate) fn withdraw(&self, url: &mut Url) {
        match &self.ready {
            Some(Ready::Query(_, value)) => {
                retain_query(url, |_, found| found != value.expose());
            }
            Some(Ready::Sas(sas)) => {
                retain_query(url, |name, value| name != "sig" || !sas.gave(value));
            }
            _ => {}
        }
    }

    fn login(&self) -> Option<&Login> {
        match &self.ready {
            Some(Ready::Login(login)) => Some(login),
            _ => None,
        }
    }
}

impl Ready {
    fn fetch(auth: &Auth, provider: &Provider, folder: Option<&Path>) -> Result<Self> {
        let tokens = |request: TokenRequest| {
            let file = folder.map(|folder| TokenFile::new(folder, &request.identity()));
            Self::Tokens(Arc::new(Tokens::new(request, file)))
        };
        let (name, insecure) = (provider.name.as_str(), provider.allow_insecure);
        match auth {
            Auth::Bearer { token } => {
                let text = format!("Bearer {}", token.fetch()?.expose());
                Ok(Self::Header(AUTHORIZATION, header_value(&text)?))
            }
            Auth::Basic { user, password } => {
                Ok(Self::Header(AUTHORIZATION, basic(&user.fetch()?, &password.fetch()?)?))
            }
            Auth::Header { name, value } => {
                Ok(Self::Header(header_name(name)?, header_value(value.fetch()?.expose())?))
            }
            Auth::QueryToken { name, value } => Ok(Self::Query(name.clone(), value.fetch()?)),
            Auth::Oauth2(oauth2) => Ok(tokens(TokenRequest::of_oauth2(name, oauth2, insecure)?)),
            Auth::ServiceAccount(account) => {
                let account = Account::fetch(account)?;
                Ok(tokens(TokenRequest::of_account(name, account, insecure)?))
            }
            Auth::PlanetaryComputer(declared) => {
                Ok(Self::Sas(Box::new(Sas::fetch(name, declared, insecure, folder)?)))
            }
            Auth::Netrc { path } => Ok(Self::Netrc(Netrc::read(path.as_deref())?)),
            #[cfg(feature = "aws")]
            Auth::Aws(account) => Ok(Self::Cloud(Box::new(super::cloud::Cloud::aws(account)?))),
            #[cfg(feature = "gcp")]
            Auth::Gcs(account) => Ok(Self::Cloud(Box::new(super::cloud::Cloud::gcs(account)?))),
            #[cfg(feature = "azure")]
            Auth::Azure(account) => Ok(Self::Cloud(Box::new(super::cloud::Cloud::azure(account)?))),
            #[cfg(not(feature = "aws"))]
            Auth::Aws(_) => Err(no_accounts("s3")),
            #[cfg(not(feature = "gcp"))]
            Auth::Gcs(_) => Err(no_accounts("gcs")),
            #[cfg(not(feature = "azure"))]
            Auth::Azure(_) => Err(no_accounts("azure")),
            Auth::SshKey { .. } => Err(Error::Setting {
                setting: "ssh_key".to_owned(),
                reason: "it is for SFTP".to_owned(),
            }),
            Auth::Earthdata(earthdata) => Ok(Self::Login(Box::new(login(earthdata, insecure)?))),
        }
    }
}

#[cfg(not(all(feature = "aws", feature = "gcp", feature = "azure")))]
fn no_accounts(feature: &str) -> Error {
    Error::Setting {
        setting: "auth".to_owned(),
        reason: format!("this build has no accounts at that cloud; its feature `{feature}` has"),
    }
}

fn login(earthdata: &Earthdata, insecure: bool) -> Result<Login> {
    let wrong = |reason: &str| Error::Setting {
        setting: "earthdata".to_owned(),
        reason: reason.to_owned(),
    };
    let url = Url::parse(&earthdata.login).map_err(|_| wrong("its `login` is no URL"))?;
    if url.scheme() != "https" && !(insecure && url.scheme() == "http") {
        return Err(wrong("its `login` is not https: the password is sent there"));
    }
    let host = HostPattern::of_origin(&url).ok_or_else(|| wrong("its `login` has no host"))?;
    let header = match (&earthdata.user, &earthdata.password) {
        (Some(user), Some(password)) => basic(&user.fetch()?, &password.fetch()?)?,
        (None, None) => {
            let netrc = Netrc::read(None)?;
            let found = url.host_str().and_then(|host| netrc.of(host));
            let (user, password) =
                found.ok_or_else(|| wrong("`.netrc` has no entry for the login host"))?;
            basic(user, password)?
        }
        _ => return Err(wrong("it needs both `user` and `password`, or neither")),
    };
    Ok(Login::new(host, header))
}

fn basic(user: &Secret, password: &Secret) -> Result<HeaderValue> {
    let pair = zeroize::Zeroizing::new(format!("{}:{}", user.expose(), password.expose()));
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair.as_bytes());
    header_value(&format!("Basic {encoded}"))
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

/// A URL that secrets are sent to: https, or http where the provider allows it.
pub(crate) fn token_url(setting: &str, text: &str, insecure: bool) -> Result<Url> {
    let wrong = |reason: &str| Error::Setting {
        setting: setting.to_owned(),
        reason: format!("`{}` {reason}", RedactedUrl::of(text)),
    };
    let url = Url::parse(text).map_err(|cause| wrong(&format!("is no URL: {cause}")))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if insecure => Ok(url),
        _ => Err(wrong("is not https: secrets are sent there")),
    }
}
