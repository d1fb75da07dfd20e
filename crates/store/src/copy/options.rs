//! How a copy works.

/// How a copy works.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyOptions {
    /// Values under way take at most so many bytes of memory; a larger one goes alone.
    pub memory: u64,
    /// So many values are under way at a time, at least 1.
    pub requests: usize,
    /// When two values are taken for the same.
    pub verify: Verify,
    /// Attempts for each operation that fails for the moment, at least 1.
    pub attempts: u32,
    /// A target with commits gets one whenever so many bytes or keys are written, on a branch of
    /// the copy, so that a copy that is killed loses no more.
    pub commit_bytes: u64,
    /// See [`commit_bytes`](Self::commit_bytes).
    pub commit_keys: u64,
    /// The message of the commits.
    pub message: String,
}

/// When a value at the target is taken for that of the source: before it is written, and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// When it has the same size, and the same hash where both stores have one at hand.
    #[default]
    Size,
    /// When every byte is the same: the values of both sides are read.
    Content,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            requests: 32,
            verify: Verify::default(),
            attempts: 5,
            commit_bytes: 256 << 20,
            commit_keys: 10_000,
            message: "copy".to_owned(),
        }
    }
}
