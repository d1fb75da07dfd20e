//! Elements of XML files: their texts and numbers.

use std::path::Path;
use std::str::FromStr;

use roxmltree::{Document, Node};

use crate::error::{Error, Result};

/// Elements below one.
pub(super) struct Find<'a, 'b> {
    pub(super) path: &'a Path,
    pub(super) root: Node<'b, 'b>,
}

impl<'b> Find<'_, 'b> {
    /// Elements of a name, in the order of the file.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = Node<'b, 'b>> {
        self.root.descendants().filter(move |node| node.has_tag_name(name))
    }

    /// The text of the first element of a name.
    pub(super) fn text(&self, name: &str) -> Result<String> {
        let found = self.all(name).find_map(|node| node.text());
        found
            .map(|text| text.trim().to_owned())
            .ok_or_else(|| Error::input(self.path, format!("there is no element `{name}`")))
    }

    /// The number of the first element of a name.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<T> {
        let text = self.text(name)?;
        let failed = || Error::input(self.path, format!("`{name}` is `{text}`, not a number"));
        text.parse().map_err(|_| failed())
    }

    /// The numbers of the first element of a name.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let text = self.text(name)?;
        let number = |text: &str| {
            let failed = || Error::input(self.path, format!("`{name}` holds `{text}`"));
            text.parse::<f64>().map_err(|_| failed())
        };
        text.split_whitespace().map(number).collect()
    }
}

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|cause| Error::read(path, "it", cause))
}

/// The elements of a text that is XML.
pub(super) fn document<'a>(path: &Path, text: &'a str) -> Result<Document<'a>> {
    Document::parse(text).map_err(|cause| Error::NotReadable {
        path: path.to_owned(),
        format: "XML",
        reason: cause.to_string(),
    })
}
