//! `terracube store rm`: values, one or all below a prefix.

use anyhow::anyhow;
use futures::TryStreamExt;
use terracube::Options;
use terracube::store::{Error, Key, Prefix, Store, StoreExt, open_repository};

use crate::args::RmArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::place;

pub(crate) async fn run(context: &Context, args: RmArgs) -> Result<Outcome, Failure> {
    let place = args.key.clone().unwrap_or_default();
    let prefix = Prefix::new(place.as_str())?;
    let is_all = prefix.as_str().is_empty();
    if args.recursive && is_all && !args.yes {
        return Err(Failure::usage(format!(
            "this would remove all of `{}`: name a prefix, or say --yes",
            args.url
        )));
    }
    if is_all && args.recursive {
        must_be_marked(&args.url).await?;
    }
    let repository = place::writable(&args.url).await?;
    let session = repository.begin().await?;
    let store = session.store();
    let removed = if args.recursive {
        let keys = count(&*store, &prefix).await?;
        if keys == 0 {
            place::must_have(&*store, &prefix).await?;
        }
        store.delete_dir(&prefix).await?;
        format!("{keys} keys")
    } else {
        let key = Key::new(place.as_str())?;
        if !store.exists(&key).await? {
            if !store.is_empty(&prefix).await? {
                let text = format!("`{key}` is a folder of {store:?}");
                return Err(anyhow!("{text}: --recursive removes all that is below").into());
            }
            return Err(place::missing(&*store, key.as_str()).await);
        }
        store.delete(&key).await?;
        format!("`{key}`")
    };
    let message = args.message.unwrap_or_else(|| format!("remove {removed}"));
    session.commit(&message).await?;
    context.note(&format!("removed {removed}"));
    Ok(Outcome::Done)
}

/// All of a folder of other things is not removed, whoever says yes.
async fn must_be_marked(url: &str) -> Result<(), Failure> {
    match open_repository(url, &Options::default()).await {
        Ok(_) => Ok(()),
        Err(Error::NotFound { .. }) => Err(anyhow!(
            "`{url}` is neither a Zarr store nor an Icechunk repository: name a prefix to remove"
        )
        .into()),
        Err(error) => Err(error.into()),
    }
}

async fn count(store: &dyn Store, prefix: &Prefix) -> Result<u64, Failure> {
    Ok(store.list_prefix(prefix).try_fold(0, async |count, _| Ok(count + 1)).await?)
}
