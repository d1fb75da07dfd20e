//! The tests of the crate that need files.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod ahead;
mod files;
mod folder;
mod hostile;
mod real;
mod warped;
mod windows;
