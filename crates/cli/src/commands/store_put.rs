//! `terracube store put`: one value.

use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use terracube::cube::human::bytes;
use terracube::store::Key;

use crate::args::PutArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::place;

pub(crate) async fn run(context: &Context, args: PutArgs) -> Result<Outcome, Failure> {
    let key = Key::new(args.key.as_str())?;
    let value = read(&args.file)?;
    let size = bytes(value.len() as u64);
    let repository = place::writable_or_new(&args.url, true).await?;
    let session = repository.begin().await?;
    let store = session.store();
    if !args.if_not_exists {
        store.set(&key, value.into()).await?;
    } else if !store.set_if_not_exists(&key, value.into()).await? {
        return Err(anyhow!("`{key}` is already in {store:?}: nothing was written").into());
    }
    let message = args.message.unwrap_or_else(|| format!("put {key}"));
    session.commit(&message).await?;
    context.note(&format!("wrote `{key}`: {size}"));
    Ok(Outcome::Done)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if path != Path::new("-") {
        return Ok(
            std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?
        );
    }
    let mut value = Vec::new();
    std::io::stdin().lock().read_to_end(&mut value).context("cannot read the standard input")?;
    Ok(value)
}
