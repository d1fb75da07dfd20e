//! The fuzz targets: what they need, and each for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{self, find_program, root};
use crate::lint::Steps;
use crate::setup::{self, Purpose, SetupOptions};

/// A target may hold so much, and no more at once: what a small input makes of itself.
const MEMORY_MB: u32 = 512;
/// An input that takes so many seconds hangs.
const LONGEST: u32 = 10;
/// The longest input, in bytes.
const INPUT: u32 = 16 << 10;

/// Runs every target from its seeds, or the named one; what was found before is kept in
/// `fuzz/corpus`, inputs that fail in `fuzz/artifacts`.
pub(crate) fn run(options: &SetupOptions, seconds: u32, name: Option<&str>) -> Result<()> {
    let targets = targets()?;
    if let Some(name) = name
        && !targets.iter().any(|target| target == name)
    {
        bail!("no fuzz target `{name}`: there are {}", targets.join(", "));
    }
    setup::run(options, Purpose::Build)?;
    let toolchain = Toolchain::find()?;
    let build = ["build", "--fuzz-dir", "fuzz", "--target-dir", "target/fuzz"];
    command::run(toolchain.fuzz().args(build).args(toolchain.sanitizer()))?;
    let mut steps = Steps::default();
    for target in targets.iter().filter(|target| name.is_none_or(|name| *target == name)) {
        steps.run(target, || command::run(&mut toolchain.target(target, seconds)?));
    }
    steps.summary("fuzz")
}

/// Names of the targets: the files in `fuzz/targets`.
fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/targets");
    let files = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let mut names = Vec::new();
    for file in files {
        let path = file?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// What builds with the fuzzer's flags.
struct Toolchain {
    /// `+nightly`, or nothing when the default one is told to take unstable flags.
    nightly: bool,
    /// The program `cargo-fuzz`.
    fuzz: PathBuf,
    has_address_sanitizer: bool,
}

impl Toolchain {
    fn find() -> Result<Self> {
        let nightly = succeeds(Command::new("rustc").args(["+nightly", "--version"]));
        if !nightly {
            println!("fuzz: no nightly toolchain: the default one is told to take unstable flags");
        }
        let mut print = Command::new("rustc");
        print.args(nightly.then_some("+nightly")).args(["--print", "target-libdir"]);
        let libraries = PathBuf::from(command::output(&mut print)?.trim());
        let has_address_sanitizer = has_address_sanitizer(&libraries);
        if !has_address_sanitizer {
            println!("fuzz: the toolchain has no address sanitizer: running without");
        }
        Ok(Self { nightly, fuzz: cargo_fuzz()?, has_address_sanitizer })
    }

    /// `cargo fuzz` at the root of the workspace.
    fn fuzz(&self) -> Command {
        let mut command = Command::new(&self.fuzz);
        command.current_dir(root()).arg("fuzz");
        // The cargo that runs this task has said which toolchain it is.
        for set in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(set);
        }
        if self.nightly {
            command.env("RUSTUP_TOOLCHAIN", "nightly");
        } else {
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        command
    }

    fn sanitizer(&self) -> [&'static str; 2] {
        ["--sanitizer", if self.has_address_sanitizer { "address" } else { "none" }]
    }

    /// The command that runs a target for so long.
    fn target(&self, name: &str, seconds: u32) -> Result<Command> {
        let corpus = root().join("fuzz/corpus").join(name);
        fs::create_dir_all(&corpus).with_context(|| format!("no {}", corpus.display()))?;
        let mut command = self.fuzz();
        // What was freed is watched for a while, and counts.
        command.env("ASAN_OPTIONS", "quarantine_size_mb=32");
        command.args(["run", "--fuzz-dir", "fuzz", "--target-dir", "target/fuzz"]);
        command.args(self.sanitizer()).arg(name);
        command.arg(&corpus).arg(root().join("fuzz/seeds").join(name)).arg("--");
        command.arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-timeout={LONGEST}"));
        command.arg(format!("-rss_limit_mb={MEMORY_MB}"));
        command.arg(format!("-max_len={INPUT}"));
        command.arg("-print_final_stats=1");
        let words = root().join("fuzz/dictionaries").join(format!("{name}.dict"));
        if words.exists() {
            command.arg(format!("-dict={}", words.display()));
        }
        Ok(command)
    }
}

/// The program `cargo-fuzz`, installed below `target` where there is none.
fn cargo_fuzz() -> Result<PathBuf> {
    let own = root().join("target/tools");
    let program = own.join("bin/cargo-fuzz");
    if let Some(found) = find_program("cargo-fuzz") {
        return Ok(found);
    }
    if !program.is_file() {
        println!("fuzz: missing: cargo-fuzz, which builds and runs the targets");
        let mut install = command::cargo();
        install.args(["install", "--locked", "cargo-fuzz", "--root"]).arg(&own);
        command::run(&mut install).context(
            "cargo-fuzz is missing and could not be installed: `cargo install --locked \
             cargo-fuzz`, then run this again",
        )?;
    }
    Ok(program)
}

fn has_address_sanitizer(libraries: &Path) -> bool {
    let files = fs::read_dir(libraries).into_iter().flatten().flatten();
    files
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .any(|name| name.starts_with("librustc") && name.contains("rt.asan"))
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
