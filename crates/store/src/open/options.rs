//! How a repository is opened or created.

use std::fmt;
use std::time::Duration;

/// How a repository is opened or created.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenOptions {
    /// Refuse every write.
    pub read_only: bool,
    /// The format of a new Icechunk repository.
    pub icechunk_spec: IcechunkSpec,
    /// Where S3 is and how to sign; what is not said comes from the environment (`AWS_…`).
    pub s3: S3Options,
    /// Open what has values but no mark of Icechunk or Zarr as a plain store of keys, instead of
    /// finding nothing there. Where there is no listing, the values are taken to be there.
    pub unmarked: bool,
    /// Whether local writes wait for the medium: commits of Icechunk and archives, every write of
    /// a plain directory. Unless said, commits do and writes of plain directories don't.
    pub fsync: Option<bool>,
}

/// The format of an Icechunk repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IcechunkSpec {
    /// Readable by Python's icechunk 1.x and 2.x.
    V1,
    /// Readable by Python's icechunk 2.x.
    #[default]
    V2,
}

/// An S3-compatible service. What is not said comes from the environment: `AWS_ENDPOINT_URL`,
/// `AWS_REGION`, `AWS_ALLOW_HTTP`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
/// `AWS_SESSION_TOKEN` and the others that AWS tools read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct S3Options {
    /// URL of the service; AWS unless said.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// Allow plain HTTP.
    pub allow_http: bool,
    /// `false` puts the bucket in the host name; it is in the path unless said. Icechunk keeps to
    /// the path.
    pub path_style: Option<bool>,
    /// A service that is away is waited for about so long by those who have work in hand; two
    /// minutes unless said.
    pub patience: Option<Duration>,
    /// Do not sign requests.
    pub anonymous: bool,
    /// The key; the environment's unless said.
    pub credentials: Option<S3Credentials>,
}

/// A key of an S3-compatible service; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Token of a temporary key.
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("S3Credentials(hidden)")
    }
}
