//! What every command works with: configuration, connectors, access and the tone of voice.

use std::io::IsTerminal;

use terracube::cube::Cube;
use terracube::source::{Access, Registry};
use terracube::{Config, Options};
use tracing_subscriber::EnvFilter;

use crate::args::Global;
use crate::failure::Failure;
use crate::output;

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) registry: Registry,
    pub(crate) access: Access,
    pub(crate) is_quiet: bool,
    pub(crate) is_verbose: bool,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        log(global.verbose);
        let mut config = match &global.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        config.allow_files.extend(global.allow_files.iter().cloned());
        Ok(Self {
            registry: terracube::sources(),
            access: config.access()?,
            is_quiet: global.quiet,
            is_verbose: global.verbose > 0,
        })
    }

    /// Opens a cube for reading, without its source.
    pub(crate) async fn open(&self, store: &str) -> Result<Cube, Failure> {
        let options = Options { read_only: true, ..Options::default() };
        Ok(Cube::open(terracube::open_store(store, &options).await?).await?)
    }

    /// Opens a cube for filling, with its source.
    pub(crate) async fn connect(&self, store: &str) -> Result<Cube, Failure> {
        let options = Options::default();
        Ok(terracube::open_cube(store, &self.registry, &self.access, &options).await?)
    }

    /// Opens a cube for reading, with its source.
    pub(crate) async fn connect_to_look(&self, store: &str) -> Result<Cube, Failure> {
        let cube = self.open(store).await?;
        Ok(terracube::connect_cube(cube, &self.registry, &self.access)?)
    }

    /// Says something by the way, unless asked to be quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet {
            output::note(text);
        }
    }

    pub(crate) fn warn(&self, warnings: &[String]) {
        for warning in warnings {
            self.note(&format!("warning: {warning}"));
        }
    }
}

fn log(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => {
            "warn,terracube=debug,terracube_cube=debug,terracube_source=debug,terracube_store=debug,terracube_raster=debug"
        }
        _ => {
            "info,terracube=trace,terracube_cube=trace,terracube_source=trace,terracube_store=trace,terracube_raster=trace"
        }
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(EnvFilter::new(filter))
        .init();
}
