//! Ellipsoids and prime meridians by their PROJ names.

/// Name, semi-major axis in metres, inverse flattening (0 for a sphere); from `proj -le`.
const ELLIPSOIDS: &[(&str, f64, f64)] = &[
    ("APL4.9", 6378137.0, 298.25),
    ("CPM", 6375738.7, 334.29),
    ("GRS67", 6378160.0, 298.247167427),
    ("GRS80", 6378137.0, 298.257222101),
    ("GSK2011", 6378136.5, 298.2564151),
    ("IAU76", 6378140.0, 298.257),
    ("MERIT", 6378137.0, 298.257),
    ("NWL9D", 6378145.0, 298.25),
    ("PZ90", 6378136.0, 298.25784),
    ("SEasia", 6378155.0, 298.3000002408657),
    ("SGS85", 6378136.0, 298.257),
    ("WGS60", 6378165.0, 298.3),
    ("WGS66", 6378145.0, 298.25),
    ("WGS72", 6378135.0, 298.26),
    ("WGS84", 6378137.0, 298.257223563),
    ("airy", 6377563.396, 299.3249646),
    ("andrae", 6377104.43, 300.0),
    ("aust_SA", 6378160.0, 298.25),
    ("bess_nam", 6377483.865, 299.1528128),
    ("bessel", 6377397.155, 299.1528128),
    ("clrk66", 6378206.4, 294.9786982138982),
    ("clrk80", 6378249.145, 293.4663),
    ("clrk80ign", 6378249.2, 293.4660212936269),
    ("danish", 6377019.2563, 300.0),
    ("delmbr", 6376428.0, 311.5),
    ("engelis", 6378136.05, 298.2566),
    ("evrst30", 6377276.345, 300.8017),
    ("evrst48", 6377304.063, 300.8017),
    ("evrst56", 6377301.243, 300.8017),
    ("evrst69", 6377295.664, 300.8017),
    ("evrstSS", 6377298.556, 300.8017),
    ("fschr60", 6378166.0, 298.3),
    ("fschr60m", 6378155.0, 298.3),
    ("fschr68", 6378150.0, 298.3),
    ("helmert", 6378200.0, 298.3),
    ("hough", 6378270.0, 297.0),
    ("intl", 6378388.0, 297.0),
    ("kaula", 6378163.0, 298.24),
    ("krass", 6378245.0, 298.3),
    ("lerch", 6378139.0, 298.257),
    ("mod_airy", 6377340.189, 299.3249373654824),
    ("mprts", 6397300.0, 191.0),
    ("new_intl", 6378157.5, 298.2496153900135),
    ("plessis", 6376523.0, 308.64099709583735),
    ("sphere", 6370997.0, 0.0),
    ("walbeck", 6376896.0, 302.78000018165636),
];

/// Name and degrees east of Greenwich; from `proj -lm`.
const PRIME_MERIDIANS: &[(&str, f64)] = &[
    ("greenwich", 0.0),
    ("lisbon", -9.131906111111112),
    ("paris", 2.337229166666667),
    ("bogota", -74.08091666666667),
    ("madrid", -3.687938888888889),
    ("rome", 12.452333333333334),
    ("bern", 7.439583333333333),
    ("jakarta", 106.80771944444444),
    ("ferro", -17.666666666666668),
    ("brussels", 4.367975),
    ("stockholm", 18.05827777777778),
    ("athens", 23.7163375),
    ("oslo", 10.722916666666666),
    ("copenhagen", 12.57788),
];

/// The figure of the Earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ellipsoid {
    /// Semi-major axis in metres.
    pub(crate) a: f64,
    /// Inverse flattening, 0 for a sphere.
    pub(crate) inverse_flattening: f64,
}

impl Ellipsoid {
    pub(crate) const WGS84: Self = Self { a: 6_378_137.0, inverse_flattening: 298.257_223_563 };

    pub(crate) fn named(name: &str) -> Option<Self> {
        let found = ELLIPSOIDS.iter().find(|e| e.0.eq_ignore_ascii_case(name))?;
        Some(Self { a: found.1, inverse_flattening: found.2 })
    }

    /// Semi-minor axis in metres.
    pub(crate) fn semi_minor(&self) -> f64 {
        if self.inverse_flattening == 0.0 {
            self.a
        } else {
            self.a * (1.0 - 1.0 / self.inverse_flattening)
        }
    }

    /// From both axes in metres.
    pub(crate) fn of_axes(a: f64, b: f64) -> Self {
        Self { a, inverse_flattening: if a == b { 0.0 } else { a / (a - b) } }
    }
}

/// Degrees east of Greenwich of a named prime meridian.
pub(crate) fn prime_meridian(name: &str) -> Option<f64> {
    PRIME_MERIDIANS.iter().find(|m| m.0.eq_ignore_ascii_case(name)).map(|m| m.1)
}
