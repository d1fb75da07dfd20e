//! The contract of a source, on every connector and on one that knows its granules.

use std::any::Any;

use async_trait::async_trait;
use terracube_grid::{Region, TimeRange};
use terracube_source::conformance::Expectations;
use terracube_source::{
    Access, Asset, Connector, EarthEngine, Files, Granule, Granules, Query, SearchMethod, Source,
    StacApi, StacGeoparquet, StacStatic, granules, source_conformance,
};
use terracube_testbed::{Paging, Server};

use crate::archive;
use crate::earth_engine;
use crate::remote_server::RemoteServer;
use crate::sftp;
use crate::support::{access, noise, quick, server};

fn expected() -> Expectations {
    Expectations {
        some: Query::new()
            .region(Region::from_bbox(21.0, 0.0, 70.0, 40.0).unwrap())
            .time(TimeRange::parse("2020-01-03/2020-01-06").unwrap()),
        some_count: 3,
        all_count: 24,
        asset: "data".to_owned(),
        nothing: Query::new().region(Region::from_bbox(0.0, -80.0, 1.0, -79.0).unwrap()),
    }
}

fn api(method: SearchMethod, paging: Paging) -> (StacApi, Access, Box<dyn Any>) {
    let server = server().paging(paging).start().unwrap();
    let api = StacApi::new(server.stac_url()).with_method(method).with_page_size(4);
    (api, access(), Box::new(server))
}

fn catalogue() -> (StacStatic, Access, Box<dyn Any>) {
    let server = server().start().unwrap();
    (StacStatic::new(server.static_url()), access(), Box::new(server))
}

/// Made of the items of [`server`], with hrefs below their collections, by
/// `stac_geoparquet.arrow.to_parquet` (stac-geoparquet 0.8.3) and pyarrow with `row_group_size=6`.
fn rows() -> (StacGeoparquet, Access, Box<dyn Any>) {
    let file = include_bytes!("../data/runs.parquet");
    let server = server().bytes("runs.parquet", file.to_vec()).start().unwrap();
    (StacGeoparquet::new(server.file_url("runs.parquet")), access(), Box::new(server))
}

/// A connector that knows its granules.
#[derive(Debug)]
struct Known {
    root: String,
}

#[async_trait]
impl Source for Known {
    fn search(&self, query: &Query, _: &Access) -> Granules {
        let root = self.root.clone();
        let all = (0..24u32).map(move |n| {
            let (name, sign, n) = if n < 12 { ("east", 1.0, n) } else { ("west", -1.0, n - 12) };
            let west = sign * (10.0 + f64::from(n) * 10.0);
            let moment = format!("2020-01-{:02}T12:00:00Z", n + 1);
            let time = TimeRange::parse(&format!("{moment}/{moment}")).unwrap();
            Ok(Granule::new(format!("{name}-{n:02}"), time)
                .with_bbox([west, 10.0, west + 5.0, 15.0])
                .with_asset(Asset::new("data", format!("{root}/{name}/{name}-{n:02}.tif"))))
        });
        granules(query, all)
    }
}

fn known() -> (Known, Access, Box<dyn Any>) {
    let server = server().start().unwrap();
    (Known { root: format!("{}/files", server.url()) }, access(), Box::new(server))
}

fn files_on_http() -> (Files, Access, Box<dyn Any>) {
    let server = archive::on_http();
    let source = Files::new(&server.file_url(archive::TEMPLATE)).unwrap();
    (source, access(), Box::new(server))
}

fn files_in_folders() -> (Files, Access, Box<dyn Any>) {
    let folder = tempfile::tempdir().unwrap();
    archive::write(folder.path());
    let path = format!("{}/{}", folder.path().display(), archive::TEMPLATE);
    let access = quick().allow_files(folder.path()).build().unwrap();
    (Files::new(&path).unwrap(), access, Box::new(folder))
}

/// On a server that Python runs; `None` without Python.
fn files_on_ftps() -> Option<(Files, Access, Box<dyn Any>)> {
    let server = RemoteServer::start("ftp.py", &["reader", "pw", "tls"], archive::write)?;
    let provider = server.provider("ftps", "reader", "pw");
    let access = quick().provider(provider).trust(server.beside("root.pem")).build().unwrap();
    let source = Files::new(&format!("{}/{}", server.url("ftps"), archive::TEMPLATE)).unwrap();
    Some((source, access, Box::new(server)))
}

fn files_on_sftp() -> Option<(Files, Access, Box<dyn Any>)> {
    let server = sftp::server()?;
    let access = sftp::access_to(&server);
    let source = Files::new(&format!("{}/{}", server.url("sftp"), archive::TEMPLATE)).unwrap();
    Some((source, access, Box::new(server)))
}

/// A bucket whose listing was recorded from moto: the folder of one day.
fn files_in_a_bucket() -> (Files, Access, Box<dyn Any>) {
    let mut server =
        Server::builder().bytes("cogs", include_bytes!("../data/listing.xml").to_vec());
    for day in 1..=3 {
        for band in ["red", "nir"] {
            server = server.bytes(&format!("cogs/sst/X_2020-01-0{day}_{band}.tif"), noise(1000));
        }
    }
    let server = server.start().unwrap();
    let access = quick().s3_endpoint(&format!("{}/files", server.url())).unwrap().build().unwrap();
    let source = Files::new("s3://cogs/sst/X_{time:%F}_{band}.tif").unwrap();
    (source, access, Box::new(server))
}

/// A container whose listing was recorded from Azurite: the folder of one day.
fn files_in_a_container() -> (Files, Access, Box<dyn Any>) {
    let mut server =
        Server::builder().bytes("cogs", include_bytes!("../data/container.xml").to_vec());
    for day in 1..=3 {
        for band in ["red", "nir"] {
            server = server.bytes(&format!("cogs/sst/X_2020-01-0{day}_{band}.tif"), noise(1000));
        }
    }
    let server = server.start().unwrap();
    let access = quick().azure_endpoint(&server.file_url("")).unwrap().build().unwrap();
    let source = Files::new("az://cogs/sst/X_{time:%F}_{band}.tif").unwrap();
    (source, access, Box::new(server))
}

/// What a run of the suite shows.
struct Run {
    connector: &'static str,
    over: &'static str,
    listing: &'static str,
    ranges: &'static str,
    credentials: &'static str,
    server: &'static str,
}

/// Every run of the suite: a connector, what it runs over, and the source with what is expected of
/// it.
macro_rules! runs {
    ($($name:ident: $connector:ident over $over:literal, listing $listing:literal,
       ranges $ranges:literal, credentials $credentials:literal, server $server:literal
       => $make:expr, $expected:expr;)*) => {
        $(source_conformance!($name, $make, $expected);)*

        const RUNS: &[Run] = &[$(Run {
            connector: <$connector as Connector>::NAME,
            over: $over,
            listing: $listing,
            ranges: $ranges,
            credentials: $credentials,
            server: $server,
        }),*];
    };
}

/// A source, or the end of the test.
macro_rules! or_skip {
    ($made:expr) => {
        match $made {
            Some(made) => made,
            None => return,
        }
    };
}

runs! {
    stac_api_post: StacApi over "HTTP(S), POST",
        listing "search, pages by merged bodies",
        ranges "`Range`, version pinned by ETag",
        credentials "any of HTTP",
        server "loopback"
        => api(SearchMethod::Post, Paging::PostMerge), expected();
    stac_api_get: StacApi over "HTTP(S), GET",
        listing "search, pages by links",
        ranges "`Range`, version pinned by ETag",
        credentials "any of HTTP",
        server "loopback"
        => api(SearchMethod::Get, Paging::TokenLink), expected();
    stac_static: StacStatic over "HTTP(S)",
        listing "links of catalogues",
        ranges "`Range`, version pinned by ETag",
        credentials "any of HTTP",
        server "loopback"
        => catalogue(), expected();
    stac_geoparquet: StacGeoparquet over "HTTP(S), buckets, folders",
        listing "row groups of a file, by their `bbox`",
        ranges "`Range`, version pinned by ETag",
        credentials "any of HTTP",
        server "loopback, a file by stac-geoparquet"
        => rows(), expected();
    files_folders: Files over "folders",
        listing "directories, links that lead out left out",
        ranges "reads at offsets",
        credentials "allowed folders",
        server "a folder"
        => files_in_folders(), archive::expected();
    files_http: Files over "HTTP(S)",
        listing "index pages (Apache, nginx, lighttpd, Python)",
        ranges "`Range`, version pinned by ETag",
        credentials "any of HTTP",
        server "loopback, nginx's pages"
        => files_on_http(), archive::expected();
    files_s3: Files over "`s3://`",
        listing "`ListObjectsV2`, by prefix",
        ranges "`Range`, version pinned by ETag",
        credentials "those of the bucket's host",
        server "loopback, moto's listing; moto"
        => files_in_a_bucket(), in_a_bucket();
    files_az: Files over "`az://`, `abfs://`",
        listing "`List Blobs`, by prefix",
        ranges "`Range`, version pinned by ETag",
        credentials "shared key, SAS, those of the container's host, none",
        server "loopback, Azurite's listing; Azurite"
        => files_in_a_container(), in_a_bucket();
    files_ftps: Files over "FTP, FTPS (explicit TLS)",
        listing "`MLSD`, else `LIST`",
        ranges "`REST`, version pinned by size and time",
        credentials "anonymous, basic, netrc; plain FTP only with `allow_insecure`",
        server "pyftpdlib"
        => or_skip!(files_on_ftps()), archive::expected();
    files_sftp: Files over "SFTP",
        listing "`readdir`",
        ranges "reads at offsets, version pinned by size and time",
        credentials "basic, netrc, SSH key; host keys by known_hosts",
        server "asyncssh"
        => or_skip!(files_on_sftp()), archive::expected();
    earth_engine_images: EarthEngine over "HTTPS, images",
        listing "`listAssets`, by page",
        ranges "a tile at once: `getPixels`",
        credentials "service account, or a token",
        server "loopback, by the API's documents"
        => earth_engine::per_image(), earth_engine::expected();
    earth_engine_composites: EarthEngine over "HTTPS, composites",
        listing "steps of time",
        ranges "a tile at once: `computePixels`",
        credentials "service account, or a token",
        server "loopback, by the API's documents"
        => earth_engine::composites(), earth_engine::expected_composites();
}

source_conformance!(known_granules, known(), expected());

fn in_a_bucket() -> Expectations {
    Expectations {
        some: Query::new().time(TimeRange::parse("2020-01-01/2020-01-03").unwrap()),
        some_count: 2,
        all_count: 3,
        asset: "red".to_owned(),
        nothing: Query::new().time(TimeRange::parse("1990").unwrap()),
    }
}

/// The facade's tests compare the rows with what is registered.
#[test]
fn the_documents_have_every_run() {
    let mut table =
        "| connector | over | listing | ranges | credentials | conformance suite on |\n\
                     |---|---|---|---|---|---|\n"
            .to_owned();
    for Run { connector, over, listing, ranges, credentials, server } in RUNS {
        table.push_str(&format!(
            "| `{connector}` | {over} | {listing} | {ranges} | {credentials} | {server} |\n"
        ));
    }
    terracube_testbed::made_table::check("docs/sources.md", "sources", &table);
}
