//! A bucket of an S3-compatible service, a prefix in it, and how to reach them.

use std::fmt;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, S3ConditionalPut};

use super::Object;
use crate::{Error, Prefix, Result, S3Options};

/// A bucket, a prefix in it, and how to reach them.
#[derive(Clone)]
pub(crate) struct Location<'a> {
    bucket: String,
    prefix: Prefix,
    options: &'a S3Options,
}

impl<'a> Location<'a> {
    pub(crate) fn new(bucket: &str, prefix: Prefix, options: &'a S3Options) -> Self {
        Self { bucket: bucket.to_owned(), prefix, options }
    }

    /// The plain store at the location.
    pub(crate) fn store(&self) -> Result<Object> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.bucket)
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
