//! Ctrl-C in the middle of a fill: what is whole is committed, the next fill does the rest.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::world::World;

#[test]
fn ctrl_c_commits_what_is_whole() {
    for signal in ["INT", "TERM"] {
        let world = World::created();
        world.server.set_latency(Duration::from_millis(100));
        let mut fill = world
            .command(&["cube", "fill", "cube.icechunk", "--json", "--jobs", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(fill.stdout.take().unwrap()).lines();
        let mut filled = 0;
        let mut last = Value::Null;
        for line in lines.by_ref() {
            last = serde_json::from_str(&line.unwrap()).unwrap();
            filled += usize::from(last["event"] == "filled");
            if filled == 2 {
                break;
            }
        }
        let pid = fill.id().to_string();
        assert!(
            Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success()
        );
        for line in lines {
            last = serde_json::from_str(&line.unwrap()).unwrap();
        }
        assert_eq!(fill.wait().unwrap().code(), Some(4), "{last}");
        let report = &last["report"];
        assert_eq!(report["stopped"], true, "{last}");
        let done = report["filled"].as_u64().unwrap();
        assert!((2..16).contains(&done), "{last}");
        assert_eq!(report["left"].as_u64().unwrap(), 16 - done);
        assert_eq!(world.counts(), [done, 0, 16 - done, 0]);

        world.server.set_latency(Duration::ZERO);
        let plan = world.json(&["cube", "plan", "cube.icechunk", "--json"]);
        let granules: Vec<&str> =
            plan["granules"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        world.server.reset();
        let rest = world.ok(&["cube", "fill", "cube.icechunk"]);
        assert!(rest.contains(&format!("{} patches filled", 16 - done)), "{rest}");
        assert_eq!(world.counts(), [16, 0, 0, 0]);
        for name in ["nw", "ne", "sw", "se"] {
            let asked = world.server.count(&format!("/files/relief/{name}.tif")) > 0;
            assert_eq!(asked, granules.contains(&name), "only the rest is read: {name}");
        }
    }
}
