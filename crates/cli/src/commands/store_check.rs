//! `terracube store check`: what a store can do, and which rules it keeps.

use std::sync::Arc;

use anyhow::anyhow;
use serde_json::{Value, json};
use terracube::Options;
use terracube::store::conformance::{Check, Outcome as Found, rules};
use terracube::store::{Capability, Error, Key, Repository, create_repository, open_repository};

use crate::args::CheckArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output;

pub(crate) async fn run(context: &Context, args: CheckArgs) -> Result<Outcome, Failure> {
    let key = args.key.as_deref().map(Key::new).transpose()?;
    let (repository, is_new) = opened(&args.url).await?;
    let shown = format!("{repository:?}");
    let check = Check::of(repository, key).await?;
    let interrupt = Interrupt::listen();
    let (stop, mut tried) = (interrupt.stop(), Tried::default());
    if !args.json {
        table(check.capability())?;
        context.note(&means(&check));
    }
    for rule in rules() {
        let found = tokio::select! {
            biased;
            () = stop.stopped() => None,
            found = check.run(&rule) => Some(found),
        };
        let Some(found) = found else {
            tried.is_stopped = true;
            break;
        };
        let (verdict, why) = match &found {
            Found::Kept => ("ok", None),
            Found::NotApplicable => ("not applicable", None),
            Found::Broken(error) => ("failed", Some(error.to_string())),
        };
        if !args.json {
            let why = why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            output::line(&format!("{verdict:<15} {}{why}", rule.name()))?;
        }
        if why.is_some() {
            tried.broken.push(rule.name());
        }
        tried.rules.push(json!({"rule": rule.name(), "verdict": verdict, "why": why}));
    }
    if let Err(error) = check.clean().await {
        let folder = check.folder().map(ToString::to_string).unwrap_or_default();
        output::note(&format!("warning: `{folder}` could not be removed: {error}"));
    }
    if is_new {
        // the folder that the first value made; it stays when somebody else put something there
        let _ = std::fs::remove_dir(url_path(&args.url));
    }
    interrupt.nothing_to_finish();
    tried.conclude(&args, check.capability(), &shown)
}

/// What is there, or would be: a plain store begins to exist with its first value. `true` when the
/// first value would make a folder.
async fn opened(url: &str) -> Result<(Arc<dyn Repository>, bool), Failure> {
    let options = Options { unmarked: true, ..Options::default() };
    let leaves_nothing = url.trim_end_matches('/').ends_with(".zarr") || url.starts_with("memory:");
    match open_repository(url, &options).await {
        Err(Error::NotFound { .. }) if leaves_nothing => {
            let is_new = !std::path::Path::new(url_path(url)).exists();
            Ok((create_repository(url, &options).await?, is_new))
        }
        opened => Ok((opened?, false)),
    }
}

fn url_path(url: &str) -> &str {
    let path = url.strip_prefix("file:").unwrap_or(url);
    path.strip_prefix("//").unwrap_or(path)
}

#[derive(Default)]
struct Tried {
    rules: Vec<Value>,
    broken: Vec<&'static str>,
    is_stopped: bool,
}

impl Tried {
    fn conclude(
        self,
        args: &CheckArgs,
        capability: Capability,
        location: &str,
    ) -> Result<Outcome, Failure> {
        if args.json {
            output::pretty(&json!({
                "location": location, "capability": capability, "rules": self.rules,
                "stopped": self.is_stopped,
            }))?;
        }
        match self.broken.as_slice() {
            [] if self.is_stopped => Ok(Outcome::Stopped),
            [] => Ok(Outcome::Done),
            [one] => Err(anyhow!("{location} breaks a rule: {one}").into()),
            many => {
                let (count, names) = (many.len(), many.join(", "));
                Err(anyhow!("{location} breaks {count} rules: {names}").into())
            }
        }
    }
}

fn table(capability: Capability) -> Result<(), Failure> {
    for (name, is_able) in abilities(capability) {
        output::line(&format!("{:<15} {name}", if is_able { "yes" } else { "no" }))?;
    }
    Ok(())
}

/// What a store can do beyond reading, one by one.
pub(super) fn abilities(capability: Capability) -> Vec<(&'static str, bool)> {
    vec![
        ("write", capability.writes),
        ("delete", capability.deletes),
        ("write parts of values", capability.partial_writes),
        ("hold empty values", capability.empty_values),
        ("list", capability.listing),
        ("create a key atomically", capability.atomic_create),
        ("commit atomically", capability.atomic_commit),
        ("keep versions", capability.versions),
    ]
}

fn means(check: &Check) -> String {
    match (check.folder(), check.value()) {
        (Some(folder), _) => format!("trying the rules below `{folder}`, which is removed"),
        (_, Some(key)) => format!("nothing is written: reading `{key}`"),
        _ => "trying the rules in sessions that are not committed".to_owned(),
    }
}
