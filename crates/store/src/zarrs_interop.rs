//! Our stores as storage of `zarrs`, and storage of `zarrs` as our stores.
//!
//! The only module with types of another library in its signatures: that is what it is for.
//! [`zarrs`] is that library, in the version these adapters are for.
//!
//! ```
//! use std::sync::Arc;
//! use terracube_store::zarrs_interop::{BlockingStorage, zarrs};
//! use terracube_store::{Memory, Store};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn Store> = Arc::new(Memory::new());
//! let storage = Arc::new(BlockingStorage::new(store)?);
//! let array = zarrs::array::ArrayBuilder::new(vec![4], vec![2], zarrs::array::data_type::uint8(), 0u8)
//!     .build(storage, "/a")?;
//! array.store_metadata()?;
//! array.store_chunk(&[1], vec![3u8, 4])?;
//! assert_eq!(array.retrieve_array_subset::<Vec<u8>>(&array.subset_all())?, [0, 0, 3, 4]);
//! # Ok(())
//! # }
//! ```

mod blocking;
mod failure;
mod storage;
mod store;

pub use blocking::BlockingStorage;
pub use storage::AsyncStorage;
pub use store::ZarrsStore;
pub use zarrs;
