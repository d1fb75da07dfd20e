//! Every real GeoTIFF, band by band against rasterio.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use terracube_grid::Window;
use terracube_raster::{Cog, DType, Pixels};
use terracube_store::Key;

use crate::folder::{Folder, python, shared};

/// Codecs whose decoders may differ from the reference by rounding, and by how much.
fn tolerance(path: &str) -> f64 {
    let lossy =
        ["jpeg", "jpg", "webp", "goes", "geos", "cogeo.tif", "alpha.tif", "mars", "cog_rgb.tif"];
    if lossy.iter().any(|word| path.contains(word)) { 4.0 } else { 0.0 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_real_file_reads_as_rasterio_reads_it() {
    let what = "comparison of every real GeoTIFF with rasterio";
    let Some(data) = shared("data", what) else { return };
    let Some(python) = python(what) else { return };
    let out = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/read_reference.py");
    let mut command = Command::new(python);
    command.args([Path::new(script), &data, out.path()]);
    assert!(command.status().unwrap().success());
    let index = std::fs::read(out.path().join("index.json")).unwrap();
    let index: Vec<Value> = serde_json::from_slice(&index).unwrap();
    assert!(!index.is_empty());

    let folder = Folder::new(&data);
    let (mut equal, mut refused, mut wrong) = (0, 0, Vec::new());
    for entry in &index {
        let path = entry["path"].as_str().unwrap();
        let key = Key::new(path).unwrap();
        match compare(folder.clone(), key, entry, out.path()).await {
            Ok(Verdict::Equal(note)) => {
                equal += 1;
                println!("equal    {path}: {note}");
            }
            Ok(Verdict::Refused(why)) => {
                refused += 1;
                println!("refused  {path}: {why}");
            }
            Err(why) => {
                println!("WRONG    {path}: {why}");
                wrong.push(format!("{path}: {why}"));
            }
        }
    }
    println!("{equal} equal, {refused} refused, {} wrong", wrong.len());
    assert_eq!(wrong, Vec::<String>::new());
}

enum Verdict {
    Equal(String),
    Refused(String),
}

async fn compare(
    folder: std::sync::Arc<Folder>,
    key: Key,
    entry: &Value,
    out: &Path,
) -> Result<Verdict, String> {
    let path = key.to_string();
    let before = folder.count();
    let cog = match Cog::open(folder.clone(), key).await {
        Ok(cog) => cog,
        Err(e) => return Ok(Verdict::Refused(e.to_string())),
    };
    let requests = folder.count() - before;
    if let Some(error) = entry["error"].as_str() {
        return Ok(Verdict::Refused(format!("by rasterio: {error}")));
    }
    let dtypes: Vec<_> = entry["dtypes"].as_array().unwrap().iter().map(|d| d.as_str()).collect();
    if dtypes.len() != cog.bands() {
        return Err(format!("{} bands, rasterio has {}", cog.bands(), dtypes.len()));
    }
    let shape = &cog.levels()[0];
    if Some(shape.width as u64) != entry["width"].as_u64() {
        return Err(format!("{} columns, rasterio has {}", shape.width, entry["width"]));
    }
    let nodata = entry["nodata"].as_str().map(|s| s.parse::<f64>().unwrap());
    if nodata.map(f64::to_bits) != cog.nodata().map(f64::to_bits)
        && !(nodata.is_some_and(f64::is_nan) && cog.nodata().is_some_and(f64::is_nan))
    {
        return Err(format!("nodata {:?}, rasterio has {nodata:?}", cog.nodata()));
    }
    place(&cog, entry)?;
    let n = entry["n"].as_u64().unwrap();
    let mut worst = 0f64;
    for (band, dtype) in dtypes.iter().enumerate() {
        let (scale, offset) = cog.scale_offset(band);
        if Some(scale) != entry["scales"][band].as_f64()
            || Some(offset) != entry["offsets"][band].as_f64()
            || cog.description(band) != entry["descriptions"][band].as_str()
        {
            return Err(format!("scale {scale}, offset {offset}, {:?}", cog.description(band)));
        }
        if cog.dtype(band).unwrap().name() != dtype.unwrap() {
            return Err(format!("{:?}, rasterio has {dtype:?}", cog.dtype(band)));
        }
        for level in 0..if band == 0 { cog.levels().len() } else { 1 } {
            let found = &cog.levels()[level];
            let window = Window::new(0, 0, found.width, found.height);
            let fetched = cog.fetch(level, band, window).await.map_err(|e| e.to_string())?;
            let raster = fetched.decode().map_err(|e| e.to_string())?;
            let raw = out.join(format!("{n}.{band}.{level}.raw"));
            let Ok(raw) = std::fs::read(raw) else {
                return Err(format!("level {level} is no overview of rasterio's"));
            };
            let expected = Pixels::from_bytes(raster.dtype(), &raw).unwrap();
            let (difference, count) = difference(&raster.pixels, &expected)?;
            worst = worst.max(difference);
            if difference > tolerance(&path) {
                return Err(format!(
                    "band {band} level {level}: {count} of {} pixels differ, by up to {difference}",
                    expected.len()
                ));
            }
            if band == 0 && level == 0 {
                let mask = std::fs::read(out.join(format!("{n}.0.0.mask"))).unwrap();
                let differ = (0..mask.len())
                    .filter(|i| raster.valid.as_ref().is_none_or(|v| v[*i]) != (mask[*i] != 0))
                    .count();
                // The warper lets nodata win over a mask; rasterio's masks do not.
                if differ > 0
                    && tolerance(&path) == 0.0
                    && !(cog.nodata().is_some() && found.has_mask)
                {
                    return Err(format!("validity of {differ} pixels differs"));
                }
            }
        }
    }
    let levels = cog.levels().len();
    let place = cog.geobox_missing().map(|why| format!(", no GeoBox: {why}")).unwrap_or_default();
    let dtype = dtypes[0].unwrap();
    let rounding = if worst > 0.0 { format!(", up to {worst} off") } else { String::new() };
    Ok(Verdict::Equal(format!(
        "{dtype}, {} bands, {levels} levels, opened in {requests}{rounding}{place}",
        dtypes.len()
    )))
}

fn place(cog: &Cog, entry: &Value) -> Result<(), String> {
    let expected = entry["has_transform"].as_bool() == Some(true)
        && entry["has_crs"].as_bool() == Some(true)
        && entry["gcps"].as_u64() == Some(0);
    let Some(geobox) = cog.geobox() else {
        // CRSs that the grid crate does not know are named, not wrong.
        return Ok(());
    };
    if !expected {
        return Err(format!("a GeoBox, rasterio has none: {geobox:?}"));
    }
    let a = &geobox.affine;
    for (i, value) in [a.a, a.b, a.c, a.d, a.e, a.f].into_iter().enumerate() {
        let expected = entry["transform"][i].as_f64().unwrap();
        if (value - expected).abs() > 1e-9 * expected.abs().max(1.0) {
            return Err(format!("affine {a:?}, rasterio has {}", entry["transform"]));
        }
    }
    if let (Some(epsg), Some(expected)) = (geobox.crs.epsg_code(), entry["epsg"].as_u64())
        && u64::from(epsg) != expected
    {
        return Err(format!("EPSG:{epsg}, rasterio has EPSG:{expected}"));
    }
    Ok(())
}

fn difference(ours: &Pixels, theirs: &Pixels) -> Result<(f64, usize), String> {
    if ours.len() != theirs.len() {
        return Err(format!("{} pixels, rasterio has {}", ours.len(), theirs.len()));
    }
    if ours.dtype().size() == 8 && ours.dtype() != DType::F64 {
        return Ok(if ours == theirs { (0.0, 0) } else { (f64::INFINITY, 1) });
    }
    let (mut worst, mut count) = (0f64, 0);
    for i in 0..ours.len() {
        let (a, b) = (ours.get_f64(i).unwrap(), theirs.get_f64(i).unwrap());
        if a != b && !(a.is_nan() && b.is_nan()) {
            count += 1;
            let d = (a - b).abs();
            worst = worst.max(if d.is_nan() { f64::INFINITY } else { d });
        }
    }
    Ok((worst, count))
}
