//! Asking for a token: the forms of RFC 6749 and RFC 7523, and their answers.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{self, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use terracube_grid::Time;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::auth::{ClientAuth, Grant, OAuth2};
use super::client::{Answer, Body, Call, Client};
use super::credential::{header_value, token_url};
use super::service_account::Account;
use super::token::Token;
use super::totp::OneTime;
use super::{RedactedUrl, Secret};
use crate::{Error, Result};

/// The largest answer of a token endpoint, in bytes.
const LARGEST: u64 = 1 << 20;
/// The longest life that is believed: a year.
const LONGEST: u64 = 366 * 24 * 3600;

/// How the tokens of one provider are asked for, its secrets fetched.
#[derive(Debug)]
pub(crate) struct TokenRequest {
    pub(crate) provider: String,
    url: Url,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    OAuth2(Box<Fetched>),
    Account(Box<Account>),
    /// A signature for a container, with a subscription key.
    Sas(Option<Secret>),
}

/// An OAuth 2.0 client with its secrets.
#[derive(Debug)]
struct Fetched {
    declared: OAuth2,
    client_secret: Option<Secret>,
    user: Option<Secret>,
    password: Option<Secret>,
    refresh_token: Option<Secret>,
    one_time: Option<OneTime>,
    /// The step of the one-time password sent last: servers take each only once.
    last_step: Mutex<Option<u64>>,
}

/// The fields of a form; they hold secrets, and are not shown.
struct Form(Vec<(&'static str, String)>, Vec<(String, String)>);

/// A token as it is answered (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct Given {
    access_token: Secret,
    token_type: Option<String>,
    expires_in: Option<Value>,
    refresh_token: Option<Secret>,
}

/// A shared access signature as it is answered.
#[derive(Deserialize)]
struct Signature {
    token: Secret,
    #[serde(rename = "msft:expiry")]
    expiry: Option<String>,
}

/// A refusal (RFC 6749 section 5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl TokenRequest {
    pub(crate) fn of_oauth2(provider: &str, declared: &OAuth2, insecure: bool) -> Result<Self> {
        let wrong = |reason: &str| Error::Setting {
            setting: "oauth2".to_owned(),
            reason: reason.to_owned(),
        };
        let url = token_url("token_url", &declared.token_url, insecure)?;
        match declared.grant {
            Grant::ClientCredentials if declared.client_secret.is_none() => {
                return Err(wrong("the grant `client_credentials` needs `client_secret`"));
            }
            Grant::Password if declared.user.is_none() || declared.password.is_none() => {
                return Err(wrong("the grant `password` needs `user` and `password`"));
            }
            Grant::RefreshToken if declared.refresh_token.is_none() => {
                return Err(wrong("the grant `refresh_token` needs `refresh_token`"));
            }
            _ => {}
        }
        let fetch = |secret: &Option<super::SecretRef>| {
            secret.as_ref().map(super::SecretRef::fetch).transpose()
        };
        let fetched = Fetched {
            client_secret: fetch(&declared.client_secret)?,
            user: fetch(&declared.user)?,
            password: fetch(&declared.password)?,
            refresh_token: fetch(&declared.refresh_token)?,
            one_time: declared.totp.as_ref().map(OneTime::fetch).transpose()?,
            last_step: Mutex::default(),
            declared: declared.clone(),
        };
        Ok(Self { provider: provider.to_owned(), url, kind: Kind::OAuth2(Box::new(fetched)) })
    }

    pub(crate) fn of_account(provider: &str, account: Account, insecure: bool) -> Result<Self> {
        let url = token_url("token_uri", &account.token_url, insecure)?;
        Ok(Self { provider: provider.to_owned(), url, kind: Kind::Account(Box::new(account)) })
    }

    pub(crate) fn of_sas(provider: &str, url: Url, key: Option<Secret>) -> Self {
        Self { provider: provider.to_owned(), url, kind: Kind::Sas(key) }
    }

    /// What tells these tokens from others, without secrets that could be guessed from it.
    pub(crate) fn identity(&self) -> String {
        let whose = match &self.kind {
            Kind::OAuth2(fetched) => {
                let text = |secret: &Option<Secret>| {
                    secret.as_ref().map_or(String::new(), |secret| secret.expose().to_owned())
                };
                let declared = &fetched.declared;
                format!(
                    "{:?}\n{}\n{}\n{:?}\n{:?}",
                    declared.grant,
                    declared.client_id,
                    text(&fetched.user),
                    declared.scope,
                    declared.audience
                )
            }
            Kind::Account(account) => {
                format!("{}\n{}\n{:?}", account.email, account.scope, account.subject)
            }
            Kind::Sas(_) => String::new(),
        };
        format!("{}\n{}\n{whose}", self.provider, self.url)
    }

    /// Asks for a token; with a refresh token of before first, where there is one.
    pub(crate) async fn ask(&self, client: &Client, refresh: Option<&Secret>) -> Result<Token> {
        if let Some(refresh) = refresh {
            match self.ask_by(client, Some(refresh)).await {
                // It is used up or has expired; what it was got by still holds.
                Err(error) if !error.is_transient() => {
                    tracing::debug!(provider = self.provider, "the refresh token is refused");
                }
                other => return other,
            }
        }
        self.ask_by(client, None).await
    }

    async fn ask_by(&self, client: &Client, refresh: Option<&Secret>) -> Result<Token> {
        // Not tried again here: who needs the token tries again.
        let asked = SystemTime::now();
        let call = self.call(refresh).await?;
        let answer = client.ask_plainly(&call).await?;
        let token = self.token(answer, asked, refresh).await;
        client.heed(&self.url, token.as_ref().err());
        token
    }

    async fn call(&self, refresh: Option<&Secret>) -> Result<Call> {
        let mut call = Call::get(self.url.clone());
        call.method = Method::POST;
        call.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let form = match &self.kind {
            Kind::Sas(key) => {
                call.method = Method::GET;
                if let Some(key) = key {
                    let name = HeaderName::from_static("ocp-apim-subscription-key");
                    call.headers.insert(name, header_value(key.expose())?);
                }
                return Ok(call);
            }
            Kind::OAuth2(fetched) => {
                if let (Some(secret), ClientAuth::Basic) =
                    (&fetched.client_secret, fetched.declared.client_auth)
                {
                    call.headers.insert(header::AUTHORIZATION, fetched.basic(secret)?);
                }
                fetched.form(refresh).await
            }
            Kind::Account(account) => Form(
                vec![
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()),
                    ("assertion", account.assertion(SystemTime::now())?.expose().to_owned()),
                ],
                Vec::new(),
            ),
        };
        call.body = Some(Body::new(form.encode(), "application/x-www-form-urlencoded"));
        Ok(call)
    }

    /// The token of an answer.
    async fn token(
        &self,
        mut answer: Answer,
        asked: SystemTime,
        refresh: Option<&Secret>,
    ) -> Result<Token> {
        let fail = |reason: String| Error::Token {
            provider: self.provider.clone(),
            reason,
            transient: false,
        };
        let shown = RedactedUrl::from(&self.url);
        let status = answer.response.status();
        if status.is_redirection() {
            return Err(fail(format!("{shown} redirects; name the place itself in `token_url`")));
        }
        // What a server says in words may repeat what it was sent; its code does not.
        if matches!(status.as_u16(), 400 | 401 | 403) {
            let body = answer.body(LARGEST, "a token").await?;
            let code = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.error);
            let code = code.ok().filter(|code| {
                code.len() <= 40 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            });
            let code = code.unwrap_or_else(|| "no reason".to_owned());
            let hint = match code.as_str() {
                "invalid_client" => "; check client_id and client_secret",
                "invalid_grant" => "; check user, password, refresh token or key, and the clock",
                "invalid_scope" => "; check the scopes",
                _ => "",
            };
            return Err(fail(format!("{shown} answered {} {code}{hint}", status.as_u16())));
        }
        let mut answer = answer.accepted().await?;
        let body = answer.body(LARGEST, "a token").await?;
        if matches!(self.kind, Kind::Sas(_)) {
            return self.signature(&body, asked);
        }
        let given: Given = serde_json::from_slice(&body)
            .map_err(|_| fail(format!("{shown} answered with what is no token")))?;
        if let Some(kind) = given.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(fail(format!(
                "{shown} gives tokens of the type `{kind}`, not bearer ones"
            )));
        }
        if given.access_token.expose().is_empty() {
            return Err(fail(format!("{shown} gives an empty token")));
        }
        // A token must be able to go into a header.
        header_value(given.access_token.expose())?;
        let seconds = given.expires_in.and_then(|value| match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        });
        let lifetime = seconds
            .filter(|seconds| seconds.is_finite() && *seconds > 0.0)
            .map(|seconds| Duration::from_secs_f64(seconds.min(LONGEST as f64)));
        // A server that gives no new refresh token means the old one to be used on.
        let refresh = given.refresh_token.or_else(|| refresh.cloned());
        Ok(Token::new(given.access_token, refresh, asked, lifetime))
    }

    /// The signature of an answer: a query to append.
    fn signature(&self, body: &[u8], asked: SystemTime) -> Result<Token> {
        let given = serde_json::from_slice::<Signature>(body).ok().filter(|given| {
            let text = given.token.expose();
            let is_query = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'?');
            !text.is_empty() && text.bytes().all(is_query)
        });
        let given = given.ok_or_else(|| Error::Token {
            provider: self.provider.clone(),
            reason: format!("{} answered with what is no signature", RedactedUrl::from(&self.url)),
            transient: false,
        })?;
        let now = asked.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let lifetime = given
            .expiry
            .and_then(|text| Time::parse(&text).ok())
            .and_then(|time| u64::try_from(time.seconds()).ok())
            .map(|end| Duration::from_secs(end).saturating_sub(now));
        Ok(Token::new(given.token, None, asked, lifetime))
    }
}

impl Fetched {
    /// The client by `Authorization: Basic`, its parts encoded as forms are.
    fn basic(&self, secret: &Secret) -> Result<HeaderValue> {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&self.declared.client_id), encoded(secret.expose()));
        header_value(&format!("Basic {}", STANDARD.encode(pair)))
    }

    async fn form(&self, refresh: Option<&Secret>) -> Form {
        let mut fields = Vec::new();
        let mut extra = Vec::new();
        let mut add = |name, text: &str| fields.push((name, text.to_owned()));
        let text = |secret: &Option<Secret>| {
            secret.as_ref().map_or(String::new(), |secret| secret.expose().to_owned())
        };
        let declared = &self.declared;
        match (refresh.or(self.refresh_token.as_ref()), declared.grant) {
            (Some(token), grant) if refresh.is_some() || grant == Grant::RefreshToken => {
                add("grant_type", "refresh_token");
                add("refresh_token", token.expose());
            }
            (_, Grant::Password) => {
                add("grant_type", "password");
                add("username", &text(&self.user));
                add("password", &text(&self.password));
                if let Some(one_time) = &self.one_time {
                    let code = self.one_time_password(one_time).await;
                    extra.push((one_time.parameter.clone(), code.expose().to_owned()));
                }
            }
            _ => add("grant_type", "client_credentials"),
        }
        let mut add = |name, text: &str| fields.push((name, text.to_owned()));
        match (&self.client_secret, declared.client_auth) {
            (Some(_), ClientAuth::Basic) => {}
            (Some(secret), ClientAuth::Body) => {
                add("client_id", &declared.client_id);
                add("client_secret", secret.expose());
            }
            (None, _) => add("client_id", &declared.client_id),
        }
        if let Some(scope) = &declared.scope {
            add("scope", scope);
        }
        if let Some(audience) = &declared.audience {
            add("audience", audience);
        }
        Form(fields, extra)
    }

    /// A one-time password that was not sent before; it may have to be waited for.
    async fn one_time_password(&self, one_time: &OneTime) -> Secret {
        let last = *self.last_step.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = SystemTime::now();
        if last.is_some_and(|last| one_time.at(now).1 <= last) {
            tokio::time::sleep(one_time.until_next(now)).await;
            now = SystemTime::now();
        }
        let (code, step) = one_time.at(now);
        *self.last_step.lock().unwrap_or_else(PoisonError::into_inner) = Some(step);
        code
    }
}

impl Form {
    fn encode(self) -> String {
        Serializer::new(String::new()).extend_pairs(self.0).extend_pairs(self.1).finish()
    }
}
