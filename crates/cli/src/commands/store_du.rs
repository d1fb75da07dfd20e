//! `terracube store du`: bytes and keys, child by child.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use serde_json::json;
use terracube::cube::human::bytes;
use terracube::store::{Prefix, StoreExt, Tally};

use crate::args::DuArgs;
use crate::failure::{Failure, Outcome};
use crate::{output, place};

pub(crate) async fn run(args: DuArgs) -> Result<Outcome, Failure> {
    let store = place::store(&args.from).await?;
    let prefix = Prefix::new(args.prefix.as_str())?;
    let (mut all, mut children) = (Tally::default(), BTreeMap::<String, Tally>::new());
    let mut sizes = store.sizes(&prefix);
    while let Some((key, stat)) = sizes.try_next().await? {
        all.add(stat.size);
        if args.depth > 0 {
            let child = child(prefix.strip(&key).unwrap_or(key.as_str()), args.depth);
            match children.get_mut(child) {
                Some(tally) => tally.add(stat.size),
                None => {
                    let mut tally = Tally::default();
                    tally.add(stat.size);
                    children.insert(child.to_owned(), tally);
                }
            }
        }
    }
    if all.keys == 0 {
        place::must_have(&*store, &prefix).await?;
    }
    if args.json {
        let children: Vec<_> = children
            .iter()
            .map(|(name, tally)| json!({"name": name, "keys": tally.keys, "bytes": tally.bytes}))
            .collect();
        let prefix = prefix.as_str();
        output::pretty(&json!({
            "prefix": prefix, "keys": all.keys, "bytes": all.bytes, "children": children,
        }))?;
        return Ok(Outcome::Done);
    }
    for (name, tally) in &children {
        output::line(&line(*tally, name))?;
    }
    output::line(&line(all, "in all"))?;
    Ok(Outcome::Done)
}

/// The first so many names of a key; a folder ends in a slash.
fn child(key: &str, depth: usize) -> &str {
    key.match_indices('/').nth(depth - 1).map_or(key, |(end, _)| &key[..=end])
}

fn line(tally: Tally, name: &str) -> String {
    format!("{:>9}  {:>8} keys  {name}", bytes(tally.bytes), tally.keys)
}

#[cfg(test)]
mod tests {
    use super::child;

    #[test]
    fn a_child_is_the_beginning_of_a_key() {
        assert_eq!(child("zarr.json", 1), "zarr.json");
        assert_eq!(child("a/c/0/0", 1), "a/");
        assert_eq!(child("a/c/0/0", 3), "a/c/0/");
        assert_eq!(child("a/c/0/0", 9), "a/c/0/0");
    }
}
