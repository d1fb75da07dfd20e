//! What GDAL keeps about bands as XML in a TIFF tag: scale, offset, description.

/// Metadata of one band.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct BandMetadata {
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    pub(super) description: Option<String>,
}

/// Reads the items with a role; anything not understood is skipped.
pub(super) fn parse(xml: &str, bands: usize) -> Vec<BandMetadata> {
    let mut metadata = vec![BandMetadata::default(); bands];
    for item in xml.split("<Item").skip(1) {
        let Some((attributes, rest)) = item.split_once('>') else { continue };
        let Some((text, _)) = rest.split_once("</Item>") else { continue };
        let sample = attribute(attributes, "sample").and_then(|s| s.parse::<usize>().ok());
        let Some(band) = sample.and_then(|s| metadata.get_mut(s)) else { continue };
        let number = || text.trim().parse::<f64>().ok();
        match attribute(attributes, "role") {
            Some("scale") => band.scale = number(),
            Some("offset") => band.offset = number(),
            Some("description") => band.description = Some(unescape(text)),
            _ => {}
        }
    }
    metadata
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = attributes.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
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
        "#;
        let bands = parse(xml, 2);
        assert_eq!((bands[0].scale, bands[0].offset), (Some(0.0001), Some(-0.1)));
        assert_eq!(bands[1].description.as_deref(), Some("a < b & c"));
        assert_eq!(bands[1].scale, None);
    }
}
