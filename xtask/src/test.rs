//! All tests, with the servers and programs they need.

use std::process::Command;

use anyhow::{Context, Result};

use crate::azurite::Azurite;
use crate::command::{self, cargo};
use crate::lint::Steps;
use crate::moto::Moto;
use crate::setup::{self, Purpose, SetupOptions};
use crate::venv::Venv;
use crate::{layers, tidy};

/// Sets up, then runs every step, also after one has failed.
pub(crate) fn run(options: &SetupOptions) -> Result<()> {
    let venv = setup::run(options, Purpose::Test)?.context("the tests need Python")?;
    let root = command::root();
    let moto = Moto::start(&venv, &root.join(".terracube/moto.log"))?;
    println!("S3 for tests: {}", moto.endpoint());
    let azurite = Azurite::start(&root)?;
    let with_servers = |command: &mut Command| {
        with_servers(command, &venv, &moto);
        if let Some(azurite) = &azurite {
            println!("Azure for tests: {}", azurite.endpoint());
            command.env("AZURE_STORAGE_USE_EMULATOR", "true");
            command.env("AZURITE_BLOB_STORAGE_URL", azurite.endpoint());
        }
    };

    let mut steps = Steps::default();
    steps.run("layers", layers::run);
    steps.run("tidy", tidy::run);
    steps.run("workspace", || {
        let mut tests = cargo();
        tests.args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
        with_servers(&mut tests);
        command::run(&mut tests)
    });
    if root.join("fork-template/Cargo.toml").is_file() {
        steps.run("fork template", || {
            let mut tests = cargo();
            tests.args(["test", "--manifest-path", "fork-template/Cargo.toml"]);
            tests.arg("--target-dir").arg(target_folder()?);
            with_servers(&mut tests);
            command::run(&mut tests)
        });
    }
    drop((moto, azurite));
    steps.summary("test")
}

/// The folder that builds go to.
pub(crate) fn target_folder() -> Result<std::path::PathBuf> {
    let mut metadata = cargo();
    let text = command::output(metadata.args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let folder = metadata["target_directory"].as_str().context("no target_directory")?;
    Ok(folder.into())
}

fn with_servers(command: &mut Command, venv: &Venv, moto: &Moto) {
    command
        .env("TERRACUBE_PYTHON", venv.program("python"))
        .env("TERRACUBE_S3_ENDPOINT", moto.endpoint())
        // Nothing that was set up may be skipped.
        .env("TERRACUBE_TEST_STRICT", "1")
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
}
