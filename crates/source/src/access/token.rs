//! Tokens of one provider: asked for once for all tasks, kept until they expire.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use super::Secret;
use super::client::Client;
use super::token_file::TokenFile;
use super::token_request::TokenRequest;
use crate::{Error, Result};

/// A token is renewed so long before it expires, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);
/// After a renewal that failed, a token that is still good is used so long before the next.
const PAUSE: Duration = Duration::from_secs(10);

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
    state: Arc<Mutex<State>>,
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

    fn is(&self, refused: Option<&Secret>) -> bool {
        refused.is_some_and(|refused| *refused == self.access)
    }

    fn is_good(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

impl Tokens {
    pub(crate) fn new(request: TokenRequest, file: Option<TokenFile>) -> Self {
        Self { request, file, state: Arc::default() }
    }

    /// A token that is good for a while; another one than `refused`.
    ///
    /// # Errors
    /// [`Error::Token`].
    // Boxed: asking for a token is a request, and requests need tokens.
    pub(crate) fn get<'a>(
        self: &'a Arc<Self>,
        client: &'a Client,
        refused: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<Secret>> {
        Box::pin(self.get_or_ask(client, refused))
    }

    async fn get_or_ask(
        self: &Arc<Self>,
        client: &Client,
        refused: Option<&Secret>,
    ) -> Result<Secret> {
        let began = Instant::now();
        let state = Arc::clone(&self.state).lock_owned().await;
        let now = SystemTime::now();
        let failed_since = |moment: Instant| state.failed.as_ref().filter(|(at, _)| *at >= moment);
        if let Some(token) = &state.token
            && token.is_good(now)
            && !token.is(refused)
        {
            let paused = state.failed.as_ref().is_some_and(|(at, _)| at.elapsed() < PAUSE);
            if token.is_fresh(now) || paused {
                return Ok(token.access.clone());
            }
        }
        if let Some((_, failure)) = failed_since(began) {
            return Err(self.error(failure));
        }
        let Some(client) = client.own.upgrade() else {
            return self.ask(client, state, refused).await;
        };
        // In a task of its own: who waits for it may be dropped when the server has used up the
        // refresh token, and the next one would be lost.
        let (tokens, refused) = (Arc::clone(self), refused.cloned());
        let asking = async move { tokens.ask(&client, state, refused.as_ref()).await };
        tokio::spawn(asking).await.unwrap_or_else(|cause| {
            Err(self.error(&Failure { reason: cause.to_string(), transient: true }))
        })
    }

    async fn ask(
        &self,
        client: &Client,
        mut state: OwnedMutexGuard<State>,
        refused: Option<&Secret>,
    ) -> Result<Secret> {
        let before = state.token.clone();
        let error = match self.next(client, before.as_ref(), refused).await {
            Ok(token) => {
                let access = token.access.clone();
                *state = State { token: Some(token), failed: None };
                return Ok(access);
            }
            Err(error) => error,
        };
        let failure = Failure { reason: reason(&error), transient: error.is_transient() };
        let error = self.error(&failure);
        state.failed = Some((Instant::now(), failure));
        match before {
            // It was to be renewed early; it still is good.
            Some(token) if token.is_good(SystemTime::now()) && !token.is(refused) => {
                Ok(token.access)
            }
            // Its refresh token may do at the next try.
            before => {
                state.token = before.map(Token::worn);
                Err(error)
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

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

    /// Tokens from a server that answers with these, one after the other, each when it is told to;
    /// and how often it was asked.
    fn tokens(answers: Vec<&'static str>) -> (Arc<Tokens>, mpsc::Sender<()>, Arc<AtomicUsize>) {
        use std::io::{BufRead as _, BufReader, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let (go, told) = mpsc::channel();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                lines
                    .map_while(|line| line.ok())
                    .take_while(|line| !line.is_empty())
                    .for_each(drop);
                count.fetch_add(1, Ordering::SeqCst);
                told.recv().unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let request = TokenRequest::of_sas("archive", url.parse().unwrap(), None);
        (Arc::new(Tokens::new(request, None)), go, asked)
    }

    const BUSY: &str = "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    const NEXT: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 21\r\n\r\n{\"token\": \"sig=next\"}";

    /// A token that is to be renewed, and good for an hour.
    fn stale() -> Token {
        let now = SystemTime::now();
        Token {
            access: Secret::new("sig=old"),
            refresh: None,
            expires: Some(now + Duration::from_secs(3600)),
            renew: Some(now - Duration::from_secs(1)),
        }
    }

    #[tokio::test]
    async fn a_renewal_that_fails_leaves_all_tasks_the_token_that_is_good() {
        let access = crate::Access::new().unwrap();
        let (tokens, go, asked) = tokens(vec![BUSY, BUSY]);
        tokens.state.lock().await.token = Some(stale());
        go.send(()).unwrap();
        let all = (0..20).map(|_| tokens.get(access.client(), None));
        for found in futures::future::join_all(all).await {
            assert_eq!(found.unwrap(), Secret::new("sig=old"));
        }
        // Nor is it asked for again at once.
        assert_eq!(tokens.get(access.client(), None).await.unwrap(), Secret::new("sig=old"));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // A token that was refused is no good, whatever its time says.
        go.send(()).unwrap();
        let refused = Secret::new("sig=old");
        assert!(tokens.get(access.client(), Some(&refused)).await.is_err());
    }

    #[tokio::test]
    async fn a_token_that_nobody_waits_for_any_more_is_kept() {
        let access = crate::Access::new().unwrap();
        let (tokens, go, asked) = tokens(vec![NEXT]);
        let (own, client) = (Arc::clone(&tokens), access.clone());
        let waiting = tokio::spawn(async move { own.get(client.client(), None).await });
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        assert_eq!(tokens.get(access.client(), None).await.unwrap(), Secret::new("sig=next"));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}
