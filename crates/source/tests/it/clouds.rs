//! Accounts at clouds sign for their own buckets.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use terracube_source::{Access, AccessBuilder, Auth, Provider, SecretRef};
use terracube_testbed::{Fault, FaultKind, Request, Server};

use crate::support::{File, noise, quick};

/// An id and a key of Amazon's documentation.
const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn secret(folder: &Path, text: &str) -> SecretRef {
    let path = folder.join(format!("secret-{}", std::fs::read_dir(folder).unwrap().count()));
    std::fs::write(&path, text).unwrap();
    format!("file:{}", path.display()).parse().unwrap()
}

fn bucket(server: &Server, host: &str, auth: Value) -> AccessBuilder {
    let auth: Auth = serde_json::from_value(auth).unwrap();
    let provider = Provider::new("cloud", host.parse().unwrap());
    let access = quick().provider(provider.with_auth(auth).with_insecure_allowed());
    access.s3_endpoint(&server.file_url("")).unwrap()
}

fn payer(folder: &Path) -> Value {
    json!({ "aws": { "region": "us-west-2", "key_id": secret(folder, ID),
        "secret_key": secret(folder, KEY), "session_token": secret(folder, "a/session+token="),
        "requester_pays": true } })
}

async fn read(access: &Access, href: &str) -> Vec<u8> {
    File::open(access, href).await.get(0..10).await.unwrap().unwrap()
}

/// The signature that botocore makes for a request, or `None` without Python.
fn of_botocore(request: &Request, url: &str) -> Option<String> {
    const SCRIPT: &str = "
import json, sys
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
given = json.load(sys.stdin)
request = AWSRequest(method='GET', url=given['url'], headers=given['headers'])
request.context['timestamp'] = given['headers']['x-amz-date']
keys = Credentials(given['id'], given['key'], given['headers']['x-amz-security-token'])
auth = S3SigV4Auth(keys, 's3', 'us-west-2')
text = auth.string_to_sign(request, auth.canonical_request(request))
print(auth.signature(text, request), end='')
";
    let Some(python) = std::env::var_os("TERRACUBE_PYTHON") else {
        assert!(std::env::var_os("TERRACUBE_TEST_STRICT").is_none(), "TERRACUBE_PYTHON is not set");
        println!("skipped: signatures are not compared with botocore's: no TERRACUBE_PYTHON");
        return None;
    };
    let mut headers = request.headers.clone();
    headers.retain(|name, _| name.starts_with("x-amz-") || name == "host");
    let given = json!({ "url": url, "headers": headers, "id": ID, "key": KEY });
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn an_account_that_pays_signs_as_botocore_does() {
    let folder = tempfile::tempdir().unwrap();
    for key in ["scenes/a.bin", "odd/a b+c=(d)'é~.bin"] {
        let encoded: String = key
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'/' | b'.' | b'~' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        let server = Server::builder().bytes(&format!("pays/{key}"), noise(100)).start().unwrap();
        let access = bucket(&server, "s3://pays", payer(folder.path())).build().unwrap();
        let file = File::open(&access, &format!("s3://pays/{key}")).await;
        let _ = file.get(0..10).await;
        let request = server.requests().remove(0);
        assert_eq!(request.path, format!("/files/pays/{encoded}"));
        assert_eq!(request.headers["x-amz-request-payer"], "requester");
        let sent = request.authorization().unwrap();
        let day = &request.headers["x-amz-date"][..8];
        let start = format!(
            "AWS4-HMAC-SHA256 Credential={ID}/{day}/us-west-2/s3/aws4_request, SignedHeaders=host;\
             x-amz-content-sha256;x-amz-date;x-amz-request-payer;x-amz-security-token, Signature="
        );
        assert!(sent.starts_with(&start), "{sent}");
        let url = format!("{}{}", server.url(), request.path);
        if let Some(expected) = of_botocore(&request, &url) {
            assert_eq!(sent[start.len()..], expected, "{key}");
        }
    }
}

#[tokio::test]
async fn a_signature_goes_to_its_own_bucket_only() {
    let folder = tempfile::tempdir().unwrap();
    let other = Server::builder().bytes("pays/a.bin", noise(100)).start().unwrap();
    let server = Server::builder()
        .bytes("pays/a.bin", noise(100))
        .bytes("pays/deep/a.bin", noise(100))
        .bytes("pays-not/a.bin", noise(100))
        .start()
        .unwrap();
    let access = bucket(&server, "s3://pays/deep", payer(folder.path())).build().unwrap();
    for (href, is_signed) in [
        ("s3://pays/deep/a.bin".to_owned(), true),
        ("s3://pays/a.bin".to_owned(), false),
        ("s3://pays-not/a.bin".to_owned(), false),
        (server.file_url("pays/deep/a.bin"), true),
        // It is signed already.
        (server.file_url("pays/deep/a.bin?X-Amz-Signature=1"), false),
        (other.file_url("pays/a.bin"), false),
    ] {
        assert_eq!(read(&access, &href).await, noise(10));
        let from = if href.starts_with(other.url()) { &other } else { &server };
        let request = from.requests().pop().unwrap();
        assert_eq!(request.authorization().is_some(), is_signed, "{href}");
        let pays = request.headers.contains_key("x-amz-request-payer");
        assert_eq!(pays, is_signed, "{href}");
        assert_eq!(request.headers.contains_key("x-amz-security-token"), is_signed, "{href}");
    }
    server.fault(Fault::on("/files/pays/deep/", FaultKind::Redirect(other.file_url("pays/a.bin"))));
    assert_eq!(read(&access, "s3://pays/deep/a.bin").await, noise(10));
    assert!(other.requests().iter().all(|request| request.authorization().is_none()
        && !request.headers.keys().any(|name| name.starts_with("x-amz"))));
}

/// Run once more by itself, with another identity in the environment.
#[tokio::test]
async fn named_keys_take_no_token_of_the_environment() {
    const NAME: &str = "clouds::named_keys_take_no_token_of_the_environment";
    if std::env::var_os("AWS_SESSION_TOKEN").is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        let text = format!("[p]\naws_access_key_id = {ID}\naws_secret_access_key = {KEY}\n");
        std::fs::write(&file, text).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact"])
            .env("AWS_SESSION_TOKEN", "of-another")
            .env("AWS_ACCESS_KEY_ID", "AKIDOFANOTHER")
            .env("AWS_SECRET_ACCESS_KEY", "of-another")
            .env("AWS_SHARED_CREDENTIALS_FILE", file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let keys = json!({ "aws": { "key_id": secret(folder.path(), ID),
        "secret_key": secret(folder.path(), KEY) } });
    for (auth, token) in [
        (keys, None),
        (json!({ "aws": { "profile": "p" } }), None),
        // The bare chain is the environment's.
        (json!({ "aws": {} }), Some("of-another")),
    ] {
        let server = Server::builder().bytes("pays/a.bin", noise(100)).start().unwrap();
        read(&bucket(&server, "s3://pays", auth).build().unwrap(), "s3://pays/a.bin").await;
        let sent = server.requests().pop().unwrap();
        let id = if token.is_some() { "AKIDOFANOTHER" } else { ID };
        assert!(sent.authorization().unwrap().contains(&format!("Credential={id}/")));
        assert_eq!(sent.headers.get("x-amz-security-token").map(String::as_str), token);
    }
}

#[tokio::test]
async fn a_listing_below_a_prefix_is_signed_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder().start().unwrap();
    let access = bucket(&server, "s3://pays/deep", payer(folder.path())).build().unwrap();
    for (href, is_signed) in [
        ("s3://pays/deep", true),
        ("s3://pays/deep/2020", true),
        ("s3://pays/deeper", false),
        ("s3://pays", false),
    ] {
        let _ = access.list(href, "").await;
        let request = server.requests().pop().unwrap();
        assert!(request.query.as_deref().unwrap().contains("list-type=2"));
        assert_eq!(request.authorization().is_some(), is_signed, "{href}");
    }
}

#[tokio::test]
async fn an_azure_key_or_signature_goes_to_its_container() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder().bytes("data/a.bin", noise(100)).start().unwrap();
    let host = server.file_url("data");
    // printf key | base64
    let shared = json!({ "azure": { "account": "acc", "key": secret(folder.path(), "a2V5") } });
    read(&bucket(&server, &host, shared).build().unwrap(), &server.file_url("data/a.bin")).await;
    let sent = server.requests().pop().unwrap();
    assert!(sent.authorization().unwrap().starts_with("SharedKey acc:"));

    let sas = secret(folder.path(), "?sv=2024&sr=c&sig=a%2Fb");
    let signed = json!({ "azure": { "account": "acc", "sas": sas } });
    let access = bucket(&server, &host, signed).build().unwrap();
    read(&access, &server.file_url("data/a.bin")).await;
    let sent = server.requests().pop().unwrap();
    assert_eq!(sent.authorization(), None);
    let query = sent.query.unwrap();
    for pair in ["sv=2024", "sr=c", "sig=a%2Fb"] {
        assert!(query.contains(pair), "{query}");
    }
}

#[test]
fn half_a_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let auth = json!({ "aws": { "key_id": secret(folder.path(), ID) } });
    let server = Server::builder().start().unwrap();
    let error = bucket(&server, "s3://pays", auth).build().unwrap_err();
    assert!(error.to_string().contains("secret_key"), "{error}");
}
