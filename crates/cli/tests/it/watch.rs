//! What `cube fill` says of where the time went: a page and a trace.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::World;

/// Cells of the row of a stage.
fn row<'a>(page: &'a str, stage: &str) -> Vec<&'a str> {
    let row = page.lines().find(|line| line.contains(&format!("<td>{stage}</td>")));
    let row = row.unwrap_or_else(|| panic!("no row for {stage}: {page}"));
    row.split("<td class=\"n\">").skip(1).map(|cell| cell.split('<').next().unwrap()).collect()
}

#[test]
fn a_report_tells_of_every_stage_granule_and_host() {
    let world = World::created();
    let fill = world.run(&["cube", "fill", "cube.icechunk", "--report", "fill.html"]);
    assert_eq!(fill.code, Some(0), "{fill:?}");
    assert!(fill.stderr.contains("where the time went: fill.html"), "{fill:?}");
    let page = std::fs::read_to_string(world.path("fill.html")).unwrap();
    for stage in ["headers", "wait for memory", "download", "render", "write"] {
        assert_eq!(row(&page, stage)[0], "16", "{stage}: one for each patch");
    }
    assert_eq!(row(&page, "commit")[0], "1");
    for granule in ["nw", "ne", "sw", "se"] {
        assert!(page.contains(&format!("<tr><td>{granule}</td>")), "{granule}: {page}");
    }
    assert!(page.contains("<tr><td>127.0.0.1:"), "the host");
    assert!(page.contains("16 patches filled") && page.contains("<path d=\"M0 36L"));
    assert!(!page.contains("<script") && !page.contains("src="), "nothing from outside");
}

#[test]
fn failed_patches_are_in_the_report_and_the_exit_code_stays() {
    let world = World::created();
    world.server.put_bytes("relief/nw.tif", "<html>not found</html>");
    let fill = world.run(&["cube", "fill", "cube.icechunk", "--report", "fill.html"]);
    fill.must_fail(3, &["failed: patch row 0 column 0:"]);
    let page = std::fs::read_to_string(world.path("fill.html")).unwrap();
    assert!(page.contains("<h2>Failed patches</h2>") && page.contains("not a TIFF"), "{page}");
}

#[test]
fn a_trace_has_the_stages_of_every_patch() {
    let world = World::created();
    world.ok(&["cube", "fill", "cube.icechunk", "--trace", "trace.json"]);
    let text = std::fs::read_to_string(world.path("trace.json")).unwrap();
    let events: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut begun: BTreeMap<String, usize> = BTreeMap::new();
    let mut ended = begun.clone();
    for event in &events {
        let name = event["name"].as_str().unwrap_or_default().to_owned();
        match event["ph"].as_str() {
            Some("b") => *begun.entry(name).or_default() += 1,
            Some("e") => *ended.entry(name).or_default() += 1,
            _ => {}
        }
    }
    assert_eq!(begun, ended, "what begins ends");
    for stage in ["patch", "headers", "download", "wait for a core", "render", "write"] {
        assert_eq!(begun[stage], 16, "{stage}");
    }
    let read = events.iter().find(|event| event["name"] == "read").unwrap();
    assert!(read["args"]["host"].as_str().unwrap().contains("127.0.0.1"), "{read}");
    let granule = read["args"]["granule"].as_str().unwrap().trim_matches('"');
    assert!(["nw", "ne", "sw", "se"].contains(&granule), "{read}");
}

#[test]
fn a_trace_that_cannot_be_written_is_said_before_the_work() {
    let world = World::created();
    let fill = world.run(&["cube", "fill", "cube.icechunk", "--trace", "no/such/trace.json"]);
    fill.must_fail(1, &["cannot write the trace no/such/trace.json"]);
    assert_eq!(world.counts(), [0, 0, 16, 0]);
}
