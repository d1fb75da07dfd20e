//! Ranges of bytes over one plain HTTP connection: as little as can receive them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Range;

use anyhow::{Context, Result, ensure};

/// A connection that is kept.
#[derive(Default)]
pub(crate) struct ByteFetch {
    host: String,
    stream: Option<BufReader<TcpStream>>,
}

impl ByteFetch {
    pub(crate) fn get(&mut self, url: &str, range: Range<u64>) -> Result<Vec<u8>> {
        let rest = url.strip_prefix("http://").context("only http:// here")?;
        let (host, path) = rest.split_once('/').context("an address without a path")?;
        if self.host != host {
            host.clone_into(&mut self.host);
            self.stream = None;
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(BufReader::new(TcpStream::connect(host)?)),
        };
        let (first, last) = (range.start, range.end - 1);
        let request =
            format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={first}-{last}\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        stream.read_line(&mut line)?;
        ensure!(line.contains(" 206 "), "{url} answered {line:?}");
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
        }
        let length = range.end - range.start;
        let mut bytes = Vec::with_capacity(usize::try_from(length)?);
        stream.take(length).read_to_end(&mut bytes)?;
        ensure!(bytes.len() as u64 == length, "{url} sent {} bytes of {length}", bytes.len());
        Ok(bytes)
    }
}
