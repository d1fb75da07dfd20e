//! The rules of the store contract, to be run as tests, or on a store that is in use.

mod check;
mod read;
mod rule;
mod trial;
mod write;

pub use check::{Check, Outcome};
pub use read::*;
pub use rule::{Rule, Verdict, rules};
pub use trial::{Trial, prepare};
pub use write::*;

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
        $crate::store_conformance!(@with (@tests $name, $make));
    };
    // the one list of all rules
    (@with ($($wanted:tt)+)) => {
        $crate::store_conformance! { $($wanted)+;
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
            sizes_in_a_listing_are_those_of_the_values
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
        }
    };
    (@tests $name:ident, $make:expr; $($rule:ident)+) => {
        mod $name {
            #[allow(unused_imports, reason = "the expression may need any of them")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    let Some((store, _kept)) = $make.await else { return };
                    let trial = $crate::conformance::Trial::new(store);
                    $crate::conformance::$rule(&trial).await.unwrap();
                }
            )+
        }
    };
    (@list; $($rule:ident)+) => {
        vec![$($crate::conformance::Rule::new(
            stringify!($rule),
            |trial| Box::pin($crate::conformance::$rule(trial)),
        )),+]
    };
}
