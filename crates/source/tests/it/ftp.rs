//! Files over FTP and FTPS, from pyftpdlib.

use terracube_source::{Access, Asset, Error, Files, Opened, Query, Verified};
use terracube_store::ByteRequest;

use crate::archive;
use crate::remote_server::RemoteServer;
use crate::support::{File, ids, noise, quick, unboxed};

const USER: &str = "reader";
const PASSWORD: &str = "canary-of-ftp";

fn server(flags: &[&str]) -> Option<RemoteServer> {
    let arguments = [&[USER, PASSWORD], flags].concat();
    RemoteServer::start("ftp.py", &arguments, |root| {
        archive::write(root);
        std::fs::write(root.join("a.bin"), noise(3_000_000)).unwrap();
    })
}

fn access_to(server: &RemoteServer, scheme: &str) -> Access {
    let mut provider = server.provider(scheme, USER, PASSWORD);
    let mut builder = quick();
    if scheme == "ftps" {
        builder = builder.trust(server.beside("root.pem"));
    } else {
        provider = provider.with_insecure_allowed();
    }
    builder.provider(provider).build().unwrap()
}

#[tokio::test]
async fn bytes_come_in_ranges() {
    for (scheme, flags) in [("ftp", &[][..]), ("ftps", &["tls"][..])] {
        let Some(server) = server(flags) else { return };
        let bytes = noise(3_000_000);
        let access = access_to(&server, scheme);
        let file = File::open(&access, &format!("{}/a.bin", server.url(scheme))).await;
        assert_eq!(file.get(5..25).await.unwrap().unwrap(), bytes[5..25], "{scheme}");
        assert_eq!(file.get(ByteRequest::Suffix(100)).await.unwrap().unwrap(), bytes[2_999_900..]);
        assert!(file.get(ByteRequest::All).await.unwrap().unwrap() == bytes);
        let parts = [1_000_000..1_000_010, 7..9, 2_999_999..3_000_000];
        let found = file.parts(&parts.clone().map(ByteRequest::from)).await.unwrap();
        for (range, part) in parts.into_iter().zip(found) {
            assert_eq!(part.unwrap(), bytes[range.start as usize..range.end as usize]);
        }
        assert_eq!(file.store.size(&file.key).await.unwrap(), Some(3_000_000));
        assert!(file.get(3_000_000..3_000_001).await.is_err());
        // A transfer that is stopped half-way leaves the connection usable.
        let logins = server.printed().iter().filter(|line| line.starts_with("USER")).count();
        assert!(logins <= 3, "{logins} logins for {} requests", access.stats().requests);
        let none = File::open(&access, &format!("{}/none.bin", server.url(scheme))).await;
        assert_eq!(none.get(0..10).await.unwrap(), None);
    }
}

#[tokio::test]
async fn folders_are_listed_and_walked() {
    let Some(server) = server(&["tls"]) else { return };
    let access = access_to(&server, "ftps");
    let entries = access.list(&format!("{}/sst", server.url("ftps")), "").await.unwrap();
    let names: Vec<_> = entries.iter().map(|one| (&*one.name, one.is_folder, one.size)).collect();
    assert_eq!(names, [("2019", true, None), ("2020", true, None), ("readme.txt", false, Some(7))]);
    assert!(entries[2].modified.is_some());
    let source = Files::new(&format!("{}/{}", server.url("ftps"), archive::TEMPLATE)).unwrap();
    let time = terracube_grid::TimeRange::parse("2020-02-29").unwrap();
    assert_eq!(ids(&source, &access, &Query::new().time(time)).await.len(), 2);
    let listed: Vec<String> =
        server.printed().into_iter().filter(|line| line.starts_with("MLSD")).collect();
    assert_eq!(listed, ["MLSD sst", "MLSD sst", "MLSD sst/2020", "MLSD sst/2020/060"]);
}

#[tokio::test]
async fn an_old_server_is_listed_but_not_read_in_parts() {
    let Some(server) = server(&["old"]) else { return };
    let access = access_to(&server, "ftp");
    let entries = access.list(&format!("{}/sst", server.url("ftp")), "").await.unwrap();
    let names: Vec<_> = entries.iter().map(|one| (&*one.name, one.is_folder, one.size)).collect();
    assert_eq!(names, [("2019", true, None), ("2020", true, None), ("readme.txt", false, Some(7))]);
    let file = File::open(&access, &format!("{}/a.bin", server.url("ftp"))).await;
    assert!(file.get(0..10).await.unwrap().unwrap() == noise(10));
    assert!(matches!(file.get(10..20).await, Err(Error::NoRanges { .. })));
    assert!(file.get(ByteRequest::All).await.unwrap().unwrap() == noise(3_000_000));
}

#[tokio::test]
async fn a_whole_file_is_downloaded_and_compared() {
    let Some(server) = server(&["tls"]) else { return };
    let access = access_to(&server, "ftps");
    let to = server.beside("copy.bin");
    let url = format!("{}/a.bin", server.url("ftps"));
    let done = access.download(&url, &to).await.unwrap();
    assert_eq!(done.bytes, 3_000_000);
    assert!(std::fs::read(&to).unwrap() == noise(3_000_000));
    assert!(!server.beside("copy.bin.part").exists());
}

#[tokio::test]
async fn a_whole_file_takes_one_transfer_from_its_beginning() {
    let Some(server) = server(&["old"]) else { return };
    // More than is read at once.
    std::fs::write(server.root().join("b.bin"), noise(9_000_000)).unwrap();
    let access = access_to(&server, "ftp");
    let (url, to) = (format!("{}/b.bin", server.url("ftp")), server.beside("copy.bin"));
    let mut asset = Asset::new("b", url.clone());
    asset.size = Some(9_000_000);
    // The checksum by `sha256sum`, as multihash.
    asset.checksum = Some(format!("1220{}", sha256(&server.root().join("b.bin"))));
    let done = access.download_asset(&asset, &to).await.unwrap();
    assert_eq!((done.bytes, done.verified), (9_000_000, Verified::Checksum("sha2-256")));
    assert!(std::fs::read(&to).unwrap() == noise(9_000_000));
    assert!(access.bytes(&url, 1 << 30).await.unwrap() == noise(9_000_000));
    let transfers = server.printed().iter().filter(|line| line.starts_with("RETR")).count();
    assert_eq!(transfers, 2);
}

/// What another program says of a file.
fn sha256(path: &std::path::Path) -> String {
    let output = std::process::Command::new(std::env::var_os("TERRACUBE_PYTHON").unwrap())
        .args(["-c", "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"])
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn the_size_that_a_source_gave_is_compared_in_ranges_too() {
    let Some(server) = server(&[]) else { return };
    let access = access_to(&server, "ftp");
    let mut asset = Asset::new("a", format!("{}/a.bin", server.url("ftp")));
    asset.size = Some(3_000_001);
    let Opened::Bytes { store, key } = access.ranged_asset(&asset).await.unwrap() else { panic!() };
    let error = store.get(&key, (0..10).into()).await.unwrap_err();
    assert!(matches!(unboxed(error), Error::Mismatch { property: "size", .. }));
    let error = access.download_asset(&asset, &server.beside("copy.bin")).await.unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    assert!(!server.beside("copy.bin").exists() && !server.beside("copy.bin.part").exists());
}

#[tokio::test]
async fn a_transfer_that_ends_early_is_tried_again() {
    let Some(server) = server(&["cut"]) else { return };
    let access = access_to(&server, "ftp");
    let file = File::open(&access, &format!("{}/a.bin", server.url("ftp"))).await;
    let found = file.get(50_000..1_000_000).await.unwrap().unwrap();
    assert!(found == noise(3_000_000)[50_000..1_000_000]);
    assert_eq!(access.stats().retries, 1);
}

#[tokio::test]
async fn a_server_that_says_no_more_after_all_bytes_is_not_waited_for() {
    let Some(server) = server(&["mute"]) else { return };
    let provider = server.provider("ftp", USER, PASSWORD).with_insecure_allowed();
    let patience = std::time::Duration::from_secs(1);
    let access = quick().provider(provider).read_timeout(patience).build().unwrap();
    let (url, to) = (format!("{}/a.bin", server.url("ftp")), server.beside("copy.bin"));
    for _ in 0..2 {
        assert_eq!(access.download(&url, &to).await.unwrap().bytes, 3_000_000);
        assert!(std::fs::read(&to).unwrap() == noise(3_000_000));
    }
    assert_eq!(access.stats().retries, 0);
}

#[tokio::test]
async fn a_connection_is_for_the_places_of_its_provider() {
    let Some(server) = server(&[]) else { return };
    let mut provider = server.provider("ftp", USER, PASSWORD).with_insecure_allowed();
    provider.hosts = vec![format!("{}/sst", server.url("ftp")).parse().unwrap()];
    let access = quick().provider(provider).build().unwrap();
    let inside = format!("{}/sst/readme.txt", server.url("ftp"));
    assert_eq!(access.bytes(&inside, 100).await.unwrap(), "no data");
    let outside = access.bytes(&format!("{}/a.bin", server.url("ftp")), 1 << 30).await;
    assert!(matches!(outside, Err(Error::Denied { status: 530, .. })), "{outside:?}");
    // What the server prints is read by a thread of its own.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !server.printed().iter().any(|line| line == "USER anonymous") {
        assert!(std::time::Instant::now() < patience, "{:?}", server.printed());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_what_they_lead_to() {
    for flags in [&["links"][..], &["old"][..]] {
        let Some(server) = server(flags) else { return };
        let sst = server.root().join("sst");
        for (target, name) in [("2020", "latest"), ("readme.txt", "about"), ("none", "broken")] {
            std::os::unix::fs::symlink(target, sst.join(name)).unwrap();
        }
        let access = access_to(&server, "ftp");
        let entries = access.list(&format!("{}/sst", server.url("ftp")), "").await.unwrap();
        let names: Vec<_> =
            entries.iter().map(|one| (&*one.name, one.is_folder, one.size)).collect();
        assert_eq!(
            names,
            [
                ("2019", true, None),
                ("2020", true, None),
                ("about", false, Some(7)),
                ("latest", true, None),
                ("readme.txt", false, Some(7))
            ],
            "{flags:?}"
        );
        // The connection is where it was, and the folder can be listed.
        let below = access.list(&entries[3].href, "").await.unwrap();
        assert!(below.iter().any(|one| one.name == "060"), "{below:?}");
    }
}

#[tokio::test]
async fn a_listing_that_never_ends_is_left() {
    let Some(server) = server(&["endless"]) else { return };
    let error = access_to(&server, "ftp").list(&server.url("ftp"), "").await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { purpose: "a listing", .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_changes_is_noticed() {
    let Some(server) = server(&[]) else { return };
    let access = access_to(&server, "ftp");
    let file = File::open(&access, &format!("{}/a.bin", server.url("ftp"))).await;
    file.get(0..10).await.unwrap();
    std::fs::write(server.root().join("a.bin"), noise(2_000_000)).unwrap();
    assert!(matches!(file.get(0..10).await, Err(Error::Changed { .. })));
}

#[tokio::test]
async fn credentials_stay_hidden_and_go_encrypted() {
    let Some(server) = server(&[]) else { return };
    let url = format!("{}/a.bin", server.url("ftp"));
    let provider = server.provider("ftp", USER, PASSWORD);
    let access = quick().provider(provider.clone()).build().unwrap();
    let error = access.bytes(&url, 1 << 30).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotAllowed { reason, .. } if reason.contains("ftps")),
        "{error}"
    );
    assert!(!server.printed().iter().any(|line| line.starts_with("USER")));

    let wrong = server.provider("ftp", USER, "canary-wrong").with_insecure_allowed();
    let access = quick().provider(wrong).build().unwrap();
    let error = access.bytes(&url, 1 << 30).await.unwrap_err();
    assert!(matches!(&error, Error::Denied { status: 530, .. }), "{error}");
    assert!(!format!("{error} {error:?} {access:?}").contains("canary"));

    // Without a provider one is anonymous, which this server refuses.
    let error = quick().build().unwrap().bytes(&url, 1 << 30).await.unwrap_err();
    assert!(matches!(&error, Error::Denied { status: 530, .. }), "{error}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_once() {
    let Some(server) = server(&["tls"]) else { return };
    let provider = server.provider("ftps", USER, PASSWORD);
    let access = quick().provider(provider).build().unwrap();
    let error = access.bytes(&format!("{}/a.bin", server.url("ftps")), 1 << 30).await.unwrap_err();
    assert!(error.to_string().contains("certificate") && !error.is_transient(), "{error}");
    assert_eq!(access.stats().requests, 1);
    assert!(!server.printed().iter().any(|line| line.starts_with("USER")));
}

#[tokio::test]
async fn no_command_hides_in_a_path() {
    let Some(server) = server(&[]) else { return };
    let access = access_to(&server, "ftp");
    let url = format!("{}/a.bin%0d%0aDELE%20a.bin", server.url("ftp"));
    let error = access.bytes(&url, 100).await.unwrap_err();
    assert!(matches!(&error, Error::NotAllowed { .. }), "{error}");
    assert_eq!(server.printed(), Vec::<String>::new());
}

#[tokio::test]
async fn private_hosts_are_refused_where_that_is_the_rule() {
    let Some(server) = server(&[]) else { return };
    let access = quick().public_hosts_only().build().unwrap();
    let error = access.bytes(&format!("{}/a.bin", server.url("ftp")), 100).await.unwrap_err();
    assert!(matches!(&error, Error::NotAllowed { .. }), "{error}");
    assert_eq!(server.printed(), Vec::<String>::new());
}

#[tokio::test]
async fn all_are_welcome_at_an_anonymous_server() {
    let fill = |root: &std::path::Path| archive::write(root);
    let Some(server) = RemoteServer::start("ftp.py", &["", ""], fill) else { return };
    let url = format!("{}/sst/readme.txt", server.url("ftp"));
    assert_eq!(quick().build().unwrap().bytes(&url, 100).await.unwrap(), "no data");
}
