//! Python environments with pinned packages: that of the tests, and those of benchmarks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::command;

/// A Python that can make environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Python {
    pub(crate) file: PathBuf,
    /// Major and minor.
    pub(crate) version: (u32, u32),
}

/// An environment to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packages<'a> {
    /// The folder under `.terracube`.
    pub(crate) folder: &'a str,
    /// The file of pinned packages under `xtask`.
    pub(crate) requirements: &'a str,
    /// What they are for, after "they".
    pub(crate) purpose: &'a str,
}

/// An environment whose packages are all there.
#[derive(Debug)]
pub(crate) struct Venv {
    folder: PathBuf,
}

impl Python {
    /// The first that is 3.11 or later and has `venv` and `ensurepip`: of `python3.13` and
    /// `python3.12` on the path, the newest of pyenv, and `python3`. 3.12 and later can read
    /// every version of Icechunk's format, 3.11 only the first.
    pub(crate) fn best() -> Option<Self> {
        Self::of_at_least((3, 12)).or_else(|| Self::of_at_least((3, 11)))
    }

    /// The first in that order of this version or later.
    pub(crate) fn of_at_least(version: (u32, u32)) -> Option<Self> {
        Self::find(|python| python.version >= version)
    }

    /// The first in that order of one of these versions, where packages are for no other.
    pub(crate) fn of_one_of(versions: &[(u32, u32)]) -> Option<Self> {
        Self::find(|python| versions.contains(&python.version))
    }

    fn find(is_wanted: impl Fn(&Self) -> bool) -> Option<Self> {
        let mut candidates = vec![PathBuf::from("python3.13"), PathBuf::from("python3.12")];
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        candidates.extend(pyenv_pythons(&home.join(".pyenv/versions")));
        candidates.extend(["python3.11", "python3"].map(PathBuf::from));
        candidates.into_iter().filter_map(Self::probe).find(is_wanted)
    }

    fn probe(file: PathBuf) -> Option<Self> {
        let program = "import sys, venv, ensurepip; print(*sys.version_info[:2])";
        let output =
            Command::new(&file).args(["-c", program]).stderr(Stdio::null()).output().ok()?;
        let version = parse_version(&String::from_utf8_lossy(&output.stdout))?;
        (output.status.success() && version >= (3, 11)).then_some(Self { file, version })
    }

    /// The name of the file of pinned packages.
    fn requirements(&self) -> &'static str {
        if self.version >= (3, 12) { "requirements-3.12.txt" } else { "requirements-3.11.txt" }
    }
}

impl Venv {
    /// Makes the environment of the tests under `root`, or finds it whole.
    pub(crate) fn ensure(root: &Path, python: &Python) -> Result<Self> {
        let requirements = python.requirements();
        let packages = Packages { folder: "venv", requirements, purpose: "let tests read cubes" };
        Self::with_packages(root, python, packages)
    }

    /// Makes an environment under `root`, or finds it whole. What an interrupted installation left
    /// is made anew.
    pub(crate) fn with_packages(
        root: &Path,
        python: &Python,
        packages: Packages<'_>,
    ) -> Result<Self> {
        let Packages { folder, requirements: name, purpose } = packages;
        let requirements = root.join("xtask").join(name);
        let pinned = std::fs::read_to_string(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        let venv = Self { folder: root.join(".terracube").join(folder) };
        let (major, minor) = python.version;
        let stamp = format!("{} {major}.{minor}\n{pinned}", python.file.display());
        let stamp_file = venv.folder.join("terracube-stamp");
        if std::fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp)
            && venv.program("python").is_file()
        {
            println!("setup: Python {major}.{minor} packages of {folder}: nothing is missing");
            return Ok(venv);
        }
        println!(
            "setup: Python {major}.{minor} packages of xtask/{name} go into .terracube/{folder}: \
             they {purpose}"
        );
        if venv.folder.exists() {
            std::fs::remove_dir_all(&venv.folder)
                .with_context(|| format!("cannot remove the old .terracube/{folder}"))?;
        }
        command::run(Command::new(&python.file).args(["-m", "venv"]).arg(&venv.folder))?;
        let mut pip = Command::new(venv.program("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
        command::run(pip.arg(&requirements))?;
        // Last, so that only a whole environment has it.
        std::fs::write(&stamp_file, stamp)
            .with_context(|| format!("cannot write the stamp of .terracube/{folder}"))?;
        Ok(venv)
    }

    /// The file of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }
}

/// The Pythons of pyenv, the newest first.
fn pyenv_pythons(versions: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(Vec<u32>, PathBuf)> = std::fs::read_dir(versions)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let version = name.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
            Some((version, entry.path().join("bin/python3")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, file)| file).collect()
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_their_packages() {
        assert_eq!(parse_version("3 13\n"), Some((3, 13)));
        assert_eq!(parse_version("Python 3"), None);
        let python = |minor| Python { file: "python3".into(), version: (3, minor) };
        assert_eq!(python(11).requirements(), "requirements-3.11.txt");
        assert_eq!(python(12).requirements(), "requirements-3.12.txt");
        assert_eq!(python(14).requirements(), "requirements-3.12.txt");
    }

    #[test]
    fn pyenv_pythons_come_newest_first() {
        let folder = std::env::temp_dir().join(format!("terracube-pyenv-{}", std::process::id()));
        for name in ["3.9.18", "3.13.0", "3.12.1", "pypy3.10"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        let found = pyenv_pythons(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        let expected = ["3.13.0", "3.12.1", "3.9.18"].map(|v| folder.join(v).join("bin/python3"));
        assert_eq!(found, expected);
        assert!(pyenv_pythons(&folder).is_empty());
    }
}
