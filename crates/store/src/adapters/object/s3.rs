//! A bucket of an S3-compatible service, a prefix in it, and how to reach them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::{BackoffConfig, RetryConfig};

use super::Object;
use crate::{Error, Prefix, Result, S3Options};

/// A bucket, a prefix in it, and how to reach them.
#[derive(Clone)]
pub(crate) struct Location<'a> {
    bucket: String,
    prefix: Prefix,
    options: &'a S3Options,
}

/// A service that is away is waited for so long by those who have work in hand.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first and the longest pause between two tries.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(4)];
/// Icechunk counts tries, and its pauses grow slowly: 100 are one to three minutes.
#[cfg(feature = "icechunk")]
const TRIES_A_MINUTE: u64 = 50;

impl<'a> Location<'a> {
    pub(crate) fn new(bucket: &str, prefix: Prefix, options: &'a S3Options) -> Self {
        Self { bucket: bucket.to_owned(), prefix, options }
    }

    /// The plain store at the location, to look what is there: who writes the place wrongly need
    /// not wait long to be told.
    pub(crate) fn store(&self) -> Result<Object> {
        self.store_with(RetryConfig::default())
    }

    /// The plain store at the location, to work with: a service that is away is waited for.
    pub(crate) fn patient_store(&self) -> Result<Object> {
        let [init_backoff, max_backoff] = PAUSES;
        let backoff = BackoffConfig { init_backoff, max_backoff, base: 3.0 };
        self.store_with(RetryConfig {
            backoff,
            max_retries: usize::MAX,
            retry_timeout: self.patience(),
        })
    }

    fn store_with(&self, retry: RetryConfig) -> Result<Object> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.bucket)
            .with_retry(retry)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_allow_http(self.allow_http())
            .with_virtual_hosted_style_request(self.options.path_style == Some(false));
        if let Some(endpoint) = self.endpoint() {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &self.options.region {
            builder = builder.with_region(region);
        }
        if self.anonymous() {
            builder = builder.with_skip_signature(true);
        }
        if let Some(key) = &self.options.credentials {
            builder = builder
                .with_access_key_id(&key.access_key_id)
                .with_secret_access_key(&key.secret_access_key);
            if let Some(token) = &key.session_token {
                builder = builder.with_token(token);
            }
        }
        let client = builder.build().map_err(|cause| Error::Location {
            location: self.to_string(),
            reason: cause.to_string(),
        })?;
        // the place comes last, so that a folder's identity begins with that of the one above
        let identity = match self.endpoint() {
            Some(endpoint) => format!("{endpoint}: {self}"),
            None => self.to_string(),
        };
        let object =
            Object::new(Arc::new(client), self.prefix.clone(), &self.to_string(), &identity);
        Ok(Object { has_md5_tags: true, ..object })
    }

    /// The storage of an Icechunk repository at the location.
    #[cfg(feature = "icechunk")]
    pub(crate) async fn icechunk_storage(
        &self,
    ) -> icechunk::storage::StorageResult<Arc<dyn icechunk::Storage + Send + Sync>> {
        use icechunk::storage::{S3Credentials, S3StaticCredentials};
        let credentials = match &self.options.credentials {
            Some(key) => S3Credentials::Static(S3StaticCredentials {
                access_key_id: key.access_key_id.clone(),
                secret_access_key: key.secret_access_key.clone(),
                session_token: key.session_token.clone(),
                expires_after: None,
            }),
            None if self.anonymous() => S3Credentials::Anonymous,
            None => S3Credentials::FromEnv,
        };
        let mut options = icechunk::storage::S3Options::default();
        options.region = self.options.region.clone().or_else(|| variable("AWS_REGION"));
        options.endpoint_url = self.endpoint();
        options.anonymous = self.anonymous();
        options.allow_http = self.allow_http();
        options.force_path_style = self.options.path_style != Some(false);
        let prefix = Some(self.prefix.to_string()).filter(|prefix| !prefix.is_empty());
        icechunk::new_s3_object_store_storage(
            options,
            self.bucket.clone(),
            prefix,
            Some(credentials),
            Vec::new(),
            Vec::new(),
        )
        .await
    }

    /// How patient that storage is. It counts from its first request, which must be made with this.
    #[cfg(feature = "icechunk")]
    pub(crate) fn icechunk_patience(&self) -> icechunk::storage::RetriesSettings {
        let tries = self.patience().as_secs().saturating_mul(TRIES_A_MINUTE) / 60;
        let [first, longest] = PAUSES.map(|pause| u32::try_from(pause.as_millis()).ok());
        icechunk::storage::RetriesSettings {
            max_tries: u16::try_from(tries.max(10)).ok().and_then(std::num::NonZeroU16::new),
            initial_backoff_ms: first,
            max_backoff_ms: longest,
        }
    }

    fn patience(&self) -> Duration {
        self.options.patience.unwrap_or(PATIENCE)
    }

    fn endpoint(&self) -> Option<String> {
        let from_environment =
            || variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
        self.options.endpoint.clone().or_else(from_environment)
    }

    fn allow_http(&self) -> bool {
        self.options.allow_http || is_true("AWS_ALLOW_HTTP")
    }

    fn anonymous(&self) -> bool {
        self.options.anonymous || is_true("AWS_SKIP_SIGNATURE")
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_true(name: &str) -> bool {
    variable(name)
        .is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "yes"))
}
