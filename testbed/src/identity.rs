//! A token endpoint (RFC 6749), and the login pages of Earthdata.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::auth::SESSION;
use crate::server::Shared;

/// Who gets tokens at `/token`, see [`Builder::identity`](crate::Builder::identity). It gives
/// `token-1`, `token-2`, … with the refresh tokens `refresh-1`, `refresh-2`, …, each good once.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The client.
    pub client_id: String,
    /// Its secret, by `Authorization: Basic` or in the form; a public client has none.
    pub client_secret: Option<String>,
    /// Users with their passwords.
    pub users: BTreeMap<String, String>,
    /// The field of the form that has to hold a one-time password of six digits, if any.
    pub one_time: Option<String>,
    /// A refresh token that is good from the start.
    pub refresh_token: Option<String>,
    /// How long tokens are good.
    pub lifetime: Duration,
    /// What `expires_in` says; nothing if `None`.
    pub expires_in: Option<u64>,
}

/// Tokens given.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    given: AtomicU64,
    good: Mutex<BTreeMap<String, Instant>>,
    refresh: Mutex<Vec<String>>,
}

impl Identity {
    /// A client, without users.
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: None,
            users: BTreeMap::new(),
            one_time: None,
            refresh_token: None,
            lifetime: Duration::from_secs(3600),
            expires_in: Some(3600),
        }
    }

    /// Sets the secret of the client.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Adds a user.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.users.insert(user.into(), password.into());
        self
    }

    /// What a form is answered, by section 5 of RFC 6749.
    fn answer(
        &self,
        headers: &HeaderMap,
        form: &BTreeMap<String, String>,
        all: &Tokens,
    ) -> Response {
        let field = |name: &str| form.get(name).map(String::as_str);
        let refuse = |status: StatusCode, error: &str| {
            // As some servers do, it repeats what it was sent.
            let said = json!({ "error": error, "error_description": format!("refused: {form:?}") });
            (status, [(header::CONTENT_TYPE, "application/json")], said.to_string()).into_response()
        };
        let grant = field("grant_type").unwrap_or_default();
        let is_assertion = grant == "urn:ietf:params:oauth:grant-type:jwt-bearer";
        if !is_assertion && !self.knows(headers, form) {
            return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        let may = match grant {
            "client_credentials" => self.client_secret.is_some(),
            "password" => {
                let user = field("username").and_then(|user| self.users.get(user));
                let has_code = self.one_time.as_deref().is_none_or(|name| {
                    field(name).is_some_and(|code| {
                        code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
                    })
                });
                user.is_some_and(|password| field("password") == Some(password)) && has_code
            }
            "refresh_token" => field("refresh_token").is_some_and(|token| {
                self.refresh_token.as_deref() == Some(token) || all.use_up(token)
            }),
            _ if is_assertion => {
                field("assertion").is_some_and(|text| text.split('.').count() == 3)
            }
            _ => return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        };
        if !may {
            return refuse(StatusCode::BAD_REQUEST, "invalid_grant");
        }
        let gives_refresh = matches!(grant, "password" | "refresh_token");
        let answer = all.give(self, gives_refresh);
        let headers =
            [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (headers, answer.to_string()).into_response()
    }

    fn knows(&self, headers: &HeaderMap, form: &BTreeMap<String, String>) -> bool {
        let basic = headers.get(header::AUTHORIZATION).and_then(|value| {
            let pair = STANDARD.decode(value.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
            let pair = String::from_utf8(pair).ok()?;
            let (id, secret) = pair.split_once(':')?;
            Some((decoded(id), Some(decoded(secret))))
        });
        let (id, secret) = basic.unwrap_or_else(|| {
            (form.get("client_id").cloned().unwrap_or_default(), form.get("client_secret").cloned())
        });
        id == self.client_id && secret == self.client_secret
    }
}

impl Tokens {
    pub(crate) fn is_good(&self, token: &str) -> bool {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.get(token).is_some_and(|until| *until > Instant::now())
    }

    /// Takes all tokens back; refresh tokens stay.
    pub(crate) fn revoke(&self) {
        self.good.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn give(&self, identity: &Identity, gives_refresh: bool) -> Value {
        let n = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        let token = format!("token-{n}");
        let until = Instant::now() + identity.lifetime;
        self.good.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), until);
        let mut answer = json!({ "access_token": token, "token_type": "Bearer" });
        if let Some(seconds) = identity.expires_in {
            answer["expires_in"] = json!(seconds);
        }
        if gives_refresh {
            let refresh = format!("refresh-{n}");
            self.refresh.lock().unwrap_or_else(PoisonError::into_inner).push(refresh.clone());
            answer["refresh_token"] = json!(refresh);
        }
        answer
    }

    fn use_up(&self, token: &str) -> bool {
        let mut all = self.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.len();
        all.retain(|one| one != token);
        all.len() < before
    }
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/token", post(token))
        .route("/oauth/authorize", get(authorize))
        .route("/login", get(login))
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response {
    let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    match &shared.identity {
        Some(identity) => identity.answer(&headers, &form, &shared.tokens),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Sends back with a code; [`Builder::require`](crate::Builder::require) may guard it.
async fn authorize(Query(query): Query<BTreeMap<String, String>>) -> Response {
    let (Some(back), Some(state)) = (query.get("redirect_uri"), query.get("state")) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.append_pair("code", "a-code").append_pair("state", state);
    redirect(format!("{back}?{}", pairs.finish()))
}

/// Opens a session for who comes with a code.
async fn login(Query(query): Query<BTreeMap<String, String>>) -> Response {
    match (query.get("code"), query.get("state")) {
        (Some(_), Some(state)) => {
            let cookie = format!("{SESSION}; Path=/; Domain=127.0.0.1; HttpOnly");
            ([(header::SET_COOKIE, cookie)], redirect(state.clone())).into_response()
        }
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn redirect(to: String) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

fn decoded(text: &str) -> String {
    let pair = format!("x={text}");
    url::form_urlencoded::parse(pair.as_bytes()).next().map_or(String::new(), |(_, v)| v.into())
}
