//! One line of a listing over FTP: by `MLSD` (RFC 3659 section 7), or as `ls -l` and DOS write it.

use std::time::{Duration, SystemTime};

use terracube_grid::Time;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    File {
        name: String,
        size: Option<u64>,
        /// As HTTP writes dates.
        modified: Option<String>,
    },
    Folder {
        name: String,
    },
    /// A link; what it leads to it does not say.
    Link {
        name: String,
    },
    /// The folder itself, the one above, a total, a device.
    Nothing,
    /// It is in no form that is known.
    Unread,
}

impl Line {
    /// A line of `MLSD`: facts, a space, the name.
    pub(crate) fn of_facts(line: &str) -> Self {
        // A target of a link may have spaces, which do not follow a semicolon.
        let Some((facts, name)) = line.split_once("; ").filter(|(_, name)| !name.is_empty()) else {
            return Self::Unread;
        };
        let fact = |wanted: &str| {
            let mut all = facts.split(';').filter_map(|fact| fact.split_once('='));
            all.find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        };
        let Some(kind) = fact("type").map(str::to_ascii_lowercase) else { return Self::Unread };
        let name = name.to_owned();
        match kind.as_str() {
            "file" => Self::File {
                name,
                size: fact("size").and_then(|size| size.parse().ok()),
                modified: fact("modify").and_then(date_of_fact),
            },
            "dir" => Self::Folder { name },
            "cdir" | "pdir" => Self::Nothing,
            // `OS.unix=slink:/target`, `OS.unix=symlink`.
            _ if kind.contains("=slink") || kind.contains("=symlink") => Self::Link { name },
            _ if kind.starts_with("os.") => Self::Nothing,
            _ => Self::Unread,
        }
    }

    /// A line of `LIST`, which has no form that all servers keep to.
    pub(crate) fn of_list(line: &str) -> Self {
        let line = line.trim_end_matches(['\r', '\n']);
        let is_total = line.strip_prefix("total").is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(|c: char| !c.is_ascii_alphanumeric())
        });
        if line.trim().is_empty() || is_total {
            return Self::Nothing;
        }
        Self::of_posix(line).or_else(|| Self::of_dos(line)).unwrap_or(Self::Unread)
    }

    /// `-rw-r--r--+ 1 owner a group 7 Jan  5 12:00 name`: the size stands before the first date.
    fn of_posix(line: &str) -> Option<Self> {
        let (mode, _) = line.split_once(' ')?;
        let kind = mode.chars().next()?;
        let is_mode = mode.is_ascii()
            && matches!(mode.len(), 10 | 11)
            && mode[1..10].bytes().all(|b| b"rwxsStTlL-".contains(&b));
        if !is_mode {
            return None;
        }
        let words = words(line);
        let dated = (2..words.len()).find_map(|at| {
            let size = words.get(at - 1)?.1;
            let is_size = size.bytes().all(|b| b.is_ascii_digit());
            let length = date_words(words.get(at..)?.iter().map(|one| one.1))?;
            (is_size || matches!(kind, 'b' | 'c')).then_some((at + length, size))
        });
        let (after, size) = dated?;
        // One space; more belong to the name.
        let (start, last) = words.get(after - 1)?;
        let name = line.get(start + last.len()..)?.strip_prefix(' ')?;
        Some(match kind {
            _ if matches!(name, "" | "." | "..") => Self::Nothing,
            'd' => Self::Folder { name: name.to_owned() },
            'l' => {
                let name = name.split_once(" -> ").map_or(name, |(name, _)| name);
                Self::Link { name: name.to_owned() }
            }
            // Dates have no years, or no hours.
            '-' => Self::File { name: name.to_owned(), size: size.parse().ok(), modified: None },
            _ => Self::Nothing,
        })
    }

    /// `01-05-20  12:00PM       <DIR>          name`.
    fn of_dos(line: &str) -> Option<Self> {
        let words = words(line);
        let [(_, date), (_, time), (at, kind), ..] = words.as_slice() else { return None };
        let is_made_of = |text: &str, what: &[u8]| {
            text.bytes().all(|b| b.is_ascii_digit() || what.contains(&b.to_ascii_uppercase()))
        };
        let is_dated = date.contains(['-', '/']) && time.contains(':');
        if !is_dated || !is_made_of(date, b"-/.") || !is_made_of(time, b":APM") {
            return None;
        }
        let name = line.get(at + kind.len()..)?.trim_start();
        if matches!(name, "" | "." | "..") {
            return Some(Self::Nothing);
        }
        let linked = || name.split_once(" [").map_or(name, |(name, _)| name).to_owned();
        match kind.to_ascii_uppercase().as_str() {
            "<DIR>" => Some(Self::Folder { name: name.to_owned() }),
            "<SYMLINKD>" | "<SYMLINK>" | "<JUNCTION>" => Some(Self::Link { name: linked() }),
            size => {
                let size = Some(size.replace(',', "").parse().ok()?);
                Some(Self::File { name: name.to_owned(), size, modified: None })
            }
        }
    }
}

/// The words of a line with where each begins.
fn words(line: &str) -> Vec<(usize, &str)> {
    let start = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
    line.split(' ').filter(|word| !word.is_empty()).map(|word| (start(word), word)).collect()
}

/// How many words a date takes that stands here: `Jan 5 12:00`, `5 Jan 2020`, `2020-01-05 12:00`.
fn date_words<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<usize> {
    let (first, second) = (words.next()?, words.next()?);
    let is_number = |text: &str, longest: usize| {
        !text.is_empty() && text.len() <= longest && text.bytes().all(|b| b.is_ascii_digit())
    };
    let is_clock = |text: &str| {
        let mut parts = text.split(':');
        text.contains(':') && parts.all(|part| is_number(part.split('.').next().unwrap_or(""), 2))
    };
    let is_month = |text: &str| {
        const MONTHS: &str = "jan feb mar apr may jun jul aug sep oct nov dec";
        text.len() == 3 && MONTHS.split(' ').any(|month| month.eq_ignore_ascii_case(text))
    };
    let is_iso = first.len() == 10 && first.split('-').all(|part| is_number(part, 4));
    if is_iso && is_clock(second) {
        return Some(2);
    }
    let is_day = |text: &str| is_number(text.trim_end_matches(['.', ',']), 2);
    let is_date = (is_month(first) && is_day(second)) || (is_day(first) && is_month(second));
    let third = words.next().filter(|_| is_date)?;
    let is_year = third.len() == 4 && is_number(third, 4);
    (is_clock(third) || is_year).then_some(3)
}

/// `20200105120000` or `20200105120000.123`.
fn date_of_fact(text: &str) -> Option<String> {
    let digits = text.get(..14).filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    let part = |from: usize, to: usize| &digits[from..to];
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let clock = format!("{}:{}:{}", part(8, 10), part(10, 12), part(12, 14));
    let time = Time::parse(&format!("{year}-{month}-{day}T{clock}Z")).ok()?;
    let since = Duration::from_secs(u64::try_from(time.seconds()).ok()?);
    Some(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> Line {
        Line::File { name: name.to_owned(), size: Some(size), modified: None }
    }

    fn folder(name: &str) -> Line {
        Line::Folder { name: name.to_owned() }
    }

    fn link(name: &str) -> Line {
        Line::Link { name: name.to_owned() }
    }

    #[test]
    fn facts() {
        let modified = Some("Sun, 05 Jan 2020 12:00:01 GMT".to_owned());
        let cases = [
            // Of RFC 3659 section 7.7.2 and 7.7.4; the links of ProFTPD and Pure-FTPd.
            ("Type=cdir;Perm=el;Unique=keVO1+d?3; two words", Line::Nothing),
            ("type=pdir;perm=e; ..", Line::Nothing),
            ("type=OS.unix=slink:/foo;perm=;unique=keVO1+4; bar", link("bar")),
            ("type=OS.unix=slink:/a b;size=4; bar  2", link("bar  2")),
            ("modify=20200105120001;type=OS.unix=symlink; latest", link("latest")),
            ("type=OS.unix=blkdev;perm=;unique=keVO1+8; ram0", Line::Nothing),
            ("type=dir;modify=20200105120001; a; b", folder("a; b")),
            ("size=12;type=file; x.tif", file("x.tif", 12)),
            (
                "TYPE=file;Size=7;Modify=20200105120001.5; x.tif",
                Line::File { name: "x.tif".to_owned(), size: Some(7), modified },
            ),
            ("size=12; x.tif", Line::Unread),
            ("x.tif", Line::Unread),
        ];
        for (line, expected) in cases {
            assert_eq!(Line::of_facts(line), expected, "{line}");
        }
    }

    #[test]
    fn lines_for_people() {
        let cases = [
            ("total 12", Line::Nothing),
            ("-rw-r--r--   1 owner group   7 Jan  5 12:00 a b.tif", file("a b.tif", 7)),
            // Access lists, a group with spaces, a user without a name.
            ("-rw-r--r--+  1 owner group   7 Jan  5  2020 x.tif", file("x.tif", 7)),
            ("-rw-r--r--.  1 owner Domain Users 7 Jan 15 2020 x.tif", file("x.tif", 7)),
            (
                "-rw-r--r-- 1 1004 7 Feb  5 12:00 x 3 Jan 5 2020 y.tif",
                file("x 3 Jan 5 2020 y.tif", 7),
            ),
            ("-rw-r--r-- 1 o g 7 2020-01-05 12:00 x.tif", file("x.tif", 7)),
            (
                "-rw-r--r-- 1 o g 7 Jan  5 12:00  begins with a space",
                file(" begins with a space", 7),
            ),
            ("drwxr-xr-x@  2 o g 4096 5 Jan 2020 001", folder("001")),
            ("drwxr-xr-x   2 o g 4096 Jan  5 2020 .", Line::Nothing),
            ("lrwxrwxrwx   1 o g 4 Jan  5 2020 latest -> 2020/001", link("latest")),
            ("crw-rw-rw-   1 root root 1, 3 Jan  5 2020 null", Line::Nothing),
            ("01-05-20  12:00PM       <DIR>          sea ice", folder("sea ice")),
            ("01-05-2020  12:00PM            1,234 x y.tif", file("x y.tif", 1234)),
            ("01-05-20  12:00PM  <SYMLINKD>  latest [D:\\data\\2020]", link("latest")),
            ("+i8388621.48594,m825718503,r,s280,\tx.tif", Line::Unread),
            ("-rw-r--r-- 1 o g 7 yesterday x.tif", Line::Unread),
        ];
        for (line, expected) in cases {
            assert_eq!(Line::of_list(line), expected, "{line}");
        }
    }
}
