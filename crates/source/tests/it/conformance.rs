//! The contract of a source, on both STAC connectors and on one that knows its granules.

use std::any::Any;

use async_trait::async_trait;
use terracube_grid::{Region, TimeRange};
use terracube_source::conformance::Expectations;
use terracube_source::{
    Access, Asset, Files, Granule, Granules, Query, SearchMethod, Source, StacApi, StacStatic,
    granules, source_conformance,
};
use terracube_testbed::Paging;

use crate::archive;
use crate::support::{access, quick, server};

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

source_conformance!(files_http, files_on_http(), archive::expected());
source_conformance!(files_local, files_in_folders(), archive::expected());
source_conformance!(post, api(SearchMethod::Post, Paging::PostMerge), expected());
source_conformance!(get, api(SearchMethod::Get, Paging::TokenLink), expected());
source_conformance!(catalogue_on_a_server, catalogue(), expected());
source_conformance!(known_granules, known(), expected());
