//! What building, testing and the demo need from the system, and getting it.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command;
use crate::os_release::OsRelease;
use crate::venv::{Python, Venv};

/// How to set up.
#[derive(Debug, Args)]
pub(crate) struct SetupOptions {
    /// Install what is missing without asking
    #[arg(long, short)]
    yes: bool,
    /// Another description of the system, to try what happens there
    #[arg(long, hide = true, default_value = "/etc/os-release")]
    os_release: PathBuf,
}

/// What is to be done with the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Build the program and the demo.
    Build,
    /// Build and run the tests, some of which read cubes with Python and write to an S3 server.
    Test,
    /// Compare with peers.
    Peers,
}

/// Something the system has or has not.
struct Need {
    purpose: Purpose,
    what: &'static str,
    /// Debian's names.
    packages: &'static [&'static str],
    why: &'static str,
    is_there: fn() -> bool,
}

const NEEDS: [Need; 8] = [
    Need {
        purpose: Purpose::Build,
        what: "a C compiler (cc)",
        packages: &["gcc", "libc6-dev"],
        why: "links every Rust program and compiles the codecs (zstd, blosc, libdeflate)",
        is_there: || command::find_program("cc").is_some(),
    },
    Need {
        purpose: Purpose::Build,
        what: "a C++ compiler (c++)",
        packages: &["g++"],
        why: "compiles C++ parts of the codecs",
        is_there: || command::find_program("c++").is_some(),
    },
    Need {
        purpose: Purpose::Test,
        what: "Python 3.11 or later with venv",
        packages: &["python3", "python3-venv"],
        why: "tests open cubes with xarray, rioxarray and rasterio, and run an S3 server (moto)",
        is_there: || Python::best().is_some(),
    },
    Need {
        purpose: Purpose::Test,
        what: "strace",
        packages: &["strace"],
        why: "a test kills writers of a store between system calls",
        is_there: || command::find_program("strace").is_some(),
    },
    Need {
        purpose: Purpose::Test,
        what: "pkg-config",
        packages: &["pkg-config"],
        why: "finds the libraries below when all features are built",
        is_there: || command::find_program("pkg-config").is_some(),
    },
    Need {
        purpose: Purpose::Test,
        what: "GDAL's library with its headers",
        packages: &["libgdal-dev"],
        why: "the feature `gdal` reads other rasters with it, and shifts datums by PROJ's grids",
        is_there: || command::find_program("gdal-config").is_some(),
    },
    Need {
        purpose: Purpose::Test,
        what: "netCDF's library with its headers",
        packages: &["libnetcdf-dev"],
        why: "the feature `netcdf` reads CF netCDF with it",
        is_there: || command::find_program("nc-config").is_some(),
    },
    Need {
        purpose: Purpose::Peers,
        what: "gdalwarp",
        packages: &["gdal-bin"],
        why: "one of the programs that warps are compared with",
        is_there: || command::find_program("gdalwarp").is_some(),
    },
];

/// Installs what is missing for `purpose`. For tests this includes the Python environment, which
/// is returned.
pub(crate) fn run(options: &SetupOptions, purpose: Purpose) -> Result<Option<Venv>> {
    let missing: Vec<&Need> =
        NEEDS.iter().filter(|need| need.purpose <= purpose && !(need.is_there)()).collect();
    if missing.is_empty() {
        println!("setup: system packages: nothing is missing");
    } else {
        install(&missing, options)?;
    }
    if purpose != Purpose::Test {
        return Ok(None);
    }
    let python = Python::best().context(
        "no Python 3.11 or later with venv was found: install one (python3.13 on PATH, or by \
         pyenv), then run this again",
    )?;
    Venv::ensure(&command::root(), &python).map(Some)
}

fn install(missing: &[&Need], options: &SetupOptions) -> Result<()> {
    println!("setup: missing on {}:", OsRelease::read(&options.os_release).name);
    for need in missing {
        println!("  {}: {} (Debian: {})", need.what, need.why, need.packages.join(", "));
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    let system = OsRelease::read(&options.os_release);
    if !system.is_debian_like() || command::find_program("apt-get").is_none() {
        bail!(
            "this knows the packages of Debian and Ubuntu only: on {} install what is named above \
             by its own means, then run this again",
            system.name
        );
    }
    let is_root = command::output(Command::new("id").arg("-u"))?.trim() == "0";
    let commands = apt_commands(&packages, is_root);
    let has_sudo = command::find_program("sudo").is_some();
    if !is_root && !has_sudo {
        let lines: Vec<String> = commands.iter().map(|words| words.join(" ")).collect();
        bail!(
            "no root and no sudo here; have root run: {}",
            lines.join(" && ").replace("sudo ", "")
        );
    }
    if !options.yes && std::io::stdin().is_terminal() && !asked(&commands)? {
        bail!("nothing was installed");
    }
    for words in &commands {
        command::run(Command::new(&words[0]).args(&words[1..]))?;
    }
    match missing.iter().find(|need| !(need.is_there)()) {
        Some(need) => bail!("{} is still missing after the installation", need.what),
        None => Ok(()),
    }
}

fn apt_commands(packages: &[&str], is_root: bool) -> Vec<Vec<String>> {
    let sudo: &[&str] = if is_root { &[] } else { &["sudo"] };
    let apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    let line = |words: &[&str]| {
        [sudo, &apt, words].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let install = [&["install", "--yes", "--no-install-recommends"][..], packages].concat();
    vec![line(&["update"]), line(&install)]
}

fn asked(commands: &[Vec<String>]) -> Result<bool> {
    for words in commands {
        println!("  would run: {}", words.join(" "));
    }
    print!("Go ahead? [Y/n] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_unless_root() {
        let as_root = apt_commands(&["gcc", "g++"], true);
        assert_eq!(as_root[0].join(" "), "env DEBIAN_FRONTEND=noninteractive apt-get update");
        let as_user = apt_commands(&["gcc", "g++"], false);
        assert_eq!(
            as_user[1].join(" "),
            "sudo env DEBIAN_FRONTEND=noninteractive apt-get install --yes \
             --no-install-recommends gcc g++"
        );
    }

    #[test]
    fn an_unknown_system_is_told_the_packages_and_stops() {
        let need = Need {
            purpose: Purpose::Build,
            what: "a thing",
            packages: &["thing-dev"],
            why: "for this test",
            is_there: || false,
        };
        let options = SetupOptions { yes: true, os_release: "/nonexistent/os-release".into() };
        let error = install(&[&need], &options).unwrap_err().to_string();
        assert!(error.contains("packages of Debian and Ubuntu only"), "{error}");
    }
}
