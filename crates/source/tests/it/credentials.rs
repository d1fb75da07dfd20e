//! Credentials go to their own hosts only, and are never shown.

use std::path::Path;

use serde_json::json;
use terracube_source::{Access, Auth, Error, Provider, Query, Registry, SecretRef, StacApi};
use terracube_testbed::{Auth as Wanted, Fault, FaultKind, Server};

use crate::support::{File, answer, answering, noise, quick, search};

const CANARY: &str = "canary-5d41402abc4b";

/// The canary in a file, and the reference to it.
fn secret(folder: &Path) -> SecretRef {
    let path = folder.join("secret");
    std::fs::write(&path, format!("{CANARY}\n")).unwrap();
    format!("file:{}", path.display()).parse().unwrap()
}

fn all_kinds(secret: &SecretRef) -> Vec<Auth> {
    vec![
        serde_json::from_value(json!({ "bearer": { "token": secret } })).unwrap(),
        serde_json::from_value(json!({ "basic": { "user": secret, "password": secret } })).unwrap(),
        serde_json::from_value(json!({ "header": { "name": "Cookie", "value": secret } })).unwrap(),
        serde_json::from_value(json!({ "query_token": { "name": "key", "value": secret } }))
            .unwrap(),
    ]
}

fn access_with(server: &Server, auth: Auth) -> Access {
    let provider = Provider::new("archive", server.url().parse().unwrap())
        .with_auth(auth)
        .with_insecure_allowed();
    quick().provider(provider).build().unwrap()
}

/// Whether any request that reached the server has the canary, plain or encoded, or any
/// credentials at all.
fn leaked(server: &Server) -> bool {
    server.requests().iter().any(|request| {
        format!("{request:?}").contains(CANARY)
            || request.authorization().is_some()
            || request.headers.contains_key("cookie")
    })
}

#[tokio::test]
async fn the_own_host_gets_them() {
    let folder = tempfile::tempdir().unwrap();
    let reference = secret(folder.path());
    let server = Server::builder()
        .bytes("a.bin", noise(100))
        .require("/files/", Wanted::bearer(CANARY))
        .start()
        .unwrap();
    let access = access_with(&server, all_kinds(&reference).remove(0));
    let file = File::open(&access, &server.file_url("a.bin")).await;
    assert_eq!(file.get(0..10).await.unwrap().unwrap(), noise(10));

    let without = crate::support::access();
    let error = File::open(&without, &server.file_url("a.bin")).await.get(0..10).await;
    assert!(matches!(error, Err(Error::Denied { status: 401, .. })), "{error:?}");
}

#[tokio::test]
async fn a_refusal_that_repeats_them_does_not_show_them() {
    let folder = tempfile::tempdir().unwrap();
    let reference = secret(folder.path());
    let mut kinds = all_kinds(&reference);
    kinds.push(
        serde_json::from_value(json!({ "aws": { "region": "us-west-2", "key_id": reference,
            "secret_key": reference, "session_token": reference } }))
        .unwrap(),
    );
    for auth in kinds {
        let url = answering(|_, head| {
            let said = "<Error><Code>ExpiredToken</Code><Message>no band B99</Message>";
            answer("400 Bad Request", "application/xml", &format!("{said}<Sent>{head}</Sent>"))
        });
        let provider = Provider::new("archive", url.parse().unwrap());
        let provider = provider.with_auth(auth.clone()).with_insecure_allowed();
        let access = quick().provider(provider).build().unwrap();
        let file = File::open(&access, &format!("{url}/a.bin?sig={CANARY}")).await;
        let error = file.get(0..10).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("ExpiredToken") && shown.contains("no band B99"), "{shown}");
        // printf 'canary-5d41402abc4b:canary-5d41402abc4b' | base64
        for secret in [CANARY, "5d41402abc4b", "Y2FuYXJ5LTVkNDE0MDJhYmM0Yjpj", "Signature=a"] {
            assert!(!shown.contains(secret), "{auth:?}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_does_not_carry_them() {
    let folder = tempfile::tempdir().unwrap();
    let reference = secret(folder.path());
    for auth in all_kinds(&reference) {
        let other = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
        let own = Server::builder().start().unwrap();
        // Some servers copy the query, the token in it, into where they redirect to.
        let to = format!("{}?key={CANARY}&x=1", other.file_url("a.bin"));
        own.fault(Fault::on("/files/", FaultKind::Redirect(to)));
        let access = access_with(&own, auth.clone());
        let file = File::open(&access, &own.file_url("a.bin")).await;
        assert_eq!(file.get(0..10).await.unwrap().unwrap(), noise(10));
        assert_eq!(other.count("/files/"), 1);
        if matches!(auth, Auth::QueryToken { .. }) {
            assert!(!leaked(&other), "{auth:?}");
            assert_eq!(other.requests()[0].query.as_deref(), Some("x=1"));
            assert!(own.requests()[0].query.as_deref().unwrap().contains(CANARY));
        } else {
            let request = &other.requests()[0];
            assert_eq!(request.authorization(), None, "{auth:?}");
            assert!(!request.headers.contains_key("cookie"), "{auth:?}");
        }
    }
}

#[tokio::test]
async fn another_host_never_gets_them() {
    let folder = tempfile::tempdir().unwrap();
    let reference = secret(folder.path());
    let own = Server::builder().start().unwrap();
    let other = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    for auth in all_kinds(&reference) {
        let access = access_with(&own, auth);
        // Same address, another port; and the own host as a user name.
        let file = File::open(&access, &other.file_url("a.bin")).await;
        file.get(0..10).await.unwrap();
        let posed = other.file_url("a.bin").replace("http://", "http://127.0.0.1@");
        let refused = File::open(&access, &posed).await.get(0..10).await;
        assert!(matches!(refused, Err(Error::NotAllowed { .. })), "{refused:?}");
    }
    assert!(!leaked(&other));
}

#[tokio::test]
async fn a_signed_url_goes_without_authorization() {
    let folder = tempfile::tempdir().unwrap();
    let reference = secret(folder.path());
    let server = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    let access = access_with(&server, all_kinds(&reference).remove(0));
    for query in ["?X-Amz-Signature=1", "?sig=1", "?Signature=1"] {
        let file = File::open(&access, &format!("{}{query}", server.file_url("a.bin"))).await;
        file.get(0..10).await.unwrap();
    }
    assert!(!leaked(&server));
}

#[tokio::test]
async fn they_do_not_go_over_http_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let reference = secret(folder.path());
    let server = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    let provider = Provider::new("archive", server.url().parse().unwrap())
        .with_auth(all_kinds(&reference).remove(0));
    let access = quick().provider(provider).build().unwrap();
    let refused = File::open(&access, &server.file_url("a.bin")).await.get(0..10).await;
    assert!(matches!(refused, Err(Error::NotAllowed { .. })), "{refused:?}");
    assert_eq!(server.count("/"), 0);
}

#[tokio::test]
async fn endless_redirects_end() {
    let server = Server::builder().start().unwrap();
    server.fault(Fault::on("/files/", FaultKind::Redirect(server.file_url("b.bin"))));
    let file = File::open(&crate::support::access(), &server.file_url("a.bin")).await;
    assert!(matches!(file.get(0..10).await, Err(Error::NotAllowed { .. })));
    assert_eq!(server.count("/files/"), 6);
}

#[tokio::test]
async fn a_redirect_to_a_file_or_another_scheme_is_refused() {
    for to in ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"] {
        let server = Server::builder().start().unwrap();
        server.fault(Fault::on("/files/", FaultKind::Redirect(to.to_owned())));
        let access = quick().allow_files("/").build().unwrap();
        let found = File::open(&access, &server.file_url("a.bin")).await.get(0..10).await;
        assert!(matches!(found, Err(Error::NotAllowed { .. })), "{to}: {found:?}");
    }
}

#[tokio::test]
async fn no_message_shows_them() {
    let folder = tempfile::tempdir().unwrap();
    let reference = secret(folder.path());
    let mut shown = String::new();
    for auth in all_kinds(&reference) {
        for kind in [
            FaultKind::status(400),
            FaultKind::status(403),
            FaultKind::status(404),
            FaultKind::status(503),
            FaultKind::CutBody { after: 1 },
            FaultKind::HtmlPage200,
            FaultKind::Redirect(format!("http://127.0.0.1:1/?key={CANARY}")),
            FaultKind::Redirect(format!("ftp://u:{CANARY}@127.0.0.1/?token={CANARY}")),
        ] {
            let server = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
            server.fault(Fault::on("/", kind));
            let access = access_with(&server, auth.clone());
            let url = format!("{}?token={CANARY}&sig={CANARY}", server.file_url("a.bin"));
            let file = File::open(&access, &url).await;
            shown += &format!("{:?} {access:?} {:?}", file.get(0..10).await, file.store);
            let error = access.get_json(&url).await.unwrap_err();
            shown += &format!("{error} {error:?}");
            let error = access.download(&url, &folder.path().join("d")).await;
            shown += &format!("{error:?}");
        }
        let builder = quick()
            .provider(Provider::new("x", "h.example".parse().unwrap()).with_auth(auth.clone()));
        shown += &format!("{auth:?} {builder:?}");
    }
    let user_in_url = format!("https://user:{CANARY}@h.example/?sig={CANARY}");
    for source in [json!({ "url": user_in_url, "headers": { "X-Key": CANARY } })] {
        let registry = Registry::empty().with::<StacApi>();
        let source = registry.connect("stac-api", source).unwrap();
        shown += &source.describe();
        let found = search(&*source, &crate::support::access(), &Query::new()).await;
        shown += &format!("{found:?}");
    }
    assert!(!shown.contains(CANARY), "{shown}");
}

#[test]
fn inline_secrets_are_refused_without_being_shown() {
    let error = CANARY.parse::<SecretRef>().unwrap_err();
    assert!(!error.to_string().contains(CANARY));
    let provider = json!({ "name": "a", "hosts": ["h.example"],
        "auth": { "bearer": { "token": CANARY } } });
    let error = serde_json::from_value::<Provider>(provider).unwrap_err();
    assert!(error.to_string().contains("env:NAME") && !error.to_string().contains(CANARY));
    let missing: SecretRef = "env:TERRACUBE_NO_SUCH_VARIABLE".parse().unwrap();
    assert!(matches!(missing.fetch(), Err(Error::Secret { .. })));
}
