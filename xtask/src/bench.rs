//! The benchmarks.

use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{self, cargo};
use crate::setup::{self, Purpose, SetupOptions};
use crate::venv::{Packages, Python, Venv};

/// Runs one bench target or all but `peers` and `idf`; `rest` goes to the benchmark itself.
pub(crate) fn run(options: &SetupOptions, name: Option<&str>, rest: &[String]) -> Result<()> {
    let mut bench = cargo();
    bench.arg("bench");
    match name {
        // Beside its crate: it needs libnetcdf, which the other benchmarks do not.
        Some("idf") => {
            let package = ["--package", "terracube-convert", "--features", "netcdf"];
            bench.args(package).args(["--bench", "idf"]);
            bench.env("TERRACUBE_IDF_PYTHON", idf_converter(options)?.program("python"));
        }
        Some("peers") => {
            for (variable, venv) in peers(options) {
                bench.env(variable, venv.program("python"));
            }
            bench.args(OURS).args(["--bench", "peers"]);
        }
        Some(name) => {
            if name == "store" {
                with_python(&mut bench, options);
            }
            bench.args(OURS).args(["--bench", name]);
        }
        None => {
            with_python(&mut bench, options);
            // Those of peers take many minutes and install packages: they are asked for by name.
            bench.args(OURS).args(ALONE.iter().flat_map(|name| ["--bench", name]));
        }
    }
    if !rest.is_empty() {
        bench.arg("--").args(rest);
    }
    command::run(&mut bench)
}

/// The package of most benchmarks.
const OURS: [&str; 2] = ["--package", "terracube-benches"];

/// The benchmarks of this project by itself.
const ALONE: [&str; 6] = ["decode", "encode", "fill", "plan", "store", "warp"];

/// The store is compared with zarr-python and icechunk, which are where the tests have them.
fn with_python(bench: &mut Command, options: &SetupOptions) {
    match setup::run(options, Purpose::Test) {
        Ok(Some(venv)) => {
            bench.env("TERRACUBE_PYTHON", venv.program("python"));
        }
        Ok(None) => {}
        Err(error) => println!("setup: zarr-python is left out: {error:#}"),
    }
}

/// The environment of idf-converter, which needs numpy 1, which there is for these Pythons only.
fn idf_converter(options: &SetupOptions) -> Result<Venv> {
    setup::run(options, Purpose::Test)?;
    let versions = [(3, 11), (3, 12)];
    let python = Python::of_one_of(&versions).context("no Python 3.11 or 3.12 with venv")?;
    let packages = Packages {
        folder: "idf-venv",
        requirements: "requirements-idf.txt",
        purpose: "are what conversions are compared with",
    };
    Venv::with_packages(&command::root(), &python, packages)
}

/// The environments of the peers, each with the variable that names its Python. What cannot be had
/// is said and left out of the comparison.
fn peers(options: &SetupOptions) -> Vec<(&'static str, Venv)> {
    if let Err(error) = setup::run(options, Purpose::Peers) {
        println!("setup: {error:#}");
    }
    let wanted = [
        ("TERRACUBE_PEERS_PYTHON", (3, 12), "peers-venv", "requirements-peers.txt"),
        (
            "TERRACUBE_SMART_PYTHON",
            (3, 13),
            "smart-geocubes-venv",
            "requirements-smart-geocubes.txt",
        ),
    ];
    let root = command::root();
    let mut venvs = Vec::new();
    for (variable, version, folder, requirements) in wanted {
        let Some(python) = Python::of_at_least(version) else {
            let (major, minor) = version;
            println!("setup: no Python {major}.{minor} or later for {folder}: it is left out");
            continue;
        };
        let packages =
            Packages { folder, requirements, purpose: "are what fills are compared with" };
        match Venv::with_packages(&root, &python, packages) {
            Ok(venv) => venvs.push((variable, venv)),
            Err(error) => println!("setup: {folder} is left out: {error:#}"),
        }
    }
    venvs
}
