//! Rules of reading and listing.

use super::{CONTENT, DIGITS, key, keys, names, ready};
use crate::{ByteRequest, Entry, Error, Prefix, Result, Store, StoreExt};

/// `get` gives the value whole.
///
/// # Errors
/// What the store says.
pub async fn a_value_is_read_whole(store: &impl Store) -> Result<()> {
    ready(store).await?;
    let value = store.get(&key("a/c/0")?, ByteRequest::All).await?;
    assert_eq!(value.as_deref(), Some(DIGITS.as_bytes()));
    Ok(())
}

/// `get` gives `None` for a key that is not there, or lies below a value.
///
/// # Errors
/// What the store says.
pub async fn a_missing_key_is_none(store: &impl Store) -> Result<()> {
    ready(store).await?;
    for missing in ["a/c/9", "nothing/zarr.json", "a", "a/c", "nothing", "ab/d/c/7/8"] {
        assert_eq!(store.get(&key(missing)?, ByteRequest::All).await?, None, "{missing}");
        assert!(!store.exists(&key(missing)?).await?, "{missing}");
    }
    Ok(())
}

/// A range gives its bytes; an end past the value is clipped.
///
/// # Errors
/// What the store says.
pub async fn a_range_is_read_and_clipped(store: &impl Store) -> Result<()> {
    ready(store).await?;
    for (start, end, expected) in [(0, 1, "0"), (3, 6, "345"), (0, 10, DIGITS), (8, 99, "89")] {
        let value = store.get(&key("a/c/0")?, ByteRequest::Range { start, end }).await?;
        assert_eq!(value.as_deref(), Some(expected.as_bytes()), "{start}..{end}");
    }
    Ok(())
}

/// An offset gives the rest.
///
/// # Errors
/// What the store says.
pub async fn an_offset_reads_to_the_end(store: &impl Store) -> Result<()> {
    ready(store).await?;
    for (offset, expected) in [(0, DIGITS), (7, "789"), (9, "9")] {
        let value = store.get(&key("a/c/0")?, ByteRequest::Offset(offset)).await?;
        assert_eq!(value.as_deref(), Some(expected.as_bytes()), "{offset}..");
    }
    Ok(())
}

/// A suffix gives the last bytes; more than there are means all.
///
/// # Errors
/// What the store says.
pub async fn a_suffix_reads_the_last_bytes(store: &impl Store) -> Result<()> {
    ready(store).await?;
    for (suffix, expected) in [(1, "9"), (4, "6789"), (10, DIGITS), (99, DIGITS)] {
        let value = store.get(&key("a/c/0")?, ByteRequest::Suffix(suffix)).await?;
        assert_eq!(value.as_deref(), Some(expected.as_bytes()), "last {suffix}");
    }
    Ok(())
}

/// A request of nothing, or of what begins at or past the end, is an error.
///
/// # Errors
/// What the store says.
pub async fn an_empty_or_outside_request_is_an_error(store: &impl Store) -> Result<()> {
    ready(store).await?;
    for request in [
        ByteRequest::Range { start: 3, end: 3 },
        ByteRequest::Range { start: 5, end: 2 },
        ByteRequest::Range { start: 10, end: 11 },
        ByteRequest::Range { start: 99, end: 100 },
        ByteRequest::Offset(10),
        ByteRequest::Offset(99),
        ByteRequest::Suffix(0),
    ] {
        let value = store.get(&key("a/c/0")?, request).await;
        assert!(matches!(value, Err(Error::InvalidRange { .. })), "{request:?}: {value:?}");
    }
    Ok(())
}

/// Whatever is asked of a missing key, the answer is `None`.
///
/// # Errors
/// What the store says.
pub async fn a_request_of_a_missing_key_is_none(store: &impl Store) -> Result<()> {
    ready(store).await?;
    for request in
        [ByteRequest::Range { start: 0, end: 5 }, ByteRequest::Offset(2), ByteRequest::Suffix(2)]
    {
        assert_eq!(store.get(&key("a/c/9")?, request).await?, None, "{request:?}");
    }
    Ok(())
}

/// `get_partial_values` answers in order; keys may repeat and be missing.
///
/// # Errors
/// What the store says.
pub async fn partial_values_come_in_order(store: &impl Store) -> Result<()> {
    ready(store).await?;
    let requests = [
        (key("a/c/0")?, ByteRequest::Range { start: 5, end: 7 }),
        (key("a/c/9")?, ByteRequest::All),
        (key("a/c/1")?, ByteRequest::All),
        (key("a/c/0")?, ByteRequest::Range { start: 0, end: 2 }),
        (key("a/c/0")?, ByteRequest::Suffix(1)),
        (key("a/c/0")?, ByteRequest::Range { start: 5, end: 7 }),
    ];
    let values = store.get_partial_values(&requests).await?;
    let values: Vec<_> = values.iter().map(Option::as_deref).collect();
    let expected: [Option<&[u8]>; 6] =
        [Some(b"56"), None, Some(b"one"), Some(b"01"), Some(b"9"), Some(b"56")];
    assert_eq!(values, expected);
    assert_eq!(store.get_partial_values(&[]).await?, []);
    Ok(())
}

/// `size` and `getsize` give bytes.
///
/// # Errors
/// What the store says.
pub async fn sizes_are_told(store: &impl Store) -> Result<()> {
    ready(store).await?;
    assert_eq!(store.size(&key("a/c/0")?).await?, Some(10));
    assert_eq!(store.getsize(&key("a/c/1")?).await?, 3);
    assert_eq!(store.size(&key("a/c/9")?).await?, None);
    Ok(())
}

/// `getsize` of a missing key is an error.
///
/// # Errors
/// What the store says.
pub async fn the_size_of_a_missing_key_is_an_error(store: &impl Store) -> Result<()> {
    ready(store).await?;
    let size = store.getsize(&key("a/c/9")?).await;
    assert!(matches!(size, Err(Error::NotFound { .. })), "{size:?}");
    Ok(())
}

/// `getsize_prefix` adds up what is below.
///
/// # Errors
/// What the store says.
pub async fn sizes_below_a_prefix_add_up(store: &impl Store) -> Result<()> {
    ready(store).await?;
    if store.capability().listing {
        assert_eq!(store.getsize_prefix(&Prefix::new("a/c")?).await?, 13);
        assert_eq!(store.getsize_prefix(&Prefix::new("nothing")?).await?, 0);
    }
    Ok(())
}

/// `list` gives every key once.
///
/// # Errors
/// What the store says.
pub async fn all_keys_are_listed(store: &impl Store) -> Result<()> {
    ready(store).await?;
    if store.capability().listing {
        let mut expected: Vec<_> = CONTENT.iter().map(|(key, _)| *key).collect();
        expected.sort_unstable();
        assert_eq!(keys(store, "").await?, expected);
    }
    Ok(())
}

/// `list_prefix` gives whole keys.
///
/// # Errors
/// What the store says.
pub async fn keys_below_a_prefix_are_listed(store: &impl Store) -> Result<()> {
    ready(store).await?;
    if store.capability().listing {
        assert_eq!(keys(store, "a/c").await?, ["a/c/0", "a/c/1"]);
        assert_eq!(keys(store, "ab").await?, ["ab/d/c/7", "ab/d/zarr.json", "ab/zarr.json"]);
    }
    Ok(())
}

/// A prefix may end in a slash.
///
/// # Errors
/// What the store says.
pub async fn a_trailing_slash_makes_no_difference(store: &impl Store) -> Result<()> {
    ready(store).await?;
    if store.capability().listing {
        assert_eq!(keys(store, "a/c/").await?, keys(store, "a/c").await?);
        assert_eq!(names(store, "a/").await?, names(store, "a").await?);
    }
    Ok(())
}

/// `list_dir` gives names, not keys, and says which are folders.
///
/// # Errors
/// What the store says.
pub async fn names_are_listed_one_level_deep(store: &impl Store) -> Result<()> {
    ready(store).await?;
    if store.capability().listing {
        let (value, dir) = (|n: &str| Entry::Key(n.to_owned()), |n: &str| Entry::Dir(n.to_owned()));
        assert_eq!(names(store, "").await?, [value("zarr.json"), dir("a"), dir("ab")]);
        assert_eq!(names(store, "a").await?, [value("zarr.json"), dir("c")]);
        assert_eq!(names(store, "a/c").await?, [value("0"), value("1")]);
    }
    Ok(())
}

/// Listing what is not there gives nothing.
///
/// # Errors
/// What the store says.
pub async fn a_missing_prefix_lists_nothing(store: &impl Store) -> Result<()> {
    ready(store).await?;
    if store.capability().listing {
        assert!(keys(store, "nothing").await?.is_empty());
        assert!(names(store, "nothing").await?.is_empty());
    }
    Ok(())
}

/// A prefix is a folder, not the beginning of a text.
///
/// # Errors
/// What the store says.
pub async fn a_name_that_begins_alike_is_not_below(store: &impl Store) -> Result<()> {
    ready(store).await?;
    if store.capability().listing {
        assert_eq!(keys(store, "a").await?, ["a/c/0", "a/c/1", "a/zarr.json"]);
    }
    Ok(())
}

/// `is_empty` asks for what is below a prefix.
///
/// # Errors
/// What the store says.
pub async fn is_empty_looks_below_a_prefix(store: &impl Store) -> Result<()> {
    ready(store).await?;
    if store.capability().listing {
        assert!(!store.is_empty(&Prefix::root()).await?);
        assert!(!store.is_empty(&Prefix::new("a/c")?).await?);
        assert!(store.is_empty(&Prefix::new("nothing")?).await?);
    }
    Ok(())
}
