//! An S3 server for the tests: moto, on a free loopback port.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::venv::Venv;

/// Longest time until the server answers.
const START: Duration = Duration::from_secs(60);

/// The bucket that the tests expect.
const BUCKET: &str = "terracube";

/// A running server; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    /// Starts the server and waits until it answers. What it prints goes into `log`.
    pub(crate) fn start(venv: &Venv, log: &Path) -> Result<Self> {
        let port = free_port()?;
        let output =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = Command::new(venv.program("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start moto_server")?;
        let mut moto = Self { child, port };
        let start = Instant::now();
        while http_get(port, "/moto-api/").is_err() {
            if let Some(status) = moto.child.try_wait()? {
                bail!("moto_server ended with {status}; see {}", log.display());
            }
            if start.elapsed() > START {
                bail!("moto_server does not answer after {START:?}; see {}", log.display());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        request(port, "PUT", &format!("/{BUCKET}"))
            .context("cannot make a bucket for the tests")?;
        Ok(moto)
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of a GET from a loopback server.
pub(crate) fn http_get(port: u16, path: &str) -> Result<String> {
    request(port, "GET", path)
}

fn request(port: u16, method: &str, path: &str) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // 1.0: the answer ends with the connection and is not chunked.
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n")?;
    write!(stream, "Content-Length: 0\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("not an HTTP answer")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        bail!("{path} answered {status}");
    }
    Ok(body.to_owned())
}

/// A loopback port that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
    Ok(listener.local_addr()?.port())
}
