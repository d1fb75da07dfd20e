//! Where all is measured: the collection as it is served, the folders, and running one contender.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use terracube_benches::Dem;
use terracube_grid::{Affine, Crs, GeoBox, Transform, Window};

use crate::collection::{Collection, ID};
use crate::contender::{Contender, Programs, Runner};
use crate::job::Job;
use crate::progress::say;
use crate::served::{Latency, Served, Traffic};
use crate::task::{Answer, Grid, Task};
use crate::tile_index::TileIndex;

/// One contender's work, measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    pub(crate) traffic: Traffic,
    /// Bytes of all files that it left.
    pub(crate) stored: u64,
}

pub(crate) struct Stage {
    pub(crate) files: Collection,
    pub(crate) served: Served,
    pub(crate) programs: Programs,
    /// Rows and columns of a chunk of our cubes.
    pub(crate) chunk: usize,
    pub(crate) scratch: PathBuf,
    /// What each window of the source is, by what it was asked as.
    truths: BTreeMap<[usize; 4], u32>,
}

/// Bytes that a fill may take unless it is about that.
const MEMORY: u64 = 256 << 20;

impl Stage {
    pub(crate) fn new(
        files: Collection,
        programs: Programs,
        chunk: usize,
        scratch: PathBuf,
    ) -> Result<Self> {
        let served = Served::start(&files)?;
        Ok(Self { files, served, programs, chunk, scratch, truths: BTreeMap::new() })
    }

    /// Runs a contender once, in a process of its own, with nothing left to be written by those
    /// before.
    pub(crate) fn run(&self, job: Job, contender: Contender) -> Result<Outcome> {
        let task = self.task(job, contender)?;
        if !matches!(job, Job::Warm { .. }) {
            remove(&task.out)?;
        }
        self.run_task(contender.runner(), &task, job.latency())
            .with_context(|| format!("{job}: {}", contender.name()))
    }

    pub(crate) fn run_task(
        &self,
        runner: Runner,
        task: &Task,
        latency: Latency,
    ) -> Result<Outcome> {
        settle()?;
        self.served.reset(latency);
        let answer = serde_json::from_str(&self.start(runner, task)?).context("no answer")?;
        let traffic = self.served.traffic(latency);
        Ok(Outcome { answer, traffic, stored: size(&task.out) })
    }

    /// The answer of a process, its last line.
    fn start(&self, runner: Runner, task: &Task) -> Result<String> {
        let task = serde_json::to_string(task)?;
        let script = |python: &Option<PathBuf>, name: &str| -> Result<Command> {
            let python = python.as_ref().context("no Python for it")?;
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
            let mut command = Command::new(python);
            command.arg("-W").arg("ignore").arg(folder.join(name));
            Ok(command)
        };
        let mut command = match runner {
            Runner::Own => {
                let mut own = Command::new(std::env::current_exe()?);
                own.arg("--task");
                own
            }
            Runner::Python(name) => script(&self.programs.python, name)?,
            Runner::Smart(name) => script(&self.programs.smart, name)?,
        };
        let output = command.arg(task).stdin(Stdio::null()).stderr(Stdio::piped()).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "it ended with {}:\n{errors}", output.status);
        let text = String::from_utf8(output.stdout)?;
        Ok(text.trim().lines().last().unwrap_or_default().to_owned())
    }

    /// What a contender is told.
    pub(crate) fn task(&self, job: Job, contender: Contender) -> Result<Task> {
        let latency = job.latency();
        let (area, memory) = match job {
            Job::Fill { cogs, .. } => (self.files.block(cogs), MEMORY),
            Job::Memory { cogs, budget, .. } => (self.files.block(cogs), budget << 20),
            Job::Warp { .. } | Job::Cold { .. } | Job::Warm { .. } => (self.files.block(4), MEMORY),
        };
        let (work, grid, resampling) = match job {
            Job::Fill { .. } | Job::Memory { .. } => ("fill", Dem::geobox(&area)?, "nearest"),
            Job::Warp { resampling, .. } => ("fill", self.utm(&area)?, resampling.name()),
            Job::Cold { .. } => ("cold", Dem::geobox(&area)?, "nearest"),
            Job::Warm { .. } => ("warm", Dem::geobox(&area)?, "nearest"),
        };
        let work = if contender == Contender::Floor { "floor" } else { work };
        let window = match job {
            Job::Cold { cogs, .. } | Job::Warm { cogs } => self.window(cogs),
            _ => Window::new(0, 0, grid.width, grid.height),
        };
        let out = match job {
            Job::Warm { .. } => self.scratch.join(format!("warm-{}", kept_by(contender))),
            _ => self.scratch.join("out"),
        };
        let touched = self.files.touched(&area);
        let mut files: Vec<_> =
            touched.iter().map(|m| self.served.file_url(latency, &m.name)).collect();
        if contender == Contender::Floor {
            let path = |name: &str| self.files.path(name).display().to_string();
            files = files.into_iter().zip(&touched).flat_map(|(u, m)| [u, path(&m.name)]).collect();
        }
        let task = Task {
            work: work.to_owned(),
            stac: self.served.stac_url(latency),
            collection: ID.to_owned(),
            files,
            side: self.files.side(),
            grid: Some(Grid::of(&grid)),
            window: [0; 4],
            chunk: self.chunk,
            resampling: resampling.to_owned(),
            codec: contender.codec().to_owned(),
            store: contender.store().to_owned(),
            out: out.with_extension(contender.store()),
            memory,
        };
        Ok(task.with_window(window))
    }

    /// The window of the cold and warm jobs, in pixels of the block of 4 COGs.
    pub(crate) fn window(&self, cogs: usize) -> Window {
        let side = self.files.side();
        let width = side * 5 / 9 / 8 * 8;
        let first = if cogs == 1 { (side - width) / 2 } else { side - width / 2 };
        Window::new(first, first, width, width)
    }

    /// The pixels of the patches that a window of the block of 4 COGs touches.
    pub(crate) fn patches_under(&self, window: &Window) -> Window {
        let block = self.files.block(4);
        let span = |first: usize, end: usize, most: usize| {
            let first = first / self.chunk * self.chunk;
            (first, end.next_multiple_of(self.chunk).min(most) - first)
        };
        let (col, width) = span(window.col, window.col_end(), block.width);
        let (row, height) = span(window.row, window.row_end(), block.height);
        Window::new(block.col + col, block.row + row, width, height)
    }

    /// Bytes of the full-resolution tiles that an area touches, in how many runs of neighbours they
    /// lie, and the files that have them.
    pub(crate) fn needed(&self, area: &Window) -> Result<(u64, usize, BTreeSet<String>)> {
        let (mut bytes, mut runs, mut names) = (0, 0, BTreeSet::new());
        for member in self.files.touched(area) {
            let part = member.window.intersection(area).context("it touches the area")?;
            let (col, row) = (part.col - member.window.col, part.row - member.window.row);
            let index = TileIndex::read(&self.files.path(&member.name))?;
            let (of_file, runs_of_file) =
                index.under(&Window::new(col, row, part.width, part.height));
            bytes += of_file;
            runs += runs_of_file;
            names.insert(member.name);
        }
        Ok((bytes, runs, names))
    }

    /// The grid in UTM that lies inside an area.
    fn utm(&self, area: &Window) -> Result<GeoBox> {
        let own = Dem::geobox(area)?;
        let utm = Crs::epsg(32_624)?;
        let (x, y) = own.pixel_center(area.width / 2, area.height / 2);
        let middle = Transform::new(&own.crs, &utm)?.forward(x, y).context("not in the zone")?;
        let metres = own.resolution().0;
        // The area is turned against the grid: so much lies inside at any angle.
        let side = (area.width as f64 / std::f64::consts::SQRT_2 / 256.0).floor() as usize * 256;
        let corner = |middle: f64, sign: f64| {
            ((middle + sign * side as f64 / 2.0 * metres) / metres).round() * metres
        };
        let affine =
            Affine::new(metres, 0.0, corner(middle.0, -1.0), 0.0, -metres, corner(middle.1, 1.0));
        Ok(GeoBox::new(utm, affine, side, side)?)
    }

    /// The digest of the source's pixels in a window of the block of 4 COGs, read by rasterio.
    pub(crate) fn truth(&mut self, area: &Window, window: &Window) -> Result<u32> {
        let absolute =
            Window::new(area.col + window.col, area.row + window.row, window.width, window.height);
        let key = [absolute.col, absolute.row, absolute.width, absolute.height];
        if let Some(found) = self.truths.get(&key) {
            return Ok(*found);
        }
        let members = self.files.touched(&absolute);
        let files = members.iter().map(|m| self.files.path(&m.name).display().to_string());
        let task = Task {
            work: "truth".to_owned(),
            files: files.collect(),
            grid: Some(Grid::of(&Dem::geobox(&absolute)?)),
            ..Task::default()
        };
        let answer: Answer =
            serde_json::from_str(&self.start(Runner::Python("verify.py"), &task)?)?;
        let digest = answer.digest.context("no digest")?;
        self.truths.insert(key, digest);
        Ok(digest)
    }

    /// Checks what a fill left against the source: bit by bit in the same CRS, else against GDAL's
    /// exact warp.
    pub(crate) fn verify(
        &mut self,
        job: Job,
        contender: Contender,
        outcome: &Outcome,
    ) -> Result<()> {
        // What the floor leaves are chunks without metadata, which nobody opens.
        if self.programs.python.is_none() || contender == Contender::Floor {
            return Ok(());
        }
        let task = self.task(job, contender)?;
        let area = match job {
            Job::Fill { cogs, .. } | Job::Memory { cogs, .. } => self.files.block(cogs),
            _ => self.files.block(4),
        };
        let found = match job {
            Job::Cold { .. } | Job::Warm { .. } => (task.window(), outcome.answer.digest),
            Job::Fill { .. } | Job::Memory { .. } => {
                let window = self.window(4);
                let digest = Task { work: "digest".into(), ..task }.with_window(window);
                let text = self.start(Runner::Python("verify.py"), &digest)?;
                (window, serde_json::from_str::<Answer>(&text)?.digest)
            }
            Job::Warp { .. } => {
                let files = self.files.touched(&area);
                let files = files.iter().map(|m| self.files.path(&m.name).display().to_string());
                let warp = Task { work: "warp".into(), files: files.collect(), ..task };
                let text = self.start(Runner::Python("verify.py"), &warp)?;
                return check_warp(contender, &text);
            }
        };
        let truth = self.truth(&area, &found.0)?;
        match found.1 {
            Some(digest) if digest == truth => Ok(()),
            _ => bail!("{job}: {}: its pixels are not those of the source", contender.name()),
        }
    }
}

/// The cube that a contender reads when it is warm.
pub(crate) const fn kept_by(contender: Contender) -> &'static str {
    match contender {
        Contender::Icechunk | Contender::XarrayOurs => "terracube",
        Contender::Zarr => "terracube-plain",
        Contender::Smart => "smart",
        _ => "odc",
    }
}

fn check_warp(contender: Contender, text: &str) -> Result<()> {
    let found: serde_json::Value = serde_json::from_str(text)?;
    say(&format!("    {}: against GDAL's exact warp {text}", contender.name()));
    let number = |name: &str| found[name].as_f64().unwrap_or(f64::INFINITY);
    // An eighth of a pixel is what the approximating peers may be off.
    ensure!(number("p99") < 5.0 && number("valid") > 0.999, "{}: {text}", contender.name());
    Ok(())
}

/// Has everything written to the disk that waits to be.
fn settle() -> Result<()> {
    ensure!(Command::new("sync").status()?.success(), "sync failed");
    Ok(())
}

pub(crate) fn remove(path: &Path) -> Result<()> {
    let done = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match done {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Bytes of a file, or of all files of a folder.
pub(crate) fn size(path: &Path) -> u64 {
    if !path.is_dir() {
        return path.metadata().map_or(0, |found| found.len());
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}
