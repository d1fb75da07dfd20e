//! Wrappers that do the same around every operation: what they see of one, and their forwarding.

use bytes::Bytes;

use super::Operation;
use crate::Stat;

/// An operation as a wrapper sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) operation: Operation,
    /// The key or prefix; the first of several.
    pub(super) key: &'a str,
    /// Bytes given to be written.
    pub(super) written: u64,
}

impl<'a> Call<'a> {
    pub(super) fn new(operation: Operation, key: &'a str) -> Self {
        Self { operation, key, written: 0 }
    }

    pub(super) fn writing(self, written: usize) -> Self {
        Self { written: written as u64, ..self }
    }
}

/// The answer of an operation.
pub(super) trait Answer: Send {
    /// Bytes read.
    fn bytes(&self) -> u64 {
        0
    }
}

impl Answer for () {}
impl Answer for bool {}
impl Answer for Option<u64> {}
impl Answer for Option<Stat> {}

impl Answer for Option<Bytes> {
    fn bytes(&self) -> u64 {
        self.as_ref().map_or(0, |bytes| bytes.len() as u64)
    }
}

impl Answer for Vec<Option<Bytes>> {
    fn bytes(&self) -> u64 {
        self.iter().map(Answer::bytes).sum()
    }
}

/// Implements the traits of a store for a wrapper that has `inner: Arc<S>` and the methods
/// `around(Call, || future)` and `around_list(Call, || stream)`.
macro_rules! forward_around {
    ($wrapper:ident) => {
        #[async_trait::async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<S: crate::ReadStore> crate::ReadStore for $wrapper<S> {
            async fn get(
                &self,
                key: &crate::Key,
                request: crate::ByteRequest,
            ) -> crate::Result<Option<bytes::Bytes>> {
                let call = Call::new(Operation::Get, key.as_str());
                self.around(call, || self.inner.get(key, request)).await
            }
            async fn get_partial_values(
                &self,
                requests: &[(crate::Key, crate::ByteRequest)],
            ) -> crate::Result<Vec<Option<bytes::Bytes>>> {
                let key = requests.first().map_or("", |(key, _)| key.as_str());
                let call = Call::new(Operation::GetPartialValues, key);
                self.around(call, || self.inner.get_partial_values(requests)).await
            }
            async fn size(&self, key: &crate::Key) -> crate::Result<Option<u64>> {
                let call = Call::new(Operation::Size, key.as_str());
                self.around(call, || self.inner.size(key)).await
            }
            async fn stat(&self, key: &crate::Key) -> crate::Result<Option<crate::Stat>> {
                let call = Call::new(Operation::Size, key.as_str());
                self.around(call, || self.inner.stat(key)).await
            }
        }

        #[async_trait::async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<S: crate::Store> crate::Store for $wrapper<S> {
            fn capability(&self) -> crate::Capability {
                self.inner.capability()
            }
            fn identity(&self) -> Option<String> {
                self.inner.identity()
            }
            async fn set(&self, key: &crate::Key, value: bytes::Bytes) -> crate::Result<()> {
                let call = Call::new(Operation::Set, key.as_str()).writing(value.len());
                self.around(call, || self.inner.set(key, value.clone())).await
            }
            async fn set_if_not_exists(
                &self,
                key: &crate::Key,
                value: bytes::Bytes,
            ) -> crate::Result<bool> {
                let call = Call::new(Operation::SetIfNotExists, key.as_str()).writing(value.len());
                self.around(call, || self.inner.set_if_not_exists(key, value.clone())).await
            }
            async fn set_partial_values(
                &self,
                values: &[(crate::Key, u64, bytes::Bytes)],
            ) -> crate::Result<()> {
                let key = values.first().map_or("", |(key, ..)| key.as_str());
                let call = Call::new(Operation::SetPartialValues, key)
                    .writing(values.iter().map(|(_, _, bytes)| bytes.len()).sum());
                self.around(call, || self.inner.set_partial_values(values)).await
            }
            async fn delete(&self, key: &crate::Key) -> crate::Result<()> {
                let call = Call::new(Operation::Delete, key.as_str());
                self.around(call, || self.inner.delete(key)).await
            }
            async fn delete_dir(&self, prefix: &crate::Prefix) -> crate::Result<()> {
                let call = Call::new(Operation::DeleteDir, prefix.as_str());
                self.around(call, || self.inner.delete_dir(prefix)).await
            }
            fn list_prefix(&self, prefix: &crate::Prefix) -> crate::Keys {
                let (inner, below) = (std::sync::Arc::clone(&self.inner), prefix.clone());
                let call = Call::new(Operation::ListPrefix, prefix.as_str());
                self.around_list(call, move || inner.list_prefix(&below))
            }
            fn list_dir(&self, prefix: &crate::Prefix) -> crate::Names {
                let (inner, below) = (std::sync::Arc::clone(&self.inner), prefix.clone());
                let call = Call::new(Operation::ListDir, prefix.as_str());
                self.around_list(call, move || inner.list_dir(&below))
            }
            fn list_stats(&self, prefix: &crate::Prefix) -> crate::Stats {
                let (inner, below) = (std::sync::Arc::clone(&self.inner), prefix.clone());
                let call = Call::new(Operation::ListPrefix, prefix.as_str());
                self.around_list(call, move || inner.list_stats(&below))
            }
        }
    };
}

pub(super) use forward_around;
