//! The masks that archives are known for, as their documents define them.

use terracube_source::{BandInfo, Bitfield, Class};

/// The scene classification (SCL) of Sentinel-2 level 2A: Sentinel-2 Level-2A Algorithm Theoretical
/// Basis Document, with the names that its STAC items have.
pub(super) fn sentinel_2_scl() -> BandInfo {
    let names = [
        "no_data",
        "saturated_or_defective",
        "dark_area_pixels",
        "cloud_shadows",
        "vegetation",
        "not_vegetated",
        "water",
        "unclassified",
        "cloud_medium_probability",
        "cloud_high_probability",
        "thin_cirrus",
        "snow",
    ];
    BandInfo { classes: classes(&names), ..BandInfo::default() }
}

/// The QA_PIXEL band of Landsat Collection 2: Landsat 8-9 Collection 2 Level 2 Science Product
/// Guide, table 6-2; of Landsat 4 to 7 the cirrus bits are unused.
pub(super) fn landsat_qa_pixel() -> BandInfo {
    let flags =
        ["fill", "dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow", "clear", "water"];
    let flags = (0..).zip(flags).map(|(offset, name)| field(name, offset, 1, &["no", "yes"]));
    let with_medium = ["none", "low", "medium", "high"];
    let without = ["none", "low", "reserved", "high"];
    let confidences = [
        field("cloud_confidence", 8, 2, &with_medium),
        field("cloud_shadow_confidence", 10, 2, &without),
        field("snow_confidence", 12, 2, &without),
        field("cirrus_confidence", 14, 2, &without),
    ];
    BandInfo { bitfields: flags.chain(confidences).collect(), ..BandInfo::default() }
}

fn field(name: &str, offset: u32, length: u32, values: &[&str]) -> Bitfield {
    Bitfield { name: name.to_owned(), offset, length, classes: classes(values) }
}

/// Classes of the values 0, 1, 2, ….
fn classes(names: &[&str]) -> Vec<Class> {
    let class = |(value, name): (u64, &&str)| Class { value, name: (*name).to_owned() };
    (0..).zip(names).map(class).collect()
}
