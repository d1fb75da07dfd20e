//! The entries of an index page, as Apache, nginx, lighttpd and others write them.

use std::collections::HashMap;

use html5gum::{DefaultEmitter, Token, Tokenizer};
use percent_encoding::percent_decode_str;
use url::Url;

use super::Listed;
use super::listed::is_plain_name;

/// The entries that an index page at `base` (with a slash at its end) links to: what lies one level
/// below it, and nothing else. `None` for a page that asks for a password.
pub(crate) fn entries(page: &[u8], base: &Url) -> Option<Vec<Listed>> {
    let mut found: Vec<(Listed, String)> = Vec::new();
    // Where each href stands among them.
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut current: Option<usize> = None;
    let mut emitter = DefaultEmitter::default();
    // What scripts and styles hold is text.
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(page, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if *tag.name == b"a"[..] => {
                let href = tag.attributes.get(&b"href"[..]).map(|href| href.to_vec());
                let listed = href
                    .and_then(|href| String::from_utf8(href).ok())
                    .and_then(|href| entry(&href, base));
                current = listed.map(|listed| {
                    *known.entry(listed.href.clone()).or_insert_with(|| {
                        found.push((listed, String::new()));
                        found.len() - 1
                    })
                });
            }
            Token::StartTag(tag)
                if *tag.name == b"input"[..]
                    && tag.attributes.get(&b"type"[..]).is_some_and(|kind| {
                        kind.to_ascii_lowercase().trim_ascii() == b"password"
                    }) =>
            {
                return None;
            }
            Token::StartTag(_) | Token::EndTag(_) => {
                if let Some((_, text)) = current.and_then(|index| found.get_mut(index)) {
                    text.push(' ');
                }
            }
            Token::String(text) => {
                if let Some((_, around)) = current.and_then(|index| found.get_mut(index)) {
                    around.push_str(&String::from_utf8_lossy(&text));
                }
            }
            _ => {}
        }
    }
    Some(found.into_iter().map(|(listed, text)| described(listed, &text)).collect())
}

/// The entry that a link names, when it lies one level below `base`.
fn entry(href: &str, base: &Url) -> Option<Listed> {
    let url = base.join(href.trim()).ok()?;
    // Links with a query sort the page.
    if url.origin() != base.origin() || url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    let rest = url.path().strip_prefix(base.path())?;
    let (name, is_folder) = rest.strip_suffix('/').map_or((rest, false), |name| (name, true));
    if name.contains('/') {
        return None;
    }
    let name = percent_decode_str(name).decode_utf8().ok()?;
    if !is_plain_name(&name) {
        return None;
    }
    let href = url.as_str();
    Some(if is_folder { Listed::folder(name, href) } else { Listed::file(name, href) })
}

/// The entry with the time and the size that the text around its link tells.
fn described(mut listed: Listed, text: &str) -> Listed {
    let words: Vec<&str> = text.split_whitespace().collect();
    let date = words.windows(2).rposition(|pair| is_date(pair[0]) && is_time(pair[1]));
    if let Some(date) = date {
        listed.modified = Some(format!("{} {}", words[date], words[date + 1]));
        // `1.2M` and the like are rounded.
        let size = words.get(date + 2).and_then(|word| word.parse().ok());
        let unit = words.get(date + 3).is_some_and(|word| is_unit(word));
        listed.size = size.filter(|_| !listed.is_folder && !unit);
    }
    listed
}

fn is_unit(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    matches!(word.as_str(), "k" | "m" | "g" | "t" | "kb" | "mb" | "gb" | "tb")
        || matches!(word.as_str(), "kib" | "mib" | "gib" | "tib")
}

/// `2024-01-05`, `05-Jan-2024` or `2024-Jan-05`.
fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let [a, b, c] = parts.as_slice() else { return false };
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let month = digits(b, 2) || (b.len() == 3 && b.bytes().all(|b| b.is_ascii_alphabetic()));
    month && ((digits(a, 4) && digits(c, 2)) || (digits(a, 2) && digits(c, 4)))
}

/// `10:15` or `10:15:30`.
fn is_time(word: &str) -> bool {
    let parts: Vec<&str> = word.split(':').collect();
    matches!(parts.len(), 2 | 3)
        && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APACHE: &str = r#"<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>Index of /sst/2020</title></head><body><h1>Index of /sst/2020</h1>
<table><tr><th valign="top"><img src="/icons/blank.gif" alt="[ICO]"></th>
<th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><img src="/icons/back.gif"></td><td><a href="/sst/">Parent Directory</a></td></tr>
<tr><td valign="top"><img src="/icons/folder.gif" alt="[DIR]"></td><td><a href="001/">001/</a>
</td><td align="right">2024-01-05 12:00  </td><td align="right">  - </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif"></td><td><a href="a%20b.tif">a b.tif</a></td>
<td align="right">2024-01-06 08:30  </td><td align="right">1.2M</td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif"></td><td><a href="c.tif">c.tif</a></td>
<td align="right">2024-01-06 08:31  </td><td align="right">512 </td><td>&nbsp;</td></tr>
</table><address>Apache/2.4.57 (Debian) Server at data.example Port 80</address></body></html>"#;

    const NGINX: &str = r#"<html>
<head><title>Index of /sst/2020/</title></head>
<body><h1>Index of /sst/2020/</h1><hr><pre><a href="../">../</a>
<a href="001/">001/</a>                                               05-Jan-2024 12:00                   -
<a href="c.tif">c.tif</a>                                              06-Jan-2024 08:31             1234567
</pre><hr></body></html>"#;

    const LIGHTTPD: &str = r#"<table summary="Directory Listing" cellpadding="0" cellspacing="0">
<tr class="d"><td class="n"><a href="../">..</a>/</td><td class="m">&nbsp;</td><td class="s">- &nbsp;</td></tr>
<tr class="d"><td class="n"><a href="001/">001</a>/</td><td class="m">2024-Jan-05 12:00:00</td><td class="s">- &nbsp;</td></tr>
<tr><td class="n"><a href="c.tif">c.tif</a></td><td class="m">2024-Jan-06 08:31:00</td><td class="s">1.1M</td></tr></table>"#;

    /// What `python3 -m http.server` of 3.11 writes.
    const PYTHON: &str = r#"<ul>
<li><a href="001/">001/</a></li>
<li><a href="c.tif">c.tif</a></li>
</ul>"#;

    fn found(page: &str) -> Vec<(String, bool, Option<u64>, Option<String>)> {
        let base = Url::parse("https://data.example/sst/2020/").unwrap();
        let all = entries(page.as_bytes(), &base).unwrap().into_iter();
        all.map(|one| (one.name, one.is_folder, one.size, one.modified)).collect()
    }

    #[test]
    fn the_pages_of_four_servers() {
        let row = |name: &str, folder, size, modified: &str| {
            let modified = Some(modified.to_owned()).filter(|text| !text.is_empty());
            (name.to_owned(), folder, size, modified)
        };
        assert_eq!(
            found(APACHE),
            [
                row("001", true, None, "2024-01-05 12:00"),
                row("a b.tif", false, None, "2024-01-06 08:30"),
                row("c.tif", false, Some(512), "2024-01-06 08:31"),
            ]
        );
        assert_eq!(
            found(NGINX),
            [
                row("001", true, None, "05-Jan-2024 12:00"),
                row("c.tif", false, Some(1_234_567), "06-Jan-2024 08:31"),
            ]
        );
        assert_eq!(
            found(LIGHTTPD),
            [
                row("001", true, None, "2024-Jan-05 12:00:00"),
                row("c.tif", false, None, "2024-Jan-06 08:31:00"),
            ]
        );
        assert_eq!(found(PYTHON), [row("001", true, None, ""), row("c.tif", false, None, "")]);
    }

    #[test]
    fn a_page_that_asks_for_a_password_is_no_listing() {
        let base = Url::parse("https://data.example/sst/").unwrap();
        let page = r#"<a href="a.tif">a.tif</a><form><input type=Password name="p"></form>"#;
        assert_eq!(entries(page.as_bytes(), &base), None);
    }

    #[test]
    fn only_what_lies_one_level_below() {
        let page = r#"<a href="https://evil.example/sst/2020/x.tif"></a><a href="/sst/">up</a>
            <a href="a/b.tif">deep</a><a href="./in.tif">in</a><a href="/sst/2020/in2.tif">in</a>
            <a href="..%2fx.tif">out</a><a href="%2e%2e/">out</a><a href="//evil.example/x">out</a>
            <a href="x.tif?y=1">query</a><a name="anchor">none</a><a href="mailto:a@b.c">mail</a>
            <!-- <a href="comment.tif"> --><script>"<a href='script.tif'>"</script>"#;
        let names: Vec<String> = found(page).into_iter().map(|one| one.0).collect();
        assert_eq!(names, ["in.tif", "in2.tif"]);
    }
}
