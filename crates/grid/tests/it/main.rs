//! All integration tests of this crate.
