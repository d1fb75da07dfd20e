//! How progress is shown: a bar on a terminal, lines elsewhere, or not at all.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::context::Context;
use crate::output;

/// How often a line is written where there is no terminal, if nothing else is.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// How progress is shown.
pub(crate) enum View {
    Bar(ProgressBar),
    Lines { last: Instant },
    Json,
    Quiet,
}

impl View {
    /// A view of so many steps, or of an unknown number. The template is that of the bar.
    pub(crate) fn new(
        context: &Context,
        total: Option<u64>,
        template: &str,
        is_json: bool,
    ) -> Self {
        if is_json {
            return Self::Json;
        }
        if context.is_quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() || context.is_verbose {
            return Self::Lines { last: Instant::now() };
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        Self::Bar(bar)
    }

    /// Shows how far it is: the message beside the bar, or a line now and then.
    pub(crate) fn refresh(
        &mut self,
        done: u64,
        message: String,
        line: impl FnOnce(&str) -> String,
    ) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(done);
                bar.set_message(message);
            }
            Self::Lines { last } if last.elapsed() >= LINE_EVERY => {
                *last = Instant::now();
                output::note(&line(&message));
            }
            _ => {}
        }
    }

    /// Says something in between.
    pub(crate) fn say(&mut self, text: &str) {
        match self {
            Self::Bar(bar) => bar.suspend(|| output::note(text)),
            Self::Lines { last } => {
                *last = Instant::now();
                output::note(text);
            }
            Self::Json | Self::Quiet => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
