//! An Azure Blob Storage server for the tests: Azurite, where npm is there to install it.

use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command;
use crate::moto::free_port;

const VERSION: &str = "3.37.0";
/// Longest time until the server answers.
const START: Duration = Duration::from_secs(60);
/// Makes a container, signed with the key that every emulator has.
const MAKE_CONTAINER: &str = r"
const [port, name] = process.argv.slice(1);
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const date = new Date().toUTCString(), version = '2021-08-06';
const text = 'PUT' + '\n'.repeat(12) + `x-ms-date:${date}\nx-ms-version:${version}\n`
  + `/${account}/${account}/${name}\nrestype:container`;
const signature = require('crypto').createHmac('sha256', Buffer.from(key, 'base64'))
  .update(text, 'utf8').digest('base64');
require('http').request({
  host: '127.0.0.1', port, method: 'PUT', path: `/${account}/${name}?restype=container`,
  headers: { 'x-ms-date': date, 'x-ms-version': version, 'Content-Length': 0,
    Authorization: `SharedKey ${account}:${signature}` },
}, (answer) => process.exit(answer.statusCode === 201 ? 0 : 1)).end();
";

/// A running server with the container `terracube`; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Azurite {
    child: Child,
    port: u16,
}

impl Azurite {
    /// Starts the server; `None` without npm, which Debian has in a package too large to ask for.
    pub(crate) fn start(root: &Path) -> Result<Option<Self>> {
        let is_there = |name| command::find_program(name).is_some();
        if !is_there("npm") || !is_there("node") {
            println!("Azure for tests: skipped, there is no npm to install Azurite with");
            return Ok(None);
        }
        let program = installed(root)?;
        let (port, log) = (free_port()?, root.join(".terracube/azurite.log"));
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = Command::new("node")
            .arg(program)
            .args(["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"])
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start Azurite")?;
        let mut azurite = Self { child, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = azurite.child.try_wait()? {
                bail!("Azurite ended with {status}; see {}", log.display());
            }
            if start.elapsed() > START {
                bail!("Azurite does not answer after {START:?}; see {}", log.display());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let mut node = Command::new("node");
        command::run(node.args(["-e", MAKE_CONTAINER, "--", &port.to_string(), "terracube"]))?;
        Ok(Some(azurite))
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, installed into `.terracube/node` unless it is there.
fn installed(root: &Path) -> Result<PathBuf> {
    let folder = root.join(format!(".terracube/node/azurite-{VERSION}"));
    let program = folder.join("node_modules/azurite/dist/src/blob/main.js");
    if !program.is_file() {
        println!("setup: Azurite {VERSION} goes into .terracube/node: tests write to it");
        std::fs::create_dir_all(&folder)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
        command::run(npm.arg(format!("azurite@{VERSION}")))?;
    }
    Ok(program)
}
