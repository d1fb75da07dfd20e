//! Placeholder until this crate lands.
fn main() {}
