//! Projections computed here: spherical Mercator, Mollweide and the rotated pole.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, SQRT_2};

use crate::crs::ProjString;

/// Mercator of a sphere from the equator, e.g. EPSG:3857; radians and CRS units.
#[derive(Debug, Clone, Copy)]
pub(super) struct WebMercator {
    radius: f64,
    lon_0: f64,
    x_0: f64,
    y_0: f64,
}

impl WebMercator {
    /// `None` for an ellipsoid, a true-scale parallel or other extras.
    pub(super) fn new(p: &ProjString) -> Option<Self> {
        let e = p.ellipsoid()?;
        let plain = e.inverse_flattening == 0.0
            && p.number_or("lat_ts", 0.0) == 0.0
            && p.scale_factor().unwrap_or(1.0) == 1.0
            && p.to_metre() == 1.0
            && !p.has("axis")
            && !p.has("over")
            && p.prime_meridian() == 0.0;
        plain.then(|| Self {
            radius: e.a,
            lon_0: p.number_or("lon_0", 0.0).to_radians(),
            x_0: p.number_or("x_0", 0.0),
            y_0: p.number_or("y_0", 0.0),
        })
    }

    pub(super) fn forward(&self, lon: f64, lat: f64) -> (f64, f64) {
        let y = if lat.abs() >= FRAC_PI_2 { f64::INFINITY } else { lat.tan().asinh() };
        (self.x_0 + self.radius * wrapped(lon - self.lon_0), self.y_0 + self.radius * y)
    }

    pub(super) fn inverse(&self, x: f64, y: f64) -> (f64, f64) {
        let lat = ((y - self.y_0) / self.radius).sinh().atan();
        (wrapped((x - self.x_0) / self.radius + self.lon_0), lat)
    }
}

/// Mollweide, exact up to the poles; radians and CRS units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mollweide {
    radius: f64,
    lon_0: f64,
    x_0: f64,
    y_0: f64,
    unit: f64,
}

impl Mollweide {
    pub(super) fn new(p: &ProjString) -> Self {
        Self {
            radius: p.ellipsoid().map_or(6_378_137.0, |e| e.a),
            lon_0: p.number_or("lon_0", 0.0).to_radians() + p.prime_meridian().to_radians(),
            x_0: p.number_or("x_0", 0.0),
            y_0: p.number_or("y_0", 0.0),
            unit: p.to_metre(),
        }
    }

    pub(super) fn forward(&self, lon: f64, lat: f64) -> (f64, f64) {
        let theta = auxiliary(lat);
        let x = 2.0 * SQRT_2 / PI * wrapped(lon - self.lon_0) * theta.cos();
        let y = SQRT_2 * theta.sin();
        ((self.radius * x + self.x_0) / self.unit, (self.radius * y + self.y_0) / self.unit)
    }

    pub(super) fn inverse(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        const HAIR: f64 = 1e-11;
        let x = (x * self.unit - self.x_0) / self.radius;
        let y = (y * self.unit - self.y_0) / self.radius / SQRT_2;
        if y.abs() > 1.0 + HAIR {
            return None;
        }
        let theta = y.clamp(-1.0, 1.0).asin();
        let lat = (((2.0 * theta) + (2.0 * theta).sin()) / PI).clamp(-1.0, 1.0).asin();
        let cos = theta.cos();
        let lon = if cos < HAIR { 0.0 } else { x * PI / (2.0 * SQRT_2 * cos) };
        (lon.abs() <= PI + 1e-9).then(|| (wrapped(lon + self.lon_0), lat))
    }
}

/// Solves `2θ + sin 2θ = π sin φ` for θ.
fn auxiliary(lat: f64) -> f64 {
    let sin = lat.abs().min(FRAC_PI_2);
    // With u = π/2 − θ the equation reads 2u − sin 2u = π(1 − sin φ), which keeps its digits at the pole.
    let rest = PI * 2.0 * (FRAC_PI_4 - sin / 2.0).sin().powi(2);
    let mut u = (0.75 * rest).cbrt().min(FRAC_PI_2);
    for _ in 0..30 {
        let slope = 4.0 * u.sin().powi(2);
        if slope == 0.0 {
            break;
        }
        let value = if u < 0.05 {
            let d = 2.0 * u;
            d.powi(3) / 6.0 - d.powi(5) / 120.0 + d.powi(7) / 5040.0
        } else {
            2.0 * u - (2.0 * u).sin()
        };
        let step = (value - rest) / slope;
        u -= step;
        if step.abs() < 1e-15 * u.abs().max(1e-12) {
            break;
        }
    }
    (FRAC_PI_2 - u).copysign(lat)
}

/// Equidistant cylindrical on an ellipsoid (EPSG method 1028); radians and CRS units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Equirectangular {
    lon_0: f64,
    x_0: f64,
    y_0: f64,
    unit: f64,
    /// Metres per radian of longitude.
    across: f64,
    /// Metres from the equator to `lat_0`.
    origin: f64,
    meridian: Meridian,
}

impl Equirectangular {
    pub(super) fn new(p: &ProjString) -> Option<Self> {
        let e = p.ellipsoid()?;
        let flattening = if e.inverse_flattening == 0.0 { 0.0 } else { 1.0 / e.inverse_flattening };
        let e2 = flattening * (2.0 - flattening);
        let (sin, cos) = p.number_or("lat_ts", 0.0).to_radians().sin_cos();
        let meridian = Meridian { a: e.a, n: flattening / (2.0 - flattening) };
        Some(Self {
            lon_0: p.number_or("lon_0", 0.0).to_radians() + p.prime_meridian().to_radians(),
            x_0: p.number_or("x_0", 0.0),
            y_0: p.number_or("y_0", 0.0),
            unit: p.to_metre(),
            across: e.a * cos / (1.0 - e2 * sin * sin).sqrt(),
            origin: meridian.distance(p.number_or("lat_0", 0.0).to_radians()),
            meridian,
        })
    }

    pub(super) fn forward(&self, lon: f64, lat: f64) -> (f64, f64) {
        let x = self.across * wrapped(lon - self.lon_0) + self.x_0;
        (x / self.unit, (self.meridian.distance(lat) - self.origin + self.y_0) / self.unit)
    }

    pub(super) fn inverse(&self, x: f64, y: f64) -> (f64, f64) {
        let lat = self.meridian.latitude(y * self.unit - self.y_0 + self.origin);
        (wrapped((x * self.unit - self.x_0) / self.across + self.lon_0), lat)
    }
}

/// Distances along a meridian by the series in the third flattening `n`, good to a micrometre.
#[derive(Debug, Clone, Copy)]
struct Meridian {
    a: f64,
    n: f64,
}

impl Meridian {
    fn distance(&self, lat: f64) -> f64 {
        let n = self.n;
        let (n2, n3, n4) = (n * n, n.powi(3), n.powi(4));
        let series = (1.0 + n2 / 4.0 + n4 / 64.0) * lat - 1.5 * (n - n3 / 8.0) * (2.0 * lat).sin()
            + 15.0 / 16.0 * (n2 - n4 / 4.0) * (4.0 * lat).sin()
            - 35.0 / 48.0 * n3 * (6.0 * lat).sin()
            + 315.0 / 512.0 * n4 * (8.0 * lat).sin();
        self.a / (1.0 + n) * series
    }

    fn latitude(&self, distance: f64) -> f64 {
        let quarter = self.distance(FRAC_PI_2);
        let mut lat = distance / quarter * FRAC_PI_2;
        for _ in 0..8 {
            lat -= (self.distance(lat) - distance) / quarter * FRAC_PI_2;
        }
        lat
    }
}

/// The rotated pole of PROJ's `ob_tran` over longlat, on a sphere; radians.
#[derive(Debug, Clone, Copy)]
pub(super) struct RotatedPole {
    sin: f64,
    cos: f64,
    lon_pole: f64,
    lon_0: f64,
}

impl RotatedPole {
    /// `None` when it is not given by `o_lat_p` over longlat.
    pub(super) fn new(p: &ProjString) -> Option<Self> {
        if !p.is_geographic() {
            return None;
        }
        let lat = p.number("o_lat_p")?.to_radians();
        Some(Self {
            sin: lat.sin(),
            cos: lat.cos(),
            lon_pole: p.number_or("o_lon_p", 0.0).to_radians(),
            lon_0: p.number_or("lon_0", 0.0).to_radians(),
        })
    }

    /// From true to rotated longitude and latitude.
    pub(super) fn forward(&self, lon: f64, lat: f64) -> (f64, f64) {
        let lon = lon - self.lon_0;
        let (sin_lat, cos_lat) = lat.sin_cos();
        let (sin_lon, cos_lon) = lon.sin_cos();
        let x = (cos_lat * sin_lon).atan2(self.sin * cos_lat * cos_lon + self.cos * sin_lat)
            + self.lon_pole;
        let y = (self.sin * sin_lat - self.cos * cos_lat * cos_lon).clamp(-1.0, 1.0).asin();
        (wrapped(x), y)
    }

    /// From rotated to true longitude and latitude.
    pub(super) fn inverse(&self, x: f64, y: f64) -> (f64, f64) {
        let x = x - self.lon_pole;
        let (sin_y, cos_y) = y.sin_cos();
        let (sin_x, cos_x) = x.sin_cos();
        let lat = (self.sin * sin_y + self.cos * cos_y * cos_x).clamp(-1.0, 1.0).asin();
        let lon = (cos_y * sin_x).atan2(self.sin * cos_y * cos_x - self.cos * sin_y);
        (wrapped(lon + self.lon_0), lat)
    }
}

/// Into −π…π; both ends stay what they are.
fn wrapped(lon: f64) -> f64 {
    if lon.abs() <= PI {
        return lon;
    }
    let turned = (lon + PI).rem_euclid(2.0 * PI) - PI;
    if turned == -PI && lon > 0.0 { PI } else { turned }
}
