//! Tests of the TileGrid against reference values and properties.

use proptest::prelude::*;
use terracube_grid::{Bounds, Crs, Region, Tile, TileGrid, TileLimits};

#[test]
fn web_mercator_tiles() {
    // With x, y of pyproj's Transformer.from_crs(4326, 3857, always_xy=True).transform(15, 52) and
    // h = 20037508.342789244: (x + h) / (2 * h) * 4096, (h - y) / (2 * h) * 4096 -> 2218.67, 1352.97
    let grid = TileGrid::named("WebMercatorQuad:12").unwrap();
    let to = terracube_grid::Transform::new(&Crs::wgs84(), &grid.crs).unwrap();
    let (x, y) = to.forward(15.0, 52.0).unwrap();
    assert_eq!(grid.tile_of_point(x, y), Some(Tile::new(2218, 1352)));
    let tile = grid.tile_geobox(Tile::new(2218, 1352)).unwrap();
    assert_eq!(tile.shape(), (256, 256));
    assert!((tile.resolution().0 - 38.218_514_142_588_9).abs() < 1e-9);
    assert_eq!(grid.tile_of_point(3e7, 0.0), None);
    assert!(grid.tile_geobox(Tile::new(-1, 0)).is_err());
}

#[test]
fn modis_tile_h18v04() {
    // python: math.pi * 6371007.181 / 18 * 5 -> 5559752.598832617
    let grid = TileGrid::named("modis:500m").unwrap();
    let bounds = grid.tile_bounds(Tile::new(18, 4));
    assert!(
        bounds.min_x.abs() < 1e-6 && (bounds.max_y - 5_559_752.598_833).abs() < 1e-5,
        "{bounds:?}"
    );
    assert!((grid.resolution.0 - 463.312_716_569).abs() < 1e-8);
    assert_eq!(grid.tiles().unwrap().len(), 648);
    let paris = Region::from_bbox(2.0, 48.5, 2.6, 49.0).unwrap();
    assert_eq!(grid.tiles_of_region(&paris).unwrap(), [Tile::new(18, 4)]);
}

#[test]
fn every_name_makes_a_grid() {
    for name in TileGrid::names() {
        let grid = TileGrid::named(
            &name.replace("{z}", "3").replace("{res}", "100").replace("{zone}", "7"),
        )
        .unwrap();
        let tile = Tile::new(0, 0);
        let (x, y) = grid.tile_bounds(tile).center();
        assert_eq!(grid.tile_of_point(x, y), Some(tile), "{name}");
        let text = serde_json::to_string(&grid).unwrap();
        assert_eq!(serde_json::from_str::<TileGrid>(&text).unwrap(), grid);
    }
    let error = TileGrid::named("mars").unwrap_err().to_string();
    assert!(
        error.contains("\"mars\"") && error.contains("glance:na") && error.contains("modis:1km"),
        "{error}"
    );
}

#[test]
fn geojson_is_split_at_the_antimeridian() {
    let grid = TileGrid::new(
        Crs::epsg(32601).unwrap(),
        (100_000.0, 1_000_000.0),
        (1000.0, 1000.0),
        (200, 200),
        None,
    )
    .unwrap();
    let json = grid.to_geojson(&[Tile::new(0, 0)]).unwrap();
    let geometry = &json["features"][0]["geometry"];
    assert_eq!(geometry["type"], "MultiPolygon", "{geometry}");
    assert_eq!(json["features"][0]["id"], "0/0");
    for polygon in geometry["coordinates"].as_array().unwrap() {
        let ring: Vec<(f64, f64)> = polygon[0]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p[0].as_f64().unwrap(), p[1].as_f64().unwrap()))
            .collect();
        assert!(ring.iter().all(|p| p.0.abs() <= 180.0));
        let area: f64 = ring.windows(2).map(|e| e[0].0 * e[1].1 - e[1].0 * e[0].1).sum();
        assert!(area > 0.0, "clockwise");
        assert_eq!(ring.first(), ring.last());
    }
}

#[test]
fn tiles_of_a_polygon_leave_out_the_corners() {
    let grid = TileGrid::new(
        Crs::wgs84(),
        (0.0, 10.0),
        (1.0, 1.0),
        (1, 1),
        Some(TileLimits { cols: 0..10, rows: 0..10 }),
    )
    .unwrap();
    let triangle = serde_json::json!({"type": "Polygon", "coordinates": [[[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [0.0, 0.0]]]});
    let tiles = grid.tiles_of_region(&Region::from_geojson(&triangle).unwrap()).unwrap();
    assert_eq!(tiles.len(), 55);
    assert!(tiles.contains(&Tile::new(0, 0)) && !tiles.contains(&Tile::new(1, 0)));
    let exact = Region::from_bbox(2.0, 2.0, 4.0, 4.0).unwrap();
    assert_eq!(grid.tiles_of_region(&exact).unwrap().len(), 4);
}

#[test]
fn tiles_on_both_sides_of_the_antimeridian() {
    let grid = TileGrid::named("worldcrs84quad:3").unwrap();
    let fiji = Region::from_bbox(176.0, -20.0, -178.0, -12.0).unwrap();
    let tiles = grid.tiles_of_region(&fiji).unwrap();
    assert_eq!(tiles, [Tile::new(0, 4), Tile::new(15, 4)]);
    let web = TileGrid::named("webmercatorquad:3").unwrap();
    assert_eq!(web.tiles_of_region(&fiji).unwrap(), [Tile::new(0, 4), Tile::new(7, 4)]);
}

proptest! {
    #[test]
    fn a_tile_holds_its_points(x in -5e6..5e6f64, y in -5e6..5e6f64) {
        let grid = TileGrid::new(Crs::epsg(3035).unwrap(), (13.0, 17.0), (30.0, 20.0), (500, 400), None).unwrap();
        let tile = grid.tile_of_point(x, y).unwrap();
        prop_assert!(grid.tile_bounds(tile).contains_point(x, y));
        prop_assert_eq!(tile.to_string().parse::<Tile>().unwrap(), tile);
        let hair = Bounds::new(x, y, x + 1e-2, y + 1e-2);
        prop_assert!(grid.tiles_of_bounds(&hair).contains(&tile));
        let all = grid.tiles_of_bounds(&grid.tile_bounds(tile));
        prop_assert_eq!(all, vec![tile]);
    }
}
