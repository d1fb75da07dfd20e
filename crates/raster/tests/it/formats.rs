//! The table of GeoTIFFs: every file as GDAL reads it, or refused by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use terracube_grid::{Crs, GeoBox, Transform, Window};
use terracube_raster::{Cog, ColorInterpretation, Pixels, Raster};
use terracube_store::Key;
use terracube_testbed::made_table;

use crate::folder::{Folder, shared};

/// Pixels of lossy codecs may differ by so much, as decoders round differently.
const LOSSY: f64 = 4.0;

#[tokio::test]
async fn small_files_of_every_kind_read_as_gdal_reads_them() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/geotiff");
    let table = table_of(&[("own", PathBuf::from(folder))]).await;
    made_table::check("docs/formats.md", "geotiff-made", &table);
}

#[tokio::test]
async fn real_files_read_as_gdal_reads_them() {
    let Some(data) = shared("data", "the table of real GeoTIFFs") else { return };
    let roots = [("geotiff", data.join("geotiff")), ("derived", data.join("derived"))];
    let table = table_of(&roots).await;
    made_table::check("docs/formats.md", "geotiff", &table);
}

/// The reference made by `tests/python/formats_reference.py`.
pub(crate) fn reference() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("../fixtures/formats.json")).unwrap()
}

async fn table_of(roots: &[(&str, PathBuf)]) -> String {
    let mut rows = vec![
        "| file | stored as | size | validity | place | read |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    let mut wrong = Vec::new();
    for (path, entry) in &reference() {
        let (root, rest) = path.split_once('/').unwrap();
        let Some((_, folder)) = roots.iter().find(|(name, _)| *name == root) else { continue };
        let (place, verdict) = compare(folder, rest, entry).await.unwrap_or_else(|why| {
            wrong.push(format!("{path}: {why}"));
            (String::new(), format!("WRONG: {why}"))
        });
        rows.push(row(path, entry, &place, &verdict));
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(rows.len() > 2);
    rows.join("\n")
}

fn row(path: &str, entry: &Value, place: &str, verdict: &str) -> String {
    let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    if entry["error"].is_string() {
        return format!("| `{path}` | | | | {place} | {verdict}; GDAL cannot: {} |", text("error"));
    }
    let (bands, levels) = (count(&entry["dtypes"]), count(&entry["levels"]));
    let size = format!("{}×{}", entry["size"][0], entry["size"][1]);
    let size = if bands > 1 { format!("{size}×{bands}") } else { size };
    let size = if levels > 1 { format!("{size}, {levels} levels") } else { size };
    let mask = entry["masks"][0].as_str().unwrap_or_default();
    let mask = if mask == "nodata" { format!("nodata {}", entry["nodata"]) } else { mask.into() };
    let kind = format!("{}, {}", text("codec"), entry["dtypes"][0].as_str().unwrap_or_default());
    format!("| `{path}` | {kind} | {size} | {} | {place} | {verdict} |", mask.replace('"', ""))
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// Where the file lies and how it was read; or what is wrong.
async fn compare(folder: &Path, path: &str, entry: &Value) -> Result<(String, String), String> {
    let cog = match Cog::open(Folder::new(folder), Key::new(path).unwrap()).await {
        Ok(cog) => cog,
        Err(terracube_raster::Error::Unsupported { what, .. }) => {
            return Ok((String::new(), format!("refused: {what}")));
        }
        Err(error) => return Err(error.to_string()),
    };
    if entry["error"].is_string() {
        return Ok((located(&cog, entry)?, "opened".into()));
    }
    described(&cog, entry)?;
    colored(&cog, entry)?;
    tagged(&cog, entry)?;
    let place = located(&cog, entry)?;
    let lossy = entry["lossy"] == true;
    let mut levels = entry["levels"].as_array().unwrap().clone();
    // GDAL lists an overview as large as the image; here it is none.
    let mut first = true;
    levels.retain(|level| std::mem::take(&mut first) || level["size"] != entry["size"]);
    if cog.levels().len() != levels.len() {
        return Err(format!("{} levels: {:?}", cog.levels().len(), cog.levels()));
    }
    for (level, expected) in levels.iter().enumerate() {
        for (band, expected) in expected["bands"].as_array().unwrap().iter().enumerate() {
            let found = &cog.levels()[level];
            let window = Window::new(0, 0, found.width, found.height);
            let fetched = cog.fetch(level, band, window).await.map_err(|e| e.to_string())?;
            let raster = fetched.decode().map_err(|e| e.to_string())?;
            same_pixels(&raster, expected, lossy)
                .map_err(|why| format!("level {level} band {band}: {why}"))?;
        }
    }
    let mut verdict = if lossy { format!("within {LOSSY}") } else { "equal".into() };
    if levels.len() < count(&entry["levels"]) {
        verdict += ", but for an overview as large as the image, which is none";
    }
    let note = if cog.dtype(0).unwrap().name() != entry["dtypes"][0].as_str().unwrap() {
        format!(", as {}", cog.dtype(0).unwrap())
    } else {
        String::new()
    };
    Ok((place, verdict + &note))
}

fn described(cog: &Cog, entry: &Value) -> Result<(), String> {
    let full = &cog.levels()[0];
    same("size", &serde_json::json!([full.width, full.height]), &entry["size"])?;
    same("bands", &cog.bands().into(), &count(&entry["dtypes"]).into())?;
    for band in 0..cog.bands() {
        let dtype = entry["dtypes"][band].as_str().unwrap().replace("float16", "float32");
        same("dtype", &cog.dtype(band).unwrap().name().into(), &dtype.into())?;
        let (scale, offset) = cog.scale_offset(band);
        same("scale", &scale.into(), &entry["scales"][band])?;
        same("offset", &offset.into(), &entry["offsets"][band])?;
        same("unit", &cog.unit(band).into(), &entry["units"][band])?;
        same("description", &cog.description(band).into(), &entry["descriptions"][band])?;
        // GDAL says nothing of the mask of the alpha band itself.
        if cog.color(band) != ColorInterpretation::Alpha {
            same("mask", &cog.mask_kind(band).name().into(), &entry["masks"][band])?;
        }
    }
    let nodata = match &entry["nodata"] {
        Value::String(text) => text.parse::<f64>().ok(),
        value => value.as_f64(),
    };
    if nodata.map(|v| v.to_string()) != cog.nodata().map(|v| v.to_string()) {
        return Err(format!("nodata {:?}, GDAL has {nodata:?}", cog.nodata()));
    }
    Ok(())
}

fn colored(cog: &Cog, entry: &Value) -> Result<(), String> {
    for band in 0..cog.bands() {
        same("color", &cog.color(band).name().into(), &entry["colors"][band])?;
    }
    let table: String = cog.color_table().iter().flatten().map(|v| format!("{v:02x}")).collect();
    let expected = entry["color_table"].as_str().unwrap_or_default();
    same("colour table", &table.into(), &expected.into())
}

fn tagged(cog: &Cog, entry: &Value) -> Result<(), String> {
    for (domain, expected) in entry["tags"].as_object().unwrap() {
        let tags = cog.tags(domain).into_iter().flatten().map(|(name, text)| {
            let crc = libdeflater::crc32(text.as_bytes());
            (name.clone(), if text.len() > 50 { format!("crc {crc}") } else { text.clone() })
        });
        let tags = tags.collect::<std::collections::BTreeMap<_, _>>();
        let tags = serde_json::to_value(tags).unwrap();
        same(&format!("tags of `{domain}`"), &tags, expected)?;
    }
    // What is about storage is not in the reference.
    let domains = cog.tag_domains().filter(|domain| *domain != "IMAGE_STRUCTURE").count();
    same("domains", &domains.into(), &entry["tags"].as_object().unwrap().len().into())?;
    for band in 0..cog.bands() {
        let tags = serde_json::to_value(cog.band_tags(band)).unwrap();
        let none = serde_json::json!({});
        same("tags of a band", &tags, entry["band_tags"].get(band).unwrap_or(&none))?;
    }
    Ok(())
}

/// The place in words.
fn located(cog: &Cog, entry: &Value) -> Result<String, String> {
    let epsg = entry["epsg"].as_u64();
    if let Some(gcps) = cog.gcps() {
        let expected = &entry["gcps"];
        same("GCPs", &gcps.points.len().into(), &expected["count"])?;
        let values = |i: usize| {
            let p = gcps.points[i];
            [p.col, p.row, p.x, p.y, p.z]
        };
        let mut sum = [0.0; 5];
        for i in 0..gcps.points.len() {
            sum.iter_mut().zip(values(i)).for_each(|(s, v)| *s += v);
        }
        near("first GCP", &values(0), &expected["first"])?;
        near("last GCP", &values(gcps.points.len() - 1), &expected["last"])?;
        near("sum of GCPs", &sum, &expected["sum"])?;
        let crs = gcps.crs.as_ref().map_err(|e| format!("CRS of GCPs: {e}"))?;
        same("CRS of GCPs", &crs.epsg_code().into(), &expected["epsg"])?;
        return Ok(format!("{} GCPs, {crs}", gcps.points.len()));
    }
    if !entry["gcps"].is_null() {
        return Err("no GCPs".into());
    }
    let Some(geobox) = cog.geobox() else {
        let why = cog.geobox_missing().unwrap_or_default();
        return Ok(why.strip_prefix("it has ").unwrap_or(why).to_owned());
    };
    if let Some(epsg) = geobox.crs.epsg_code().filter(|_| epsg.is_some()) {
        same("EPSG code", &epsg.into(), &entry["epsg"])?;
    }
    if let (None, Some(proj4)) = (geobox.crs.epsg_code(), entry["proj4"].as_str()) {
        same_place(geobox, proj4)?;
    }
    let a = &geobox.affine;
    if entry["error"].is_null() {
        near("affine", &[a.a, a.b, a.c, a.d, a.e, a.f], &entry["affine"])?;
    }
    let rotated = if a.b != 0.0 || a.d != 0.0 { ", rotated" } else { "" };
    let crs = geobox.crs.epsg_code().map_or("CRS without a code".into(), |c| format!("EPSG:{c}"));
    Ok(format!("{crs}{rotated}"))
}

/// Whether the centre lies at the same longitude and latitude by GDAL's CRS.
fn same_place(geobox: &GeoBox, proj4: &str) -> Result<(), String> {
    let theirs = Crs::from_proj4(&proj4.replace("=True", "")).map_err(|e| e.to_string())?;
    let (x, y) = geobox.affine.apply(geobox.width as f64 / 2.0, geobox.height as f64 / 2.0);
    // On the CRS's own datum, as PROJ strings leave out most of them.
    let place = |crs: &Crs| {
        let plain = |text: &str| {
            let parts = text.split_whitespace();
            parts.filter(|p| !p.starts_with("+towgs84")).collect::<Vec<_>>().join(" ")
        };
        let crs = Crs::from_proj4(&plain(crs.proj4())).ok()?;
        Transform::new(&crs, &Crs::wgs84()).ok()?.forward(x, y)
    };
    match (place(&geobox.crs), place(&theirs)) {
        (Some(a), Some(b)) if (a.0 - b.0).abs() < 1e-8 && (a.1 - b.1).abs() < 1e-8 => Ok(()),
        (a, b) => Err(format!("centre at {a:?} by {}, GDAL {b:?} by {proj4}", geobox.crs.proj4())),
    }
}

pub(crate) fn same_pixels(raster: &Raster, expected: &Value, lossy: bool) -> Result<(), String> {
    if let Some(valid) = expected["valid"].as_u64()
        && !lossy
    {
        same("valid pixels", &raster.count_valid().into(), &valid.into())?;
    }
    if !lossy {
        let crc = libdeflater::crc32(&little(&raster.pixels));
        return same("CRC", &crc.into(), &expected["crc"]);
    }
    let n = raster.pixels.len();
    let step = (n / 25).max(1);
    for (i, expected) in expected["samples"].as_array().unwrap().iter().enumerate() {
        let value = raster.pixels.get_f64(i * step).unwrap();
        if (value - expected.as_f64().unwrap()).abs() > LOSSY {
            return Err(format!("pixel {} is {value}, GDAL has {expected}", i * step));
        }
    }
    let mean = (0..n).filter_map(|i| raster.pixels.get_f64(i)).sum::<f64>() / n as f64;
    let theirs = expected["range"][2].as_f64().unwrap();
    if (mean - theirs).abs() > 0.5 {
        return Err(format!("the mean is {mean}, GDAL has {theirs}"));
    }
    Ok(())
}

/// The bytes of pixels in little-endian order.
fn little(pixels: &Pixels) -> Vec<u8> {
    let mut bytes = pixels.as_bytes().to_vec();
    if cfg!(target_endian = "big") {
        bytes.chunks_exact_mut(pixels.dtype().size()).for_each(<[u8]>::reverse);
    }
    bytes
}

fn same(what: &str, ours: &Value, theirs: &Value) -> Result<(), String> {
    if ours == theirs || (ours.is_number() && ours.as_f64() == theirs.as_f64()) {
        return Ok(());
    }
    Err(format!("{what}: {ours}, GDAL has {theirs}"))
}

fn near(what: &str, ours: &[f64], theirs: &Value) -> Result<(), String> {
    for (i, value) in ours.iter().enumerate() {
        let expected = theirs[i].as_f64().ok_or_else(|| format!("{what}: GDAL has none"))?;
        if (value - expected).abs() > 1e-9 * expected.abs().max(1.0) {
            return Err(format!("{what}: {ours:?}, GDAL has {theirs}"));
        }
    }
    Ok(())
}
