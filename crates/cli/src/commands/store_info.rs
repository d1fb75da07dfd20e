//! `terracube store info`: what a store is and holds.

use serde_json::{Map, Value, json};
use terracube::grid::Time;
use terracube::store::{Capability, Prefix, Repository, VersionInfo};

use super::cube_info::hide_secrets;
use crate::args::StoreInfoArgs;
use crate::failure::{Failure, Outcome};
use crate::node::Node;
use crate::{output, place};

pub(crate) async fn run(args: StoreInfoArgs) -> Result<Outcome, Failure> {
    // opened as for writing: what it can do is the question
    let repository = place::writable(&args.from.url).await?;
    let store = place::at(&*repository, args.from.at.as_deref()).await?;
    let info = Info {
        root: Node::read(&store, &Prefix::root(), None).await?,
        capability: repository.capability(),
        format: repository.format(),
        history: repository.history(args.versions).await?,
        names: Names::of(&*repository).await?,
    };
    let location = format!("{repository:?}");
    if args.json {
        output::pretty(&info.json(&location))?
    } else {
        info.show(&location)?
    }
    Ok(Outcome::Done)
}

struct Info {
    root: Option<Node>,
    capability: Capability,
    format: Option<String>,
    history: Vec<VersionInfo>,
    names: Option<Names>,
}

struct Names {
    branches: Vec<String>,
    tags: Vec<String>,
}

impl Names {
    async fn of(repository: &dyn Repository) -> Result<Option<Self>, Failure> {
        let Some(versions) = repository.versions() else { return Ok(None) };
        Ok(Some(Self { branches: versions.branches().await?, tags: versions.tags().await? }))
    }
}

impl Info {
    fn kind(&self) -> &str {
        match (&self.format, &self.root) {
            (Some(format), _) => format,
            (None, Some(_)) => "plain Zarr",
            (None, None) => "plain keys",
        }
    }

    fn attributes(&self) -> Map<String, Value> {
        let attributes = self.root.as_ref().map(|root| root.attributes.clone());
        let mut attributes = Value::Object(attributes.unwrap_or_default());
        hide_secrets("", &mut attributes);
        match attributes {
            Value::Object(attributes) => attributes,
            _ => Map::new(),
        }
    }

    fn json(&self, location: &str) -> Value {
        let nodes = self.root.as_ref().map(Node::count);
        json!({
            "location": location,
            "kind": self.kind(),
            "zarr_format": self.root.as_ref().and_then(|root| root.format),
            "groups": nodes.map(|nodes| nodes.0),
            "arrays": nodes.map(|nodes| nodes.1),
            "attributes": self.attributes(),
            "capability": self.capability,
            "branches": self.names.as_ref().map(|names| &names.branches),
            "tags": self.names.as_ref().map(|names| &names.tags),
            "versions": self.history,
        })
    }

    fn show(&self, location: &str) -> Result<(), Failure> {
        let field = |label: &str, text: &str| output::line(&format!("{label:<11} {text}"));
        field("store", location)?;
        field("kind", self.kind())?;
        field("can", &abilities(self.capability))?;
        match &self.root {
            None => field("zarr", "no metadata at the root")?,
            Some(root) => {
                let (groups, arrays) = root.count();
                let below = if root.is_cut { ", what is below cannot be listed" } else { "" };
                let format = root.format.unwrap_or_default();
                field("zarr", &format!("v{format}, {groups} groups, {arrays} arrays{below}"))?;
            }
        }
        for (i, (name, value)) in self.attributes().iter().enumerate() {
            field(if i == 0 { "attributes" } else { "" }, &format!("{name}: {}", short(value)))?;
        }
        if let Some(names) = &self.names {
            field("branches", &names.branches.join(", "))?;
            if !names.tags.is_empty() {
                field("tags", &names.tags.join(", "))?;
            }
        }
        for (i, info) in self.history.iter().enumerate() {
            let time = Time::from_seconds(info.committed_at)?;
            let label = if i == 0 { "versions" } else { "" };
            field(label, &format!("{}  {time}  {}", info.version, info.message))?;
        }
        Ok(())
    }
}

/// What a store can do, in words.
pub(super) fn abilities(capability: Capability) -> String {
    let able: Vec<_> = super::store_check::abilities(capability)
        .into_iter()
        .filter(|(_, is_able)| *is_able)
        .collect();
    let names: Vec<_> = able.iter().map(|(name, _)| *name).collect();
    ["read"].into_iter().chain(names).collect::<Vec<_>>().join(", ")
}

/// A value on one line of a terminal.
fn short(value: &Value) -> String {
    const MOST: usize = 100;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
