//! The tests of the crate that need files.

mod files;
mod folder;
mod hostile;
mod real;
mod warped;
mod windows;
