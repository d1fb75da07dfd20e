//! Credentials by path prefix.

use terracube_testbed::{Auth, Server};

use crate::client::{get, get_with};

#[test]
fn a_prefix_asks_for_its_credentials() {
    let basic = Auth::basic("ann", "s3cret");
    let bearer = Auth::bearer("t0ken");
    let server = Server::builder()
        .bytes("open.tif", &b"open"[..])
        .bytes("in/a.tif", &b"in"[..])
        .require("/files/in/", basic.clone())
        .require("/stac", bearer.clone())
        .start()
        .unwrap();
    let closed = server.file_url("in/a.tif");
    assert_eq!(get(&server.file_url("open.tif")).status, 200);
    let refused = get(&closed);
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, "Basic realm=\"testbed\"")
    );
    let with = |auth: &Auth, url: &str| get_with(url, &[("authorization", &auth.header_value())]);
    assert_eq!(with(&bearer, &closed).status, 401);
    assert_eq!(with(&basic, &closed).status, 200);
    assert_eq!(with(&bearer, &server.stac_url()).status, 200);
    assert_eq!(with(&basic, &server.stac_url()).status, 401);

    let sent: Vec<_> =
        server.requests().iter().map(|r| r.authorization().map(str::to_owned)).collect();
    assert_eq!(sent[..2], [None, None]);
    assert_eq!(sent[3].as_deref(), Some("Basic YW5uOnMzY3JldA=="));
}
