//! Containers of Azure Blob Storage: listed and read with a key, a signature, or nothing.

use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};
use object_store::client::{HttpRequest, HttpRequestBody};
use reqwest::header::{CONTENT_LENGTH, HeaderValue};
use serde_json::{Value, json};
use terracube_source::{
    Access, AccessBuilder, Auth, Error, Files, Provider, Query, SecretRef, Source, read_opened,
};
use terracube_store::ByteRequest;
use terracube_testbed::Server;

use crate::archive;
use crate::support::{File, ids, noise, quick, search};

/// The account that every emulator has, and its key.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// The emulator that `cargo xtask test` starts: its URL with the account.
fn emulator() -> Option<String> {
    let Ok(url) = std::env::var("AZURITE_BLOB_STORAGE_URL") else {
        println!("skipped: AZURITE_BLOB_STORAGE_URL is not set");
        return None;
    };
    Some(format!("{}/{ACCOUNT}", url.trim_end_matches('/')))
}

/// A signed PUT, with more headers.
async fn put(url: &str, headers: &[(&'static str, &'static str)], body: Vec<u8>) -> u16 {
    let key = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).unwrap());
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.method_mut() = reqwest::Method::PUT;
    *request.uri_mut() = url.parse().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    if !body.is_empty() {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    AzureAuthorizer::new(&key, ACCOUNT).try_authorize(&mut request).unwrap();
    let http = reqwest::Client::new();
    let call = http.put(url).headers(request.headers().clone()).body(body);
    call.send().await.unwrap().status().as_u16()
}

/// A container with the archive and a name that XML and URLs write otherwise.
async fn container(emulator: &str, name: &str, is_public: bool) {
    let open: &[_] = if is_public { &[("x-ms-blob-public-access", "container")] } else { &[] };
    let made = put(&format!("{emulator}/{name}?restype=container"), open, Vec::new()).await;
    assert_eq!(made, 201);
    let mut files = archive::files();
    files.insert("sst/2020/060/other & «more».txt".to_owned(), vec![0]);
    for (path, bytes) in files {
        let mut url = url::Url::parse(&format!("{emulator}/{name}")).unwrap();
        url.path_segments_mut().unwrap().extend(path.split('/'));
        assert_eq!(
            put(url.as_str(), &[("x-ms-blob-type", "BlockBlob")], bytes).await,
            201,
            "{path}"
        );
    }
}

/// A name that no other test has.
fn name(of: &str) -> String {
    format!("{of}-{}", std::process::id())
}

fn with(emulator: &str, container: &str, auth: Option<Value>) -> AccessBuilder {
    let access = quick().azure_endpoint(emulator).unwrap();
    let Some(auth) = auth else { return access };
    let auth: Auth = serde_json::from_value(json!({ "azure": auth })).unwrap();
    let host = format!("az://{container}").parse().unwrap();
    access.provider(Provider::new("azure", host).with_auth(auth).with_insecure_allowed())
}

/// A shared access signature to read and list a container, by the string of
/// <https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas>.
fn shared_access(container: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let (version, end) = ("2020-12-06", "2099-01-01T00:00:00Z");
    let resource = format!("/blob/{ACCOUNT}/{container}");
    let fields = ["rl", "", end, &resource, "", "", "", version, "c", "", "", "", "", "", "", ""];
    let key =
        aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &STANDARD.decode(KEY).unwrap());
    let signature = STANDARD.encode(aws_lc_rs::hmac::sign(&key, fields.join("\n").as_bytes()));
    let pairs = [("sv", version), ("se", end), ("sr", "c"), ("sp", "rl"), ("sig", &*signature)];
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn secret(folder: &std::path::Path, text: &str) -> SecretRef {
    let path = folder.join("secret");
    std::fs::write(&path, text).unwrap();
    format!("file:{}", path.display()).parse().unwrap()
}

/// Finds the archive, reads a file of it and lists what lies beside.
async fn shows_the_archive(access: &Access, container: &str) {
    let source = Files::new(&format!("az://{container}/{}", archive::TEMPLATE)).unwrap();
    assert_eq!(ids(&source, access, &Query::new()).await.len(), 12);
    let query = Query::new().time(terracube_grid::TimeRange::parse("2020-02-29").unwrap());
    let found = search(&source, access, &query).await;
    let granules: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        granules.iter().map(|one| &*one.id).collect::<Vec<_>>(),
        ["20200229_a1", "20200229_b 2"]
    );
    let asset = granules[1].asset("nir").unwrap();
    let expected = &archive::files()["sst/2020/060/X_b 2_nir.tif"];
    assert_eq!(asset.size, Some(expected.len() as u64));
    let opened = source.open(&granules[1], asset, access).await.unwrap();
    assert_eq!(read_opened(&opened, ByteRequest::All).await.unwrap(), expected);
    let part = read_opened(&opened, ByteRequest::Range { start: 5, end: 25 }).await.unwrap();
    assert_eq!(part, expected[5..25]);
    let others = access.list(&format!("az://{container}/sst/2020/060"), "other").await.unwrap();
    assert_eq!(others[0].href, format!("az://{container}/sst/2020/060/other & «more».txt"));
    assert_eq!(File::open(access, &others[0].href).await.get(0..1).await.unwrap().unwrap(), [0]);
}

#[tokio::test]
async fn a_container_is_listed_and_read_with_a_key_or_a_signature() {
    let Some(emulator) = emulator() else { return };
    let folder = tempfile::tempdir().unwrap();
    let container = name("closed");
    self::container(&emulator, &container, false).await;
    let key = json!({ "account": ACCOUNT, "key": secret(folder.path(), KEY) });
    let access = with(&emulator, &container, Some(key)).build().unwrap();
    shows_the_archive(&access, &container).await;
    let sas =
        json!({ "account": ACCOUNT, "sas": secret(folder.path(), &shared_access(&container)) });
    let access = with(&emulator, &container, Some(sas)).build().unwrap();
    shows_the_archive(&access, &container).await;

    let source = Files::new(&format!("az://{container}/{}", archive::TEMPLATE)).unwrap();
    let without = with(&emulator, &container, None).build().unwrap();
    let found = search(&source, &without, &Query::new()).await;
    // What exists is not told to those who may not know.
    let refused = matches!(&found[..], [Err(Error::NotFound { .. } | Error::Denied { .. })]);
    assert!(refused, "{found:?}");
    // A key that is wrong, and is not shown.
    let wrong = "d3JvbmctY2FuYXJ5LWtleQ==";
    let key = json!({ "account": ACCOUNT, "key": secret(folder.path(), wrong) });
    let access = with(&emulator, &container, Some(key)).build().unwrap();
    let found = search(&source, &access, &Query::new()).await;
    assert!(matches!(&found[..], [Err(Error::Denied { status: 403, .. })]), "{found:?}");
    let shown = format!("{found:?} {access:?}");
    assert!(!shown.contains(wrong) && !shown.contains("wrong-canary-key"), "{shown}");
}

#[tokio::test]
async fn a_public_container_is_read_without_credentials() {
    let Some(emulator) = emulator() else { return };
    let container = name("open");
    self::container(&emulator, &container, true).await;
    let access = with(&emulator, &container, None).build().unwrap();
    shows_the_archive(&access, &container).await;
}

#[tokio::test]
async fn a_listing_goes_on_by_its_marker() {
    let page = |name: &str, next: &str| {
        format!(
            "<EnumerationResults><Blobs><Blob><Name>d/{name}</Name><Properties><Etag>0x1</Etag>\
             <Content-Length>4</Content-Length></Properties></Blob></Blobs>\
             <NextMarker>{next}</NextMarker></EnumerationResults>"
        )
    };
    let server = Server::builder().bytes("data", page("1.tif", "m")).start().unwrap();
    let access = quick().azure_endpoint(&server.file_url("")).unwrap().build().unwrap();
    // This server knows of no markers: its next page is always the same.
    let error = access.list("az://data/d", "").await.unwrap_err();
    assert!(error.to_string().contains("was there before"), "{error}");
    let queries: Vec<_> = server.requests().iter().map(|one| one.query.clone().unwrap()).collect();
    let first = "restype=container&comp=list&delimiter=%2F&prefix=d%2F";
    assert_eq!(queries, [first.to_owned(), format!("{first}&marker=m")]);
}

#[tokio::test]
async fn a_signature_is_in_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder().bytes("data", noise(10)).start().unwrap();
    let sas = secret(folder.path(), "sv=2024&sr=c&sig=canary%2Fb");
    let auth = json!({ "account": "acc", "sas": sas });
    let access = with(&server.file_url(""), "data", Some(auth)).build().unwrap();
    let error = access.list("az://data/d", "").await.unwrap_err();
    assert!(server.requests()[0].query.as_ref().unwrap().contains("sig=canary%2Fb"));
    let shown = format!("{error} {error:?} {access:?}");
    assert!(shown.contains("no listing of a container") && !shown.contains("canary"), "{shown}");
}
