//! What can go wrong when a server is started.

use std::path::PathBuf;

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestbedError {
    /// No listening socket on the wanted loopback port.
    #[error("cannot listen on 127.0.0.1:{port}: {cause}")]
    Listen {
        /// The port asked for; 0 means any.
        port: u16,
        /// What the system answered.
        cause: std::io::Error,
    },
    /// The thread or the runtime of the server could not be made.
    #[error("cannot start the server's thread: {cause}")]
    Thread {
        /// What the system answered.
        cause: std::io::Error,
    },
    /// A file of a STAC root could not be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        cause: std::io::Error,
    },
    /// A file of a STAC root is not what it should be.
    #[error("{}: {reason}", path.display())]
    Document {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it and what was expected.
        reason: String,
    },
}

impl TestbedError {
    /// Whether the same call may succeed later without any change: only a taken port.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Listen { .. })
    }
}
