//! What a refusal says, without what was sent to get it.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode;
use reqwest::header::HeaderMap;
use url::Url;

use super::redacted::is_harmless;

/// Bytes of a secret that are recognised within a word, whatever is around them.
const PIECE: usize = 6;
/// The shortest secret that is looked for.
const SHORTEST: usize = 4;
/// Characters of a refusal that are shown.
const SHOWN: usize = 300;
/// Headers whose values are no secrets, and words before secrets.
const OPEN_HEADERS: [&str; 7] =
    ["accept", "accept-encoding", "content-type", "if-match", "if-range", "range", "x-ms-version"];
const SCHEMES: [&str; 4] = ["basic", "bearer", "sharedkey", "aws4-hmac-sha256"];
/// Parameters of listings.
const OPEN_PARAMETERS: [&str; 6] =
    ["comp", "delimiter", "encoding-type", "list-type", "prefix", "restype"];

/// What was sent with a request.
#[derive(Debug)]
pub(crate) enum Sent {
    /// A URL and headers; they may hold secrets.
    Parts(Box<(Url, HeaderMap)>),
    /// A body that is one secret.
    Secrets,
}

/// Pieces of secrets to find in a text, in lower case: some servers change that.
#[derive(Default)]
struct Pieces {
    long: HashSet<[u8; PIECE]>,
    short: HashSet<Vec<u8>>,
}

impl Sent {
    /// The beginning of what a server says, with `…` for every word that has a part of what it was
    /// sent.
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        let Self::Parts(parts) = self else { return String::new() };
        let pieces = Pieces::of(&parts.0, &parts.1);
        let is_end = |c: char| c.is_whitespace() || "\"'<>&;,()[]{}".contains(c);
        let mut shown = String::new();
        for word in text.split_inclusive(is_end) {
            let (word, end) = word.split_at(word.trim_end_matches(is_end).len());
            shown.push_str(if pieces.are_in(word) { "…" } else { word });
            shown.push_str(end);
        }
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        shown.chars().take(SHOWN).collect()
    }
}

impl Pieces {
    fn of(url: &Url, headers: &HeaderMap) -> Self {
        let mut pieces = Self::default();
        let secret = headers.iter().filter(|(name, _)| !OPEN_HEADERS.contains(&name.as_str()));
        for (_, value) in secret {
            for word in value.as_bytes().split(|byte| byte.is_ascii_whitespace()) {
                pieces.add(word);
                // A user and a password.
                for part in STANDARD.decode(word).unwrap_or_default().split(|byte| *byte == b':') {
                    pieces.add(part);
                }
            }
        }
        for pair in url.query().unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or(("", pair));
            if !is_harmless(name) && !OPEN_PARAMETERS.contains(&name) {
                pieces.add(value.as_bytes());
                pieces.add(&decoded(value.replace('+', " ").as_bytes()));
            }
        }
        pieces
    }

    fn add(&mut self, secret: &[u8]) {
        let secret = secret.to_ascii_lowercase();
        if SCHEMES.iter().any(|scheme| scheme.as_bytes() == secret) {
            return;
        }
        if (SHORTEST..PIECE).contains(&secret.len()) {
            self.short.insert(secret);
        } else {
            self.long
                .extend(secret.windows(PIECE).filter_map(|all| <[u8; PIECE]>::try_from(all).ok()));
        }
    }

    fn are_in(&self, word: &str) -> bool {
        let is_in = |word: &[u8]| {
            let word = word.to_ascii_lowercase();
            let has =
                |piece: &[u8]| piece.try_into().is_ok_and(|p: [u8; PIECE]| self.long.contains(&p));
            self.short.contains(&word) || word.windows(PIECE).any(has)
        };
        is_in(word.as_bytes()) || is_in(&decoded(word.as_bytes()))
    }
}

fn decoded(text: &[u8]) -> Vec<u8> {
    percent_decode(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_not_in_what_is_shown() {
        let url = "https://h.example/a?key=k%2F5d41402abc4b&limit=5&pin=1234&prefix=scenes/2020";
        let mut headers = HeaderMap::new();
        // printf 'jane:p/w ord12' | base64
        headers.insert("authorization", "Basic amFuZTpwL3cgb3JkMTI=".parse().unwrap());
        headers.insert("x-amz-security-token", "IQoJb3JpZ2luX2VjEXAMPLE//==".parse().unwrap());
        headers.insert("range", "bytes=0-1023".parse().unwrap());
        let sent = Sent::Parts(Box::new((Url::parse(url).unwrap(), headers)));
        let cases = [
            (
                "'B99' did not match any bands; bytes=0-1023",
                "'B99' did not match any bands; bytes=0-1023",
            ),
            ("<Token-0>IQoJb3JpZ2luX2VjEXAMPLE//==</Token-0>", "<Token-0>…</Token-0>"),
            // Encoded, escaped, cut, in capitals.
            ("token=IQoJb3JpZ2luX2VjEXAMPLE%2F%2F%3D%3D&x", "…&x"),
            (r#"{"url": "https:\/\/h\/a?key=k\/5d41402abc4b"}"#, r#"{"url": "…"}"#),
            ("unknown key k/5D41402ABC4B for scenes/2020", "unknown key … for scenes/2020"),
            ("key 5d4140… is no key", "key … is no key"),
            ("Basic amFuZTpwL3cgb3JkMTI= is of nobody", "Basic … is of nobody"),
            ("no user jane, pin 1234, limit 5", "no user …, pin …, limit 5"),
        ];
        for (said, shown) in cases {
            assert_eq!(sent.hidden_in(said), shown);
        }
        assert_eq!(Sent::Secrets.hidden_in("password p/w"), "");
        assert_eq!(sent.hidden_in(&"x ".repeat(500)).len(), SHOWN);
    }
}
