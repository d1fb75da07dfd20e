//! `terracube store tree`: the groups and arrays of a Zarr hierarchy.

use terracube::store::Prefix;

use crate::args::TreeArgs;
use crate::failure::{Failure, Outcome};
use crate::node::{Array, Kind, Node};
use crate::output::{self, Lines};
use crate::place;

pub(crate) async fn run(args: TreeArgs) -> Result<Outcome, Failure> {
    let store = place::store(&args.from).await?;
    let prefix = Prefix::new(args.prefix.as_str())?;
    let Some(root) = Node::read(&store, &prefix, args.depth).await? else {
        place::must_have(&*store, &prefix).await?;
        let text = format!("there is no Zarr metadata at `/{prefix}` of {store:?}");
        return Err(anyhow::anyhow!("{text}: `terracube store ls` lists what there is").into());
    };
    if args.json {
        output::pretty(&root)?;
        return Ok(Outcome::Done);
    }
    let mut lines = Lines::new();
    lines.push(&format!("/{}", line(&root)))?;
    branches(&root, "", &mut lines)?;
    lines.end()?;
    Ok(Outcome::Done)
}

fn branches(node: &Node, indent: &str, lines: &mut Lines) -> Result<(), Failure> {
    for (i, child) in node.children.iter().enumerate() {
        let is_last = i + 1 == node.children.len();
        let (branch, below) =
            if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
        lines.push(&format!("{indent}{branch}{}", line(child)))?;
        branches(child, &format!("{indent}{below}"), lines)?;
    }
    Ok(())
}

fn line(node: &Node) -> String {
    let gap = if node.name.is_empty() { " " } else { "  " };
    let what = match &node.kind {
        Kind::Group => "group".to_owned(),
        Kind::Folder => "(no metadata)".to_owned(),
        Kind::Array(array) => in_words(array),
    };
    let more = if node.is_cut { " …" } else { "" };
    format!("{}{gap}{what}{more}", node.name)
}

fn in_words(array: &Array) -> String {
    let Array { dtype, shape, chunks, shards, dimensions } = array;
    let mut text = format!("{dtype} {shape:?} chunks {chunks:?}");
    if let Some(shards) = shards {
        text += &format!(" shards {shards:?}");
    }
    if !dimensions.is_empty() {
        text += &format!(" ({})", dimensions.join(", "));
    }
    text
}
