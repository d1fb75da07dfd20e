//! Files by path template.

use serde_json::{Value, json};
use terracube_grid::TimeRange;
use terracube_source::{Access, Error, Files, Query, Registry, Source};
use terracube_testbed::{Auth, Fault, FaultKind, Server};

use crate::archive;
use crate::support::{access, answer, answering, ids, quick, search};

fn connected(config: Value) -> Result<std::sync::Arc<dyn Source>, Error> {
    Registry::empty().with::<Files>().connect("files", config)
}

fn on_server(server: &Server) -> Files {
    let path = server.file_url(archive::TEMPLATE);
    Files::new(&path).unwrap().with_bbox([-180.0, -90.0, 180.0, 90.0])
}

/// The paths of the folders that were listed.
fn listed(server: &Server) -> Vec<String> {
    let paths = server.requests().into_iter().map(|request| request.path);
    let mut folders: Vec<String> = paths.filter(|path| path.ends_with('/')).collect();
    folders.sort();
    folders
}

fn time(text: &str) -> Query {
    Query::new().time(TimeRange::parse(text).unwrap())
}

#[tokio::test]
async fn names_become_granules() {
    let server = archive::on_http();
    let found = search(&on_server(&server), &access(), &time("2020-02-29")).await;
    let granules: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    assert_eq!(granules.len(), 2);
    let granule = &granules[1];
    assert_eq!(granule.id, "20200229_b 2");
    assert_eq!(granule.time.to_string(), "2020-02-29T00:00:00Z/2020-03-01T00:00:00Z");
    assert_eq!(granule.properties["tile"], "b 2");
    assert_eq!(granule.assets.keys().collect::<Vec<_>>(), ["nir", "red"]);
    let asset = granule.asset("red").unwrap();
    assert_eq!(asset.href, server.file_url("sst/2020/060/X_b%202_red.tif"));
    assert_eq!(asset.size, Some(archive::files()["sst/2020/060/X_b 2_red.tif"].len() as u64));
    assert!(granule.version.is_some());
}

#[tokio::test]
async fn only_folders_of_the_time_asked_are_listed() {
    let server = archive::on_http();
    let source = on_server(&server);
    let root = "/files/sst/";
    for (asked, folders, granules) in [
        ("2020-01-02", vec!["", "2020/", "2020/002/"], 2),
        (
            "2019-12-31T12:00:00Z/2020-01-01T12:00:00Z",
            vec!["", "2019/", "2019/365/", "2020/", "2020/001/"],
            4,
        ),
        ("2020-01-02/2020-01-02", vec!["", "2020/", "2020/002/"], 2),
        ("2021", vec![""], 0),
        ("2020-06", vec!["", "2020/"], 0),
    ] {
        server.reset();
        assert_eq!(ids(&source, &access(), &time(asked)).await.len(), granules, "{asked}");
        let folders: Vec<String> = folders.iter().map(|one| format!("{root}{one}")).collect();
        assert_eq!(listed(&server), folders, "{asked}");
        assert_eq!(server.count("/"), folders.len(), "nothing else is asked for");
    }
}

#[tokio::test]
async fn what_is_not_wanted_yet_is_not_listed() {
    let server = archive::on_http();
    let found = ids(&on_server(&server), &access(), &Query::new().limit(1)).await;
    assert_eq!(found, ["20191230_a1"]);
    // The root, the years, their days, and the first of the days.
    assert_eq!(listed(&server).len(), 1 + 2 + 1);
}

#[tokio::test]
async fn a_band_may_be_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for (band, day) in [("red", 1), ("red", 2), ("nir", 1)] {
        let below = folder.path().join(band);
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(below.join(format!("2020010{day}.tif")), band).unwrap();
    }
    let path = format!("{}/{{band}}/{{time:%Y%m%d}}.tif", folder.path().display());
    let access = quick().allow_files(folder.path()).build().unwrap();
    let found = search(&Files::new(&path).unwrap(), &access, &Query::new()).await;
    let bands: Vec<(String, usize)> =
        found.into_iter().map(|one| one.unwrap()).map(|one| (one.id, one.assets.len())).collect();
    assert_eq!(bands, [("20200101".to_owned(), 2), ("20200102".to_owned(), 1)]);
}

#[tokio::test]
async fn periods_ends_and_times_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("{}/{name}", folder.path().display());
    for name in ["A2020001.tif", "A2020009.tif", "S20200101T101500_20200101T101630.tif", "dem.tif"]
    {
        std::fs::write(at(name), name).unwrap();
    }
    let access = quick().allow_files(folder.path()).build().unwrap();
    let times = async |config: Value, query: Query| {
        let source = connected(config).unwrap();
        let found = search(&*source, &access, &query).await;
        found.into_iter().map(|one| one.unwrap().time.to_string()).collect::<Vec<_>>()
    };
    let eight_days = json!({ "path": at("A{time:%Y%j}.tif"), "period": "P8D" });
    assert_eq!(
        times(eight_days.clone(), Query::new()).await,
        ["2020-01-01T00:00:00Z/2020-01-09T00:00:00Z", "2020-01-09T00:00:00Z/2020-01-17T00:00:00Z"]
    );
    assert_eq!(times(eight_days, time("2020-01-08")).await.len(), 1);
    let instant = json!({ "path": at("A{time:%Y%j}.tif"), "period": "instant" });
    assert_eq!(
        times(instant, time("2020-01-08/2020-01-10")).await,
        ["2020-01-09T00:00:00Z/2020-01-09T00:00:00Z"]
    );
    let ends = json!({ "path": at("S{time:%Y%m%dT%H%M%S}_{end:%Y%m%dT%H%M%S}.tif") });
    assert_eq!(
        times(ends, time("2020-01-01T10:16:00Z/2020-01-01T10:17:00Z")).await,
        ["2020-01-01T10:15:00Z/2020-01-01T10:16:30Z"]
    );
    let all = json!({ "path": at("dem.tif"), "time": "2011-01-01/2017-01-01" });
    assert_eq!(times(all, Query::new()).await, ["2011-01-01T00:00:00Z/2017-01-01T00:00:00Z"]);
}

#[tokio::test]
async fn tiles_of_a_named_grid_have_a_place() {
    let folder = tempfile::tempdir().unwrap();
    for tile in ["h17v08", "h18v08"] {
        std::fs::write(folder.path().join(format!("{tile}_2020.tif")), "x").unwrap();
    }
    let config = json!({
        "path": format!("{}/{{tile}}_{{time:%Y}}.tif", folder.path().display()),
        "tiles": "modis:500m", "id": "t-{time:%Y}-{tile}",
    });
    let source = connected(config).unwrap();
    let access = quick().allow_files(folder.path()).build().unwrap();
    // The tile whose lower left corner is at 0° N, 0° E.
    let east = terracube_grid::Region::from_bbox(1.0, 1.0, 2.0, 2.0).unwrap();
    assert_eq!(ids(&*source, &access, &Query::new().region(east)).await, ["t-2020-h18v08"]);
    assert_eq!(ids(&*source, &access, &Query::new()).await.len(), 2);
}

#[tokio::test]
async fn two_files_for_one_asset_are_an_error_that_names_both() {
    let folder = tempfile::tempdir().unwrap();
    for version in 1..3 {
        std::fs::write(folder.path().join(format!("20200101_v{version}.tif")), "x").unwrap();
    }
    let access = quick().allow_files(folder.path()).build().unwrap();
    let at = |name: &str| Files::new(&format!("{}/{name}", folder.path().display())).unwrap();
    let found = search(&at("{time:%Y%m%d}_v*.tif"), &access, &Query::new()).await;
    let error = found[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("_v1.tif") && error.contains("_v2.tif"), "{error}");
    let named = at("{time:%Y%m%d}_v{version}.tif");
    assert_eq!(ids(&named, &access, &Query::new()).await, ["20200101_1", "20200101_2"]);
}

#[tokio::test]
async fn folders_that_are_not_there_and_those_not_allowed() {
    let folder = tempfile::tempdir().unwrap();
    archive::write(folder.path());
    let path = format!("{}/{}", folder.path().display(), archive::TEMPLATE);
    let source = Files::new(&path).unwrap();
    let found = search(&source, &access(), &Query::new()).await;
    assert!(matches!(&found[..], [Err(Error::NotAllowed { .. })]), "{found:?}");
    let access = quick().allow_files(folder.path()).build().unwrap();
    let nowhere = Files::new(&path.replace("sst", "none")).unwrap();
    let found = search(&nowhere, &access, &Query::new()).await;
    assert!(matches!(&found[..], [Err(Error::NotFound { .. })]), "{found:?}");
    // A literal folder between fields may be missing.
    let gap = Files::new(&path.replace("%j}/", "%j}/gap/")).unwrap();
    assert_eq!(ids(&gap, &access, &Query::new()).await.len(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_lead_out_are_not_listed() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(inside.path().join("20200101.tif"), "in").unwrap();
    std::fs::write(outside.path().join("20200102.tif"), "out").unwrap();
    for (from, to) in [("20200102.tif", outside.path()), ("20200103.tif", inside.path())] {
        let target = if to == outside.path() { "20200102.tif" } else { "20200101.tif" };
        std::os::unix::fs::symlink(to.join(target), inside.path().join(from)).unwrap();
    }
    let path = format!("{}/{{time:%Y%m%d}}.tif", inside.path().display());
    let access = quick().allow_files(inside.path()).build().unwrap();
    let found = ids(&Files::new(&path).unwrap(), &access, &Query::new()).await;
    assert_eq!(found, ["20200101", "20200103"]);
}

#[tokio::test]
async fn pages_of_a_bucket_that_lead_back_end_in_an_error() {
    let page = |token: &str| {
        let page = format!("<NextContinuationToken>{token}</NextContinuationToken>");
        answer("200 OK", "application/xml", &format!("<ListBucketResult>{page}</ListBucketResult>"))
    };
    let to_and_fro = answering(move |n, _| page(["A", "B"][n % 2]));
    let endless = answering(move |n, _| page(&n.to_string()));
    for (url, reason) in [(to_and_fro, "was there before"), (endless, "have no entries")] {
        let access = quick().s3_endpoint(&url).unwrap().build().unwrap();
        let error = access.list("s3://bucket/a", "").await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_page_of_another_folder_is_not_listed() {
    let page = &b"<a href=\"20200101.tif\">20200101.tif</a>"[..];
    let builder = Server::builder().bytes("sst/2021/", page).bytes("sst/", page);
    let server = builder.bytes("login", page).bytes("sst/2022/index.html", page).start().unwrap();
    let other = Server::builder().bytes("sst/2021/", page).start().unwrap();
    let list = async |to: &str| {
        server.clear_faults();
        let rule = Fault::on("/files/sst/202", FaultKind::Redirect(to.to_owned()));
        server.fault(rule.times(1));
        let year = if to.contains("2022") { "2022" } else { "2021" };
        access().list(&server.file_url(&format!("sst/{year}")), "").await
    };
    let missing = list(&server.file_url("sst/")).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    for elsewhere in [server.file_url("login?back=x"), other.file_url("sst/2021/")] {
        let error = list(&elsewhere).await.unwrap_err();
        assert!(matches!(error, Error::Document { .. }), "{error}");
        assert!(error.to_string().contains("is a sign-in needed?"), "{error}");
    }
    let found = list(&server.file_url("sst/2022/index.html")).await.unwrap();
    assert_eq!(found[0].href, server.file_url("sst/2022/20200101.tif"));
}

#[tokio::test]
async fn credentials_go_to_listings_too() {
    let server = Server::builder()
        .bytes("d/", &b"<a href=\"2020.tif\">2020.tif</a>"[..])
        .require("/files/", Auth::bearer("canary"))
        .start()
        .unwrap();
    let source = Files::new(&server.file_url("d/{time:%Y}.tif")).unwrap();
    let found = search(&source, &access(), &Query::new()).await;
    assert!(matches!(&found[..], [Err(Error::Denied { status: 401, .. })]), "{found:?}");
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "canary").unwrap();
    let provider: terracube_source::Provider = serde_json::from_value(json!({
        "name": "p", "hosts": [server.url()], "allow_insecure": true,
        "auth": { "bearer": { "token": format!("file:{}", token.display()) } }
    }))
    .unwrap();
    let access: Access = quick().provider(provider).build().unwrap();
    assert_eq!(ids(&source, &access, &Query::new()).await, ["2020"]);
}

/// Against moto: two pages of a listing, whose requests are unsigned.
#[tokio::test]
async fn a_bucket_is_listed_and_read() {
    let Ok(endpoint) = std::env::var("TERRACUBE_S3_ENDPOINT") else {
        assert!(
            std::env::var("TERRACUBE_TEST_STRICT").is_err(),
            "TERRACUBE_S3_ENDPOINT must be set"
        );
        println!("skipped: TERRACUBE_S3_ENDPOINT is not set");
        return;
    };
    let folder = format!("files-{}", std::process::id());
    let http = reqwest::Client::new();
    let put = async |path: &str, bytes: Vec<u8>| {
        let mut url = url::Url::parse(&endpoint).unwrap();
        url.set_path(&format!("terracube/{folder}/{path}"));
        let answer =
            http.put(url).header("x-amz-acl", "public-read").body(bytes).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    };
    for (path, bytes) in archive::files() {
        put(&path, bytes).await;
    }
    // More than one page has, beside what the template wants.
    futures::future::join_all((0..1010).map(|n| put_other(&put, n))).await;
    let access = quick().s3_endpoint(&endpoint).unwrap().build().unwrap();
    let path = format!("s3://terracube/{folder}/{}", archive::TEMPLATE);
    let source = Files::new(&path).unwrap();
    let found = search(&source, &access, &time("2020-02-29")).await;
    let granules: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        granules.iter().map(|one| &*one.id).collect::<Vec<_>>(),
        ["20200229_a1", "20200229_b 2"]
    );
    assert_eq!(access.stats().requests, 3, "the root, the year, the day, by prefix");
    let asset = granules[1].asset("nir").unwrap();
    let opened = source.open(&granules[1], asset, &access).await.unwrap();
    let bytes =
        terracube_source::read_opened(&opened, terracube_store::ByteRequest::All).await.unwrap();
    assert_eq!(bytes, archive::files()["sst/2020/060/X_b 2_nir.tif"]);
    let others =
        access.list(&format!("s3://terracube/{folder}/sst/2020/060"), "other").await.unwrap();
    assert_eq!(others.len(), 1010, "two pages");
}

async fn put_other(put: &impl AsyncFn(&str, Vec<u8>), n: usize) {
    put(&format!("sst/2020/060/other_{n}.txt"), vec![0]).await;
}

#[test]
fn a_wrong_configuration_names_its_key() {
    let error = |config| connected(config).unwrap_err().to_string();
    assert!(error(json!({ "path": "d/{time:%Q}.tif" })).contains("known are %Y"));
    assert!(error(json!({ "path": "d/x.tif" })).contains("`time` for all"));
    let tiles = json!({ "path": "d/{time:%Y}.tif", "tiles": "webmercatorquad:2" });
    assert!(error(tiles).contains("no `{tile}`"));
    let unknown = json!({ "path": "d/{tile}_{time:%Y}.tif", "tiles": "mercatorsquad" });
    assert!(error(unknown).contains("mercatorsquad"));
    assert!(error(json!({ "path": "d/{time:%Y}.tif", "id": "{x}" })).contains("`id` has `x`"));
    assert!(error(json!({ "path": "d/{time:%Y}.tif", "period": "8 Tage" })).contains("P8D"));
    let grid = json!({ "path": "d/{time:%Y}.tif",
        "geobox": { "crs": "EPSG:4326", "extent": [0, 0, 1, 1] } });
    assert!(error(grid).contains("`shape` or `resolution`"));
}
