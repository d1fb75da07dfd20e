//! Files over SFTP, from asyncssh.

use serde_json::json;
use terracube_source::{Access, Error, Files, Provider, Query};
use terracube_store::ByteRequest;

use crate::archive;
use crate::remote_server::RemoteServer;
use crate::support::{File, ids, noise, quick};

const USER: &str = "reader";
const PASSWORD: &str = "canary-of-sftp";

pub(crate) fn server() -> Option<RemoteServer> {
    server_with(&[])
}

fn server_with(flags: &[&str]) -> Option<RemoteServer> {
    RemoteServer::start("sftp.py", &[&[USER, PASSWORD], flags].concat(), |root| {
        archive::write(root);
        std::fs::write(root.join("a.bin"), noise(3_000_000)).unwrap();
    })
}

/// Writes `known_hosts` with these of the server's keys: 0 is Ed25519, 1 ECDSA.
fn know(server: &RemoteServer, keys: &[usize]) -> std::path::PathBuf {
    let parts: Vec<&str> = server.greeting.split(';').collect();
    let lines: String =
        keys.iter().map(|key| format!("[127.0.0.1]:{} {}\n", parts[0], parts[key + 1])).collect();
    let path = server.beside("known_hosts");
    std::fs::write(&path, format!("# hosts\n{lines}")).unwrap();
    path
}

pub(crate) fn access_to(server: &RemoteServer) -> Access {
    let provider = server.provider("sftp", USER, PASSWORD);
    quick().provider(provider).known_hosts(know(server, &[0, 1])).build().unwrap()
}

#[tokio::test]
async fn bytes_come_in_ranges() {
    let Some(server) = server() else { return };
    let bytes = noise(3_000_000);
    let access = access_to(&server);
    let file = File::open(&access, &format!("{}/a.bin", server.url("sftp"))).await;
    assert_eq!(file.get(5..25).await.unwrap().unwrap(), bytes[5..25]);
    assert_eq!(file.get(ByteRequest::Suffix(100)).await.unwrap().unwrap(), bytes[2_999_900..]);
    assert!(file.get(ByteRequest::All).await.unwrap().unwrap() == bytes);
    assert_eq!(file.store.size(&file.key).await.unwrap(), Some(3_000_000));
    let none = File::open(&access, &format!("{}/none.bin", server.url("sftp"))).await;
    assert_eq!(none.get(0..10).await.unwrap(), None);
    let to = server.beside("copy.bin");
    let url = format!("{}/a.bin", server.url("sftp"));
    assert_eq!(access.download(&url, &to).await.unwrap().bytes, 3_000_000);
    assert!(std::fs::read(&to).unwrap() == bytes);
    std::fs::write(server.root().join("a.bin"), noise(2_000_000)).unwrap();
    assert!(matches!(file.get(0..10).await, Err(Error::Changed { .. })));
}

#[tokio::test]
async fn folders_are_listed_and_walked() {
    let Some(server) = server() else { return };
    #[cfg(unix)]
    std::os::unix::fs::symlink("2020", server.root().join("sst/latest")).unwrap();
    let access = access_to(&server);
    let entries = access.list(&format!("{}/sst", server.url("sftp")), "").await.unwrap();
    let names: Vec<_> = entries.iter().map(|one| (&*one.name, one.is_folder, one.size)).collect();
    assert_eq!(
        names,
        [
            ("2019", true, None),
            ("2020", true, None),
            ("latest", true, None),
            ("readme.txt", false, Some(7))
        ]
    );
    let source = Files::new(&format!("{}/{}", server.url("sftp"), archive::TEMPLATE)).unwrap();
    let time = terracube_grid::TimeRange::parse("2020-02-29").unwrap();
    let before = access.stats().requests;
    assert_eq!(ids(&source, &access, &Query::new().time(time)).await.len(), 2);
    assert_eq!(access.stats().requests - before, 3, "the root, the year, the day");
}

#[tokio::test]
async fn a_session_is_for_the_places_of_its_provider() {
    let Some(server) = server() else { return };
    let mut provider = server.provider("sftp", USER, PASSWORD);
    provider.hosts = vec![format!("{}/sst", server.url("sftp")).parse().unwrap()];
    let access = quick().provider(provider).known_hosts(know(&server, &[0, 1])).build().unwrap();
    let inside = format!("{}/sst/readme.txt", server.url("sftp"));
    assert_eq!(access.bytes(&inside, 100).await.unwrap(), "no data");
    let outside = access.bytes(&format!("{}/a.bin", server.url("sftp")), 1 << 30).await;
    assert!(matches!(outside, Err(Error::Denied { .. })), "{outside:?}");
}

#[tokio::test]
async fn a_file_that_ends_early_is_read_again() {
    let Some(server) = server_with(&["cut"]) else { return };
    let access = access_to(&server);
    let file = File::open(&access, &format!("{}/a.bin", server.url("sftp"))).await;
    let found = file.get(50_000..1_000_000).await.unwrap().unwrap();
    assert!(found == noise(3_000_000)[50_000..1_000_000]);
    assert_eq!(access.stats().retries, 1);
}

#[tokio::test]
async fn a_listing_that_never_ends_is_left() {
    let Some(server) = server_with(&["endless"]) else { return };
    let access = access_to(&server);
    let error = access.list(&format!("{}/sst", server.url("sftp")), "").await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { purpose: "a listing", .. }), "{error}");
    // The session still serves.
    let url = format!("{}/sst/readme.txt", server.url("sftp"));
    assert_eq!(access.bytes(&url, 100).await.unwrap(), "no data");
}

#[tokio::test]
async fn a_host_whose_key_is_not_known_is_refused() {
    let Some(server) = server() else { return };
    let provider = server.provider("sftp", USER, PASSWORD);
    let url = format!("{}/a.bin", server.url("sftp"));
    let access = quick().provider(provider).known_hosts(know(&server, &[])).build().unwrap();
    let error = access.bytes(&url, 1 << 30).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::NotAllowed { .. }), "{text}");
    assert!(text.contains("SHA256:") && text.contains("known_hosts"), "{text}");
    assert!(text.contains("ssh-keyscan -p ") && !text.contains("canary"), "{text}");
    assert_eq!(access.stats().requests, 1, "it is not tried again");
}

#[tokio::test]
async fn a_host_whose_key_changed_is_refused_with_the_line() {
    let (Some(server), Some(other)) = (server(), server()) else { return };
    let of_other: Vec<&str> = other.greeting.split(';').collect();
    let port = server.greeting.split(';').next().unwrap();
    let known = server.beside("known_hosts");
    std::fs::write(&known, format!("# hosts\n[127.0.0.1]:{port} {}\n", of_other[1])).unwrap();
    let provider = server.provider("sftp", USER, PASSWORD);
    let access = quick().provider(provider).known_hosts(&known).build().unwrap();
    let url = format!("{}/a.bin", server.url("sftp"));
    let text = access.bytes(&url, 1 << 30).await.unwrap_err().to_string();
    assert!(text.contains("line 2 of") && text.contains("ask who runs it"), "{text}");
}

#[tokio::test]
async fn of_several_host_keys_the_one_that_is_known_counts() {
    let Some(server) = server() else { return };
    for key in [0, 1] {
        let provider = server.provider("sftp", USER, PASSWORD);
        let known = know(&server, &[key]);
        let access = quick().provider(provider).known_hosts(known).build().unwrap();
        let url = format!("{}/sst/readme.txt", server.url("sftp"));
        assert_eq!(access.bytes(&url, 100).await.unwrap(), "no data");
    }
}

#[tokio::test]
async fn a_private_key_lets_one_in_and_a_wrong_password_does_not() {
    let Some(server) = server() else { return };
    let url = format!("{}/sst/readme.txt", server.url("sftp"));
    let known = know(&server, &[0]);
    let user = String::from(server.secret("user", USER));
    let key = format!("file:{}", server.beside("root.key").display());
    let provider: Provider = serde_json::from_value(json!({
        "name": "archive", "hosts": [server.url("sftp")],
        "auth": { "ssh_key": { "user": user, "key": key } }
    }))
    .unwrap();
    let access = quick().provider(provider).known_hosts(&known).build().unwrap();
    assert_eq!(access.bytes(&url, 100).await.unwrap(), "no data");

    let wrong = server.provider("sftp", USER, "canary-wrong");
    let access = quick().provider(wrong).known_hosts(&known).build().unwrap();
    let error = access.bytes(&url, 100).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    let nobody = quick().known_hosts(&known).build().unwrap();
    assert!(matches!(nobody.bytes(&url, 100).await, Err(Error::Denied { .. })));
}

#[tokio::test]
async fn many_share_a_session_and_one_that_broke_is_made_anew() {
    let Some(mut server) = server() else { return };
    let access = access_to(&server);
    let file = File::open(&access, &format!("{}/a.bin", server.url("sftp"))).await;
    // Many at once share one session.
    let parts: Vec<_> = (0..20).map(|n| ByteRequest::from(n * 100_000..n * 100_000 + 10)).collect();
    assert_eq!(file.parts(&parts).await.unwrap().len(), 20);
    assert_eq!(server.printed(), ["connection"]);
    server.tell("break");
    for n in 0..20 {
        let start = n * 100_000;
        let found = file.get(start..start + 10).await.unwrap().unwrap();
        assert_eq!(found, noise(3_000_000)[start as usize..start as usize + 10]);
        // Until the break has come.
        if server.printed().len() > 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(server.printed().len(), 2);
}
