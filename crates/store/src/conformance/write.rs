//! Rules of writing and deleting.

use bytes::Bytes;
use futures::future::join_all;

use super::Trial;
use super::Verdict::{self, Kept, NotApplicable};
use super::trial::DIGITS;
use crate::{ByteRequest, Error, Key, Prefix, Result, StoreExt};

/// A store that declares no writes refuses them, and nothing changes.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_store_without_writes_refuses_them(trial: &Trial) -> Result<Verdict> {
    let store = trial.store();
    if store.capability().writes {
        return Ok(NotApplicable);
    }
    let (key, value) = (expendable(trial), Bytes::from_static(b"new"));
    let before = store.get(key, ByteRequest::All).await?;
    refused(trial, "set", &store.set(key, value.clone()).await)?;
    refused(trial, "set_if_not_exists", &store.set_if_not_exists(key, value.clone()).await)?;
    let part = store.set_partial_values(&[(key.clone(), 0, value)]).await;
    refused(trial, "set_partial_values", &part)?;
    trial.expect(&format!("`{key}`"), store.get(key, ByteRequest::All).await?, before)?;
    Ok(Kept)
}

/// A store that declares no deletes refuses them, and nothing changes.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_store_without_deletes_refuses_them(trial: &Trial) -> Result<Verdict> {
    let store = trial.store();
    if store.capability().deletes {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let key = expendable(trial);
    refused(trial, "delete", &store.delete(key).await)?;
    if trial.is_ours() {
        refused(trial, "delete_dir", &store.delete_dir(&Prefix::new("a")?).await)?;
        refused(trial, "clear", &store.clear().await)?;
    } else {
        refused(trial, "delete_dir", &store.delete_dir(&Prefix::new(key.as_str())?).await)?;
    }
    let (key, value) = trial.present();
    trial.expect_value(key.as_str(), value).await?;
    Ok(Kept)
}

/// `set` makes a value and replaces it.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn set_makes_and_replaces(trial: &Trial) -> Result<Verdict> {
    if !trial.writes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    for value in ["first", "second, longer", "3rd"] {
        trial.store().set(&Key::new("a/c/5")?, value.into()).await?;
        trial.expect_value("a/c/5", value.as_bytes()).await?;
    }
    Ok(Kept)
}

/// A value of no bytes is there where declared, and refused where not.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn empty_values_are_as_declared(trial: &Trial) -> Result<Verdict> {
    if !trial.writes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let (store, key) = (trial.store(), Key::new("a/c/5")?);
    let written = store.set(&key, Bytes::new()).await;
    if store.capability().empty_values {
        written?;
        trial.expect_value("a/c/5", b"").await?;
        trial.expect("size", store.size(&key).await?, Some(0))?;
    } else {
        refused(trial, "set of no bytes", &written)?;
        trial.expect("size", store.size(&key).await?, None)?;
    }
    Ok(Kept)
}

/// Values of several MB come back.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_large_value_comes_back(trial: &Trial) -> Result<Verdict> {
    if !trial.writes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let large: Bytes = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let (store, key) = (trial.store(), Key::new("a/c/5")?);
    store.set(&key, large.clone()).await?;
    let whole = store.get(&key, ByteRequest::All).await?;
    trial.ensure(whole.as_ref() == Some(&large), || "3 MB came back different".to_owned())?;
    let middle = ByteRequest::Range { start: 1_000_000, end: 2_000_001 };
    let middle = store.get(&key, middle).await?;
    trial.ensure(middle == Some(large.slice(1_000_000..2_000_001)), || {
        "1 MB in the middle of 3 came back different".to_owned()
    })?;
    Ok(Kept)
}

/// `set_many` sets each.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn set_many_sets_all(trial: &Trial) -> Result<Verdict> {
    if !trial.writes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let values = ["a/c/2", "a/c/3"].map(|k| Ok((Key::new(k)?, Bytes::from(k))));
    trial.store().set_many(values.into_iter().collect::<Result<_>>()?).await?;
    for key in ["a/c/2", "a/c/3"] {
        trial.expect_value(key, key.as_bytes()).await?;
    }
    Ok(Kept)
}

/// `set_if_not_exists` writes once and says whether it did.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn set_if_not_exists_keeps_what_is_there(trial: &Trial) -> Result<Verdict> {
    if !trial.writes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    for (key, value, is_written) in
        [("a/c/5", "new", true), ("a/c/5", "newer", false), ("a/c/0", "newer", false)]
    {
        let written = trial.store().set_if_not_exists(&Key::new(key)?, value.into()).await?;
        trial.expect(&format!("whether `{key}` was written"), written, is_written)?;
    }
    trial.expect_value("a/c/5", b"new").await?;
    trial.expect_value("a/c/0", DIGITS.as_bytes()).await?;
    Ok(Kept)
}

/// Of many that create a key at the same time through one store, one does.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn set_if_not_exists_lets_one_of_many_win(trial: &Trial) -> Result<Verdict> {
    if !trial.writes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let (store, key) = (trial.store(), Key::new("a/c/6")?);
    let created = join_all((0..16).map(|i| {
        let key = &key;
        async move { store.set_if_not_exists(key, format!("writer {i}").into()).await }
    }))
    .await
    .into_iter()
    .collect::<Result<Vec<_>>>()?;
    let winners: Vec<_> = (0..16).filter(|i| created[*i]).collect();
    trial.expect("how many of 16 created it", winners.len(), 1)?;
    trial.expect_value("a/c/6", format!("writer {}", winners[0]).as_bytes()).await?;
    Ok(Kept)
}

/// `set_partial_values` overwrites and grows where declared, and is refused where not.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn partial_writes_are_as_declared(trial: &Trial) -> Result<Verdict> {
    let store = trial.store();
    if !trial.is_ours() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let key = Key::new("a/c/0")?;
    let values = [(key.clone(), 2, Bytes::from_static(b"xy")), (key, 9, "ab".into())];
    let written = store.set_partial_values(&values).await;
    if store.capability().partial_writes {
        written?;
        trial.expect_value("a/c/0", b"01xy45678ab").await?;
    } else {
        refused(trial, "set_partial_values", &written)?;
        trial.expect_value("a/c/0", DIGITS.as_bytes()).await?;
    }
    Ok(Kept)
}

/// `delete` removes a value.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn delete_removes(trial: &Trial) -> Result<Verdict> {
    if !trial.deletes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    trial.store().delete(&Key::new("a/c/0")?).await?;
    trial.expect("whether `a/c/0` exists", trial.exists("a/c/0").await?, false)?;
    if trial.lists() {
        trial.expect("keys below `a/c`", trial.keys("a/c").await?, ["a/c/1"])?;
    }
    Ok(Kept)
}

/// `delete` of a missing key does nothing; of a folder's name, nothing either.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn deleting_a_missing_key_is_no_error(trial: &Trial) -> Result<Verdict> {
    if !trial.deletes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    for missing in ["a/c/9", "nothing/zarr.json", "nothing", "a", "a/c"] {
        trial.store().delete(&Key::new(missing)?).await?;
    }
    for (key, value) in super::trial::CONTENT {
        trial.expect_value(key, value.as_bytes()).await?;
    }
    Ok(Kept)
}

/// `delete_dir` removes what is below, and nothing that only begins alike.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn delete_dir_removes_what_is_below(trial: &Trial) -> Result<Verdict> {
    if !(trial.deletes() && trial.lists()) {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let store = trial.store();
    store.delete_dir(&Prefix::new("nothing")?).await?;
    store.delete_dir(&Prefix::new("a/c/")?).await?;
    trial.expect("keys below `a`", trial.keys("a").await?, ["a/zarr.json"])?;
    store.delete_dir(&Prefix::new("a")?).await?;
    let left = ["ab/d/c/7", "ab/d/zarr.json", "ab/zarr.json", "zarr.json"];
    trial.expect("all keys", trial.keys("").await?, left)?;
    Ok(Kept)
}

/// `clear` leaves nothing, and the store can be written again.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn clear_removes_all(trial: &Trial) -> Result<Verdict> {
    if !(trial.deletes() && trial.lists()) {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    trial.store().clear().await?;
    trial.expect("all keys", trial.keys("").await?, [""; 0])?;
    trial.expect("whether it is empty", trial.store().is_empty(&Prefix::root()).await?, true)?;
    trial.ready().await?;
    trial.expect_value("a/c/0", DIGITS.as_bytes()).await?;
    Ok(Kept)
}

/// While a value is replaced, readers get one or the other, whole.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn a_reader_sees_the_old_or_the_new_value(trial: &Trial) -> Result<Verdict> {
    if !trial.writes() {
        return Ok(NotApplicable);
    }
    trial.ready().await?;
    let (store, key) = (trial.store(), Key::new("a/c/5")?);
    let values = [Bytes::from(vec![1; 100_000]), Bytes::from(vec![2; 200_000])];
    store.set(&key, values[0].clone()).await?;
    let write = async {
        for round in 0..20 {
            store.set(&key, values[round % 2].clone()).await?;
        }
        Ok::<_, Error>(())
    };
    let read = async {
        for _ in 0..40 {
            let value = store.get(&key, ByteRequest::All).await?;
            let is_whole = value.as_ref().is_some_and(|value| values.contains(value));
            trial.ensure(is_whole, || {
                let size = value.as_ref().map(Bytes::len);
                format!("a part of a value was read: {size:?} bytes, not all 1 or all 2")
            })?;
        }
        Ok(())
    };
    futures::future::try_join(write, read).await?;
    Ok(Kept)
}

/// What one test wrote, another does not see: each trial has a store of its own.
///
/// # Errors
/// The broken rule, or what the store says.
pub async fn stores_do_not_share_unless_cloned(trial: &Trial) -> Result<Verdict> {
    if !trial.is_ours() {
        return Ok(NotApplicable);
    }
    trial.expect("whether `a/c/5` exists", trial.exists("a/c/5").await?, false)?;
    Ok(Kept)
}

/// A key that may be written if the store does not refuse: one of ours, or one that is not there.
fn expendable(trial: &Trial) -> &Key {
    if trial.is_ours() { trial.present().0 } else { trial.missing() }
}

fn refused<T: std::fmt::Debug>(trial: &Trial, operation: &str, answer: &Result<T>) -> Result<()> {
    let is_refusal = matches!(answer, Err(Error::ReadOnly { .. } | Error::Unsupported { .. }));
    trial.ensure(is_refusal, || format!("{operation} is not refused: {answer:?}"))
}
