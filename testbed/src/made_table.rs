//! Tables of documents that tests make, so that the documents say what the code does.

use std::fs::OpenOptions;
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Compares a table with the part of a document between `<!-- table: NAME -->` and `<!-- end -->`.
/// `document` is relative to the workspace's root. With `TERRACUBE_WRITE_DOCS=1` in the environment
/// the document is rewritten instead.
///
/// # Panics
/// When the document, or a table of this name in it, is not there, or says something else: this is
/// an assertion for tests.
#[expect(clippy::panic, reason = "an assertion for tests")]
pub fn check(document: &str, name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document);
    let writes = std::env::var_os("TERRACUBE_WRITE_DOCS").is_some_and(|value| value == "1");
    let fail = |error| panic!("{document} cannot be read and written: {error}");
    let mut file = OpenOptions::new().read(true).write(writes).open(path).unwrap_or_else(fail);
    // Tests write at the same time, each its table.
    if writes {
        file.lock().unwrap_or_else(|error| panic!("{document} cannot be locked: {error}"));
    }
    let mut text = String::new();
    if let Err(error) = file.read_to_string(&mut text) {
        panic!("{document} cannot be read: {error}");
    }
    let Some((before, there, after)) = split(&text, name) else {
        panic!("{document} has no `<!-- table: {name} -->` … `<!-- end -->`");
    };
    let made = format!("\n{}\n", table.trim());
    if there == made {
        return;
    }
    if writes {
        let written = format!("{before}{made}{after}");
        let done = file.rewind().and_then(|()| file.set_len(0));
        if let Err(error) = done.and_then(|()| file.write_all(written.as_bytes())) {
            panic!("{document} cannot be written: {error}");
        }
        return;
    }
    let first = there.lines().zip(made.lines()).find(|(a, b)| a != b);
    let lengths = (there.lines().count(), made.lines().count());
    panic!(
        "the table `{name}` of {document} is not what the test makes; run the test with \
         TERRACUBE_WRITE_DOCS=1 and look at the change. First difference (there, made): \
         {first:?}; lines: {lengths:?}"
    );
}

/// What is before the table, the table, and what is after, markers excluded from the table.
fn split<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let start_mark = format!("<!-- table: {name} -->");
    let start = text.find(&start_mark)? + start_mark.len();
    let end = start + text[start..].find("<!-- end -->")?;
    Some((&text[..start], &text[start..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_split_at_the_markers_of_its_table() {
        let text = "a\n<!-- table: x -->\n| 1 |\n<!-- end -->\nb <!-- table: y --><!-- end -->";
        let (before, table, after) = split(text, "x").unwrap();
        assert_eq!(table, "\n| 1 |\n");
        assert_eq!(format!("{before}{table}{after}"), text);
        assert_eq!(split(text, "y").unwrap().1, "");
        assert!(split(text, "z").is_none());
    }
}
