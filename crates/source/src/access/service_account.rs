//! Assertions of service accounts: signed JSON web tokens (RFC 7515, RFC 7523).

use std::time::SystemTime;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Secret;
use super::auth::ServiceAccount;
use crate::{Error, Result};

/// How long an assertion is good, in seconds: the longest that Google takes.
const LIFETIME: u64 = 3600;

/// A service account with its key fetched.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) token_url: String,
    pub(crate) scope: String,
    pub(crate) subject: Option<String>,
    key_id: Option<String>,
    key: RsaKeyPair,
}

/// The document of a key.
#[derive(Deserialize)]
struct KeyDocument {
    client_email: String,
    private_key: Secret,
    private_key_id: Option<String>,
    #[serde(default = "google")]
    token_uri: String,
}

impl Account {
    pub(crate) fn fetch(declared: &ServiceAccount) -> Result<Self> {
        let wrong = |reason: &str| Error::Setting {
            setting: "service_account".to_owned(),
            reason: reason.to_owned(),
        };
        let text = declared.key.fetch()?;
        // What is wrong is not repeated: the text is a key.
        let document: KeyDocument = serde_json::from_str(text.expose()).map_err(|_| {
            wrong(
                "its key is no JSON document with `client_email` and `private_key`; give \
                 `file:PATH` of the key that was downloaded for the account",
            )
        })?;
        if declared.scopes.is_empty() {
            return Err(wrong("it has no `scopes`"));
        }
        let key = private_key(document.private_key.expose())
            .ok_or_else(|| wrong("its `private_key` is no RSA key in PEM (PKCS #8)"))?;
        Ok(Self {
            email: document.client_email,
            token_url: document.token_uri,
            scope: declared.scopes.join(" "),
            subject: declared.subject.clone(),
            key_id: document.private_key_id,
            key,
        })
    }

    /// A new assertion.
    pub(crate) fn assertion(&self, now: SystemTime) -> Result<Secret> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        if let Some(id) = &self.key_id {
            header["kid"] = json!(id);
        }
        let mut claims = json!({
            "iss": self.email, "scope": self.scope, "aud": self.token_url,
            "iat": now, "exp": now + LIFETIME,
        });
        if let Some(subject) = &self.subject {
            claims["sub"] = json!(subject);
        }
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        sign(&self.key, &format!("{}.{}", part(header), part(claims)))
    }
}

/// The compact form of a signed text.
fn sign(key: &RsaKeyPair, text: &str) -> Result<Secret> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).map_err(
        |_| Error::Setting {
            setting: "service_account".to_owned(),
            reason: "its key signs nothing".to_owned(),
        },
    )?;
    Ok(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

fn private_key(pem: &str) -> Option<RsaKeyPair> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()
}

fn google() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_openssl() {
        // openssl dgst -sha256 -sign testbed/data/service-account.pem
        let expected = "wr1tboQomSlnSWpXUeUn7ppoi0LMeARAAFKa5eUtqSVtrStrkSrMgJNyr_MonDcA94M5CLjbJM\
                        BiA0a8rtSaoY1jSUahM1cGNvkLGGRyY9Uzu12d4XIeF3rXrLa85pxbQ_Ib03QrMat1wEtn7niC\
                        Iyjvoc8lGRE-59E6KJl67MTwi3FoyJylDkfuXD6ceAgf3roV3kl6D4_5jzLN2cxiNgZE7pEBoF\
                        clwqYpOv65B-3o8h0_ZyJrkHfMPQo-TE9v8WUlFXhFWyufTRgcr7kBylzmiQr-9qrK2gJSnxa7\
                        jPt_yGwlNfruDLxCqOiwiWB5r99EzRPEd40_KFiHAiUumA";
        let key =
            private_key(include_str!("../../../../testbed/data/service-account.pem")).unwrap();
        let text = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UifQ";
        assert_eq!(sign(&key, text).unwrap().expose(), format!("{text}.{expected}"));
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let reference = || format!("file:{}", path.display()).parse().unwrap();
        for text in ["canary", r#"{"client_email": "a@b", "private_key": "canary"}"#] {
            std::fs::write(&path, text).unwrap();
            let error = Account::fetch(&ServiceAccount::new(reference(), ["s"])).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }
}
