//! An S3 service that is away for 20 s in the middle of a fill, and comes back.

use std::io::{BufRead, BufReader};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::kills::filled_patches;
use crate::together::{asked, assert_no_claims};
use crate::world::{World, bucket};

#[test]
fn a_bucket_that_is_away_for_20_seconds_is_waited_for() {
    let Some(first) = bucket("icechunk") else { return };
    let stores = [first, bucket("zarr").unwrap()];
    let door = Door::before(&std::env::var("TERRACUBE_S3_ENDPOINT").unwrap());
    let worlds = stores.each_ref().map(|store| {
        let world = World::of_patches();
        world.ok(&["cube", "create", "cube.toml", "alone.zarr"]);
        world.ok(&["cube", "fill", "alone.zarr", "--jobs", "2"]);
        let alone = asked(&world);
        world.ok(&["cube", "create", "cube.toml", store]);
        world.server.reset();
        world.server.set_latency(Duration::from_millis(50));
        (world, alone)
    });
    let mut fills: Vec<_> = worlds
        .iter()
        .zip(&stores)
        .map(|((world, _), store)| Filling::begin(world, store, &door.endpoint()))
        .collect();
    for fill in &mut fills {
        fill.until("committed");
    }
    door.close();
    thread::sleep(Duration::from_secs(20));
    door.open();
    for (((world, alone), store), fill) in worlds.iter().zip(&stores).zip(fills) {
        let (report, was_told) = fill.finish();
        assert_eq!((report["filled"].as_u64(), report["left"].as_u64()), (Some(16), Some(0)));
        assert!(was_told, "{store}: that it waits is told");
        assert_eq!(filled_patches(world, store).len(), 16);
        assert_eq!(asked(world), *alone, "{store}: nothing is downloaded twice");
        assert_no_claims(world, store);
    }
    assert!(door.refused.load(Ordering::Relaxed), "the fills met a closed door");
}

/// A fill in a bucket that is behind a door.
struct Filling {
    child: Child,
    events: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Filling {
    fn begin(world: &World, store: &str, endpoint: &str) -> Self {
        let arguments = ["cube", "fill", store, "--json", "--jobs", "2", "--commit-patches", "2"];
        let mut command = world.command(&arguments);
        command.env("AWS_ENDPOINT_URL", endpoint);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let events = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, events }
    }

    fn next(&mut self) -> Option<Value> {
        Some(serde_json::from_str(&self.events.next()?.unwrap()).unwrap())
    }

    fn until(&mut self, event: &str) {
        while self.next().unwrap()["event"] != event {}
    }

    /// The report, and whether it was told that the store is waited for.
    fn finish(mut self) -> (Value, bool) {
        let (mut last, mut was_told) = (Value::Null, false);
        while let Some(event) = self.next() {
            was_told |= event["event"] == "stalled";
            last = event;
        }
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{last}");
        (last["report"].clone(), was_told)
    }
}

/// Hands connections on to a service; while it is closed they are cut, and new ones refused, as
/// when the service is stopped.
struct Door {
    address: SocketAddr,
    service: String,
    open: Arc<Mutex<Vec<TcpStream>>>,
    is_closed: Arc<AtomicBool>,
    /// Whether anybody was cut off.
    refused: AtomicBool,
}

impl Door {
    fn before(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let door = Self {
            address: listener.local_addr().unwrap(),
            service: endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            open: Arc::default(),
            is_closed: Arc::default(),
            refused: AtomicBool::new(false),
        };
        door.serve(listener);
        door
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn serve(&self, listener: TcpListener) {
        let (open, is_closed) = (Arc::clone(&self.open), Arc::clone(&self.is_closed));
        let service = self.service.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                // Whoever closes the door knocks, so that the listener goes.
                if is_closed.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(&service)) else {
                    continue;
                };
                let ends = [&client, &server].map(|end| end.try_clone().unwrap());
                open.lock().unwrap().extend([&client, &server].map(|end| end.try_clone().unwrap()));
                let [from_client, from_server] = ends;
                thread::spawn(move || pass_on(from_client, server));
                thread::spawn(move || pass_on(from_server, client));
            }
        });
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        for connection in self.open.lock().unwrap().drain(..) {
            self.refused.store(true, Ordering::Relaxed);
            let _ = connection.shutdown(Shutdown::Both);
        }
        while TcpStream::connect(self.address).is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn open(&self) {
        self.is_closed.store(false, Ordering::SeqCst);
        self.serve(TcpListener::bind(self.address).unwrap());
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}
