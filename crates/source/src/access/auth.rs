//! The credentials of a provider, by reference.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::SecretRef;

/// Credentials, by reference: what is asked for in a configuration, never a secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer {
        /// The token.
        token: SecretRef,
    },
    /// `Authorization: Basic …`.
    Basic {
        /// The user name.
        user: SecretRef,
        /// The password.
        password: SecretRef,
    },
    /// A header of any name.
    Header {
        /// The name of the header.
        name: String,
        /// Its value.
        value: SecretRef,
    },
    /// A parameter of the query.
    QueryToken {
        /// The name of the parameter.
        name: String,
        /// Its value.
        value: SecretRef,
    },
    /// A bearer token that an OAuth 2.0 server gives (RFC 6749).
    Oauth2(Box<OAuth2>),
    /// A bearer token for a service account of Google: a signed assertion (RFC 7523) against a
    /// token.
    ServiceAccount(ServiceAccount),
    /// `Authorization: Basic …` with what a `.netrc` file has for the very host asked. Its entry
    /// `default` is not used: it would go to any host.
    Netrc {
        /// The file; `$NETRC`, else `.netrc` in the home folder, if not set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
    },
    /// A user and a private key of OpenSSH (Ed25519 or ECDSA), for SFTP.
    SshKey {
        /// The user name.
        user: SecretRef,
        /// The private key: `file:PATH`.
        key: SecretRef,
        /// What it is encrypted with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passphrase: Option<SecretRef>,
    },
    /// NASA's Earthdata Login: the hosts of the provider redirect to the login host, which alone
    /// sees user and password; the session they give is kept for each host.
    Earthdata(Earthdata),
    /// Requests signed for Amazon S3 and what speaks its language.
    Aws(AwsAccount),
    /// Shared access signatures of the Planetary Computer, one for each container, in the query.
    PlanetaryComputer(PlanetaryComputer),
    /// Bearer tokens for Google Cloud Storage.
    Gcs(GcsAccount),
    /// Requests signed for Azure Blob Storage.
    Azure(AzureAccount),
}

/// How a token is asked for at an OAuth 2.0 server.
///
/// ```
/// use terracube_source::Provider;
/// let provider: Provider = serde_json::from_str(r#"{
///     "name": "archive",
///     "hosts": ["https://zipper.archive.example"],
///     "auth": { "oauth2": {
///         "token_url": "https://identity.archive.example/token",
///         "grant": "password", "client_id": "archive-public",
///         "user": "env:ARCHIVE_USER", "password": "env:ARCHIVE_PASSWORD",
///         "totp": { "secret": "file:/run/secrets/totp" }
///     } }
/// }"#)?;
/// assert!(provider.auth.is_some());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OAuth2 {
    /// The token endpoint: https, unless the provider allows http.
    pub token_url: String,
    /// What is shown for a token.
    pub grant: Grant,
    /// The client.
    pub client_id: String,
    /// Its secret; public clients have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretRef>,
    /// How the client shows its secret.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The user, for the grant `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<SecretRef>,
    /// The password, for the grant `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// The refresh token, for the grant `refresh_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<SecretRef>,
    /// A one-time password sent with the grant `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Totp>,
    /// The scopes, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whom the token is for, where the server wants to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// What is shown for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Grant {
    /// The client's own credentials (RFC 6749 section 4.4).
    ClientCredentials,
    /// User and password (section 4.3); after the first time, the refresh token that came with it.
    Password,
    /// A refresh token (section 6).
    RefreshToken,
}

/// How a client shows its secret (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuth {
    /// By `Authorization: Basic …`.
    #[default]
    Basic,
    /// By `client_secret` in the form.
    Body,
}

/// A time-based one-time password (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Totp {
    /// The shared key in base32, as authenticator apps take it.
    pub secret: SecretRef,
    /// The field of the form that it is sent in.
    #[serde(default = "totp_parameter")]
    pub parameter: String,
    /// How many digits: 6 to 8.
    #[serde(default = "totp_digits")]
    pub digits: u32,
    /// Seconds that one lasts.
    #[serde(default = "totp_period")]
    pub period: u64,
    /// The hash it is made with.
    #[serde(default)]
    pub algorithm: TotpAlgorithm,
}

/// The hash that one-time passwords are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TotpAlgorithm {
    /// SHA-1, of nearly all servers.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// A service account of Google.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ServiceAccount {
    /// Its key, as the JSON document that is downloaded once: `file:PATH`, or `env:NAME` of a
    /// variable that holds the document.
    pub key: SecretRef,
    /// The scopes, such as `https://www.googleapis.com/auth/earthengine`.
    pub scopes: Vec<String>,
    /// The user on whose behalf it acts, where an organisation allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// An account of NASA's Earthdata Login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Earthdata {
    /// The user; with neither user nor password, those of `.netrc` for the login host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<SecretRef>,
    /// The password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// The login host.
    #[serde(default = "earthdata_login")]
    pub login: String,
}

/// An account at Amazon. Without keys they are looked for where Amazon's own tools look: in the
/// environment, in the shared credentials file, by a web identity, and at the services of
/// containers and machines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AwsAccount {
    /// The region of the buckets; `$AWS_REGION`, else `us-east-1`, if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The profile of the shared credentials file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The id of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<SecretRef>,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<SecretRef>,
    /// The token of a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token: Option<SecretRef>,
    /// Whether this account pays for what it reads in buckets of others.
    pub requester_pays: bool,
}

/// Where shared access signatures for containers come from: a GET of
/// `{endpoint}/{storage account}/{container}`. They are asked for when a URL of a host of the
/// provider is not signed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PlanetaryComputer {
    /// The endpoint.
    pub endpoint: String,
    /// A subscription key, which lets one ask more often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_key: Option<SecretRef>,
}

impl Default for PlanetaryComputer {
    fn default() -> Self {
        Self {
            endpoint: "https://planetarycomputer.microsoft.com/api/sas/v1/token".to_owned(),
            subscription_key: None,
        }
    }
}

/// An account at Google. Without a key it is looked for where Google's own tools look:
/// application default credentials, and the service of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GcsAccount {
    /// The key of a service account, as its JSON document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretRef>,
}

/// A storage account at Microsoft. Without key and SAS they are looked for in the environment, by
/// a workload identity, and at the service of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AzureAccount {
    /// The name of the storage account.
    pub account: String,
    /// Its shared key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretRef>,
    /// A shared access signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sas: Option<SecretRef>,
}

impl OAuth2 {
    /// The client's own credentials against a token.
    #[must_use]
    pub fn client_credentials(
        token_url: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: SecretRef,
    ) -> Self {
        let new = Self::new(token_url.into(), Grant::ClientCredentials, client_id.into());
        Self { client_secret: Some(client_secret), ..new }
    }

    /// User and password against a token, by a public client.
    #[must_use]
    pub fn password(
        token_url: impl Into<String>,
        client_id: impl Into<String>,
        user: SecretRef,
        password: SecretRef,
    ) -> Self {
        let new = Self::new(token_url.into(), Grant::Password, client_id.into());
        Self { user: Some(user), password: Some(password), ..new }
    }

    /// A refresh token against a token, by a public client.
    #[must_use]
    pub fn refresh_token(
        token_url: impl Into<String>,
        client_id: impl Into<String>,
        refresh_token: SecretRef,
    ) -> Self {
        let new = Self::new(token_url.into(), Grant::RefreshToken, client_id.into());
        Self { refresh_token: Some(refresh_token), ..new }
    }

    /// Sends a one-time password with user and password.
    #[must_use]
    pub fn with_totp(mut self, totp: Totp) -> Self {
        self.totp = Some(totp);
        self
    }

    fn new(token_url: String, grant: Grant, client_id: String) -> Self {
        Self {
            token_url,
            grant,
            client_id,
            client_secret: None,
            client_auth: ClientAuth::Basic,
            user: None,
            password: None,
            refresh_token: None,
            totp: None,
            scope: None,
            audience: None,
        }
    }
}

impl Totp {
    /// Six digits every 30 seconds by SHA-1, in the field `totp`.
    #[must_use]
    pub fn new(secret: SecretRef) -> Self {
        Self {
            secret,
            parameter: totp_parameter(),
            digits: totp_digits(),
            period: totp_period(),
            algorithm: TotpAlgorithm::Sha1,
        }
    }
}

impl ServiceAccount {
    /// The account with this key and these scopes.
    #[must_use]
    pub fn new<S: Into<String>>(key: SecretRef, scopes: impl IntoIterator<Item = S>) -> Self {
        Self { key, scopes: scopes.into_iter().map(Into::into).collect(), subject: None }
    }
}

impl Earthdata {
    /// The account with this name and password.
    #[must_use]
    pub fn new(user: SecretRef, password: SecretRef) -> Self {
        Self { user: Some(user), password: Some(password), login: earthdata_login() }
    }

    /// Sets the login host.
    #[must_use]
    pub fn with_login(mut self, login: impl Into<String>) -> Self {
        self.login = login.into();
        self
    }
}

fn totp_parameter() -> String {
    "totp".to_owned()
}

fn totp_digits() -> u32 {
    6
}

fn totp_period() -> u64 {
    30
}

fn earthdata_login() -> String {
    "https://urs.earthdata.nasa.gov".to_owned()
}
