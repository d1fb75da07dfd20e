//! The backends, one file or folder each.

mod directory;
#[cfg(feature = "icechunk")]
pub(crate) mod icechunk;
mod io;
mod memory;
#[cfg(feature = "_object")]
pub(crate) mod object;
#[cfg(feature = "zip")]
pub(crate) mod zip;

pub use directory::Directory;
pub(crate) use io::Doing;
pub use memory::Memory;
#[cfg(feature = "zip")]
pub use zip::Zip;
