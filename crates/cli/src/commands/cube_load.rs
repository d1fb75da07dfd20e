//! `terracube cube load`: read a window into a file.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use terracube::convert::{Converters, Options};
use terracube::cube::{Cube, LoadOptions, Request};
use terracube::grid::GeoBox;
use terracube::raster::Cog;
use terracube::store::{Directory, Key};

use crate::args::LoadArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::{output, progress};

const FORMATS: [&str; 4] = ["tif", "tiff", "png", "zarr"];

pub(crate) async fn run(context: &Context, args: LoadArgs) -> Result<Outcome, Failure> {
    let granules = granule_options(&args)?;
    match &granules {
        Some(options) => {
            check_folder(&args.output)?;
            options.check_granules().map_err(|cause| Failure::usage(format!("--set: {cause}")))?;
        }
        None => check_format(&args.output)?,
    }
    let like = match args.like.as_deref() {
        Some(path) => Some(read_grid(path).await?),
        None => None,
    };
    let mut request = args.selection.request()?;
    let cube = if args.no_fill {
        context.open(&args.store).await?
    } else {
        context.connect(&args.store).await?
    };
    check_bands(&cube, &args.bands)?;
    if granules.is_some() && cube.schema().time.is_none() && request.time.is_none() {
        return Err(Failure::usage(format!(
            "--to: the cube `{}` has no time: say what time the window is of by --time",
            cube.schema().name
        )));
    }
    if let Some(like) = &like {
        request = cube.request_like(like, request.time)?;
    }
    let outcome =
        if args.no_fill { Outcome::Done } else { fill(context, &cube, &request, &args).await? };
    if outcome == Outcome::Stopped {
        context.note(&format!("`{}` was not written", args.output.display()));
        return Ok(outcome);
    }
    let options = LoadOptions { bands: args.bands.clone(), fill: None, ..LoadOptions::default() };
    let loaded = match &like {
        Some(like) => cube.load_like(like, request.time, &options).await?,
        None => cube.load(&request, &options).await?,
    };
    if let Some(options) = granules {
        let written = terracube::write_idf(&cube, &loaded, request.time, &args.output, &options)?;
        for granule in &written {
            output::line(&granule.display().to_string())?;
        }
        if written.is_empty() {
            context.note("no pixel is valid: nothing was written");
            return Ok(if outcome == Outcome::Done { Outcome::Nothing } else { outcome });
        }
        return Ok(outcome);
    }
    loaded.write(&cube, &args.output).await?;
    output::line(&format!(
        "wrote {}: {} columns × {} rows, {} bands, {} time steps",
        args.output.display(),
        loaded.geobox.width,
        loaded.geobox.height,
        loaded.bands.len(),
        loaded.steps.len().max(1)
    ))?;
    Ok(outcome)
}

async fn fill(
    context: &Context,
    cube: &Cube,
    request: &Request,
    args: &LoadArgs,
) -> Result<Outcome, Failure> {
    let plan = cube.plan(request).await?;
    context.warn(&plan.warnings);
    if plan.is_empty() {
        return Ok(Outcome::Done);
    }
    let interrupt = Interrupt::listen();
    let report = progress::run(context, cube, plan, &args.work, &interrupt, false).await?;
    context.note(&report.to_string());
    Ok(progress::conclude(context, cube, &report))
}

/// The options of granules, where these are asked for.
fn granule_options(args: &LoadArgs) -> Result<Option<Options>, Failure> {
    let Some(format) = &args.to else { return Ok(None) };
    // An unknown format is answered with the known ones.
    Converters::built_in()?.get(format)?;
    if cfg!(not(feature = "netcdf")) {
        return Err(Failure::usage(format!(
            "--to {format}: this program was built without the feature `netcdf`"
        )));
    }
    let mut options = Options::default();
    for set in &args.set {
        let Some((key, value)) = set.split_once('=') else {
            return Err(Failure::usage(format!("--set {set}: it is not KEY=VALUE")));
        };
        options.set(key.trim(), value.trim());
    }
    Ok(Some(options))
}

/// Nothing shall be downloaded for a file that cannot be written in the end.
fn check_format(path: &Path) -> Result<(), Failure> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if !FORMATS.contains(&extension.to_ascii_lowercase().as_str()) {
        return Err(Failure::usage(format!(
            "--output {}: the extension must be .tif, .png or .zarr",
            path.display()
        )));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder
        && !folder.is_dir()
    {
        return Err(Failure::usage(format!(
            "--output {}: there is no folder `{}`",
            path.display(),
            folder.display()
        )));
    }
    Ok(())
}

/// Nor for a folder that cannot be one.
fn check_folder(path: &Path) -> Result<(), Failure> {
    match path.ancestors().find(|path| path.exists()) {
        Some(found) if !found.is_dir() => Err(Failure::usage(format!(
            "--output {}: with --to it is a folder, and `{}` is a file",
            path.display(),
            found.display()
        ))),
        _ => Ok(()),
    }
}

fn check_bands(cube: &Cube, names: &[String]) -> Result<(), Failure> {
    let bands = &cube.schema().bands;
    match names.iter().find(|name| bands.iter().all(|band| band.name != **name)) {
        Some(name) => Err(terracube::Error::UnknownBand {
            cube: cube.schema().name.clone(),
            band: name.clone(),
            known: bands.iter().map(|band| band.name.clone()).collect(),
        }
        .into()),
        None => Ok(()),
    }
}

async fn read_grid(path: &Path) -> Result<GeoBox, Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let directory = Arc::new(Directory::new(folder.unwrap_or(Path::new(".")))?);
    let cog = Cog::open(directory, Key::new(name)?)
        .await
        .with_context(|| format!("--like {}", path.display()))?;
    match cog.geobox() {
        Some(geobox) => Ok(geobox.clone()),
        None => Err(anyhow!(
            "--like {}: the file says no grid: {}",
            path.display(),
            cog.geobox_missing().unwrap_or_default()
        )
        .into()),
    }
}
