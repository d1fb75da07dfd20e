//! Tokens of one provider: asked for once for all tasks, kept until they expire.

use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Secret;
use super::client::Client;
use super::token_file::TokenFile;
use super::token_request::TokenRequest;
use crate::{Error, Result};

/// A token is renewed so long before it expires, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);

/// A token, and how long it is good.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) access: Secret,
    /// What the next token is asked with.
    pub(crate) refresh: Option<Secret>,
    /// `None` is until it is refused.
    pub(crate) expires: Option<SystemTime>,
    /// When it is time for the next.
    pub(crate) renew: Option<SystemTime>,
}

/// The tokens of one provider. However many tasks need one, one of them asks and the others wait
/// for it; where there is a file, so do the tasks of other processes.
#[derive(Debug)]
pub(crate) struct Tokens {
    request: TokenRequest,
    file: Option<TokenFile>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    /// When asking failed last, and how: those who waited for it meanwhile fail with it.
    failed: Option<(Instant, Failure)>,
}

#[derive(Debug)]
struct Failure {
    reason: String,
    transient: bool,
}

impl Token {
    /// A token that was asked for at `asked`, good for so long.
    pub(crate) fn new(
        access: Secret,
        refresh: Option<Secret>,
        asked: SystemTime,
        lifetime: Option<Duration>,
    ) -> Self {
        let margin = |life: Duration| MARGIN.min(life / 10);
        Self {
            access,
            refresh,
            expires: lifetime.and_then(|life| asked.checked_add(life)),
            renew: lifetime.and_then(|life| asked.checked_add(life - margin(life))),
        }
    }

    pub(crate) fn is_fresh(&self, now: SystemTime) -> bool {
        self.renew.is_none_or(|renew| now < renew)
    }

    fn is_good(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

impl Tokens {
    pub(crate) fn new(request: TokenRequest, file: Option<TokenFile>) -> Self {
        Self { request, file, state: Mutex::default() }
    }

    /// A token that is good for a while; another one than `refused`.
    ///
    /// # Errors
    /// [`Error::Token`].
    // Boxed: asking for a token is a request, and requests need tokens.
    pub(crate) fn get<'a>(
        &'a self,
        client: &'a Client,
        refused: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<Secret>> {
        Box::pin(self.get_or_ask(client, refused))
    }

    async fn get_or_ask(&self, client: &Client, refused: Option<&Secret>) -> Result<Secret> {
        let began = Instant::now();
        let mut state = self.state.lock().await;
        let now = SystemTime::now();
        let is_refused = |token: &Token| refused.is_some_and(|refused| *refused == token.access);
        if let Some(token) = &state.token
            && token.is_fresh(now)
            && !is_refused(token)
        {
            return Ok(token.access.clone());
        }
        if let Some((at, failure)) = &state.failed
            && *at >= began
        {
            return Err(self.error(failure));
        }
        let before = state.token.take();
        match self.next(client, before.as_ref(), refused).await {
            Ok(token) => {
                let access = token.access.clone();
                *state = State { token: Some(token), failed: None };
                Ok(access)
            }
            Err(error) => {
                let failure = Failure { reason: reason(&error), transient: error.is_transient() };
                let error = self.error(&failure);
                state.failed = Some((Instant::now(), failure));
                match before {
                    // It was to be renewed early; it still is good.
                    Some(token) if token.is_good(SystemTime::now()) && !is_refused(&token) => {
                        let access = token.access.clone();
                        state.token = Some(token);
                        Ok(access)
                    }
                    // Its refresh token may do at the next try.
                    before => {
                        state.token = before.map(Token::worn);
                        Err(error)
                    }
                }
            }
        }
    }

    /// The next token: of the file if another process has put it there, else asked for.
    async fn next(
        &self,
        client: &Client,
        before: Option<&Token>,
        refused: Option<&Secret>,
    ) -> Result<Token> {
        let Some(file) = &self.file else {
            return self.request.ask(client, before.and_then(|token| token.refresh.as_ref())).await;
        };
        // Held until the token is written.
        let _turn = file.lock().await;
        let found = file.read().await;
        if let Some(token) = &found
            && token.is_fresh(SystemTime::now())
            && refused.is_none_or(|refused| *refused != token.access)
        {
            return Ok(token.clone());
        }
        let known = found.as_ref().or(before);
        let token =
            self.request.ask(client, known.and_then(|token| token.refresh.as_ref())).await?;
        if let Err(error) = file.write(&token).await {
            tracing::warn!(provider = self.request.provider, %error, "a token is not kept");
        }
        Ok(token)
    }

    fn error(&self, failure: &Failure) -> Error {
        Error::Token {
            provider: self.request.provider.clone(),
            reason: failure.reason.clone(),
            transient: failure.transient,
        }
    }
}

impl Token {
    /// The token as one that is to be renewed before it is used.
    fn worn(self) -> Self {
        Self { expires: Some(SystemTime::UNIX_EPOCH), renew: Some(SystemTime::UNIX_EPOCH), ..self }
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::Token { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let asked = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let cases = [(3600, 3539, 3540, 3600), (100, 89, 90, 100), (10, 8, 9, 10)];
        for (lifetime, fresh, stale, over) in cases {
            let lifetime = Some(Duration::from_secs(lifetime));
            let token = Token::new(Secret::new("t"), None, asked, lifetime);
            let after = |seconds| asked + Duration::from_secs(seconds);
            assert!(token.is_fresh(after(fresh)) && !token.is_fresh(after(stale)));
            assert!(token.is_good(after(stale)) && !token.is_good(after(over)));
        }
        let endless = Token::new(Secret::new("t"), None, asked, None);
        assert!(endless.is_fresh(SystemTime::now()));
    }
}
