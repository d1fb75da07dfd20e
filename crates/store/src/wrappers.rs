//! Stores made of another store.

mod around;
mod cached;
mod dirty;
mod faulty;
mod latency;
mod limited;
mod measured;
mod operation;
mod prefixed;
mod read_only;
mod retry;

pub use cached::Cached;
pub(crate) use dirty::Dirty;
pub use faulty::{Fault, FaultKind, Faulty};
pub use latency::Latency;
pub use limited::Limited;
pub use measured::{Measured, Metrics, OperationMetrics};
pub use operation::Operation;
pub use prefixed::Prefixed;
pub use read_only::ReadOnly;
pub use retry::Retry;
