//! What can go wrong between a query and the bytes of an asset.

use std::path::PathBuf;
use std::time::Duration;

/// A cause from another library.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The result of a source operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between a query and the bytes of an asset. URLs in it are shown without
/// credentials, see [`RedactedUrl`](crate::RedactedUrl).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is there.
    #[error("{what} does not exist")]
    NotFound {
        /// The URL or path.
        what: String,
    },
    /// The server wants credentials, or other ones.
    #[error("{url} {}: {hint}", answered(*status))]
    Denied {
        /// The URL.
        url: String,
        /// 401, 403 or 407; 530 and the like of FTP; 0 of SFTP, which has no numbers for it.
        status: u16,
        /// What to do.
        hint: String,
    },
    /// The server is busy or broken for now.
    #[error("{url} answered {status}: the server is busy or failing; try again later")]
    Unavailable {
        /// The URL.
        url: String,
        /// The status: 408, 425, 429 or 5xx.
        status: u16,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The server refuses the request as it is.
    #[error("{url} answered {status}: {excerpt}")]
    Rejected {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
        /// The beginning of the answer.
        excerpt: String,
    },
    /// The connection could not be made, broke or was too slow.
    #[error("could not {operation} {url}: {source}")]
    Transport {
        /// What was tried, as a verb.
        operation: &'static str,
        /// The URL.
        url: String,
        /// Whether trying again may help.
        transient: bool,
        /// The cause.
        source: Cause,
    },
    /// The answer ended early.
    #[error("{url} sent {received} of {expected} bytes")]
    Truncated {
        /// The URL.
        url: String,
        /// Bytes announced.
        expected: u64,
        /// Bytes received.
        received: u64,
    },
    /// The answer is larger than allowed.
    #[error("{url} sends more than {limit} bytes, the limit for {purpose}")]
    TooLarge {
        /// The URL or path.
        url: String,
        /// The limit in bytes.
        limit: u64,
        /// What the answer was wanted for.
        purpose: &'static str,
    },
    /// The server sends the whole file where a part was asked.
    #[error("{url} cannot be read in parts: {reason}; download it whole instead")]
    NoRanges {
        /// The URL.
        url: String,
        /// What the server did.
        reason: String,
    },
    /// A byte request is empty or lies outside the file.
    #[error("bytes {request} of {url}{} are empty or outside it", size_note(*size))]
    OutOfRange {
        /// The URL or path.
        url: String,
        /// The request.
        request: String,
        /// The size of the file in bytes, where known.
        size: Option<u64>,
    },
    /// The asset became another while it was being read.
    #[error("{url} changed while it was read ({was} became {now}): read it again from the start")]
    Changed {
        /// The URL.
        url: String,
        /// Its version before.
        was: String,
        /// Its version now.
        now: String,
    },
    /// A page for people came where data was expected.
    #[error("{url} answered with a web page instead of data: is a sign-in needed?")]
    WebPage {
        /// The URL.
        url: String,
    },
    /// A rule forbids it: scheme, address, local root, number of redirects.
    #[error("{what} is not allowed: {reason}")]
    NotAllowed {
        /// The URL or path.
        what: String,
        /// Which rule, and what to do.
        reason: String,
    },
    /// A download is not what was announced.
    #[error("{url} is not what was announced: {property} is {found}, expected {expected}")]
    Mismatch {
        /// The URL.
        url: String,
        /// `size` or the name of the checksum.
        property: &'static str,
        /// What was announced.
        expected: String,
        /// What came.
        found: String,
    },
    /// A document is not what it should be.
    #[error("{what}: {reason}")]
    Document {
        /// The URL or path.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An item of a catalogue can not become a granule.
    #[error("item `{item}`: {reason}")]
    Item {
        /// The id of the item, or where it stands when it has none.
        item: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A granule has no such asset.
    #[error("granule `{granule}` has no asset `{asset}`; it has {}", names(known))]
    UnknownAsset {
        /// The granule.
        granule: String,
        /// The name asked.
        asset: String,
        /// The names it has.
        known: Vec<String>,
    },
    /// No connector has this name.
    #[error("unknown source `{name}`; known are {}", names(known))]
    UnknownSource {
        /// The name asked.
        name: String,
        /// The names registered.
        known: Vec<String>,
    },
    /// The configuration of a connector is wrong.
    #[error("source `{source_name}`, `{key}`: {reason}; its keys are {}", names(known))]
    Config {
        /// The connector.
        source_name: String,
        /// The key at fault.
        key: String,
        /// What is wrong with it.
        reason: String,
        /// The keys the connector has.
        known: Vec<String>,
    },
    /// A setting of the access layer is wrong.
    #[error("`{setting}`: {reason}")]
    Setting {
        /// The setting at fault.
        setting: String,
        /// What is wrong with it and what is right.
        reason: String,
    },
    /// A secret that a reference names is not there.
    #[error("the secret `{reference}` is missing: {reason}")]
    Secret {
        /// The reference, `env:NAME` or `file:PATH`.
        reference: String,
        /// Why it can't be had.
        reason: String,
    },
    /// A provider gives no token.
    #[error("`{provider}` gives no token: {reason}")]
    Token {
        /// The provider.
        provider: String,
        /// What its token endpoint says, and what to do.
        reason: String,
        /// Whether trying again may help.
        transient: bool,
    },
    /// A query can not be asked of this source.
    #[error("{source_name} cannot answer the query: {reason}")]
    Query {
        /// The source.
        source_name: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A local file could not be read or written.
    #[error("could not {operation} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A store failed.
    #[error("could not read {what}: {source}")]
    Store {
        /// What was read.
        what: String,
        /// The cause.
        source: terracube_store::Error,
    },
    /// A connector failed in its own way.
    #[error("{source_name}: {source}")]
    Connector {
        /// The connector.
        source_name: String,
        /// Whether trying again may help.
        transient: bool,
        /// The cause.
        source: Cause,
    },
}

impl Error {
    /// Whether trying the same again may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Truncated { .. } => true,
            Self::Transport { transient, .. }
            | Self::Connector { transient, .. }
            | Self::Token { transient, .. } => *transient,
            Self::Store { source, .. } => source.is_transient(),
            _ => false,
        }
    }

    /// How long the other side asks to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn names(known: &[String]) -> String {
    if known.is_empty() {
        return "none".to_owned();
    }
    known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn answered(status: u16) -> String {
    if status == 0 { "refuses".to_owned() } else { format!("answered {status}") }
}

fn size_note(size: Option<u64>) -> String {
    size.map_or_else(String::new, |size| format!(", which has {size} bytes,"))
}
