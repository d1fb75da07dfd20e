//! Rules of reading and listing.

use futures::TryStreamExt;

use super::Trial;
use super::Verdict::{self, Kept, NotApplicable};
use super::trial::CONTENT;
use crate::{ByteRequest, Entry, Error, Key, Prefix, Result, StoreExt};

/// `get` gives the value whole.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_value_is_read_whole(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let (key, value) = trial.present();
    trial.expect_value(key.as_str(), value).await?;
    Ok(Kept)
}

/// `get` gives `None` for a key that is not there, or lies below a value.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_missing_key_is_none(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let below = format!("{}/8", trial.present().0);
    let mut missing = vec![trial.missing().as_str(), below.as_str()];
    if trial.is_ours() {
        missing.extend(["nothing/zarr.json", "a", "a/c", "nothing"]);
    }
    for missing in missing {
        let found = trial.store().get(&Key::new(missing)?, ByteRequest::All).await?;
        trial.expect(&format!("the value of `{missing}`"), found, None)?;
        trial.expect(
            &format!("whether `{missing}` exists"),
            trial.exists(missing).await?,
            false,
        )?;
    }
    Ok(Kept)
}

/// A range gives its bytes; an end past the value is clipped.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_range_is_read_and_clipped(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let size = trial.present().1.len() as u64;
    for (start, end) in
        [(0, 1), (size / 3, 2 * size / 3 + 1), (0, size), (size - 1, size + 89), (0, size + 1)]
    {
        let wanted = start as usize..end.min(size) as usize;
        requested(trial, ByteRequest::Range { start, end }, wanted).await?;
    }
    Ok(Kept)
}

/// An offset gives the rest.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn an_offset_reads_to_the_end(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let size = trial.present().1.len();
    for offset in [0, 2 * size / 3, size - 1] {
        requested(trial, ByteRequest::Offset(offset as u64), offset..size).await?;
    }
    Ok(Kept)
}

/// A suffix gives the last bytes; more than there are means all.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_suffix_reads_the_last_bytes(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let size = trial.present().1.len();
    for suffix in [1, size / 2 + 1, size, size + 89] {
        let wanted = size.saturating_sub(suffix)..size;
        requested(trial, ByteRequest::Suffix(suffix as u64), wanted).await?;
    }
    Ok(Kept)
}

/// A request of nothing, or of what begins at or past the end, is an error.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn an_empty_or_outside_request_is_an_error(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let (key, value) = trial.present();
    let size = value.len() as u64;
    for request in [
        ByteRequest::Range { start: size / 3, end: size / 3 },
        ByteRequest::Range { start: size / 2 + 1, end: size / 2 },
        ByteRequest::Range { start: size, end: size + 1 },
        ByteRequest::Range { start: size + 89, end: size + 90 },
        ByteRequest::Offset(size),
        ByteRequest::Offset(size + 89),
        ByteRequest::Suffix(0),
    ] {
        let answer = trial.store().get(key, request).await;
        trial.ensure(matches!(answer, Err(Error::InvalidRange { .. })), || {
            format!("{request:?} of `{key}`, which has {size} bytes, gave {answer:?}")
        })?;
    }
    Ok(Kept)
}

/// Whatever is asked of a missing key, the answer is `None`.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_request_of_a_missing_key_is_none(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    for request in
        [ByteRequest::Range { start: 0, end: 5 }, ByteRequest::Offset(2), ByteRequest::Suffix(2)]
    {
        let answer = trial.store().get(trial.missing(), request).await?;
        trial.expect(&format!("{request:?} of a missing key"), answer, None)?;
    }
    Ok(Kept)
}

/// `get_partial_values` answers in order; keys may repeat and be missing.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn partial_values_come_in_order(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let (key, value) = trial.present();
    let size = value.len();
    let (middle, first) = (size / 2..size / 2 + 1 + size / 5, 0..1 + size / 5);
    let middle = middle.start..middle.end.min(size);
    let part = |range: &std::ops::Range<usize>| ByteRequest::Range {
        start: range.start as u64,
        end: range.end as u64,
    };
    let mut requests = vec![
        (key.clone(), part(&middle)),
        (trial.missing().clone(), ByteRequest::All),
        (key.clone(), ByteRequest::All),
        (key.clone(), part(&first)),
        (key.clone(), ByteRequest::Suffix(1)),
        (key.clone(), part(&middle)),
    ];
    let middle = Some(&value[middle]);
    let mut expected =
        vec![middle, None, Some(value), Some(&value[first]), Some(&value[size - 1..]), middle];
    if trial.is_ours() {
        requests.push((Key::new("a/c/1")?, ByteRequest::All));
        expected.push(Some(b"one"));
    }
    let values = trial.store().get_partial_values(&requests).await?;
    let values: Vec<_> = values.iter().map(Option::as_deref).collect();
    trial.expect("partial values", values, expected)?;
    trial.expect("no partial values", trial.store().get_partial_values(&[]).await?, [])?;
    Ok(Kept)
}

/// `size`, `stat` and `getsize` give bytes.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn sizes_are_told(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let (store, (key, value)) = (trial.store(), trial.present());
    let size = value.len() as u64;
    trial.expect("size", store.size(key).await?, Some(size))?;
    trial.expect("stat", store.stat(key).await?.map(|stat| stat.size), Some(size))?;
    trial.expect("getsize", store.getsize(key).await?, size)?;
    trial.expect("size of a missing key", store.size(trial.missing()).await?, None)?;
    trial.expect("stat of a missing key", store.stat(trial.missing()).await?, None)?;
    Ok(Kept)
}

/// `getsize` of a missing key is an error.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn the_size_of_a_missing_key_is_an_error(trial: &Trial) -> Result<Verdict> {
    trial.ready().await?;
    let size = trial.store().getsize(trial.missing()).await;
    trial.ensure(matches!(size, Err(Error::NotFound { .. })), || format!("it gave {size:?}"))?;
    Ok(Kept)
}

/// `getsize_prefix` adds up what is below.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn sizes_below_a_prefix_add_up(trial: &Trial) -> Result<Verdict> {
    if !(trial.lists() && trial.is_ours()) {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    for (prefix, size) in [("a/c", 13), ("nothing", 0)] {
        let found = trial.store().getsize_prefix(&Prefix::new(prefix)?).await?;
        trial.expect(&format!("getsize_prefix of `{prefix}`"), found, size)?;
    }
    Ok(Kept)
}

/// `list_stats` gives the keys, with the sizes that the values have where it gives any.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn sizes_in_a_listing_are_those_of_the_values(trial: &Trial) -> Result<Verdict> {
    if !trial.lists() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let (key, value) = trial.present();
    if !trial.is_ours() {
        let mut listed = trial.store().list_stats(&trial.place()?.0);
        while let Some((found, stat)) = listed.try_next().await? {
            if found == *key {
                let size = value.len() as u64;
                trial.expect("its size", stat.map_or(size, |stat| stat.size), size)?;
                return Ok(Kept);
            }
        }
        trial.ensure(false, || format!("`{key}` is not listed"))?;
    }
    let listed: Vec<_> = trial.store().list_stats(&Prefix::root()).try_collect().await?;
    trial.expect("keys listed", listed.len(), CONTENT.len())?;
    for (key, stat) in listed {
        let stat = stat.map(|stat| stat.size);
        let size = CONTENT.iter().find(|(name, _)| *name == key.as_str());
        let size = size.map(|(_, value)| value.len() as u64);
        trial.ensure(size.is_some() && (stat.is_none() || stat == size), || {
            format!("`{key}` has {size:?} bytes, the listing says {stat:?}")
        })?;
    }
    let below = Prefix::new("ab/d/c")?;
    let below: Vec<_> = trial
        .store()
        .sizes(&below)
        .map_ok(|(key, stat)| (key.to_string(), stat.size))
        .try_collect()
        .await?;
    trial.expect("sizes of `ab/d/c`", below, [("ab/d/c/7".to_owned(), 5)])?;
    Ok(Kept)
}

/// `list` gives every key once.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn all_keys_are_listed(trial: &Trial) -> Result<Verdict> {
    if !trial.lists() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    if !trial.is_ours() {
        return sample_is_below(trial, &Prefix::root()).await;
    }
    let mut expected: Vec<_> = CONTENT.iter().map(|(key, _)| *key).collect();
    expected.sort_unstable();
    trial.expect("all keys", trial.keys("").await?, expected)?;
    Ok(Kept)
}

/// `list_prefix` gives whole keys.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn keys_below_a_prefix_are_listed(trial: &Trial) -> Result<Verdict> {
    if !trial.lists() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    if !trial.is_ours() {
        return sample_is_below(trial, &trial.place()?.0).await;
    }
    trial.expect("keys below `a/c`", trial.keys("a/c").await?, ["a/c/0", "a/c/1"])?;
    let below = ["ab/d/c/7", "ab/d/zarr.json", "ab/zarr.json"];
    trial.expect("keys below `ab`", trial.keys("ab").await?, below)?;
    Ok(Kept)
}

/// A prefix may end in a slash.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_trailing_slash_makes_no_difference(trial: &Trial) -> Result<Verdict> {
    if !(trial.lists() && trial.is_ours()) {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    trial.expect("keys below `a/c/`", trial.keys("a/c/").await?, trial.keys("a/c").await?)?;
    trial.expect("names in `a/`", trial.names("a/").await?, trial.names("a").await?)?;
    Ok(Kept)
}

/// `list_dir` gives names, not keys, and says which are folders.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn names_are_listed_one_level_deep(trial: &Trial) -> Result<Verdict> {
    if !trial.lists() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let (value, dir) = (|n: &str| Entry::Key(n.to_owned()), |n: &str| Entry::Dir(n.to_owned()));
    if !trial.is_ours() {
        let (folder, name) = trial.place()?;
        let names = trial.names(folder.as_str()).await?;
        trial.ensure(names.contains(&value(name)), || format!("{name} is not in `{folder}`"))?;
        let deep = names.iter().find(|entry| entry.name().contains('/'));
        trial.expect("names of more than one level", deep, None)?;
        return Ok(Kept);
    }
    for (prefix, expected) in [
        ("", vec![value("zarr.json"), dir("a"), dir("ab")]),
        ("a", vec![value("zarr.json"), dir("c")]),
        ("a/c", vec![value("0"), value("1")]),
    ] {
        trial.expect(&format!("names in `{prefix}`"), trial.names(prefix).await?, expected)?;
    }
    Ok(Kept)
}

/// Listing what is not there gives nothing.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_missing_prefix_lists_nothing(trial: &Trial) -> Result<Verdict> {
    if !trial.lists() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let nothing = if trial.is_ours() { "nothing" } else { trial.missing().as_str() };
    trial.expect("keys of a missing folder", trial.keys(nothing).await?, [""; 0])?;
    trial.expect("names of a missing folder", trial.names(nothing).await?, [])?;
    Ok(Kept)
}

/// A prefix is a folder, not the beginning of a text.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_name_that_begins_alike_is_not_below(trial: &Trial) -> Result<Verdict> {
    if !(trial.lists() && trial.is_ours()) {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    trial.expect("keys below `a`", trial.keys("a").await?, ["a/c/0", "a/c/1", "a/zarr.json"])?;
    Ok(Kept)
}

/// `is_empty` asks for what is below a prefix.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn is_empty_looks_below_a_prefix(trial: &Trial) -> Result<Verdict> {
    if !trial.lists() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let (missing, place) = (trial.missing().as_str(), trial.place()?.0);
    for (prefix, is_empty) in [("", false), (place.as_str(), false), (missing, true)] {
        let found = trial.store().is_empty(&Prefix::new(prefix)?).await?;
        trial.expect(&format!("whether `{prefix}` is empty"), found, is_empty)?;
    }
    Ok(Kept)
}

/// The bytes of the sample that a request names are these.
async fn requested(
    trial: &Trial,
    request: ByteRequest,
    wanted: std::ops::Range<usize>,
) -> Result<()> {
    let (key, value) = trial.present();
    let found = trial.store().get(key, request).await?;
    trial.expect(&format!("{request:?} of `{key}`"), found.as_deref(), Some(&value[wanted]))
}

async fn sample_is_below(trial: &Trial, prefix: &Prefix) -> Result<Verdict> {
    let key = trial.present().0;
    let mut keys = trial.store().list_prefix(prefix);
    while let Some(found) = keys.try_next().await? {
        if found == *key {
            return Ok(Kept);
        }
    }
    trial.ensure(false, || format!("`{key}` is not among the keys below `{prefix}`"))?;
    Ok(Kept)
}
