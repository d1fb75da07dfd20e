//! Shared access signatures that a service gives for containers, as the Planetary Computer does.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use url::{Host, Url, form_urlencoded};

use super::auth::PlanetaryComputer;
use super::client::Client;
use super::credential::token_url;
use super::token::Tokens;
use super::token_file::TokenFile;
use super::token_request::TokenRequest;
use super::{RedactedUrl, Secret};
use crate::{Error, Result};

/// The account whose containers are open to all, and have no signatures.
const OPEN: &str = "ai4edatasetspublicassets";

/// Signatures by container; each is asked for once for all tasks, and kept until it expires.
#[derive(Debug)]
pub(crate) struct Sas {
    provider: String,
    /// Ends with a slash.
    endpoint: Url,
    key: Option<Secret>,
    folder: Option<PathBuf>,
    containers: Mutex<BTreeMap<[String; 2], Arc<Tokens>>>,
    /// The signatures given last, to know them where they do not belong.
    given: Mutex<VecDeque<Secret>>,
}

/// Signatures that are remembered.
const GIVEN: usize = 256;

impl Sas {
    pub(crate) fn fetch(
        provider: &str,
        declared: &PlanetaryComputer,
        insecure: bool,
        folder: Option<&Path>,
    ) -> Result<Self> {
        let endpoint = format!("{}/", declared.endpoint.trim_end_matches('/'));
        Ok(Self {
            provider: provider.to_owned(),
            endpoint: token_url("endpoint", &endpoint, insecure)?,
            key: declared.subscription_key.as_ref().map(super::SecretRef::fetch).transpose()?,
            folder: folder.map(Path::to_owned),
            containers: Mutex::default(),
            given: Mutex::default(),
        })
    }

    /// Signs a URL of a container; it gives the signature, another one than `refused`.
    pub(crate) async fn sign(
        &self,
        client: &Client,
        url: &mut Url,
        refused: Option<&Secret>,
    ) -> Result<Option<Secret>> {
        let Some(container) = container(url).filter(|[account, _]| account != OPEN) else {
            return Ok(None);
        };
        let tokens = self.tokens(container, url)?;
        let token = tokens.get(client, refused).await?;
        self.remember(&token);
        let query = match url.query().filter(|query| !query.is_empty()) {
            Some(own) => format!("{own}&{}", token.expose()),
            None => token.expose().to_owned(),
        };
        url.set_query(Some(&query));
        Ok(Some(token))
    }

    /// Whether this value of a `sig` is of a signature that was given.
    pub(crate) fn gave(&self, sig: &str) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.iter().any(|one| one.expose() == sig)
    }

    fn remember(&self, token: &Secret) {
        let sig = form_urlencoded::parse(token.expose().as_bytes())
            .find(|(name, _)| name == "sig")
            .map(|(_, value)| Secret::new(value));
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sig) = sig.filter(|sig| !given.contains(sig)) {
            given.push_back(sig);
            if given.len() > GIVEN {
                given.pop_front();
            }
        }
    }

    fn tokens(&self, container: [String; 2], url: &Url) -> Result<Arc<Tokens>> {
        let mut containers = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokens) = containers.get(&container) {
            return Ok(Arc::clone(tokens));
        }
        let [account, name] = &container;
        let place =
            self.endpoint.join(&format!("{account}/{name}")).map_err(|_| Error::Document {
                what: RedactedUrl::from(url).to_string(),
                reason: "it has no container that could be signed for".to_owned(),
            })?;
        let request = TokenRequest::of_sas(&self.provider, place, self.key.clone());
        let file = self.folder.as_ref().map(|folder| TokenFile::new(folder, &request.identity()));
        let tokens = Arc::new(Tokens::new(request, file));
        containers.insert(container, Arc::clone(&tokens));
        Ok(tokens)
    }
}

/// The storage account and the container of a URL: `https://account.host/container/…`, or with an
/// address for a host `http://127.0.0.1:1/account/container/…`, as emulators have it.
fn container(url: &Url) -> Option<[String; 2]> {
    let mut path = url.path_segments()?;
    let account = match url.host()? {
        Host::Domain(name) => name.split('.').next()?,
        Host::Ipv4(_) | Host::Ipv6(_) => path.next()?,
    };
    let container = path.next()?;
    let is_name = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'$'))
    };
    (is_name(account) && is_name(container)).then(|| [account.to_owned(), container.to_owned()])
}
