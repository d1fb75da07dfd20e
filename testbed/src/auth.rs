//! Credentials that a path prefix asks for.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::identity::Tokens;

/// Credentials required under a path prefix, see [`Builder::require`](crate::Builder::require).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// User name, without a colon.
        user: String,
        /// Password.
        password: String,
    },
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer(String),
    /// `Authorization: Bearer …` with a token that the [`Identity`](crate::Identity) of this server
    /// has given and that is still good.
    Issued,
    /// A session: without its cookie the answer is a redirect to the login server, which sends back
    /// to `/login` here with a code, which sets the cookie and sends back to where it began.
    Session {
        /// The login server, another [`Server`](crate::Server): its `/oauth/authorize` is asked.
        login: String,
    },
}

/// The cookie of a session.
pub(crate) const SESSION: &str = "session=an-open-session";

impl Auth {
    /// Basic credentials.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Basic { user: user.into(), password: password.into() }
    }

    /// A bearer token.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self::Bearer(token.into())
    }

    /// The header value a client has to send, for those that want one known before.
    #[must_use]
    pub fn header_value(&self) -> String {
        match self {
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
            Self::Issued | Self::Session { .. } => String::new(),
        }
    }

    pub(crate) fn admits(&self, headers: &HeaderMap, tokens: &Tokens) -> bool {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let sent = text(header::AUTHORIZATION);
        match self {
            Self::Issued => sent
                .and_then(|sent| sent.strip_prefix("Bearer "))
                .is_some_and(|t| tokens.is_good(t)),
            Self::Session { .. } => text(header::COOKIE)
                .is_some_and(|cookies| cookies.split("; ").any(|cookie| cookie == SESSION)),
            Self::Basic { .. } | Self::Bearer(_) => sent == Some(self.header_value().as_str()),
        }
    }

    /// What who is not admitted is answered.
    pub(crate) fn refusal(&self, here: &str, target: &str) -> Response {
        let challenge = match self {
            Self::Basic { .. } => "Basic realm=\"testbed\"",
            Self::Bearer(_) | Self::Issued => "Bearer realm=\"testbed\"",
            Self::Session { login } => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("redirect_uri", &format!("{here}/login"));
                query.append_pair("state", &format!("{here}{target}"));
                let to = format!("{login}/oauth/authorize?{}", query.finish());
                return (StatusCode::FOUND, [(header::LOCATION, to)]).into_response();
            }
        };
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_the_example_of_rfc_7617() {
        let auth = Auth::basic("Aladdin", "open sesame");
        assert_eq!(auth.header_value(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
