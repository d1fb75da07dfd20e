//! Tests of the read plan against reference values and properties.

use proptest::prelude::*;
use terracube_grid::{Affine, Anchor, Bounds, Crs, GeoBox, ReadPlan, Transform, Window};

fn grid(code: &str, bounds: Bounds, resolution: f64) -> GeoBox {
    GeoBox::from_bounds(Crs::parse(code).unwrap(), bounds, (resolution, resolution), Anchor::Edge)
        .unwrap()
}

/// Every pixel whose centre lies on the source is in the plan, and the source pixel under it too.
fn check(src: &GeoBox, dst: &GeoBox) -> (usize, Option<ReadPlan>) {
    let transform = Transform::new(&dst.crs, &src.crs).unwrap();
    let plan = ReadPlan::new(src, dst, &transform, 2);
    let inverse = src.affine.inverse().unwrap();
    let mut hits = 0;
    for row in 0..dst.height {
        for col in 0..dst.width {
            let (x, y) = dst.pixel_center(col, row);
            let Some((x, y)) = transform.forward(x, y) else { continue };
            let (c, r) = inverse.apply(x, y);
            if c < 0.0 || r < 0.0 || c >= src.width as f64 || r >= src.height as f64 {
                continue;
            }
            hits += 1;
            let plan = plan
                .as_ref()
                .unwrap_or_else(|| panic!("no plan, yet ({col}, {row}) is at ({c}, {r})"));
            assert!(
                plan.dst.contains(&Window::new(col, row, 1, 1)),
                "({col}, {row}) not in {:?}",
                plan.dst
            );
            for (dc, dr) in [(-2.0, -2.0), (2.0, 2.0), (0.0, 0.0)] {
                let c = (c + dc).clamp(0.0, src.width as f64 - 1.0) as usize;
                let r = (r + dr).clamp(0.0, src.height as f64 - 1.0) as usize;
                assert!(
                    plan.src.contains(&Window::new(c, r, 1, 1)),
                    "({c}, {r}) not in {:?}",
                    plan.src
                );
            }
        }
    }
    (hits, plan)
}

#[test]
fn one_grid_is_pasted() {
    let src = grid("EPSG:32633", Bounds::new(0.0, 0.0, 1000.0, 1000.0), 10.0);
    let dst = grid("EPSG:32633", Bounds::new(900.0, -100.0, 1100.0, 200.0), 10.0);
    let same = Transform::new(&dst.crs, &src.crs).unwrap();
    let plan = ReadPlan::new(&src, &dst, &same, 3).unwrap();
    assert_eq!(plan.paste, Some((90, 80)));
    assert_eq!(plan.src, Window::new(90, 80, 10, 20));
    assert_eq!(plan.dst, Window::new(0, 0, 10, 20));
    let away = grid("EPSG:32633", Bounds::new(1000.0, 0.0, 1100.0, 100.0), 10.0);
    assert_eq!(ReadPlan::new(&src, &away, &same, 3), None);
}

#[test]
fn a_small_source_gets_a_small_part_of_a_large_grid() {
    let src = grid("EPSG:32633", Bounds::new(500_000.0, 5_000_000.0, 510_000.0, 5_010_000.0), 10.0);
    let dst =
        grid("EPSG:3857", Bounds::new(1_000_000.0, 5_000_000.0, 3_000_000.0, 7_000_000.0), 500.0);
    let (hits, plan) = check(&src, &dst);
    let plan = plan.unwrap();
    assert!(hits > 300);
    assert!(plan.dst.len() < 80 * 80, "{plan:?}");
    assert_eq!(plan.src, src.window());
}

#[test]
fn the_pole_is_read_to_the_pole() {
    let src = grid("EPSG:4326", Bounds::new(-180.0, -90.0, 180.0, 90.0), 0.5);
    let dst = grid(
        "EPSG:3413",
        Bounds::new(-1_000_000.0, -1_000_000.0, 1_000_000.0, 1_000_000.0),
        12_500.0,
    );
    let (_, plan) = check(&src, &dst);
    let plan = plan.unwrap();
    assert_eq!((plan.src.row, plan.src.col, plan.src.width), (0, 0, 720));
    assert!(plan.src.height < 40, "{plan:?}");
}

#[test]
fn the_seam_gets_the_full_width() {
    let src = grid("EPSG:4326", Bounds::new(-180.0, -90.0, 180.0, 90.0), 0.25);
    let dst = grid("EPSG:32601", Bounds::new(200_000.0, 0.0, 800_000.0, 600_000.0), 10_000.0);
    check(&src, &dst);
    let dst = grid("EPSG:32660", Bounds::new(600_000.0, 0.0, 1_000_000.0, 400_000.0), 10_000.0);
    let (_, plan) = check(&src, &dst);
    assert_eq!(plan.unwrap().src.width, 1440);
}

#[test]
fn longitudes_from_0_to_360_reach_the_west() {
    let src = grid("EPSG:4326", Bounds::new(0.0, -90.0, 360.0, 90.0), 1.0);
    let dst = grid("EPSG:4326", Bounds::new(-180.0, -90.0, 180.0, 90.0), 1.0);
    let same = Transform::new(&dst.crs, &src.crs).unwrap();
    let plans = ReadPlan::around(&src, &dst, &same, 1);
    assert_eq!(plans.len(), 2);
    assert_eq!(plans[0].0.bounds().min_x, -360.0);
    assert_eq!(
        (plans[0].1.src, plans[0].1.dst),
        (Window::new(180, 0, 180, 180), Window::new(0, 0, 180, 180))
    );
    assert_eq!(
        (plans[1].1.src, plans[1].1.dst),
        (Window::new(0, 0, 180, 180), Window::new(180, 0, 180, 180))
    );
    let utm = grid("EPSG:32630", Bounds::new(2e5, 5e6, 8e5, 5.5e6), 1e4);
    let transform = Transform::new(&utm.crs, &src.crs).unwrap();
    let plans = ReadPlan::around(&src, &utm, &transform, 1);
    assert!(
        plans.iter().any(|(placed, plan)| placed.bounds().min_x == -360.0 && plan.src.col > 340)
    );
}

/// A file of one second of arc, and grids of the same origin whose resolution was typed.
#[test]
fn windows_of_a_grid_are_all_copied_or_all_warped() {
    let src = grid("EPSG:4326", Bounds::new(10.0, 49.0, 11.0, 50.0), 1.0 / 3600.0);
    let same = Transform::new(&src.crs, &src.crs).unwrap();
    let windows = |resolution: f64| {
        let affine = Affine::new(resolution, 0.0, 9.0, 0.0, -resolution, 51.0);
        let whole = GeoBox::new(src.crs.clone(), affine, 3 * 3600, 3 * 3600).unwrap();
        let origins = (0..3 * 3600).step_by(512);
        let windows = origins.map(|at| Window::new(at, at, 512, 512)).collect::<Vec<_>>();
        windows
            .into_iter()
            .flat_map(|w| {
                let plans = ReadPlan::of_window(&src, (&whole, &w), &same, 1);
                plans.into_iter().map(move |(_, plan)| (w, plan.paste))
            })
            .collect::<Vec<_>>()
    };
    let typed = windows(0.000_277_777_778);
    assert!(typed.len() > 7 && typed.iter().all(|(_, paste)| paste.is_none()), "{typed:?}");
    for (window, paste) in windows(1.0 / 3600.0) {
        let offset = window.col as i64 - 3600;
        assert_eq!(paste, Some((offset, offset)));
    }
    // So large a grid that rounding shows far away from the file.
    let far = windows(1.0 / 3600.0 + 1e-14);
    assert!(far.iter().all(|(_, paste)| paste.is_some()), "{far:?}");
}

#[test]
fn a_global_grid_from_a_satellites_disk() {
    let disk =
        Crs::parse("+proj=geos +h=35785831 +lon_0=0 +sweep=y +a=6378169 +b=6356583.8").unwrap();
    let side = 5_568_000.0;
    let src = GeoBox::from_shape(disk, Bounds::new(-side, -side, side, side), 464, 464).unwrap();
    let dst = grid("EPSG:4326", Bounds::new(-180.0, -90.0, 180.0, 90.0), 1.0);
    let (hits, plan) = check(&src, &dst);
    assert!(hits > 10_000);
    assert!(plan.unwrap().dst.width < 180);
}

#[test]
fn scale_does_not_depend_on_the_window() {
    let src = grid("EPSG:32633", Bounds::new(300_000.0, 5_000_000.0, 400_000.0, 5_100_000.0), 10.0);
    let dst =
        grid("EPSG:3857", Bounds::new(1_300_000.0, 5_600_000.0, 1_600_000.0, 5_900_000.0), 60.0);
    let transform = Transform::new(&dst.crs, &src.crs).unwrap();
    let whole = ReadPlan::new(&src, &dst, &transform, 1).unwrap();
    // Web mercator stretches by 1/cos φ, so 60 m there are fewer on the ground.
    let (_, lat) =
        Transform::new(&src.crs, &Crs::wgs84()).unwrap().forward(350_000.0, 5_050_000.0).unwrap();
    let expected = 6.0 * lat.to_radians().cos();
    assert!((whole.scale.0 / expected - 1.0).abs() < 5e-3, "{:?} {expected}", whole.scale);
    let mut seen = 0;
    for (col, row) in [(0, 0), (2000, 1000), (2500, 2500), (1200, 3000)] {
        let part = dst.crop(&Window::new(col, row, 700, 700));
        if let Some(plan) = ReadPlan::new(&src, &part, &transform, 1) {
            assert!(
                (plan.scale.0 - whole.scale.0).abs() < 1e-6
                    && (plan.scale.1 - whole.scale.1).abs() < 1e-6
            );
            seen += 1;
        }
    }
    assert!(seen > 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn complete(pair in 0usize..7, u in 0.0..1.0f64, v in 0.0..1.0f64, size in 0.02..0.5f64, coarse in 0.3..6.0f64, cut in 0.2..1.0f64) {
        let pairs = [
            ("EPSG:4326", (-180.0, -90.0, 180.0, 90.0), 1.0, "EPSG:3413", (-4e6, -5e6, 4e6, 5e6), 5e4),
            ("EPSG:4326", (-180.0, -90.0, 180.0, 90.0), 1.0, "EPSG:3031", (-4e6, -4e6, 4e6, 4e6), 5e4),
            ("EPSG:3413", (-4e6, -5e6, 4e6, 5e6), 5e4, "EPSG:4326", (-180.0, 40.0, 180.0, 90.0), 0.7),
            ("EPSG:32660", (2e5, 0.0, 9e5, 7e6), 5e4, "EPSG:4326", (-180.0, -10.0, 180.0, 70.0), 0.7),
            ("+proj=sinu +R=6371007.181", (-2e7, -1e7, 2e7, 1e7), 1.2e5, "EPSG:3857", (-2e7, -2e7, 2e7, 2e7), 1e5),
            ("EPSG:3857", (-2e7, -2e7, 2e7, 2e7), 1.5e5, "EPSG:3035", (2e6, 1e6, 7e6, 6e6), 5e4),
            ("ESRI:54009", (-1.8e7, -9e6, 1.8e7, 9e6), 1.2e5, "EPSG:4326", (-180.0, -90.0, 180.0, 90.0), 1.5),
        ];
        let (src, s, sr, dst, d, dr) = pairs[pair];
        let s = Bounds::new(s.0, s.1, s.2, s.3);
        let s = Bounds::new(s.min_x, s.min_y, s.min_x + s.width() * cut, s.max_y);
        let d = Bounds::new(d.0, d.1, d.2, d.3);
        let (w, h) = (d.width() * size, d.height() * size);
        let (x, y) = (d.min_x + (d.width() - w) * u, d.min_y + (d.height() - h) * v);
        check(&grid(src, s, sr), &grid(dst, Bounds::new(x, y, x + w, y + h), dr * coarse));
    }
}

/// Tiles of every UTM zone in world grids, where most of the grid is far outside the zone's domain.
#[test]
fn small_sources_are_found_in_world_grids() {
    let world = Bounds::new(-180.0, -90.0, 180.0, 90.0);
    let web = Bounds::new(-2e7, -2e7, 2e7, 2e7);
    let grids = [
        grid("EPSG:4326", world, 0.25),
        grid("EPSG:3857", web, 25_000.0),
        grid("EPSG:6933", Bounds::new(-1.7e7, -7.3e6, 1.7e7, 7.3e6), 25_000.0),
        grid("ESRI:54009", Bounds::new(-1.8e7, -9e6, 1.8e7, 9e6), 25_000.0),
        grid("EPSG:3413", Bounds::new(-9e6, -9e6, 9e6, 9e6), 25_000.0),
    ];
    for dst in &grids {
        for zone in [4, 22, 31, 57] {
            for (south, y) in
                [(false, 1.0e5), (false, 5.0e6), (false, 8.5e6), (true, 9.9e6), (true, 3.0e6)]
            {
                let code = format!("EPSG:{}", if south { 32700 } else { 32600 } + zone);
                let src = grid(&code, Bounds::new(3e5, y, 4.1e5, y + 1.1e5), 1000.0);
                let transform = Transform::new(&dst.crs, &src.crs).unwrap();
                let to_dst = transform.reversed();
                let plan = ReadPlan::new(&src, dst, &transform, 1);
                // The source's pixels say which destination pixels have their centres on it.
                let inverse = dst.affine.inverse().unwrap();
                for i in 0..=10 {
                    for j in 0..=10 {
                        let (x, y) = src.affine.apply(f64::from(i) * 11.0, f64::from(j) * 11.0);
                        let Some((x, y)) = to_dst.forward(x, y) else { continue };
                        let (c, r) = inverse.apply(x, y);
                        if c < 0.0 || r < 0.0 || c >= dst.width as f64 || r >= dst.height as f64 {
                            continue;
                        }
                        let (col, row) = (c as usize, r as usize);
                        let (x, y) = dst.pixel_center(col, row);
                        let Some((x, y)) = transform.forward(x, y) else { continue };
                        if !src.bounds().contains_point(x, y) {
                            continue;
                        }
                        let plan =
                            plan.as_ref().unwrap_or_else(|| panic!("{code} {y} in {}", dst.crs));
                        assert!(
                            plan.dst.contains(&Window::new(col, row, 1, 1)),
                            "{code} in {}",
                            dst.crs
                        );
                    }
                }
                if let Some(plan) = plan {
                    assert!(plan.dst.len() < 120 * 120, "{code} in {}: {:?}", dst.crs, plan.dst);
                }
            }
        }
    }
}
