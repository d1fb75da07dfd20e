//! `terracube store ls`: names and keys of a store.

use std::pin::pin;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use terracube::store::{Entry, Key, Prefix, Store, StoreExt};

use crate::args::LsArgs;
use crate::failure::{Failure, Outcome};
use crate::output::Lines;
use crate::place;

/// So many sizes are asked for at a time.
const REQUESTS: usize = 16;

pub(crate) async fn run(args: LsArgs) -> Result<Outcome, Failure> {
    let store = place::store(&args.from).await?;
    let prefix = Prefix::new(args.prefix.as_str())?;
    let mut lines = Lines::new();
    if place::is_key(&*store, &prefix).await? {
        let key = Key::new(prefix.as_str())?;
        let size = store.getsize(&key).await?;
        lines.push(&line(&args, key.as_str(), Some(size), false))?;
    } else if args.recursive {
        every_key(&args, &*store, &prefix, &mut lines).await?;
    } else {
        one_level(&args, &*store, &prefix, &mut lines).await?;
    }
    lines.end()?;
    Ok(Outcome::Done)
}

async fn every_key(
    args: &LsArgs,
    store: &dyn Store,
    prefix: &Prefix,
    lines: &mut Lines,
) -> Result<(), Failure> {
    let keys = if args.long {
        store.sizes(prefix).map_ok(|(key, stat)| (key, Some(stat.size))).boxed()
    } else {
        store.list_prefix(prefix).map_ok(|key| (key, None)).boxed()
    };
    let mut keys = pin!(keys);
    let mut is_empty = true;
    while let Some((key, size)) = keys.try_next().await? {
        is_empty = false;
        lines.push(&line(args, key.as_str(), size, false))?;
    }
    if is_empty { place::must_have(store, prefix).await } else { Ok(()) }
}

async fn one_level(
    args: &LsArgs,
    store: &dyn Store,
    prefix: &Prefix,
    lines: &mut Lines,
) -> Result<(), Failure> {
    let mut names: Vec<Entry> = store.list_dir(prefix).try_collect().await?;
    if names.is_empty() {
        return place::must_have(store, prefix).await;
    }
    names.sort_by(|a, b| a.name().cmp(b.name()));
    let sized = stream::iter(&names)
        .map(|entry| async move {
            match entry {
                Entry::Key(name) if args.long => {
                    Ok::<_, Failure>((entry, store.size(&prefix.join(name)?).await?))
                }
                _ => Ok((entry, None)),
            }
        })
        .buffered(REQUESTS);
    let mut sized = pin!(sized);
    while let Some((entry, size)) = sized.try_next().await? {
        lines.push(&line(args, entry.name(), size, matches!(entry, Entry::Dir(_))))?;
    }
    Ok(())
}

fn line(args: &LsArgs, name: &str, size: Option<u64>, is_folder: bool) -> String {
    if args.json {
        let mut object = json!({"name": name, "folder": is_folder});
        if let Some(size) = size {
            object["bytes"] = Value::from(size);
        }
        return object.to_string();
    }
    let slash = if is_folder { "/" } else { "" };
    match size {
        Some(size) => format!("{size:>12}  {name}{slash}"),
        None if args.long => format!("{:>12}  {name}{slash}", ""),
        None => format!("{name}{slash}"),
    }
}
