//! The backends, one file or folder each.

mod directory;
mod io;
mod memory;

pub use directory::Directory;
pub use memory::Memory;
