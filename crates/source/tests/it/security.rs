//! Findings in other programs, row by row, that shall not be found here; and what
//! `docs/security.md` says is tested is.

use std::path::Path;

use serde_json::json;
use terracube_source::{Auth, Error, HostPattern, Provider, Query, SafeName, SecretRef, StacApi};
use terracube_testbed::{Auth as Wanted, Fault, FaultKind, Server};

use crate::support::{File, noise, quick, search};

const CANARY: &str = "canary-5d41402abc4b";

fn secret(folder: &Path) -> SecretRef {
    let path = folder.join("secret");
    std::fs::write(&path, CANARY).unwrap();
    format!("file:{}", path.display()).parse().unwrap()
}

fn bearer(secret: &SecretRef) -> Auth {
    serde_json::from_value(json!({ "bearer": { "token": secret } })).unwrap()
}

#[test]
fn a_look_alike_host_is_another_host() {
    // Whose the credentials are, and who got them by a comparison of beginnings.
    for (own, other) in [
        ("https://catalogue.dataspace.copernicus.eu", "https://catalogue.dataspace.co/x"),
        ("https://zipper.creodias.eu", "https://zipper.creodias.e/x"),
        ("https://oceandata.sci.gsfc.nasa.gov", "https://oceandata.sci/x"),
    ] {
        let provider = Provider::new("own", own.parse().unwrap());
        assert!(provider.matches(&format!("{own}/x").parse().unwrap()));
        assert!(!provider.matches(&other.parse().unwrap()), "{other}");
    }
}

#[test]
fn a_neighbour_below_the_same_suffix_is_another_host() {
    // Who got the header by a comparison of the last two labels.
    for (own, other) in [
        ("https://a.ac.uk", "https://evil.ac.uk/x"),
        ("https://x.data.gov.au", "https://evil.data.gov.au/x"),
        ("https://x.s3.amazonaws.com", "https://attacker.s3.amazonaws.com/x"),
        ("https://apihub.example.eu", "http://apihub.example.eu/x"),
    ] {
        let provider = Provider::new("own", own.parse().unwrap());
        assert!(!provider.matches(&other.parse().unwrap()), "{other}");
    }
    assert!("*.com".parse::<HostPattern>().is_err());
}

#[tokio::test]
async fn a_redirect_to_a_neighbour_goes_without_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let other = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    let own = Server::builder().start().unwrap();
    own.fault(Fault::on("/files/", FaultKind::Redirect(other.file_url("a.bin"))));
    let provider = Provider::new("own", own.url().parse().unwrap());
    let provider = provider.with_auth(bearer(&secret(folder.path()))).with_insecure_allowed();
    let access = quick().provider(provider).build().unwrap();
    File::open(&access, &own.file_url("a.bin")).await.get(0..10).await.unwrap();
    assert!(own.requests()[0].authorization().is_some());
    assert!(!format!("{:?}", other.requests()).contains(CANARY));
}

#[tokio::test]
async fn an_interrupted_download_is_no_success_the_second_time_either() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.bin");
    let server = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    server.fault(Fault::on("/files/", FaultKind::CutBody { after: 10 }));
    let access = quick().build().unwrap();
    for _ in 0..2 {
        let error = access.download(&server.file_url("a.bin"), &to).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert!(!to.exists());
    }
    server.clear_faults();
    let done = access.download(&server.file_url("a.bin"), &to).await.unwrap();
    assert_eq!((done.bytes, std::fs::read(&to).unwrap()), (100, noise(100)));
}

#[test]
fn an_id_is_no_path() {
    for id in
        ["../../etc/x", "../../../tmp/evil", "/etc/passwd", "a/../../b", "..", "a\0b", "C:\\x"]
    {
        let name = SafeName::new(id);
        let path = Path::new("/root").join(name.as_str());
        assert_eq!(path.parent(), Some(Path::new("/root")), "{id}: {name}");
        assert!(!matches!(name.as_str(), "" | "." | ".."), "{id}");
    }
}

#[tokio::test]
async fn a_server_does_not_choose_where_a_download_goes() {
    // No header of an answer is looked at for a name: the path is the caller's.
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder().bytes("..%2f..%2fevil", noise(10)).start().unwrap();
    let to = folder.path().join("mine");
    let url = server.file_url("..%252f..%252fevil");
    let _ = quick().build().unwrap().download(&url, &to).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        assert!(entry.unwrap().file_name().to_string_lossy().starts_with("mine"));
    }
}

#[test]
fn settings_shown_hold_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let auth = serde_json::from_value(json!({ "basic": { "user": secret(folder.path()),
        "password": secret(folder.path()) } }));
    let provider = Provider::new("own", "h.example".parse().unwrap()).with_auth(auth.unwrap());
    let builder = quick().provider(provider.clone());
    let access = builder.clone().build().unwrap();
    let shown = format!(
        "{provider:?} {} {builder:?} {access:?}",
        serde_json::to_string(&provider).unwrap()
    );
    assert!(!shown.contains(CANARY), "{shown}");
}

#[tokio::test]
async fn a_token_of_the_query_has_its_configured_name_and_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    server.fault(Fault::on("/files/", FaultKind::status(403)));
    let auth = json!({ "query_token": { "name": "appkey", "value": secret(folder.path()) } });
    let provider = Provider::new("own", server.url().parse().unwrap())
        .with_auth(serde_json::from_value(auth).unwrap())
        .with_insecure_allowed();
    let access = quick().provider(provider).build().unwrap();
    let error = File::open(&access, &server.file_url("a.bin")).await.get(0..10).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY));
    let query = server.requests()[0].query.clone().unwrap();
    assert_eq!(query, format!("appkey={CANARY}"));
}

#[tokio::test]
async fn a_task_that_is_killed_gives_its_slot_back() {
    let server =
        Server::builder().bytes("a.bin", noise(100)).bytes("slow.bin", noise(100)).start().unwrap();
    server.fault(Fault::on("slow", FaultKind::Latency(std::time::Duration::from_secs(600))));
    let access = quick().per_host(1).build().unwrap();
    let slow = File::open(&access, &server.file_url("slow.bin")).await;
    let task = tokio::spawn(async move { slow.get(0..10).await });
    while server.count("/files/slow") == 0 {
        tokio::task::yield_now().await;
    }
    task.abort();
    let file = File::open(&access, &server.file_url("a.bin")).await;
    assert_eq!(file.get(0..10).await.unwrap().unwrap(), noise(10));
}

#[tokio::test]
async fn an_untrusted_item_reaches_no_private_address() {
    // What a service that opens URLs of others sets; commands do not.
    let own = quick().public_hosts_only().build().unwrap();
    for href in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://127.0.0.1:1/",
        "http://0x7f000001/",
        "http://localhost:1/",
    ] {
        let refused = own.get_json(href).await;
        assert!(matches!(refused, Err(Error::NotAllowed { .. })), "{href}: {refused:?}");
    }
    for href in ["file:///etc/passwd", "/etc/passwd", "/vsicurl/http://h", "gopher://h/"] {
        let refused = own.bytes(href, 10).await;
        assert!(matches!(refused, Err(Error::NotAllowed { .. })), "{href}: {refused:?}");
    }
}

#[tokio::test]
async fn a_login_page_is_not_data() {
    let server = Server::builder().require("/stac", Wanted::bearer("x")).start().unwrap();
    let source = StacApi::new(server.stac_url());
    let found = search(&source, &quick().build().unwrap(), &Query::new()).await;
    assert!(matches!(found[..], [Err(Error::Denied { .. })]), "{found:?}");
    server.fault(Fault::on("/", FaultKind::HtmlPage200));
}

#[test]
fn the_tests_that_the_document_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut named = 0;
    for word in text.split('`') {
        let Some((file, test)) = word.split_once("::").filter(|(file, _)| file.ends_with(".rs"))
        else {
            continue;
        };
        let source = std::fs::read_to_string(root.join("crates").join(file))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "{file} has no test {test}");
        named += 1;
    }
    assert!(named >= 30, "{named}");
}
