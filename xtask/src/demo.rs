//! The main job end to end, on data that is made here.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{self, cargo};
use crate::moto::http_get;
use crate::setup::{self, Purpose, SetupOptions};
use crate::test::target_folder;

/// The area asked for when the demo's server names none: west, south, east, north in degrees.
const BBOX: &str = "-54,66,-46,70";
/// What the server prints once it answers.
const LISTENING: &str = "listening on http://127.0.0.1:";

/// Runs the demo with everything it makes under `dir`.
pub(crate) fn run(options: &SetupOptions, dir: &Path) -> Result<()> {
    setup::run(options, Purpose::Build)?;
    let mut build = cargo();
    build.args(["build", "--release", "-p", "terracube-cli", "-p", "terracube-demo"]);
    command::run(&mut build)?;

    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let release = target_folder()?.join("release");
    let server = DemoServer::start(&release.join("terracube-demo"), dir)?;
    let demo = Demo { terracube: release.join("terracube"), dir: dir.to_path_buf(), server };
    demo.run()
}

struct Demo {
    terracube: PathBuf,
    dir: PathBuf,
    server: DemoServer,
}

impl Demo {
    fn run(&self) -> Result<()> {
        let bbox = format!("--bbox={}", self.server.bbox);
        let (store, image, picture, state) = (
            self.path("greenland.icechunk"),
            self.path("greenland.tif"),
            self.path("greenland.png"),
            self.path("state.png"),
        );
        for old in [&image, &picture, &state] {
            // An earlier run's: a command may refuse to write over it.
            let _ = std::fs::remove_file(old);
        }

        println!("$ export TERRACUBE_DEMO_URL={}", self.server.url);

        heading("A cube is declared: grid, bands, source");
        self.terracube(&["cube", "create", &self.path("cube.toml"), &store, "--exist-ok"])?;
        heading("What is there, what is missing");
        self.terracube(&["cube", "plan", &store, &bbox])?;
        heading("What is missing is downloaded, warped, mosaicked, written");
        let fill = ["cube", "fill", &store, &bbox];
        self.counted(|| self.terracube(&fill))?;
        heading("A window, as GeoTIFF and as PNG");
        self.terracube(&["cube", "load", &store, &bbox, "-o", &image])?;
        self.terracube(&["cube", "load", &store, &bbox, "-o", &picture])?;
        heading("Which patches are filled");
        self.terracube(&["cube", "state", &store, "--png", &state])?;
        heading("The same again");
        let (assets, _) = self.counted(|| {
            self.terracube(&["cube", "plan", &store, &bbox])?;
            self.terracube(&fill)
        })?;
        self.summary();
        if assets > 0 {
            bail!("the second fill asked the server for {assets} assets; it should for none");
        }
        Ok(())
    }

    /// Runs the program; the line shown can be typed as it is where this runs.
    fn terracube(&self, arguments: &[&str]) -> Result<()> {
        println!("\n$ terracube {}", arguments.join(" "));
        let status = Command::new(&self.terracube)
            .args(arguments)
            .env("TERRACUBE_DEMO_URL", &self.server.url)
            .status()
            .with_context(|| format!("cannot start {}", self.terracube.display()))?;
        if !status.success() {
            bail!("terracube {} ended with {status}", arguments.join(" "));
        }
        Ok(())
    }

    /// Runs `step` and prints what it made the server send: requests of assets, bytes of them.
    fn counted(&self, step: impl FnOnce() -> Result<()>) -> Result<(u64, u64)> {
        let before = self.server.stats()?;
        step()?;
        let after = self.server.stats()?;
        let (assets, bytes) = (after.0 - before.0, after.1 - before.1);
        println!(
            "\nThe server's count: {} asset requests before, {} after: {assets} more, {} sent.",
            before.0,
            after.0,
            mebibytes(bytes)
        );
        Ok((assets, bytes))
    }

    fn summary(&self) {
        heading("What is where");
        for (name, what) in [
            ("archive", "the granules the demo's server offers: COGs and STAC items"),
            ("cube.toml", "the declaration of the cube"),
            ("greenland.icechunk", "the cube: open it with terracube, xarray or icechunk"),
            ("greenland.tif", "the window as GeoTIFF"),
            ("greenland.png", "the window as a picture"),
            ("state.png", "which patches are filled"),
        ] {
            let path = self.dir.join(name);
            let size = if path.exists() { mebibytes(size(&path)) } else { "absent".to_owned() };
            println!("{:<36} {size:>12}  {what}", path.display());
        }
        println!("{:<36} {:>12}  the program", self.terracube.display(), "");
        println!("\nRun `cargo xtask demo` again: it finds the cube and downloads nothing.");
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }
}

/// The server of the made data; dropping it stops it.
struct DemoServer {
    child: Child,
    /// The landing page of its STAC API.
    url: String,
    port: u16,
    bbox: String,
}

impl DemoServer {
    /// Starts the server, which first makes its data when they are not there, and passes on what
    /// it prints until it listens. A line `bbox W,S,E,N` before that names the area to ask for.
    fn start(program: &Path, dir: &Path) -> Result<Self> {
        heading("A STAC API with COGs, on this machine");
        let mut child = Command::new(program)
            .arg("serve")
            .arg("--dir")
            .arg(dir.join("archive"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let lines = child.stdout.take().context("the server has no output")?;
        let mut server = Self { child, url: String::new(), port: 0, bbox: BBOX.to_owned() };
        let (send, received) = mpsc::channel();
        // Read to the end, or the server would stand still once the pipe is full.
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        for line in &received {
            println!("{line}");
            if let Some(bbox) = line.strip_prefix("bbox ") {
                bbox.trim().clone_into(&mut server.bbox);
            }
            if let Some(port) = line.trim().strip_prefix(LISTENING) {
                server.port = port.trim_end_matches('/').parse().context("not a port")?;
                server.url = format!("http://127.0.0.1:{}/stac", server.port);
                return Ok(server);
            }
        }
        let status = server.child.wait()?;
        bail!("the demo's server ended with {status} before it listened")
    }

    /// Requests of assets and bytes sent, as the server counts.
    fn stats(&self) -> Result<(u64, u64)> {
        let text = http_get(self.port, "/_stats").context("the demo's server counts no more")?;
        let stats: Value = serde_json::from_str(&text).context("/_stats is not JSON")?;
        let number = |name: &str| stats[name].as_u64().with_context(|| format!("no `{name}`"));
        Ok((number("assets")?, number("bytes")?))
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn heading(text: &str) {
    println!("\n== {text}");
}

/// Bytes of a file, or of all files of a folder.
fn size(path: &Path) -> u64 {
    if !path.is_dir() {
        return path.metadata().map_or(0, |metadata| metadata.len());
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / (1 << 20) as f64)
}
