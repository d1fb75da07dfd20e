//! The rules of the store contract as functions, and the macro that makes tests of them.

mod read;
mod write;

pub use read::*;
pub use write::*;

use bytes::Bytes;
use futures::TryStreamExt;

use crate::{Entry, Error, Key, Prefix, Result, Store};

/// Makes one test per rule of the contract.
///
/// The expression is evaluated in every test, awaited, and gives `Some((store, kept))` or `None`
/// to skip; `kept` lives as long as the test, as a temporary folder must. A store that cannot be
/// written must hold what [`prepare`] writes. The crate that tests needs `tokio` with `macros`.
///
/// ```
/// # use terracube_store::{Memory, store_conformance};
/// store_conformance!(memory, async { Some((Memory::new(), ())) });
/// ```
#[macro_export]
macro_rules! store_conformance {
    ($name:ident, $make:expr) => {
        $crate::store_conformance!(@rules $name, $make;
            a_value_is_read_whole
            a_missing_key_is_none
            a_range_is_read_and_clipped
            an_offset_reads_to_the_end
            a_suffix_reads_the_last_bytes
            an_empty_or_outside_request_is_an_error
            a_request_of_a_missing_key_is_none
            partial_values_come_in_order
            sizes_are_told
            the_size_of_a_missing_key_is_an_error
            sizes_below_a_prefix_add_up
            all_keys_are_listed
            keys_below_a_prefix_are_listed
            a_trailing_slash_makes_no_difference
            names_are_listed_one_level_deep
            a_missing_prefix_lists_nothing
            a_name_that_begins_alike_is_not_below
            is_empty_looks_below_a_prefix
            a_store_without_writes_refuses_them
            a_store_without_deletes_refuses_them
            set_makes_and_replaces
            empty_values_are_as_declared
            a_large_value_comes_back
            set_many_sets_all
            set_if_not_exists_keeps_what_is_there
            set_if_not_exists_lets_one_of_many_win
            partial_writes_are_as_declared
            delete_removes
            deleting_a_missing_key_is_no_error
            delete_dir_removes_what_is_below
            clear_removes_all
            a_reader_sees_the_old_or_the_new_value
            stores_do_not_share_unless_cloned
        );
    };
    (@rules $name:ident, $make:expr; $($rule:ident)+) => {
        mod $name {
            #[allow(unused_imports, reason = "the expression may need any of them")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    let Some((store, _kept)) = $make.await else { return };
                    $crate::conformance::$rule(&store).await.unwrap();
                }
            )+
        }
    };
}

/// Writes what the rules expect: a Zarr hierarchy, so that stores of Zarr only can hold it.
///
/// # Errors
/// What the store says.
pub async fn prepare(store: &impl Store) -> Result<()> {
    for (key, value) in CONTENT {
        store.set(&Key::new(*key)?, Bytes::from_static(value.as_bytes())).await?;
    }
    Ok(())
}

const GROUP: &str = r#"{"zarr_format":3,"node_type":"group","attributes":{}}"#;
const ARRAY: &str = r#"{"zarr_format":3,"node_type":"array","shape":[1000],"data_type":"uint8",
"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[1]}},
"chunk_key_encoding":{"name":"default","configuration":{"separator":"/"}},
"fill_value":0,"codecs":[{"name":"bytes"}],"attributes":{}}"#;
const DIGITS: &str = "0123456789";

const CONTENT: &[(&str, &str)] = &[
    ("zarr.json", GROUP),
    ("a/zarr.json", ARRAY),
    ("a/c/0", DIGITS),
    ("a/c/1", "one"),
    ("ab/zarr.json", GROUP),
    ("ab/d/zarr.json", ARRAY),
    ("ab/d/c/7", "seven"),
];

async fn ready(store: &impl Store) -> Result<()> {
    if store.capability().writes { prepare(store).await } else { Ok(()) }
}

fn key(text: &str) -> Result<Key> {
    Key::new(text)
}

async fn keys(store: &impl Store, prefix: &str) -> Result<Vec<String>> {
    let mut keys: Vec<_> = store
        .list_prefix(&Prefix::new(prefix)?)
        .map_ok(|key| key.to_string())
        .try_collect()
        .await?;
    keys.sort();
    Ok(keys)
}

async fn names(store: &impl Store, prefix: &str) -> Result<Vec<Entry>> {
    let mut names: Vec<_> = store.list_dir(&Prefix::new(prefix)?).try_collect().await?;
    names.sort();
    Ok(names)
}

fn is_refusal<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::ReadOnly { .. } | Error::Unsupported { .. }))
}
