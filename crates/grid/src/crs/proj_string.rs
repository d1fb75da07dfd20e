//! A PROJ string taken apart.

use super::ellipsoid::{Ellipsoid, prime_meridian};

/// The parameters of a PROJ string in order, names without `+`, flags with an empty value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjString(Vec<(String, String)>);

impl ProjString {
    pub(crate) fn parse(text: &str) -> Self {
        let words =
            text.split_whitespace().map(|w| w.trim_start_matches('+')).filter(|w| !w.is_empty());
        Self(
            words
                .map(|w| {
                    let (key, value) = w.split_once('=').unwrap_or((w, ""));
                    (key.to_owned(), value.to_owned())
                })
                .collect(),
        )
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A number, or an angle as `12.5`, `12d30'E` or `1.5r`.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        angle(self.get(key)?)
    }

    pub(crate) fn number_or(&self, key: &str, default: f64) -> f64 {
        self.number(key).unwrap_or(default)
    }

    /// The scale factor under any of its names.
    pub(crate) fn scale_factor(&self) -> Option<f64> {
        self.number("k_0").or_else(|| self.number("k"))
    }

    pub(crate) fn projection(&self) -> &str {
        self.get("proj").unwrap_or_default()
    }

    pub(crate) fn is_geographic(&self) -> bool {
        matches!(self.projection(), "longlat" | "latlong" | "lonlat" | "latlon")
            || (self.projection() == "ob_tran"
                && matches!(self.get("o_proj"), Some("longlat" | "latlong" | "lonlat" | "latlon")))
    }

    pub(crate) fn ellipsoid(&self) -> Option<Ellipsoid> {
        if let Some(r) = self.number("R") {
            return Some(Ellipsoid::of_axes(r, r));
        }
        if let Some(a) = self.number("a") {
            let rf = self
                .number("rf")
                .or_else(|| self.number("f").filter(|f| *f != 0.0).map(|f| 1.0 / f));
            return match (self.number("b"), rf) {
                (Some(b), _) => Some(Ellipsoid::of_axes(a, b)),
                (None, Some(rf)) => Some(Ellipsoid { a, inverse_flattening: rf }),
                (None, None) => Some(Ellipsoid::of_axes(a, a)),
            };
        }
        if let Some(name) = self.get("ellps") {
            return Ellipsoid::named(name);
        }
        match self.get("datum") {
            None => Some(Ellipsoid::WGS84),
            Some(datum) => Ellipsoid::named(datum_ellipsoid(datum)?),
        }
    }

    /// Degrees east of Greenwich.
    pub(crate) fn prime_meridian(&self) -> f64 {
        self.get("pm").and_then(|pm| prime_meridian(pm).or_else(|| angle(pm))).unwrap_or(0.0)
    }

    /// Metres per unit of the projected coordinates.
    pub(crate) fn to_metre(&self) -> f64 {
        match self.get("units") {
            Some(name) => unit(name).map_or(1.0, |u| u.1),
            None => self.number("to_meter").unwrap_or(1.0),
        }
    }

    pub(crate) fn unit_name(&self) -> &str {
        match self.get("units") {
            Some(name) => unit(name).map_or(name, |u| u.0),
            None if self.has("to_meter") => "unknown",
            None => "metre",
        }
    }

    /// The string without the parameters that say where the datum lies.
    pub(crate) fn without_datum(&self) -> Self {
        let mut kept: Vec<_> = self
            .0
            .iter()
            .filter(|(k, _)| {
                !matches!(
                    k.as_str(),
                    "towgs84" | "nadgrids" | "geoidgrids" | "wktext" | "no_defs" | "type"
                )
            })
            .cloned()
            .collect();
        for (key, value) in &mut kept {
            if key == "datum"
                && let Some(ellps) = datum_ellipsoid(value)
            {
                (*key, *value) = ("ellps".to_owned(), ellps.to_owned());
            }
        }
        Self(kept)
    }

    /// A text that is equal for strings that say the same in another order, with defaults, or with the
    /// ellipsoid or UTM spelt out. Units and datum are left out.
    pub(crate) fn canonical(&self) -> String {
        const ELSEWHERE: [&str; 18] = [
            "no_defs",
            "type",
            "wktext",
            "units",
            "to_meter",
            "ellps",
            "datum",
            "a",
            "b",
            "rf",
            "f",
            "R",
            "towgs84",
            "nadgrids",
            "geoidgrids",
            "pm",
            "title",
            "zone",
        ];
        const ZERO: [&str; 5] = ["x_0", "y_0", "lon_0", "lat_0", "lat_ts"];
        let mut parts: Vec<String> = Vec::new();
        let put = |parts: &mut Vec<String>, key: &str, value: f64| {
            let default = (key == "k" && value == 1.0) || (ZERO.contains(&key) && value == 0.0);
            if !default {
                parts.push(format!("{key}={value:.11e}"));
            }
        };
        let sphere = self.ellipsoid().is_none_or(|e| e.inverse_flattening == 0.0);
        if let Some(e) = self.ellipsoid() {
            put(&mut parts, "a", e.a);
            put(&mut parts, "rf", e.inverse_flattening);
        }
        put(&mut parts, "pm", self.prime_meridian());
        let utm = self.projection() == "utm";
        if utm {
            put(&mut parts, "lon_0", self.number_or("zone", 0.0).mul_add(6.0, -183.0));
            put(&mut parts, "k", 0.9996);
            put(&mut parts, "x_0", 500_000.0);
            put(&mut parts, "y_0", if self.has("south") { 10_000_000.0 } else { 0.0 });
        }
        let name = match self.projection() {
            "utm" | "etmerc" => "tmerc",
            "latlong" | "lonlat" | "latlon" => "longlat",
            name => name,
        };
        parts.push(format!("proj={name}"));
        for (key, value) in &self.0 {
            match key.as_str() {
                key if ELSEWHERE.contains(&key) || key == "proj" || utm => {}
                "R_A" if sphere => {}
                key => match angle(value) {
                    Some(number) => {
                        let key = if key == "k_0" { "k" } else { key };
                        put(&mut parts, key, number);
                    }
                    None => parts.push(format!("{key}={value}")),
                },
            }
        }
        parts.sort();
        parts.join(" ")
    }
}

impl std::fmt::Display for ProjString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (key, value)) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            if value.is_empty() {
                write!(f, "{gap}+{key}")?;
            } else {
                write!(f, "{gap}+{key}={value}")?;
            }
        }
        Ok(())
    }
}

fn angle(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse::<f64>() {
        return Some(number).filter(|n| n.is_finite());
    }
    if let Some(radians) = text.strip_suffix('r') {
        return radians.parse::<f64>().ok().map(f64::to_degrees);
    }
    let (body, sign) = match text.chars().last()? {
        'E' | 'e' | 'N' | 'n' => (&text[..text.len() - 1], 1.0),
        'W' | 'w' | 'S' | 's' => (&text[..text.len() - 1], -1.0),
        _ => (text, 1.0),
    };
    let (degrees, rest) = body.split_once(['d', 'D', '°']).unwrap_or((body, ""));
    let (minutes, rest) = rest.split_once('\'').unwrap_or((rest, ""));
    let seconds = rest.trim_end_matches('"');
    let part = |t: &str| if t.is_empty() { Some(0.0) } else { t.parse::<f64>().ok() };
    let whole = degrees.parse::<f64>().ok()?;
    let size = whole.abs() + part(minutes)? / 60.0 + part(seconds)? / 3600.0;
    Some(if degrees.starts_with('-') { -size } else { size } * sign)
}

fn datum_ellipsoid(datum: &str) -> Option<&'static str> {
    const DATUMS: &[(&str, &str)] = &[
        ("WGS84", "WGS84"),
        ("NAD83", "GRS80"),
        ("NAD27", "clrk66"),
        ("GGRS87", "GRS80"),
        ("potsdam", "bessel"),
        ("carthage", "clrk80ign"),
        ("hermannskogel", "bessel"),
        ("ire65", "mod_airy"),
        ("nzgd49", "intl"),
        ("OSGB36", "airy"),
    ];
    DATUMS.iter().find(|d| d.0.eq_ignore_ascii_case(datum)).map(|d| d.1)
}

fn unit(name: &str) -> Option<(&'static str, f64)> {
    Some(match name {
        "m" => ("metre", 1.0),
        "km" => ("kilometre", 1000.0),
        "cm" => ("centimetre", 0.01),
        "mm" => ("millimetre", 0.001),
        "ft" => ("foot", 0.3048),
        "us-ft" => ("US survey foot", 1200.0 / 3937.0),
        "yd" => ("yard", 0.9144),
        "mi" => ("mile", 1609.344),
        "kmi" => ("nautical mile", 1852.0),
        "link" => ("link", 0.201_168),
        "ch" => ("chain", 20.1168),
        "ind-yd" => ("Indian yard", 0.914_395_23),
        "deg" | "degree" | "degrees" => ("degree", 1.0),
        _ => return None,
    })
}
