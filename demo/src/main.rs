//! The granules of the demo, made once, and the server that offers them.

mod archive;
mod declaration;
mod item;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use terracube_testbed::{Server, TestbedError};

#[derive(Debug, Parser)]
#[command(about = "The data and server of the demo", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the granules unless they are there, and serve them on 127.0.0.1 until killed
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Folder of the granules; `cube.toml` goes beside it
    #[arg(long)]
    dir: PathBuf,
    /// Port to listen on; any free one when it is taken, or 0
    #[arg(long, default_value_t = 8787)]
    port: u16,
}

fn main() -> Result<()> {
    let Command::Serve(serve) = Cli::parse().command;
    let archive = std::path::absolute(&serve.dir).context("no such folder can be")?;
    archive::make(&archive)?;
    let beside = archive.parent().unwrap_or(Path::new("/")).join("cube.toml");
    declaration::write(&beside)?;
    let server = start(&archive, serve.port)?;
    say(&format!("bbox {}", declaration::BBOX));
    say(&format!("listening on {}", server.url()));
    loop {
        std::thread::park();
    }
}

fn start(archive: &Path, port: u16) -> Result<Server> {
    let listen = |port| Server::builder().stac_root(archive).port(port).start();
    let server = match listen(port) {
        Err(TestbedError::Listen { .. }) if port != 0 => listen(0),
        other => other,
    };
    server.context("the server does not start")
}

/// Lines on standard output are how a caller learns of progress and address.
#[expect(clippy::print_stdout, reason = "standard output is this program's interface")]
fn say(line: &str) {
    println!("{line}");
}
