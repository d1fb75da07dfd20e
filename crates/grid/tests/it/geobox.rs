//! Tests of the GeoBox against reference values and properties.

use proptest::prelude::*;
use terracube_grid::{Affine, Anchor, Bounds, Crs, GeoBox, Window};

const REFERENCE: &str = include_str!("data/geoboxes.tsv");

fn utm() -> Crs {
    Crs::epsg(32633).unwrap()
}

#[test]
fn covers_bounds_as_odc_geo_does() {
    for line in REFERENCE.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let number = |i: usize| fields[i].parse::<f64>().unwrap();
        let anchor = match fields[5] {
            "edge" => Anchor::Edge,
            "center" => Anchor::Center,
            "offset" => Anchor::Offset(0.25, 0.75),
            _ => Anchor::Floating,
        };
        let bounds = Bounds::new(number(0), number(1), number(2), number(3));
        let made = GeoBox::from_bounds(utm(), bounds, (number(4), number(4)), anchor).unwrap();
        let affine =
            Affine::new(number(6), number(7), number(8), number(9), number(10), number(11));
        assert_eq!(made.affine, affine, "{line}");
        assert_eq!(made.shape(), (number(12) as usize, number(13) as usize), "{line}");
        let out = made.zoom_out(3.0).unwrap();
        assert_eq!(out.shape(), (number(14) as usize, number(15) as usize), "{line}");
    }
}

#[test]
fn nonsense_is_refused() {
    let good = Bounds::new(0.0, 0.0, 10.0, 10.0);
    let make = |b, r, a| GeoBox::from_bounds(utm(), b, (r, r), a);
    assert!(make(Bounds::new(1.0, 0.0, 1.0, 5.0), 1.0, Anchor::Edge).is_err());
    assert!(make(Bounds::new(0.0, 0.0, f64::NAN, 5.0), 1.0, Anchor::Edge).is_err());
    assert!(make(good, 0.0, Anchor::Edge).is_err());
    assert!(make(good, -1.0, Anchor::Edge).is_err());
    assert!(make(good, 1.0, Anchor::Offset(1.0, 0.0)).is_err());
    assert!(make(good, 1e-12, Anchor::Edge).is_err());
    assert!(GeoBox::from_shape(utm(), good, 0, 5).is_err());
}

#[test]
fn coordinates_are_pixel_centres() {
    let grid = GeoBox::from_shape(utm(), Bounds::new(0.0, 0.0, 40.0, 20.0), 4, 2).unwrap();
    assert_eq!(grid.xs(), [5.0, 15.0, 25.0, 35.0]);
    assert_eq!(grid.ys(), [15.0, 5.0]);
    assert_eq!(grid.pixel_center(3, 1), (35.0, 5.0));
    assert_eq!(grid.resolution(), (10.0, 10.0));
    assert_eq!(grid.outline(1), [(0.0, 20.0), (0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0)]);
}

#[test]
fn windows_touch_only_what_overlaps() {
    let grid = GeoBox::from_shape(utm(), Bounds::new(0.0, 0.0, 40.0, 20.0), 4, 2).unwrap();
    assert_eq!(grid.window_of(&Bounds::new(10.0, 10.0, 20.0, 20.0)), Some(Window::new(1, 0, 1, 1)));
    assert_eq!(grid.window_of(&Bounds::new(9.0, 9.0, 21.0, 11.0)), Some(Window::new(0, 0, 3, 2)));
    assert_eq!(grid.window_of(&Bounds::new(-99.0, -99.0, 99.0, 99.0)), Some(grid.window()));
    assert_eq!(grid.window_of(&Bounds::new(40.0, 0.0, 50.0, 20.0)), None);
}

#[test]
fn alignment_has_a_tolerance_and_needs_one_crs() {
    let a = GeoBox::from_shape(utm(), Bounds::new(0.0, 0.0, 40.0, 20.0), 4, 2).unwrap();
    let b = a.crop(&Window::new(2, 1, 2, 1));
    assert_eq!(a.is_aligned_with(&b), Some((2, 1)));
    assert_eq!(b.is_aligned_with(&a), Some((-2, -1)));
    let mut near = b.clone();
    near.affine.c += 1e-6;
    assert_eq!(a.is_aligned_with(&near), Some((2, 1)));
    near.affine.c += 1e-4;
    assert_eq!(a.is_aligned_with(&near), None);
    let mut other = b.clone();
    other.crs = Crs::epsg(32634).unwrap();
    assert_eq!(a.is_aligned_with(&other), None);
    other.crs = Crs::parse("+proj=utm +zone=33 +datum=WGS84").unwrap();
    assert_eq!(a.is_aligned_with(&other), Some((2, 1)));
    assert!(a.is_same(&a.clone()) && !a.is_same(&b));
}

#[test]
fn serialized_with_the_crs_as_text() {
    let grid = GeoBox::from_shape(utm(), Bounds::new(0.0, 0.0, 40.0, 20.0), 4, 2).unwrap();
    let text = serde_json::to_string(&grid).unwrap();
    assert!(text.contains("\"EPSG:32633\""), "{text}");
    assert_eq!(serde_json::from_str::<GeoBox>(&text).unwrap(), grid);
}

proptest! {
    #[test]
    fn crop_and_pad_keep_the_grid(col in 0usize..50, row in 0usize..50, w in 1usize..50, h in 1usize..50, n in 0usize..9) {
        let grid = GeoBox::from_shape(utm(), Bounds::new(500_000.0, 0.0, 503_000.0, 3_000.0), 100, 100).unwrap();
        let part = grid.crop(&Window::new(col, row, w, h));
        prop_assert_eq!(grid.is_aligned_with(&part), Some((col as i64, row as i64)));
        let padded = part.pad(n);
        prop_assert_eq!(padded.is_aligned_with(&part), Some((n as i64, n as i64)));
        prop_assert_eq!(padded.shape(), (h + 2 * n, w + 2 * n));
        let window = Window::new(col, row, w, h);
        prop_assert_eq!(grid.window_of(&part.bounds()), window.intersection(&grid.window()));
    }

    #[test]
    fn bounds_are_covered_and_edges_snapped(x in -1e6..1e6f64, y in -1e6..1e6f64, w in 1.0..1e4f64, h in 1.0..1e4f64,
                                            r in 0.5..100.0f64, fx in 0.0..0.99f64, fy in 0.0..0.99f64) {
        let bounds = Bounds::new(x, y, x + w, y + h);
        let grid = GeoBox::from_bounds(utm(), bounds, (r, r), Anchor::Offset(fx, fy)).unwrap();
        let slack = 0.0101 * r;
        prop_assert!(grid.bounds().buffered(slack).contains(&bounds));
        prop_assert!(bounds.buffered(1.01 * r).contains(&grid.bounds()));
        let phase = (grid.affine.c / r - fx).rem_euclid(1.0);
        prop_assert!(!(1e-6..=1.0 - 1e-6).contains(&phase), "{}", phase);
    }

    #[test]
    fn zoom_out_covers(w in 1usize..500, h in 1usize..500, factor in 1.0..20.0f64) {
        let grid = GeoBox::new(utm(), Affine::new(10.0, 0.0, 0.0, 0.0, -10.0, 0.0), w, h).unwrap();
        let out = grid.zoom_out(factor).unwrap();
        prop_assert!(out.bounds().buffered(1e-3).contains(&grid.bounds()));
        prop_assert!(out.width as f64 * factor < (w as f64) + factor + 1e-3);
    }
}
