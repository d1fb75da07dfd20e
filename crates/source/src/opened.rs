//! What opening an asset gives.

use std::sync::Arc;

use terracube_store::{Key, ReadStore};

use crate::Ticket;

/// What opening an asset gives.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Opened {
    /// The bytes can be read now, in parts or whole.
    Bytes {
        /// Where to read.
        store: Arc<dyn ReadStore>,
        /// What to read there.
        key: Key,
    },
    /// The provider is making it; ask again with the ticket.
    Ordered(Ticket),
}
