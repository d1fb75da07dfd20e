//! How a command ends: exit codes, and errors in words with a hint.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use terracube::{cube, source, store};

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All was done.
    Done,
    /// Some patches failed, the others are committed.
    Partial,
    /// Stopped before the end; what was whole is committed.
    Stopped,
    /// There was nothing to do, in any of the inputs.
    Nothing,
    /// All failed; what failed is listed.
    Failed,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// Anything else.
    Error(anyhow::Error),
}

impl Outcome {
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Partial => ExitCode::from(3),
            Self::Stopped => ExitCode::from(4),
            Self::Nothing => ExitCode::from(5),
            Self::Failed => ExitCode::FAILURE,
        }
    }
}

impl Failure {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// Writes the error, its causes and a hint to the standard error, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if self.is_broken_pipe() {
            // Whoever read the output has seen enough.
            return ExitCode::SUCCESS;
        }
        let mut text = format!("error: {self}\n");
        if let Self::Error(error) = self {
            for cause in causes(error.as_ref()) {
                text += &format!("  cause: {cause}\n");
            }
            if let Some(hint) = error.chain().find_map(hint) {
                text += &format!("  hint: {hint}\n");
            }
        }
        crate::output::note(text.trim_end());
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Error(_) => ExitCode::FAILURE,
        }
    }

    fn is_broken_pipe(&self) -> bool {
        let Self::Error(error) = self else { return false };
        error.downcast_ref::<crate::output::Closed>().is_some()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => write!(f, "{text}\n\nFor more information, try '--help'."),
            Self::Error(error) => write!(f, "{error}"),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// The causes that say something the message before them does not say already.
fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut said = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = cause.source();
    }
    said.split_off(1)
}

fn hint(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<cube::Error>() {
        return match error {
            cube::Error::Exists { .. } => {
                Some("with --exist-ok a cube that is declared the same is fine")
            }
            cube::Error::Differs { .. } => {
                Some("a declaration never changes: create the new one in another store")
            }
            cube::Error::NotACube { .. } => {
                Some("`terracube cube create CUBE.TOML STORE` makes one")
            }
            cube::Error::OutsideCube { .. } | cube::Error::OutsideTime { .. } => {
                Some("`terracube cube info STORE` shows what the cube covers")
            }
            cube::Error::NoSource { .. } => Some(
                "the declaration has no [source]; what is there can be read with `cube load --no-fill`",
            ),
            cube::Error::TooLarge { .. } => Some("narrow the area, the time or --bands"),
            cube::Error::Store(error) => of_store(error),
            cube::Error::Source(error) => of_source(error),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<source::Error>() {
        return of_source(error);
    }
    error.downcast_ref::<store::Error>().and_then(of_store)
}

fn of_store(error: &store::Error) -> Option<&'static str> {
    match error {
        store::Error::NoSpace { .. } => {
            Some("what was committed before stays; the same again does the rest")
        }
        store::Error::PermissionDenied { .. } | store::Error::ReadOnly { .. } => {
            Some("the store must be writable for this")
        }
        store::Error::Location { .. } => Some("`terracube --help` lists the kinds of stores"),
        _ => None,
    }
}

fn of_source(error: &source::Error) -> Option<&'static str> {
    match error {
        source::Error::NotAllowed { what, .. }
            if !what.contains("://") || what.starts_with("file:") =>
        {
            Some("local files are read only below a folder given with --allow-files or in --config")
        }
        source::Error::UnknownSource { .. } | source::Error::Config { .. } => {
            Some("`terracube source list` shows the connectors and their keys")
        }
        source::Error::Denied { .. } => {
            Some("credentials go into a file given with --config, as env:NAME or file:PATH")
        }
        _ => None,
    }
}
