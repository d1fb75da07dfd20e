//! Assets of STAC items: alternate places, sizes, and signatures of the Planetary Computer.

use futures::StreamExt;
use futures::future::join_all;
use serde_json::{Value, json};
use terracube_source::{
    Access, Auth, Error, Granule, Provider, Query, Registry, Source, StacApi, StacStatic,
};
use terracube_testbed::{Fault, FaultKind, Server};

use crate::support::{File, access, collection, ids, item, noise, quick, search, unboxed};

/// An item in two places, as Landsat's are.
fn landsat(size: u64) -> Value {
    let mut item = item("scene", [10.0, 10.0, 15.0, 15.0], 1);
    item["assets"] = json!({
        "red": { "href": "https://landsatlook.example/red.tif", "file:size": size,
            "alternate": { "s3": { "href": "s3://usgs-landsat/red.tif" },
                "near": { "href": "red.tif", "alternate:name": "here" } } },
        "plain": { "href": "plain.tif", "alternate:name": "main" },
    });
    item
}

#[test]
fn alternates_are_places_by_name() {
    let granule = Granule::from_stac(&landsat(4), "https://c.example/items/a.json").unwrap();
    let red = granule.asset("red").unwrap();
    let names: Vec<_> = red.alternates.iter().map(|(name, href)| [name, href]).collect();
    assert_eq!(
        names,
        [
            ["here", "https://c.example/items/red.tif"],
            ["near", "https://c.example/items/red.tif"],
            ["s3", "s3://usgs-landsat/red.tif"]
        ]
    );
    let at = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        red.clone().preferring(&names).href
    };
    assert_eq!(at(&["gs", "s3", "here"]), "s3://usgs-landsat/red.tif");
    assert_eq!(at(&["here", "s3"]), "https://c.example/items/red.tif");
    assert_eq!(at(&["gs"]), "https://landsatlook.example/red.tif");
    assert_eq!(
        granule.asset("plain").unwrap().alternates["main"],
        "https://c.example/items/plain.tif"
    );
}

#[tokio::test]
async fn both_connectors_take_the_place_that_is_preferred() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("item.json");
    std::fs::write(&path, landsat(4).to_string()).unwrap();
    let server =
        Server::builder().collection(collection("c", [10.0, 10.0, 15.0, 15.0]), vec![landsat(4)]);
    let server = server.start().unwrap();
    let registry = Registry::empty().with::<StacApi>().with::<StacStatic>();
    for (name, url) in
        [("stac-api", server.stac_url()), ("stac-static", path.display().to_string())]
    {
        let config = json!({ "url": url, "alternates": ["gs", "s3"] });
        let source = registry.connect(name, config).unwrap();
        let access = quick().allow_files(folder.path()).build().unwrap();
        let found = search(&*source, &access, &Query::new()).await.remove(0).unwrap();
        assert_eq!(found.asset("red").unwrap().href, "s3://usgs-landsat/red.tif", "{name}");
    }
}

#[tokio::test]
async fn a_file_of_another_size_than_announced_is_not_read() {
    let server = Server::builder().bytes("a.bin", noise(1000)).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, noise(1000)).unwrap();
    let access = quick().allow_files(folder.path()).build().unwrap();
    let source = StacStatic::new("unused");
    for href in [server.file_url("a.bin"), path.display().to_string()] {
        for (size, fits) in [(1000, true), (999, false), (1001, false)] {
            let mut json = item("a", [0.0, 0.0, 1.0, 1.0], 1);
            json["assets"] = json!({ "a": { "href": href, "file:size": size } });
            let granule = Granule::from_stac(&json, "/any/item.json").unwrap();
            let opened = source.open(&granule, &granule.assets["a"], &access).await.unwrap();
            let terracube_source::Opened::Bytes { store, key } = opened else { panic!() };
            let read = store.get(&key, (0..10).into()).await.map_err(unboxed);
            match read {
                Ok(bytes) => assert!(fits && bytes.unwrap() == noise(10), "{href}: {size}"),
                Err(Error::Mismatch { property: "size", .. }) => assert!(!fits, "{href}: {size}"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[tokio::test]
async fn ten_thousand_items_come_page_by_page() {
    let items: Vec<Value> =
        (0..10_000).map(|n| item(&format!("i{n:05}"), [10.0, 10.0, 15.0, 15.0], 1)).collect();
    let server = Server::builder()
        .collection(collection("c", [10.0, 10.0, 15.0, 15.0]), items)
        .largest_page(500)
        .start()
        .unwrap();
    let access = access();
    let api = StacApi::new(server.stac_url()).with_page_size(500);
    // A page is asked for when its first granule is wanted, and only one is held.
    let mut found = api.search(&Query::new(), &access);
    for n in 0..10_000 {
        let granule = found.next().await.unwrap().unwrap();
        assert_eq!(granule.id, format!("i{n:05}"));
        assert_eq!(server.count("/stac/search"), n / 500 + 1);
    }
    assert!(found.next().await.is_none());
}

#[tokio::test]
async fn an_item_that_comes_twice_is_given_once() {
    // As when a page shifts while an archive grows.
    let items = ["a", "b", "b", "c", "a"].map(|id| item(id, [10.0, 10.0, 15.0, 15.0], 1));
    let server = Server::builder()
        .collection(collection("c", [10.0, 10.0, 15.0, 15.0]), items.to_vec())
        .start()
        .unwrap();
    let api = StacApi::new(server.stac_url()).with_page_size(2);
    assert_eq!(ids(&api, &access(), &Query::new()).await, ["a", "b", "c"]);
}

const SIG: &str = "canary%2Bsig%3D";

/// Containers `one` and `two`, and where signatures for them come from.
fn planetary(expiry: &str) -> Server {
    let token = |name: &str| {
        json!({ "msft:expiry": expiry, "token": format!("sv=2024&se=x&sp=rl&sr=c&n={name}&sig={SIG}") })
            .to_string()
    };
    Server::builder()
        .bytes("one/a.bin", noise(100))
        .bytes("two/a.bin", noise(100))
        .bytes("sas/files/one", token("one"))
        .bytes("sas/files/two", token("two"))
        .start()
        .unwrap()
}

fn signing(server: &Server) -> Access {
    let auth = json!({ "planetary_computer": { "endpoint": server.file_url("sas") } });
    let auth: Auth = serde_json::from_value(auth).unwrap();
    let provider = Provider::new("pc", server.file_url("one").parse().unwrap())
        .with_host(server.file_url("two").parse().unwrap())
        .with_auth(auth)
        .with_insecure_allowed();
    quick().provider(provider).build().unwrap()
}

async fn read(access: &Access, href: &str) -> Result<(), Error> {
    let file = File::open(access, href).await;
    assert_eq!(file.get(0..10).await?.unwrap(), noise(10));
    Ok(())
}

#[tokio::test]
async fn each_container_is_signed_for_once_until_it_expires() {
    let server = planetary("2999-01-01T00:00:00Z");
    let access = signing(&server);
    let (one, two) = (server.file_url("one/a.bin"), server.file_url("two/a.bin"));
    let reads = (0..10).flat_map(|_| [read(&access, &one), read(&access, &two)]);
    assert!(join_all(reads).await.iter().all(Result::is_ok));
    assert_eq!(
        (server.count("/files/sas/files/one"), server.count("/files/sas/files/two")),
        (1, 1)
    );
    for request in server.requests().iter().filter(|one| !one.path.contains("/sas/")) {
        let name = if request.path.contains("/one/") { "one" } else { "two" };
        let expected = format!("sv=2024&se=x&sp=rl&sr=c&n={name}&sig={SIG}");
        assert_eq!(request.query.as_deref(), Some(expected.as_str()));
    }

    let expired = planetary("2001-01-01T00:00:00Z");
    let access = signing(&expired);
    for _ in 0..2 {
        read(&access, &expired.file_url("one/a.bin")).await.unwrap();
    }
    assert_eq!(expired.count("/files/sas/"), 2);
}

#[tokio::test]
async fn a_signature_that_is_refused_is_renewed_once() {
    let server = planetary("2999-01-01T00:00:00Z");
    let access = signing(&server);
    server.fault(Fault::on("/files/one/", FaultKind::status(403)).times(1));
    // The same signature again is not a new one, but it is tried.
    read(&access, &server.file_url("one/a.bin")).await.unwrap();
    assert_eq!((server.count("/files/sas/"), server.count("/files/one/")), (2, 2));
}

#[tokio::test]
async fn signatures_stay_with_their_containers_and_are_not_shown() {
    let server = planetary("2999-01-01T00:00:00Z");
    let other = Server::builder().bytes("a.bin", noise(100)).start().unwrap();
    let access = signing(&server);
    read(&access, &server.file_url("one/a.bin")).await.unwrap();
    read(&access, &other.file_url("a.bin")).await.unwrap();
    // A server that copies the query into where it redirects to.
    let to = format!("{}?x=1&sig={SIG}", other.file_url("a.bin"));
    server.fault(Fault::on("/files/one/", FaultKind::Redirect(to)));
    read(&access, &server.file_url("one/a.bin")).await.unwrap();
    assert!(!format!("{:?}", other.requests()).contains("canary"));
    // What is signed already stays as it is.
    let own = format!("{}?sig=mine", server.file_url("two/a.bin"));
    read(&access, &own).await.unwrap();
    assert_eq!(server.requests().pop().unwrap().query.as_deref(), Some("sig=mine"));

    server.clear_faults();
    server.fault(Fault::on("/files/one/", FaultKind::status(404)));
    server.fault(Fault::on("/files/two/", FaultKind::status(400)));
    for container in ["one", "two"] {
        let file = File::open(&access, &server.file_url(&format!("{container}/a.bin"))).await;
        let shown = format!("{:?} {:?} {access:?}", file.get(0..10).await, file.store);
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn an_endpoint_without_a_signature_is_an_error_that_names_it() {
    let server = planetary("2999-01-01T00:00:00Z");
    server.fault(Fault::on("/sas/", FaultKind::HtmlPage200));
    let access = signing(&server);
    let error = read(&access, &server.file_url("one/a.bin")).await.unwrap_err().to_string();
    assert!(error.contains("no signature") && error.contains("/sas/files/one"), "{error}");
}
