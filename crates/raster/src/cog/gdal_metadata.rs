//! What GDAL keeps as XML in a TIFF tag: items of the file by domain, and of bands.

use std::collections::BTreeMap;

/// Tags of the file by domain (the default one is empty) and what bands have.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Metadata {
    pub(super) domains: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) bands: Vec<BandMetadata>,
}

/// Metadata of one band.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct BandMetadata {
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    pub(super) unit: Option<String>,
    pub(super) description: Option<String>,
    pub(super) color: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// Reads all items; anything not understood is skipped.
pub(super) fn parse(xml: &str, bands: usize) -> Metadata {
    let mut metadata =
        Metadata { bands: vec![BandMetadata::default(); bands], ..Metadata::default() };
    for item in xml.split("<Item").skip(1) {
        let Some((attributes, rest)) = item.split_once('>') else { continue };
        let Some((text, _)) = rest.split_once("</Item>") else { continue };
        let Some(name) = attribute(attributes, "name").map(unescape) else { continue };
        let domain = attribute(attributes, "domain").unwrap_or_default();
        let Some(sample) = attribute(attributes, "sample") else {
            metadata.domains.entry(domain.to_owned()).or_default().insert(name, unescape(text));
            continue;
        };
        let band = sample.parse::<usize>().ok().and_then(|s| metadata.bands.get_mut(s));
        let Some(band) = band else { continue };
        let number = || text.trim().parse::<f64>().ok();
        match attribute(attributes, "role") {
            Some("scale") => band.scale = number(),
            Some("offset") => band.offset = number(),
            Some("unittype") => band.unit = Some(unescape(text)),
            Some("description") => band.description = Some(unescape(text)),
            Some("colorinterp") => band.color = Some(text.to_ascii_lowercase()),
            None if domain.is_empty() => {
                band.tags.insert(name, unescape(text));
            }
            _ => {}
        }
    }
    metadata
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = attributes.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// GDAL escapes what it writes twice.
fn unescape(text: &str) -> String {
    let once = |text: &str| {
        let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        plain.replace("&apos;", "'").replace("&#10;", "\n").replace("&amp;", "&")
    };
    once(&once(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_with_roles() {
        let xml = r#"<GDALMetadata>
            <Item name="SCALE" sample="0" role="scale">0.0001</Item>
            <Item name="OFFSET" sample="0" role="offset">-0.1</Item>
            <Item name="DESCRIPTION" sample="1" role="description">a &lt; b &amp; c</Item>
            <Item name="STATISTICS_MEAN" sample="1">3</Item>
            <Item name="SCALE" sample="7" role="scale">2</Item>
            <Item name="A">1</Item>
            <Item name="B" domain="SENSOR">x</Item>
        "#;
        let Metadata { bands, domains } = parse(xml, 2);
        assert_eq!((bands[0].scale, bands[0].offset), (Some(0.0001), Some(-0.1)));
        assert_eq!(bands[1].description.as_deref(), Some("a < b & c"));
        assert_eq!(bands[1].scale, None);
        assert_eq!(bands[1].tags["STATISTICS_MEAN"], "3");
        assert_eq!((&*domains[""]["A"], &*domains["SENSOR"]["B"]), ("1", "x"));
    }
}
