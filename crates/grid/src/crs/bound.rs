//! The shift to WGS 84 that a text brings along with a CRS.

/// A parameter of a shift: its name and value in metres, arc seconds or parts per million.
pub(super) type Value = (String, f64);

/// A grid as a parameter of a PROJ string. A name that a PROJ string cannot hold is found nowhere.
pub(super) fn grid(file: &str) -> String {
    format!("+nadgrids={}", file.split_whitespace().collect::<Vec<_>>().join("_"))
}

/// A Helmert shift of EPSG's methods as a parameter of a PROJ string; `None` for another method.
pub(super) fn helmert(method: &str, values: &[Value]) -> Option<String> {
    const NAMES: [&str; 7] = [
        "X-axis translation",
        "Y-axis translation",
        "Z-axis translation",
        "X-axis rotation",
        "Y-axis rotation",
        "Z-axis rotation",
        "Scale difference",
    ];
    let method = method.to_ascii_lowercase();
    let sign = if method.starts_with("coordinate frame rotation") {
        -1.0
    } else if ["position vector", "geocentric translations"].iter().any(|m| method.starts_with(m)) {
        1.0
    } else {
        return None;
    };
    let number = |(i, name): (usize, &&str)| {
        let found = values.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or(0.0, |v| v.1);
        (if (3..6).contains(&i) { sign * found } else { found }).to_string()
    };
    let numbers: Vec<String> = NAMES.iter().enumerate().map(number).collect();
    Some(format!("+towgs84={}", numbers.join(",")))
}
