//! The operations of a store, as data.

use std::fmt;

use serde::Serialize;

/// An operation of [`ReadStore`](crate::ReadStore) or [`Store`](crate::Store).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// `get`.
    Get,
    /// `get_partial_values`.
    GetPartialValues,
    /// `size`.
    Size,
    /// `set`.
    Set,
    /// `set_if_not_exists`.
    SetIfNotExists,
    /// `set_partial_values`.
    SetPartialValues,
    /// `delete`.
    Delete,
    /// `delete_dir`.
    DeleteDir,
    /// `list_prefix`.
    ListPrefix,
    /// `list_dir`.
    ListDir,
}

impl Operation {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 10] = [
        Self::Get,
        Self::GetPartialValues,
        Self::Size,
        Self::Set,
        Self::SetIfNotExists,
        Self::SetPartialValues,
        Self::Delete,
        Self::DeleteDir,
        Self::ListPrefix,
        Self::ListDir,
    ];

    /// The name of the method.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetPartialValues => "get_partial_values",
            Self::Size => "size",
            Self::Set => "set",
            Self::SetIfNotExists => "set_if_not_exists",
            Self::SetPartialValues => "set_partial_values",
            Self::Delete => "delete",
            Self::DeleteDir => "delete_dir",
            Self::ListPrefix => "list_prefix",
            Self::ListDir => "list_dir",
        }
    }

    /// Whether it changes what is stored.
    #[must_use]
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::Set
                | Self::SetIfNotExists
                | Self::SetPartialValues
                | Self::Delete
                | Self::DeleteDir
        )
    }

    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Get | Self::GetPartialValues => "read",
            Self::Size => "look at",
            Self::Set | Self::SetIfNotExists | Self::SetPartialValues => "write",
            Self::Delete | Self::DeleteDir => "delete",
            Self::ListPrefix | Self::ListDir => "list",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
