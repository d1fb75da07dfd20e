//! Requests to the object stores of Amazon, Google and Microsoft, with the credentials that their
//! own chains find.

use std::sync::Arc;

use object_store::client::{HttpRequest, HttpRequestBody};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;

use super::RedactedUrl;
#[cfg(feature = "aws")]
use super::{SecretRef, aws_profile};
use crate::{Error, Result};

/// An account at a cloud. Its chain is asked when it is first needed; it keeps what it finds and
/// renews it once for all tasks.
pub(crate) enum Cloud {
    #[cfg(feature = "aws")]
    Aws { credentials: object_store::aws::AwsCredentialProvider, region: String, pays: bool },
    #[cfg(feature = "gcp")]
    Gcs(object_store::gcp::GcpCredentialProvider),
    #[cfg(feature = "azure")]
    Azure { credentials: object_store::azure::AzureCredentialProvider, account: String },
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    #[cfg(feature = "aws")]
    pub(crate) fn aws(declared: &super::auth::AwsAccount) -> Result<Self> {
        use object_store::aws::AmazonS3Builder;
        let region = declared.region.clone().or_else(|| {
            ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| std::env::var(name).ok())
        });
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let keys = match (&declared.key_id, &declared.secret_key) {
            (Some(id), Some(key)) => Some(aws_profile::Profile {
                key_id: id.fetch()?,
                secret_key: key.fetch()?,
                session_token: declared.session_token.as_ref().map(SecretRef::fetch).transpose()?,
            }),
            (None, None) => aws_profile::find(declared.profile.as_deref())?,
            _ => return Err(wrong("aws", "it needs both `key_id` and `secret_key`, or neither")),
        };
        let builder = match keys {
            // Of the environment nothing: a session token there is of another identity.
            Some(keys) => {
                let builder = AmazonS3Builder::new()
                    .with_access_key_id(keys.key_id.expose())
                    .with_secret_access_key(keys.secret_key.expose());
                match keys.session_token {
                    Some(token) => builder.with_token(token.expose()),
                    None => builder,
                }
            }
            None => AmazonS3Builder::from_env(),
        };
        let store = builder
            .with_bucket_name("bucket")
            .with_region(&region)
            .build()
            .map_err(|_| wrong("aws", "its variables in the environment make no sense"))?;
        let credentials = Arc::clone(store.credentials());
        Ok(Self::Aws { credentials, region, pays: declared.requester_pays })
    }

    #[cfg(feature = "gcp")]
    pub(crate) fn gcs(declared: &super::auth::GcsAccount) -> Result<Self> {
        use object_store::gcp::GoogleCloudStorageBuilder;
        let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name("bucket");
        if let Some(key) = &declared.key {
            builder = builder.with_service_account_key(key.fetch()?.expose());
        }
        // What is wrong is not repeated: it may be of the key.
        let store = builder.build().map_err(|_| wrong("gcs", "its key cannot be read"))?;
        Ok(Self::Gcs(Arc::clone(store.credentials())))
    }

    #[cfg(feature = "azure")]
    pub(crate) fn azure(declared: &super::auth::AzureAccount) -> Result<Self> {
        use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
        let mut builder = MicrosoftAzureBuilder::from_env()
            .with_container_name("container")
            .with_account(&declared.account);
        if let Some(key) = &declared.key {
            builder = builder.with_access_key(key.fetch()?.expose());
        }
        if let Some(sas) = &declared.sas {
            let token = sas.fetch()?;
            let token = token.expose().trim_start_matches('?');
            builder = builder.with_config(AzureConfigKey::SasKey, token);
        }
        let store = builder.build().map_err(|_| wrong("azure", "its key cannot be read"))?;
        let credentials = Arc::clone(store.credentials());
        Ok(Self::Azure { credentials, account: declared.account.clone() })
    }

    /// Adds to a request what its cloud wants.
    pub(crate) async fn sign(
        &self,
        provider: &str,
        method: &Method,
        url: &mut Url,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        // The texts of the libraries may have parts of what they read; their kinds do not.
        let failed = |reason: &str| Error::Token {
            provider: provider.to_owned(),
            reason: reason.to_owned(),
            transient: false,
        };
        let none = || {
            failed(
                "no credentials were found in the environment, in files, or by the services of a \
                 machine in the cloud",
            )
        };
        let unsigned = || failed("its credentials sign nothing");
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = method.clone();
        *request.uri_mut() = url.as_str().parse().map_err(|_| Error::Document {
            what: RedactedUrl::from(&*url).to_string(),
            reason: "it is no URL that could be signed".to_owned(),
        })?;
        match self {
            #[cfg(feature = "aws")]
            Self::Aws { credentials, region, pays } => {
                let credential = credentials.get_credential().await.map_err(|_| none())?;
                object_store::aws::AwsAuthorizer::new(&credential, "s3", region)
                    .with_sign_payload(*method == Method::GET)
                    .with_request_payer(*pays)
                    .try_authorize(&mut request, None)
                    .map_err(|_| unsigned())?;
            }
            #[cfg(feature = "gcp")]
            Self::Gcs(credentials) => {
                let credential = credentials.get_credential().await.map_err(|_| none())?;
                let value =
                    super::credential::header_value(&format!("Bearer {}", credential.bearer))?;
                request.headers_mut().insert(reqwest::header::AUTHORIZATION, value);
            }
            #[cfg(feature = "azure")]
            Self::Azure { credentials, account } => {
                let credential = credentials.get_credential().await.map_err(|_| none())?;
                // A shared key signs the headers of the range too.
                for name in [reqwest::header::RANGE, reqwest::header::IF_MATCH] {
                    if let Some(value) = headers.get(&name) {
                        request.headers_mut().insert(name, value.clone());
                    }
                }
                object_store::azure::AzureAuthorizer::new(&credential, account)
                    .try_authorize(&mut request)
                    .map_err(|_| unsigned())?;
            }
        }
        if let Some(query) = request.uri().query().filter(|query| Some(*query) != url.query()) {
            url.set_query(Some(query));
        }
        let signed: Vec<(_, HeaderValue)> =
            request.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        for (name, mut value) in signed {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(())
    }
}

fn wrong(setting: &str, reason: &str) -> Error {
    Error::Setting { setting: setting.to_owned(), reason: reason.to_owned() }
}
