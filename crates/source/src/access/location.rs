//! What an href names: a URL or an allowed local file.

use std::path::{Path, PathBuf};

use url::Url;

use super::RedactedUrl;
use super::buckets::Buckets;
use super::{azure, s3};
use crate::{Error, Result};

/// What an href names.
#[derive(Debug)]
pub(crate) enum Location {
    Web(Url),
    /// A file over FTP or SFTP.
    #[cfg(any(feature = "ftp", feature = "sftp"))]
    Remote(Url),
    /// Resolved, and below an allowed root.
    File(PathBuf),
}

/// The folders whose files may be read.
#[derive(Debug, Default)]
pub(crate) struct Roots(pub(crate) Vec<PathBuf>);

pub(crate) fn locate(href: &str, roots: &Roots, buckets: &Buckets) -> Result<Location> {
    let refuse =
        |reason: String| Err(Error::NotAllowed { what: RedactedUrl::of(href).to_string(), reason });
    match Url::parse(href) {
        Ok(url) => match url.scheme() {
            "https" | "http" => Ok(Location::Web(url)),
            "s3" => buckets.s3.url(href).map(Location::Web),
            "az" => buckets.azure.url(href).map(Location::Web),
            "gs" => match s3::google(&url) {
                Some(url) => Ok(Location::Web(url)),
                None => refuse("it is no `gs://bucket/key`".to_owned()),
            },
            "abfs" | "abfss" => match azure::abfs(&url) {
                Some(url) => Ok(Location::Web(url)),
                None => refuse(
                    "it is no `abfs://container@account.dfs.core.windows.net/key`".to_owned(),
                ),
            },
            "file" => match url.to_file_path() {
                Ok(path) => roots.admit(&path).map(Location::File),
                Err(()) => refuse("it is no path on this machine".to_owned()),
            },
            #[cfg(feature = "ftp")]
            "ftp" | "ftps" => Ok(Location::Remote(url)),
            #[cfg(feature = "sftp")]
            "sftp" => Ok(Location::Remote(url)),
            scheme => refuse(format!(
                "`{scheme}` is not read here; https, http, s3, gs, az, abfs and file are; ftp, ftps and sftp \
                 if built in"
            )),
        },
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            roots.admit(Path::new(href)).map(Location::File)
        }
        Err(cause) => refuse(format!("it is no URL: {cause}")),
    }
}

impl Roots {
    /// The path with links resolved, when it lies below a root.
    pub(crate) fn admit(&self, path: &Path) -> Result<PathBuf> {
        let shown = path.display().to_string();
        let refused = || Error::NotAllowed {
            what: shown.clone(),
            reason: "it lies in no allowed folder; allow one with `allow_files`".to_owned(),
        };
        if self.0.is_empty() {
            return Err(refused());
        }
        let is_below = |resolved: &Path| {
            let below =
                |root: &PathBuf| root.canonicalize().is_ok_and(|root| resolved.starts_with(root));
            self.0.iter().any(below)
        };
        match path.canonicalize() {
            Ok(resolved) if is_below(&resolved) => Ok(resolved),
            Ok(_) => Err(refused()),
            Err(source) => {
                // Outside the roots nobody learns what exists.
                let existing = path.ancestors().find_map(|folder| folder.canonicalize().ok());
                if !existing.is_some_and(|folder| is_below(&folder)) {
                    return Err(refused());
                }
                if source.kind() == std::io::ErrorKind::NotFound {
                    return Err(Error::NotFound { what: shown });
                }
                Err(Error::File { operation: "open", path: path.to_owned(), source })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_a_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("in.txt"), "in").unwrap();
        std::fs::write(folder.path().join("out.txt"), "out").unwrap();
        let roots = Roots(vec![root.clone()]);
        let at = |href: String| locate(&href, &roots, &Buckets::default());
        let inside = root.join("in.txt");
        assert!(matches!(at(inside.display().to_string()), Ok(Location::File(_))));
        assert!(matches!(at(format!("file://{}", inside.display())), Ok(Location::File(_))));
        let missing = root.join("none.txt").display().to_string();
        assert!(matches!(at(missing), Err(Error::NotFound { .. })));
        for href in [
            root.join("../out.txt").display().to_string(),
            format!("file://{}/../out.txt", root.display()),
            folder.path().join("none.txt").display().to_string(),
            "file://other.example/etc/passwd".to_owned(),
        ] {
            assert!(matches!(at(href.clone()), Err(Error::NotAllowed { .. })), "{href}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("out.txt"), root.join("link")).unwrap();
            let link = root.join("link").display().to_string();
            assert!(matches!(at(link), Err(Error::NotAllowed { .. })));
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for href in ["gopher://h.example/x", "gopher://h", "data:,x", "javascript:1"] {
            assert!(
                matches!(
                    locate(href, &Roots::default(), &Buckets::default()),
                    Err(Error::NotAllowed { .. })
                ),
                "{href}"
            );
        }
    }
}
