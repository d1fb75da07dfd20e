//! Tokens are asked for once for all tasks, by the forms of RFC 6749, and go to their own hosts.

use std::path::Path;

use base64::Engine as _;
use futures::future::join_all;
use serde_json::{Value, json};
use terracube_source::{Access, AccessBuilder, Auth, Error, Provider, SecretRef};
use terracube_testbed::{Auth as Wanted, Fault, FaultKind, Identity, Request, Server};

use crate::support::{File, noise, quick};

const CANARY: &str = "canary-5d41402abc4b";

fn secret(folder: &Path, text: &str) -> SecretRef {
    let path = folder.join(format!("secret-{}", std::fs::read_dir(folder).unwrap().count()));
    std::fs::write(&path, text).unwrap();
    format!("file:{}", path.display()).parse().unwrap()
}

fn server(identity: Identity) -> Server {
    let server = Server::builder()
        .bytes("a.bin", noise(100))
        .require("/files/", Wanted::Issued)
        .identity(identity);
    server.start().unwrap()
}

fn archive(server: &Server, auth: Value) -> AccessBuilder {
    let auth: Auth = serde_json::from_value(auth).unwrap();
    let provider = Provider::new("archive", format!("{}/files", server.url()).parse().unwrap());
    quick().provider(provider.with_auth(auth).with_insecure_allowed())
}

/// Reads the beginning of the file.
async fn read(access: &Access, server: &Server) -> Result<(), Error> {
    let file = File::open(access, &server.file_url("a.bin")).await;
    assert_eq!(file.get(0..10).await?.unwrap(), noise(10));
    Ok(())
}

fn asked(server: &Server) -> Vec<Request> {
    server.requests().into_iter().filter(|request| request.path == "/token").collect()
}

fn form(request: &Request) -> Value {
    json!(request.form)
}

#[tokio::test]
async fn client_credentials_by_header_and_by_form() {
    let folder = tempfile::tempdir().unwrap();
    let reference = secret(folder.path(), "s:e c%");
    let identity = || Identity::new("my client").with_secret("s:e c%");

    let one = server(identity());
    let oauth2 = json!({ "token_url": one.token_url(), "grant": "client_credentials",
        "client_id": "my client", "client_secret": reference, "scope": "read write" });
    read(&archive(&one, json!({ "oauth2": oauth2 })).build().unwrap(), &one).await.unwrap();
    assert_eq!(
        form(&asked(&one)[0]),
        json!({ "grant_type": "client_credentials", "scope": "read write" })
    );
    // Both parts are encoded as forms are before they are joined (RFC 6749 section 2.3.1):
    // printf 'my+client:s%%3Ae+c%%25' | base64
    assert_eq!(asked(&one)[0].authorization(), Some("Basic bXkrY2xpZW50OnMlM0FlK2MlMjU="));
    assert_eq!(asked(&one)[0].headers["accept"], "application/json");
    let data = one.requests().pop().unwrap();
    assert_eq!(data.authorization(), Some("Bearer token-1"));

    let other = server(identity());
    let oauth2 = json!({ "token_url": other.token_url(), "grant": "client_credentials",
        "client_id": "my client", "client_secret": reference, "client_auth": "body",
        "audience": "https://data.example" });
    read(&archive(&other, json!({ "oauth2": oauth2 })).build().unwrap(), &other).await.unwrap();
    assert_eq!(
        form(&asked(&other)[0]),
        json!({ "grant_type": "client_credentials", "client_id": "my client",
            "client_secret": "s:e c%", "audience": "https://data.example" })
    );
    assert_eq!(asked(&other)[0].authorization(), None);
}

fn with_password(server: &Server, folder: &Path) -> Value {
    json!({ "oauth2": { "token_url": server.token_url(), "grant": "password",
        "client_id": "public", "user": secret(folder, "jane"),
        "password": secret(folder, CANARY) } })
}

fn public() -> Identity {
    Identity::new("public").with_user("jane", CANARY)
}

#[tokio::test]
async fn a_password_goes_with_a_one_time_password() {
    let folder = tempfile::tempdir().unwrap();
    let mut identity = public();
    identity.one_time = Some("totp".to_owned());
    let server = server(identity);
    let mut auth = with_password(&server, folder.path());
    auth["oauth2"]["totp"] = json!({ "secret": secret(folder.path(), "JBSW Y3DP EHPK 3PXP") });
    read(&archive(&server, auth).build().unwrap(), &server).await.unwrap();
    let mut sent = form(&asked(&server)[0]);
    let code = sent.as_object_mut().unwrap().remove("totp").unwrap();
    assert!(code.as_str().is_some_and(|code| code.len() == 6));
    assert_eq!(
        sent,
        json!({ "grant_type": "password", "client_id": "public",
            "username": "jane", "password": CANARY })
    );
}

#[tokio::test]
async fn all_tasks_share_one_token_and_one_renewal() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(public());
    let access = archive(&server, with_password(&server, folder.path())).build().unwrap();
    for round in 1..=3 {
        let tasks = (0..20).map(|_| read(&access, &server));
        assert!(join_all(tasks).await.iter().all(Result::is_ok));
        assert_eq!(asked(&server).len(), round, "round {round}");
        // From now on they are refused with 401.
        server.revoke_tokens();
    }
    let refreshed = asked(&server);
    assert_eq!(
        form(&refreshed[1]),
        json!({ "grant_type": "refresh_token", "refresh_token": "refresh-1",
            "client_id": "public" })
    );
    // The refresh token of the last answer, as servers give each once.
    assert_eq!(refreshed[2].form.as_ref().unwrap()["refresh_token"], "refresh-2");
}

#[tokio::test]
async fn a_token_refused_twice_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(public());
    server.fault(Fault::on("/files/", FaultKind::status(401)));
    let access = archive(&server, with_password(&server, folder.path())).build().unwrap();
    let refused = read(&access, &server).await;
    assert!(matches!(refused, Err(Error::Denied { status: 401, .. })), "{refused:?}");
    assert_eq!((server.count("/files/"), asked(&server).len()), (2, 2));
}

#[tokio::test]
async fn a_refresh_token_that_is_refused_gives_way_to_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(public());
    let access = archive(&server, with_password(&server, folder.path())).build().unwrap();
    read(&access, &server).await.unwrap();
    server.revoke_tokens();
    server.fault(Fault::on("/token", FaultKind::status(400)).times(1));
    read(&access, &server).await.unwrap();
    let grants: Vec<_> = asked(&server)
        .iter()
        .map(|request| request.form.as_ref().unwrap()["grant_type"].clone())
        .collect();
    assert_eq!(grants, ["password", "refresh_token", "password"]);
}

#[tokio::test]
async fn a_declared_refresh_token_is_exchanged() {
    let folder = tempfile::tempdir().unwrap();
    let mut identity = Identity::new("public");
    identity.refresh_token = Some(CANARY.to_owned());
    let server = server(identity);
    let auth = json!({ "oauth2": { "token_url": server.token_url(), "grant": "refresh_token",
        "client_id": "public", "refresh_token": secret(folder.path(), CANARY) } });
    read(&archive(&server, auth).build().unwrap(), &server).await.unwrap();
    assert_eq!(
        form(&asked(&server)[0]),
        json!({ "grant_type": "refresh_token", "refresh_token": CANARY, "client_id": "public" })
    );
}

#[tokio::test]
async fn a_refusal_is_asked_for_once_and_shows_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    // Another password; its answer repeats what it was sent.
    let server = server(Identity::new("public").with_user("jane", "other"));
    let access = archive(&server, with_password(&server, folder.path())).build().unwrap();
    let tasks = (0..20).map(|_| read(&access, &server));
    for refused in join_all(tasks).await {
        let error = refused.unwrap_err();
        assert!(matches!(&error, Error::Token { transient: false, .. }), "{error:?}");
        let shown = format!("{error} {error:?} {access:?}");
        assert!(shown.contains("invalid_grant") && !shown.contains(CANARY), "{shown}");
    }
    assert_eq!((asked(&server).len(), server.count("/files/")), (1, 0));
}

#[tokio::test]
async fn an_endpoint_that_is_busy_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(public());
    server.fault(Fault::on("/token", FaultKind::status_retry_after(503, 0)).times(2));
    let access = archive(&server, with_password(&server, folder.path())).build().unwrap();
    read(&access, &server).await.unwrap();
    assert_eq!(asked(&server).len(), 3);
}

#[tokio::test]
async fn an_endpoint_that_redirects_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let other = server(public());
    let own = server(public());
    own.fault(Fault::on("/token", FaultKind::Redirect(other.token_url())));
    let access = archive(&own, with_password(&own, folder.path())).build().unwrap();
    let error = read(&access, &own).await.unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
    assert_eq!(other.count("/"), 0);
}

#[tokio::test]
async fn an_answer_that_is_no_bearer_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(public());
    server.fault(Fault::on("/token", FaultKind::HtmlPage200));
    let access = archive(&server, with_password(&server, folder.path())).build().unwrap();
    let error = read(&access, &server).await.unwrap_err();
    assert!(error.to_string().contains("no token"), "{error}");
}

#[tokio::test]
async fn a_token_does_not_leave_its_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let other = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    let own = server(public());
    own.fault(Fault::on("/files/", FaultKind::Redirect(other.file_url("a.bin"))));
    let access = archive(&own, with_password(&own, folder.path())).build().unwrap();
    read(&access, &own).await.unwrap();
    assert_eq!(own.requests()[1].authorization(), Some("Bearer token-1"));
    assert_eq!(other.requests()[0].authorization(), None);
    // The token endpoint gets no token either, though it has the same host.
    assert_eq!(asked(&own)[0].authorization(), None);
    // A signed URL goes without.
    own.clear_faults();
    let file = File::open(&access, &format!("{}?sig=1", own.file_url("a.bin"))).await;
    assert!(file.get(0..10).await.is_err());
    assert_eq!(own.requests().pop().unwrap().authorization(), None);
}

#[test]
fn what_cannot_be_asked_for_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = secret(folder.path(), "x");
    let build = |oauth2: Value| {
        let auth: Auth = serde_json::from_value(json!({ "oauth2": oauth2 })).unwrap();
        let provider = Provider::new("archive", "h.example".parse().unwrap()).with_auth(auth);
        quick().provider(provider).build().unwrap_err().to_string()
    };
    let https = "https://h.example/token";
    let said = build(json!({ "token_url": "http://h.example/token", "client_id": "c",
        "grant": "client_credentials", "client_secret": text }));
    assert!(said.contains("not https"), "{said}");
    for (grant, missing) in [
        ("client_credentials", "client_secret"),
        ("password", "user"),
        ("refresh_token", "refresh_token"),
    ] {
        let said = build(json!({ "token_url": https, "client_id": "c", "grant": grant }));
        assert!(said.contains(missing), "{said}");
    }
    let said = build(json!({ "token_url": https, "client_id": "c", "grant": "password",
        "user": text, "password": text, "totp": { "secret": secret(folder.path(), "0189") } }));
    assert!(said.contains("base32"), "{said}");
}

#[tokio::test]
async fn processes_share_a_token_by_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    let server = server(public());
    let auth = with_password(&server, folder.path());
    // Each access stands for a process: they share nothing but the folder.
    let new = || archive(&server, auth.clone()).token_folder(&tokens).build().unwrap();
    let all: Vec<Access> = (0..5).map(|_| new()).collect();
    let tasks = all.iter().map(|access| read(access, &server));
    assert!(join_all(tasks).await.iter().all(Result::is_ok));
    assert_eq!(asked(&server).len(), 1);

    // One of them finds the token refused; the others take the one that it got.
    server.revoke_tokens();
    for access in &all {
        read(access, &server).await.unwrap();
    }
    assert_eq!(asked(&server).len(), 2);
    assert_eq!(asked(&server)[1].form.as_ref().unwrap()["refresh_token"], "refresh-1");

    let file = std::fs::read_dir(&tokens)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "json"))
        .unwrap();
    assert!(std::fs::read_to_string(&file).unwrap().contains("token-2"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&tokens)), (0o600, 0o700));
        // What others could have written is not used.
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        read(&new(), &server).await.unwrap();
        assert_eq!(asked(&server).len(), 3);
        assert_eq!(mode(&file), 0o600);
    }
}

#[tokio::test]
async fn a_service_account_shows_a_signed_assertion() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(Identity::new("nobody"));
    let key = server.service_account();
    let auth = json!({ "service_account": { "key": secret(folder.path(), &key.to_string()),
        "scopes": ["https://www.googleapis.com/auth/earthengine", "b"] } });
    let access = archive(&server, auth).build().unwrap();
    let tasks = (0..5).map(|_| read(&access, &server));
    assert!(join_all(tasks).await.iter().all(Result::is_ok));
    assert_eq!(asked(&server).len(), 1);
    let form = asked(&server)[0].form.clone().unwrap();
    assert_eq!(form.len(), 2);
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let parts: Vec<Vec<u8>> = form["assertion"]
        .split('.')
        .map(|part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap())
        .collect();
    let [head, claims] = [0, 1].map(|n| serde_json::from_slice::<Value>(&parts[n]).unwrap());
    assert_eq!(head, json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }));
    assert_eq!(claims["iss"], "robot@project.example");
    assert_eq!(claims["scope"], "https://www.googleapis.com/auth/earthengine b");
    assert_eq!(claims["aud"], json!(server.token_url()));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);
    assert_eq!(parts[2].len(), 256);
}

#[cfg(unix)]
#[tokio::test]
async fn netrc_gives_each_host_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("netrc");
    let write = |text: String, mode| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    };
    let server = Server::builder()
        .bytes("a.bin", noise(100))
        .require("/files/", Wanted::basic("jane", CANARY))
        .start()
        .unwrap();
    let build = || archive(&server, json!({ "netrc": { "path": path } })).build();
    write(format!("machine 127.0.0.1 login jane password {CANARY}"), 0o600);
    read(&build().unwrap(), &server).await.unwrap();

    server.reset();
    for other in ["machine 127.0.0.10", "machine evil-127.0.0.1", "default"] {
        write(format!("{other} login jane password {CANARY}"), 0o600);
        let refused = read(&build().unwrap(), &server).await;
        assert!(matches!(refused, Err(Error::Denied { .. })), "{other}: {refused:?}");
    }
    assert!(server.requests().iter().all(|request| request.authorization().is_none()));

    write(format!("machine 127.0.0.1 login jane password {CANARY}"), 0o644);
    let error = build().unwrap_err().to_string();
    assert!(error.contains("chmod 600") && !error.contains(CANARY), "{error}");
}

#[tokio::test]
async fn earthdata_logs_in_once_and_its_password_stays_at_the_login_host() {
    let folder = tempfile::tempdir().unwrap();
    let login =
        Server::builder().require("/oauth/", Wanted::basic("jane", CANARY)).start().unwrap();
    let bucket = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    let session = Wanted::Session { login: login.url().to_owned() };
    let data =
        Server::builder().bytes("a.bin", noise(100)).require("/files/", session).start().unwrap();
    let auth = json!({ "earthdata": { "user": secret(folder.path(), "jane"),
        "password": secret(folder.path(), CANARY), "login": login.url() } });
    let auth: Auth = serde_json::from_value(auth).unwrap();
    let provider = Provider::new("daac", data.url().parse().unwrap());
    let provider = provider.with_auth(auth).with_insecure_allowed();
    let access = quick().provider(provider).build().unwrap();

    let tasks = (0..10).map(|_| read(&access, &data));
    assert!(join_all(tasks).await.iter().all(Result::is_ok));
    assert_eq!((login.count("/oauth/"), data.count("/login"), data.count("/files/")), (1, 1, 11));
    // As the data hosts do for what lies in buckets.
    data.fault(Fault::on("/files/", FaultKind::Redirect(bucket.file_url("a.bin?sig=1"))));
    read(&access, &data).await.unwrap();
    assert_eq!(login.count("/oauth/"), 1);

    assert!(login.requests().iter().all(|request| !request.headers.contains_key("cookie")));
    assert!(data.requests().iter().all(|request| request.authorization().is_none()));
    for request in bucket.requests() {
        assert_eq!(request.authorization(), None);
        assert!(!request.headers.contains_key("cookie"));
    }
}
