//! What a virtual raster (VRT) may say: files below its own folder and plain descriptions.

use std::io::Read;
use std::path::Path;

use roxmltree::{Document, Node};

use crate::{Error, Result};

const LARGEST: u64 = 16 << 20;

/// The elements that are known to name no file but those in [`SOURCES`]. Everything else is refused:
/// GDAL takes elements and attributes in any case, and reads either where it looks for a name.
const ELEMENTS: [&str; 92] = [
    "absolutesrcwindow",
    "approxtransformer",
    "authority",
    "averagedsource",
    "bandlist",
    "bandmapping",
    "basetransformer",
    "blockxsize",
    "blockysize",
    "category",
    "categorynames",
    "coefs",
    "colorinterp",
    "colortable",
    "complexsource",
    "cutline",
    "cutlineblenddist",
    "cutlinetransformer",
    "description",
    "destinationalpha",
    "dstalphaband",
    "dstapproxerrorforward",
    "dstapproxerrorreverse",
    "dstgeotransform",
    "dstinvgeotransform",
    "dstmax",
    "dstmin",
    "dstnodatafromsrc",
    "dstnodataimag",
    "dstnodatareal",
    "dstrect",
    "entry",
    "exponent",
    "gcp",
    "gcplist",
    "gcptransformer",
    "gdalwarpoptions",
    "genimgprojtransformer",
    "geotransform",
    "hidenodatavalue",
    "histinfo",
    "histcounts",
    "histitem",
    "histmax",
    "histmin",
    "histograms",
    "approximate",
    "includeoutofrange",
    "bucketcount",
    "initdest",
    "kernel",
    "kernelfilteredsource",
    "lut",
    "maskband",
    "maxerror",
    "mdi",
    "metadata",
    "nodata",
    "nodatavalue",
    "normalized",
    "offset",
    "option",
    "order",
    "overview",
    "overviewlist",
    "reprojecttransformer",
    "reprojectiontransformer",
    "resamplealg",
    "reversed",
    "scale",
    "scaleoffset",
    "scaleratio",
    "simplesource",
    "size",
    "sourceband",
    "sourcedataset",
    "sourcefilename",
    "sourceproperties",
    "sourcesrs",
    "srcgeotransform",
    "srcinvgeotransform",
    "srcmax",
    "srcmin",
    "srcnodataimag",
    "srcnodatareal",
    "srcrect",
    "srs",
    "targetsrs",
    "unittype",
    "vrtdataset",
    "vrtrasterband",
    "warpmemorylimit",
];
/// Further elements with text or numbers only; `options` below a transformation of CRS.
const MORE_ELEMENTS: [&str; 6] =
    ["workingdatatype", "usemaskband", "transformer", "srcalphaband", "clamp", "options"];
/// The options of a transformation of CRS that are numbers or switches. `COORDINATE_OPERATION` is
/// none: it names grids.
const TRANSFORM_OPTIONS: [&str; 7] = [
    "ALLOW_BALLPARK",
    "AREA_OF_INTEREST",
    "CENTER_LONG",
    "COORDINATE_EPOCH",
    "DST_COORDINATE_EPOCH",
    "ONLY_BEST",
    "SRC_COORDINATE_EPOCH",
];
/// The elements whose text is a CRS, which GDAL also takes from files and addresses.
const CRSS: [&str; 3] = ["srs", "sourcesrs", "targetsrs"];
/// The elements whose text is the name of a file.
const SOURCES: [&str; 2] = ["sourcefilename", "sourcedataset"];
/// The attributes that name nothing.
const ATTRIBUTES: [&str; 39] = [
    "alpha",
    "band",
    "blockxsize",
    "blockysize",
    "c1",
    "c2",
    "c3",
    "c4",
    "clamp",
    "column",
    "coordinateepoch",
    "dataaxistosrsaxismapping",
    "datatype",
    "domain",
    "dst",
    "id",
    "info",
    "key",
    "line",
    "max",
    "min",
    "name",
    "normalized",
    "pixel",
    "projection",
    "rasterxsize",
    "rasterysize",
    "relativetovrt",
    "resampling",
    "shared",
    "src",
    "subclass",
    "x",
    "xoff",
    "xsize",
    "y",
    "yoff",
    "ysize",
    "z",
];
const CLASSES: [&str; 4] =
    ["VRTRasterBand", "VRTSourcedRasterBand", "VRTWarpedRasterBand", "VRTWarpedDataset"];
/// The domains of metadata that are descriptions; others name files (subdatasets, geolocation).
const DOMAINS: [&str; 4] = ["", "RPC", "IMAGE_STRUCTURE", "COLOR_PROFILE"];

/// That a virtual raster names files below its own folder only, none of which is virtual itself,
/// and computes nothing.
pub(super) fn check(path: &Path, key: &str) -> Result<()> {
    let refuse = |what: String| Error::Unsupported { key: key.to_owned(), what };
    let io = |source: std::io::Error| Error::Read {
        key: key.to_owned(),
        transient: false,
        source: source.into(),
    };
    if std::fs::metadata(path).map_err(io)?.len() > LARGEST {
        return Err(refuse("the virtual raster is larger than 16 MiB".into()));
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    if text.contains("<![") {
        return Err(refuse("the virtual raster has sections of plain characters (CDATA)".into()));
    }
    let document = Document::parse(&text)
        .map_err(|error| refuse(format!("the virtual raster is no plain XML: {error}")))?;
    // Of what is not canonical nothing can be said to lie below it.
    let folder = path.parent().unwrap_or(path).canonicalize().map_err(io)?;
    for node in document.descendants().filter(Node::is_element) {
        fault(node, &folder)
            .map_or(Ok(()), |what| Err(refuse(format!("the virtual raster {what}"))))?;
    }
    Ok(())
}

/// What is wrong with an element, but for its children.
fn fault(node: Node<'_, '_>, folder: &Path) -> Option<String> {
    let element = node.tag_name().name();
    let name = element.to_ascii_lowercase();
    let is_known = ELEMENTS.contains(&&*name) || MORE_ELEMENTS.contains(&&*name);
    if !is_known || node.tag_name().namespace().is_some() {
        return Some(format!("has an element `{element}`, which may name files or functions"));
    }
    let parent = node.parent().map(|parent| parent.tag_name().name().to_ascii_lowercase());
    let is_below = |name: &str| parent.as_deref() == Some(name);
    if name == "options" && !is_below("reprojectiontransformer") {
        return Some("has `Options` that are not of a transformation of CRS".to_owned());
    }
    let is_transform_option = name == "option" && is_below("options");
    let mut relative = Vec::new();
    for attribute in node.attributes() {
        let (of, value) = (attribute.name().to_ascii_lowercase(), attribute.value());
        let is_fine = match &*of {
            "subclass" => CLASSES.contains(&value),
            "domain" if name == "metadata" => DOMAINS.contains(&value),
            "key" if is_transform_option => {
                TRANSFORM_OPTIONS.iter().any(|known| known.eq_ignore_ascii_case(value))
            }
            "projection" => is_crs(value),
            _ => ATTRIBUTES.contains(&&*of),
        };
        if !is_fine {
            let of = attribute.name();
            return Some(format!("has `{of}=\"{value}\"`, which may name files or functions"));
        }
        if of == "relativetovrt" {
            relative.push(value);
        }
    }
    if CRSS.contains(&&*name) && !is_crs(node.text().unwrap_or_default()) {
        return Some(format!("has a CRS in `{element}` that is neither WKT nor a code"));
    }
    if !SOURCES.contains(&&*name) {
        return None;
    }
    let outside = || Some("names what is not below its own folder".to_owned());
    let mut children = node.children();
    let (Some(text), None) = (children.next().and_then(|child| child.text()), children.next())
    else {
        return outside();
    };
    if relative != ["1"] || text.contains("..") || text.contains(':') {
        return outside();
    }
    let source = match folder.join(text).canonicalize() {
        Ok(source) if Path::new(text).is_relative() && source.starts_with(folder) => source,
        _ => return outside(),
    };
    names_others(&source).then(|| "names a file that may name others".to_owned())
}

/// Whether a CRS is WKT, a code or of PROJ's parameters, without a path or an address to read.
fn is_crs(text: &str) -> bool {
    let text = text.trim();
    let keyword = text.split('[').next().unwrap_or_default();
    let is_wkt =
        text.contains('[') && keyword.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    let names_grids = |word: &str| {
        let word = word.to_ascii_lowercase();
        ["grids=", "init="].iter().any(|of| word.contains(of)) && word.contains(['/', '\\'])
    };
    (is_wkt || !text.contains(['/', '\\'])) && !text.split([' ', '\t', '\n', '"']).any(names_grids)
}

/// Whether a file is a text of the kinds that name others, as virtual rasters and services do.
fn names_others(source: &Path) -> bool {
    let mut start = Vec::new();
    let read = std::fs::File::open(source).and_then(|f| f.take(4096).read_to_end(&mut start));
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    read.is_err()
        || matches!(first, Some(b'<' | b'{') | None)
        || ["<VRTDataset", "<GDAL_WMS", "<WMS_"]
            .iter()
            .any(|word| start.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes())))
}
