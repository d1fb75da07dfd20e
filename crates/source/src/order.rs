//! Orders: assets that a provider makes first.

use serde::{Deserialize, Serialize};

/// The receipt of an order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// What the provider calls the order.
    pub id: String,
    /// The name of the provider, as [`Provider`](crate::Provider) has it.
    pub provider: String,
}
