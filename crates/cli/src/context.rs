//! What every command works with: configuration, connectors, access and the tone of voice.

use terracube::cube::Cube;
use terracube::source::{Access, Registry};
use terracube::{Config, Options};

use crate::args::{Command, Global};
use crate::failure::Failure;
use crate::listening::Listening;
use crate::output;

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) registry: Registry,
    pub(crate) access: Access,
    pub(crate) is_quiet: bool,
    pub(crate) is_verbose: bool,
    pub(crate) listening: Listening,
}

impl Context {
    /// With what listens to the command as its arguments ask.
    pub(crate) fn new(global: &Global, command: &Command) -> Result<Self, Failure> {
        let listening = Listening::begin(global.verbose, command.watch(), command.fills())?;
        let mut config = match &global.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        config.allow_files.extend(global.allow_files.iter().cloned());
        let mut context = Self {
            registry: terracube::sources(),
            access: config.access()?,
            is_quiet: global.quiet,
            is_verbose: global.verbose > 0,
            listening,
        };
        let warning = context.listening.warning.take();
        context.warn(warning.as_slice());
        Ok(context)
    }

    /// Ends what listens, which may take a moment.
    pub(crate) fn end(self) {
        let is_quiet = self.is_quiet;
        if let Some(warning) = self.listening.end()
            && !is_quiet
        {
            output::note(&format!("warning: {warning}"));
        }
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
