//! Rules of writing and deleting.

use bytes::Bytes;
use futures::future::join_all;

use super::{DIGITS, is_refusal, key, keys, ready};
use crate::{ByteRequest, Key, Prefix, Result, Store, StoreExt};

/// A store that declares no writes refuses them, and nothing changes.
///
/// # Errors
/// What the store says.
pub async fn a_store_without_writes_refuses_them(store: &impl Store) -> Result<()> {
    if store.capability().writes {
        return Ok(());
    }
    let (key, value) = (key("a/c/0")?, Bytes::from_static(b"new"));
    assert!(is_refusal(&store.set(&key, value.clone()).await));
    assert!(is_refusal(&store.set_if_not_exists(&key, value.clone()).await));
    assert!(is_refusal(&store.set_partial_values(&[(key.clone(), 0, value)]).await));
    let kept = store.get(&key, ByteRequest::All).await?;
    assert_eq!(kept.as_deref(), Some(DIGITS.as_bytes()));
    Ok(())
}

/// A store that declares no deletes refuses them, and nothing changes.
///
/// # Errors
/// What the store says.
pub async fn a_store_without_deletes_refuses_them(store: &impl Store) -> Result<()> {
    if store.capability().deletes {
        return Ok(());
    }
    ready(store).await?;
    assert!(is_refusal(&store.delete(&key("a/c/0")?).await));
    assert!(is_refusal(&store.delete_dir(&Prefix::new("a")?).await));
    assert!(is_refusal(&store.clear().await));
    assert!(store.exists(&key("a/c/0")?).await?);
    Ok(())
}

/// `set` makes a value and replaces it.
///
/// # Errors
/// What the store says.
pub async fn set_makes_and_replaces(store: &impl Store) -> Result<()> {
    if store.capability().writes {
        ready(store).await?;
        for value in ["first", "second, longer", "3rd"] {
            set(store, "a/c/5", value).await?;
            assert_value(store, "a/c/5", value).await?;
        }
    }
    Ok(())
}

/// A value of no bytes is there where declared, and refused where not.
///
/// # Errors
/// What the store says.
pub async fn empty_values_are_as_declared(store: &impl Store) -> Result<()> {
    if store.capability().writes {
        ready(store).await?;
        let written = set(store, "a/c/5", "").await;
        if store.capability().empty_values {
            written?;
            assert_value(store, "a/c/5", "").await?;
            assert_eq!(store.size(&key("a/c/5")?).await?, Some(0));
        } else {
            assert!(is_refusal(&written), "{written:?}");
            assert_eq!(store.size(&key("a/c/5")?).await?, None);
        }
    }
    Ok(())
}

/// Values of several MB come back.
///
/// # Errors
/// What the store says.
pub async fn a_large_value_comes_back(store: &impl Store) -> Result<()> {
    if store.capability().writes {
        ready(store).await?;
        let large: Bytes = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
        let key = key("a/c/5")?;
        store.set(&key, large.clone()).await?;
        assert!(store.get(&key, ByteRequest::All).await?.as_ref() == Some(&large));
        let middle = ByteRequest::Range { start: 1_000_000, end: 2_000_001 };
        assert!(store.get(&key, middle).await? == Some(large.slice(1_000_000..2_000_001)));
    }
    Ok(())
}

/// `set_many` sets each.
///
/// # Errors
/// What the store says.
pub async fn set_many_sets_all(store: &impl Store) -> Result<()> {
    if store.capability().writes {
        ready(store).await?;
        let values = ["a/c/2", "a/c/3"].map(|k| Ok((key(k)?, Bytes::from(k))));
        store.set_many(values.into_iter().collect::<Result<_>>()?).await?;
        assert_value(store, "a/c/2", "a/c/2").await?;
        assert_value(store, "a/c/3", "a/c/3").await?;
    }
    Ok(())
}

/// `set_if_not_exists` writes once and says whether it did.
///
/// # Errors
/// What the store says.
pub async fn set_if_not_exists_keeps_what_is_there(store: &impl Store) -> Result<()> {
    if store.capability().writes {
        ready(store).await?;
        assert!(store.set_if_not_exists(&key("a/c/5")?, "new".into()).await?);
        assert!(!store.set_if_not_exists(&key("a/c/5")?, "newer".into()).await?);
        assert!(!store.set_if_not_exists(&key("a/c/0")?, "newer".into()).await?);
        assert_value(store, "a/c/5", "new").await?;
        assert_value(store, "a/c/0", DIGITS).await?;
    }
    Ok(())
}

/// Of many that create a key at the same time through one store, one does.
///
/// # Errors
/// What the store says.
pub async fn set_if_not_exists_lets_one_of_many_win(store: &impl Store) -> Result<()> {
    if store.capability().writes {
        ready(store).await?;
        let key = key("a/c/6")?;
        let created = join_all((0..16).map(|i| {
            let (store, key) = (&store, &key);
            async move { store.set_if_not_exists(key, format!("writer {i}").into()).await }
        }))
        .await
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
        assert_eq!(created.iter().filter(|created| **created).count(), 1);
        let winner = created.iter().position(|created| *created).unwrap_or_default();
        assert_value(store, "a/c/6", &format!("writer {winner}")).await?;
    }
    Ok(())
}

/// `set_partial_values` overwrites and grows where declared, and is refused where not.
///
/// # Errors
/// What the store says.
pub async fn partial_writes_are_as_declared(store: &impl Store) -> Result<()> {
    ready(store).await?;
    let values = [(key("a/c/0")?, 2, Bytes::from_static(b"xy")), (key("a/c/0")?, 9, "ab".into())];
    let written = store.set_partial_values(&values).await;
    if store.capability().partial_writes {
        written?;
        assert_value(store, "a/c/0", "01xy45678ab").await
    } else {
        assert!(is_refusal(&written), "{written:?}");
        assert_value(store, "a/c/0", DIGITS).await
    }
}

/// `delete` removes a value.
///
/// # Errors
/// What the store says.
pub async fn delete_removes(store: &impl Store) -> Result<()> {
    if store.capability().deletes {
        ready(store).await?;
        store.delete(&key("a/c/0")?).await?;
        assert!(!store.exists(&key("a/c/0")?).await?);
        assert_eq!(keys(store, "a/c").await?, ["a/c/1"]);
    }
    Ok(())
}

/// `delete` of a missing key does nothing; of a folder's name, nothing either.
///
/// # Errors
/// What the store says.
pub async fn deleting_a_missing_key_is_no_error(store: &impl Store) -> Result<()> {
    if store.capability().deletes {
        ready(store).await?;
        let before = keys(store, "").await?;
        for missing in ["a/c/9", "nothing/zarr.json", "nothing", "a", "a/c"] {
            store.delete(&key(missing)?).await?;
        }
        assert_eq!(keys(store, "").await?, before);
    }
    Ok(())
}

/// `delete_dir` removes what is below, and nothing that only begins alike.
///
/// # Errors
/// What the store says.
pub async fn delete_dir_removes_what_is_below(store: &impl Store) -> Result<()> {
    if store.capability().deletes {
        ready(store).await?;
        store.delete_dir(&Prefix::new("nothing")?).await?;
        store.delete_dir(&Prefix::new("a/c/")?).await?;
        assert_eq!(keys(store, "a").await?, ["a/zarr.json"]);
        store.delete_dir(&Prefix::new("a")?).await?;
        let left = ["ab/d/c/7", "ab/d/zarr.json", "ab/zarr.json", "zarr.json"];
        assert_eq!(keys(store, "").await?, left);
    }
    Ok(())
}

/// `clear` leaves nothing, and the store can be written again.
///
/// # Errors
/// What the store says.
pub async fn clear_removes_all(store: &impl Store) -> Result<()> {
    if store.capability().deletes {
        ready(store).await?;
        store.clear().await?;
        assert!(store.is_empty(&Prefix::root()).await?, "{:?}", keys(store, "").await?);
        ready(store).await?;
        assert_value(store, "a/c/0", DIGITS).await?;
    }
    Ok(())
}

/// While a value is replaced, readers get one or the other, whole.
///
/// # Errors
/// What the store says.
pub async fn a_reader_sees_the_old_or_the_new_value(store: &impl Store) -> Result<()> {
    if !store.capability().writes {
        return Ok(());
    }
    ready(store).await?;
    let key = key("a/c/5")?;
    let values = [Bytes::from(vec![1; 100_000]), Bytes::from(vec![2; 200_000])];
    store.set(&key, values[0].clone()).await?;
    let write = async {
        for round in 0..20 {
            store.set(&key, values[round % 2].clone()).await?;
        }
        Ok::<_, crate::Error>(())
    };
    let read = async {
        for _ in 0..40 {
            let value = store.get(&key, ByteRequest::All).await?;
            assert!(value.is_some_and(|value| values.contains(&value)), "a part of a value");
        }
        Ok(())
    };
    futures::future::try_join(write, read).await.map(|_| ())
}

/// What one test wrote, another does not see: the expression gives a fresh store each time.
///
/// # Errors
/// What the store says.
pub async fn stores_do_not_share_unless_cloned(store: &impl Store) -> Result<()> {
    assert!(!store.exists(&Key::new("a/c/5")?).await?);
    Ok(())
}

async fn set(store: &impl Store, key: &str, value: &str) -> Result<()> {
    store.set(&Key::new(key)?, Bytes::copy_from_slice(value.as_bytes())).await
}

async fn assert_value(store: &impl Store, key: &str, expected: &str) -> Result<()> {
    let value = store.get(&Key::new(key)?, ByteRequest::All).await?;
    assert_eq!(value.as_deref(), Some(expected.as_bytes()), "{key}");
    Ok(())
}
