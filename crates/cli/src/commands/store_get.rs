//! `terracube store get`: a value, or a part of it.

use terracube::cube::human::bytes;
use terracube::store::Key;

use crate::args::GetArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::{output, place};

pub(crate) async fn run(context: &Context, args: GetArgs) -> Result<Outcome, Failure> {
    let store = place::store(&args.from).await?;
    let key = Key::new(args.key.as_str())?;
    let Some(value) = store.get(&key, args.part.request()).await? else {
        return Err(place::missing(&*store, key.as_str()).await);
    };
    match &args.output {
        None => output::raw(&value)?,
        Some(path) => {
            output::file(path, &value)?;
            context.note(&format!("wrote {}: {}", path.display(), bytes(value.len() as u64)));
        }
    }
    Ok(Outcome::Done)
}
