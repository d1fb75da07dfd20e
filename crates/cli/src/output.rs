//! The two ways out: results to the standard output, everything else to the standard error.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::failure::Failure;

/// Whoever read the standard output has closed it.
#[derive(Debug)]
pub(crate) struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the standard output was closed")
    }
}

impl std::error::Error for Closed {}

/// Writes a line of a result.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(writeln!(out, "{text}").and_then(|()| out.flush()))
}

/// Writes a result as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string(value)?)
}

/// Writes a result as JSON to be read by people too.
pub(crate) fn pretty(value: &impl Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Writes lines to the standard error. There is nobody to tell when that fails.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a file under a temporary name and moves it to its place when it is whole.
pub(crate) fn file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // The error at hand matters more than one of tidying up.
        let _ = std::fs::remove_file(&part);
    }
    written.with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

/// Writes a result as it is, bytes.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Many lines of a result, written together.
pub(crate) struct Lines {
    out: BufWriter<io::Stdout>,
    /// Somebody looks on.
    is_terminal: bool,
}

impl Lines {
    pub(crate) fn new() -> Self {
        let out = BufWriter::with_capacity(1 << 16, io::stdout());
        Self { out, is_terminal: io::stdout().is_terminal() }
    }

    pub(crate) fn push(&mut self, line: &str) -> Result<(), Failure> {
        written(writeln!(self.out, "{line}"))?;
        if self.is_terminal { written(self.out.flush()) } else { Ok(()) }
    }

    pub(crate) fn end(mut self) -> Result<(), Failure> {
        written(self.out.flush())
    }
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Ok(()) => Ok(()),
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        Err(cause) => Err(anyhow::Error::new(cause).context("cannot write the result").into()),
    }
}
