//! Tests of named grids against the communities' own packages and published corners.

use proptest::prelude::*;
use terracube_grid::{Bounds, GridSet, MgrsTile, Region, Tile, TileGrid, TileName};

/// Written by `make_grid_reference.py`.
const REFERENCE: &str = include_str!("data/grids.tsv");

fn lines(kind: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = REFERENCE.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    lines.filter(move |fields| fields[0] == kind)
}

fn numbers(fields: &[&str]) -> Vec<f64> {
    fields.iter().map(|field| field.parse().unwrap()).collect()
}

fn is_near(a: &Bounds, b: &Bounds, off: f64) -> bool {
    let pairs = [(a.min_x, b.min_x), (a.min_y, b.min_y), (a.max_x, b.max_x), (a.max_y, b.max_y)];
    pairs.iter().all(|(a, b)| (a - b).abs() <= off)
}

#[test]
fn tiles_lie_where_morecantile_and_equi7grid_put_them() {
    let mut seen = 0;
    for fields in lines("bounds") {
        let [_, grid, name, rest @ ..] = &fields[..] else { panic!("{fields:?}") };
        let bounds = numbers(rest);
        let expected = Bounds::new(bounds[0], bounds[1], bounds[2], bounds[3]);
        let (set, member) = GridSet::find(grid).unwrap();
        let tile = set.tile_of(&member, name).unwrap();
        let found = tile.geobox.bounds();
        // Registered corners and cell sizes have as few as fifteen digits.
        let off = 1e-13 * 4e7;
        assert!(is_near(&found, &expected, off), "{grid} {name}: {found:?} {expected:?}");
        assert!(tile.name == *name || grid.starts_with("equi7"), "{} {name}", tile.name);
        seen += 1;
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn places_lie_in_mercantiles_tiles() {
    for fields in lines("place") {
        let [_, grid, name, rest @ ..] = &fields[..] else { panic!("{fields:?}") };
        let place = numbers(rest);
        let (set, member) = GridSet::find(grid).unwrap();
        let near = Region::from_bbox(place[0], place[1], place[0] + 1e-9, place[1] + 1e-9).unwrap();
        let tiles = set.tiles_of_region(&member, &near).unwrap();
        assert!(tiles.iter().any(|tile| tile.name == *name), "{fields:?} {tiles:?}");
    }
}

#[test]
fn squares_are_those_of_the_mgrs_package() {
    let mut seen = 0;
    for fields in lines("mgrs") {
        let place = numbers(&fields[2..]);
        let tile = MgrsTile::of_point(place[0], place[1]).unwrap().unwrap();
        let expected =
            if fields[1].len() == 4 { format!("0{}", fields[1]) } else { fields[1].into() };
        assert_eq!(tile.to_string(), expected, "{place:?}");
        assert_eq!(expected.parse::<MgrsTile>().unwrap(), tile, "{place:?}");
        seen += 1;
    }
    assert!(seen > 800, "{seen}");
    assert_eq!(MgrsTile::of_point(0.0, 85.0).unwrap(), None);
    assert_eq!(MgrsTile::of_point(0.0, -80.1).unwrap(), None);
}

/// From `proj:transform` and `proj:code` of STAC items of Sentinel-2 (stactools-sentinel2 and Earth Search).
#[test]
fn sentinel_2_tiles_are_the_published_ones() {
    for (name, code, x, y) in [
        ("01CCV", 32701, 300_000.0, 2_000_020.0),
        ("01KAB", 32701, 99_960.0, 8_200_000.0),
        ("01LAC", 32701, 99_960.0, 8_300_020.0),
        ("01VCG", 32601, 300_000.0, 6_700_020.0),
        ("01WCP", 32601, 300_000.0, 7_400_040.0),
        ("01WCS", 32601, 300_000.0, 7_700_040.0),
        ("06VVN", 32606, 399_960.0, 6_800_040.0),
        ("07HFE", 32707, 600_000.0, 6_500_020.0),
        ("10SDG", 32610, 399_960.0, 4_200_000.0),
        ("28QCH", 32628, 300_000.0, 2_300_040.0),
        ("33SVB", 32633, 399_960.0, 4_200_000.0),
        ("34LBP", 32734, 199_980.0, 8_900_020.0),
        ("34VEL", 32634, 499_980.0, 6_600_000.0),
        ("46RER", 32646, 499_980.0, 3_100_020.0),
        ("60CWS", 32760, 499_980.0, 1_200_040.0),
    ] {
        let set = GridSet::named("sentinel2").unwrap();
        for text in [name.to_owned(), format!("T{name}"), name.to_ascii_lowercase()] {
            let tile = set.tile_of("10m", &text).unwrap();
            assert_eq!(tile.name, format!("T{name}"));
            assert_eq!(tile.geobox.crs.epsg_code(), Some(code), "{name}");
            assert_eq!((tile.geobox.affine.c, tile.geobox.affine.f), (x, y), "{name}");
            assert_eq!(tile.geobox.shape(), (10_980, 10_980));
        }
        let hls = GridSet::named("HLS").unwrap().tile(name).unwrap();
        assert_eq!((hls.geobox.shape(), hls.geobox.resolution()), ((3660, 3660), (30.0, 30.0)));
        let middle =
            Region::from_geobox(&hls.geobox.crop(&terracube_grid::Window::new(1800, 1800, 9, 9)));
        let found = MgrsTile::of_region(&middle.unwrap()).unwrap();
        assert!(found.contains(&name.parse().unwrap()), "{name}: {found:?}");
    }
}

#[test]
fn tiles_of_madrid_and_across_180_degrees() {
    let names = |w, s, e, n| {
        let tiles = MgrsTile::of_region(&Region::from_bbox(w, s, e, n).unwrap()).unwrap();
        tiles.into_iter().map(|tile| tile.to_string()).collect::<Vec<_>>()
    };
    // Sentinel-2 offers T30TVK there, whose lower part lies in band S.
    assert_eq!(names(-3.71, 40.41, -3.70, 40.42), ["30TVK"]);
    let fiji = names(179.9, -17.0, -179.9, -16.9);
    assert!(fiji.iter().any(|n| n.starts_with("60K")), "{fiji:?}");
    assert!(fiji.iter().any(|n| n.starts_with("01K")), "{fiji:?}");
    // The zones of Norway and Svalbard.
    assert!(
        names(4.0, 60.0, 4.1, 60.1).iter().all(|n| n.starts_with("32V") || n.starts_with("31V"))
    );
    assert!(names(15.0, 78.0, 15.1, 78.1).iter().all(|n| n.starts_with("33X")));
    assert!(names(0.0, 86.0, 1.0, 87.0).is_empty());
}

/// The table of extents in USGS's "What is the U.S. Landsat ARD tile grid system?".
#[test]
fn landsat_ard_ends_where_usgs_says() {
    for (member, last, name, x, y) in [
        ("conus", Tile::new(32, 21), "h032v021", 2_384_415.0, 14_805.0),
        ("alaska", Tile::new(16, 13), "h016v013", 1_698_285.0, 374_325.0),
        ("hawaii", Tile::new(4, 2), "h004v002", 305_655.0, 1_718_895.0),
    ] {
        let grid = TileGrid::named(&format!("landsat-ard:{member}")).unwrap();
        let bounds = grid.tile_bounds(last);
        assert_eq!((bounds.max_x, bounds.min_y), (x, y), "{member}");
        assert_eq!(grid.tiles().unwrap().last(), Some(&last));
        assert_eq!(grid.tile_name(last), name);
    }
}

/// Extents of tiles in PGC's index of mosaics (without the 100 m by which files reach further), and the
/// tiles in which PGC's STAC API finds a golf course in Iceland and a place in the Urals.
#[test]
fn pgc_mosaics_are_cut_as_in_their_index() {
    let rema = GridSet::named("rema").unwrap();
    let casey = rema.tile("21_55_2_1").unwrap().geobox.bounds();
    assert_eq!(casey, Bounds::new(2_400_000.0, -950_000.0, 2_450_000.0, -900_000.0));
    let other = rema.tile("22_34_2_1").unwrap().geobox.bounds();
    assert_eq!(other, Bounds::new(300_000.0, -850_000.0, 350_000.0, -800_000.0));
    let arctic = GridSet::named("arcticdem").unwrap();
    for (lon, lat, name) in [(-21.736, 64.168, "14_52_2_1"), (59.4425, 61.756, "48_71_2_1")] {
        let place = Region::from_bbox(lon, lat, lon + 1e-6, lat + 1e-6).unwrap();
        let tiles = arctic.tiles_of_region("2m", &place).unwrap();
        assert_eq!(tiles[0].name, name);
        assert_eq!(arctic.tiles_of_region("10m", &place).unwrap()[0].name, name[..5]);
    }
}

/// Columns, rows and cell sizes of NSIDC's grids; the corners of M36 are those of SMAP's files.
#[test]
fn ease_grids_have_nsidcs_cells() {
    for (name, cols, rows, cell) in [
        ("ease2-global:36km", 964, 406, 36_032.220_840_584),
        ("ease2-global:25km", 1388, 584, 25_025.260_008_1),
        ("ease2-global:9km", 3856, 1624, 9_008.055_210_146),
        ("ease2-temperate:25km", 1388, 540, 25_025.260_008_1),
        ("ease2-north:25km", 720, 720, 25_000.0),
        ("ease2-south:9km", 2000, 2000, 9000.0),
    ] {
        let grid = TileGrid::named(name).unwrap();
        let tiles = grid.limits.clone().unwrap();
        assert_eq!(grid.tile_shape.1 as i64 * tiles.cols.end, cols, "{name}");
        assert_eq!(grid.tile_shape.0 as i64 * tiles.rows.end, rows, "{name}");
        assert!(
            (grid.resolution.0 - cell).abs() < 1e-5 && (grid.resolution.1 - cell).abs() < 1e-5,
            "{name} {:?}",
            grid.resolution
        );
    }
    let m36 = TileGrid::named("ease2-global:36km").unwrap().tile_bounds(Tile::new(0, 0));
    let expected = Bounds::new(-17_367_530.45, -7_314_540.83, 17_367_530.45, 7_314_540.83);
    assert!(is_near(&m36, &expected, 0.01), "{m36:?}");
}

#[test]
fn every_shipped_set_is_read_and_names_its_tiles() {
    for name in GridSet::names() {
        let set = GridSet::named(&name.replace("{zone}", "33")).unwrap();
        assert!(!set.title().is_empty() && set.source().starts_with("https://"), "{name}");
        for member in set.grids() {
            let Ok(grid) = set.grid(member) else { continue };
            for tile in [
                Tile::new(0, 0),
                grid.limits.as_ref().map(|l| Tile::new(l.cols.end - 1, l.rows.end - 1)).unwrap(),
            ] {
                let text = grid.tile_name(tile);
                assert_eq!(grid.tile_named(&text), Some(tile), "{name}:{member} {text}");
                assert_eq!(grid.tile_named(&text.to_ascii_lowercase()), Some(tile));
            }
        }
    }
    for (grid, tile, text) in [
        ("modis:500m", Tile::new(18, 4), "h18v04"),
        ("glance:na", Tile::new(3, 2), "h03v02"),
        ("weld:conus", Tile::new(3, 2), "h03v02"),
        ("landsat-ard:conus", Tile::new(3, 2), "h003v002"),
        ("equi7:eu-t6-20m", Tile::new(7, 7), "EU020M_E042N012T6"),
        ("equi7:as-t6-500m", Tile::new(1, 18), "AS500M_E006S012T6"),
        ("arcticdem:2m", Tile::new(101, 133), "14_51_1_2"),
        ("webmercatorquad:12", Tile::new(2218, 1352), "12/2218/1352"),
    ] {
        let grid = TileGrid::named(grid).unwrap();
        assert_eq!(grid.tile_name(tile), text);
        assert_eq!(grid.tile_named(text), Some(tile));
    }
}

#[test]
fn an_unknown_grid_or_tile_answers_with_the_known_ones() {
    let text = GridSet::named("mars").unwrap_err().to_string();
    assert!(
        text.contains("\"mars\"") && text.contains("equi7") && text.contains("sentinel2"),
        "{text}"
    );
    let text = GridSet::find("modis:1m").unwrap_err().to_string();
    assert!(text.contains("500m"), "{text}");
    assert!(GridSet::named("modis").unwrap().tile("h36v04").is_err());
    assert!(TileGrid::named("sentinel2:10m").unwrap_err().to_string().contains("overlap"));
    for text in ["32TNW", "61TNS", "32INS", "T3", "", "T32TNSX", "32TAS"] {
        assert!(text.parse::<MgrsTile>().is_err(), "{text}");
    }
    for text in ["h{col", "h{colour}", "{col}", "{col:02}{row:02}", "{col/2}_{row}"] {
        assert!(text.parse::<TileName>().is_err(), "{text}");
    }
}

#[test]
fn files_of_others_are_read() {
    // Annex D of OGC 17-083r4, shortened; version 1 of the same with northing first from the CRS.
    let two = r#"{"id": "EuropeanETRS89_LAEAQuad", "title": "LAEA", "crs": "http://www.opengis.net/def/crs/EPSG/0/3035",
        "orderedAxes": ["Y", "X"], "tileMatrices": [
        {"id": "0", "scaleDenominator": 62779017.857142866, "cellSize": 17578.125, "pointOfOrigin": [5500000.0, 2000000.0],
         "tileWidth": 256, "tileHeight": 256, "matrixWidth": 1, "matrixHeight": 1},
        {"id": "1", "scaleDenominator": 31389508.928571433, "cornerOfOrigin": "bottomLeft", "pointOfOrigin": [1000000.0, 2000000.0],
         "tileWidth": 256, "tileHeight": 256, "matrixWidth": 2, "matrixHeight": 2}]}"#;
    let set = GridSet::from_json(two).unwrap();
    assert_eq!((set.name(), set.grids()), ("EuropeanETRS89_LAEAQuad", vec!["0", "1"]));
    let shipped = TileGrid::named("EuropeanETRS89_LAEAQuad:0").unwrap();
    assert_eq!(set.grid("0").unwrap(), &shipped);
    let whole = Bounds::new(2_000_000.0, 1_000_000.0, 6_500_000.0, 5_500_000.0);
    assert!(is_near(&shipped.tile_bounds(Tile::new(0, 0)), &whole, 1e-6));
    let lower_left = set.tile("1/0/0").unwrap().geobox.bounds();
    assert!(is_near(&lower_left, &Bounds::new(2e6, 1e6, 4.25e6, 3.25e6), 1e-3), "{lower_left:?}");
    let one = two
        .replace("\"id\"", "\"identifier\"")
        .replace("tileMatrices", "tileMatrix")
        .replace("pointOfOrigin", "topLeftCorner")
        .replace("\"crs\"", "\"supportedCRS\"")
        .replace("\"orderedAxes\": [\"Y\", \"X\"],", "");
    assert_eq!(GridSet::from_json(&one).unwrap().grid("0").unwrap(), &shipped);
    let variable = two.replacen(
        "\"matrixWidth\": 1",
        "\"variableMatrixWidths\": [{\"coalesce\": 2}], \"matrixWidth\": 1",
        1,
    );
    let text = GridSet::from_json(&variable).unwrap_err().to_string();
    assert!(text.contains("unequal tiles"), "{text}");

    // tilezilla's well-known specification, with limits as stems writes them.
    let specs = r#"{"WELD_CONUS": {"crs": "EPSG:5070", "ul": [-2565600.0, 3314800.0], "res": [30, 30], "size": [5000, 5000],
        "limits": [[0, 21], [0, 32]]}}"#;
    let spec = GridSet::from_json(specs).unwrap();
    let weld = TileGrid::named("weld:conus").unwrap();
    let found = spec.grid("WELD_CONUS").unwrap();
    assert_eq!(
        (&found.crs, found.upper_left, found.tile_shape, &found.limits),
        (&weld.crs, weld.upper_left, weld.tile_shape, &weld.limits)
    );

    let huge = two.replace("\"tileHeight\": 256", "\"tileHeight\": 1099511627775");
    assert!(GridSet::from_json(&huge).is_err());
    let huge = "{\"name\": \"a\", \"grids\": [{\"name\": \"b\", \"crs\": \"EPSG:3413\", \"upper_left\": [0, 0], \
                \"resolution\": 1, \"tile_shape\": [9, 9], \"tiles\": [9223372036854775807, 2]}]}";
    assert!(GridSet::from_json(huge).is_err());
    for bad in [
        "{}",
        "[]",
        "null",
        "{\"grids\": []}",
        "{\"tileMatrices\": []}",
        "{\"a\": {\"ul\": 1}}",
        "{\"upper_left\": 3}",
    ] {
        assert!(GridSet::from_json(bad).is_err(), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tile_names_are_read_as_they_are_printed(col in 0..2000_i64, row in 0..2000_i64, end in 2000..3000_i64) {
        let tile = Tile::new(col, row);
        for text in ["h{col:02}v{row:02}", "{row}_{col}", "E{col*6:03}{south*6-5994:NS03}T6", "{south/2+1:02}_{col/2+1:02}_{south%2+1}_{col%2+1}",
            "{col-1000:EW04}{row-1000:NS04}"] {
            let name: TileName = text.parse().unwrap();
            let printed = name.print(tile, end);
            prop_assert_eq!(name.read(&printed, end), Some(tile), "{} {}", text, printed);
        }
    }

    #[test]
    fn squares_are_read_as_they_are_printed(lon in -180.0..180.0f64, lat in -80.0..84.0f64) {
        let tile = MgrsTile::of_point(lon, lat).unwrap().unwrap();
        prop_assert_eq!(format!("T{tile}").parse::<MgrsTile>().unwrap(), tile);
        let place = Region::from_bbox(lon, lat, lon + 1e-7, lat + 1e-7).unwrap();
        let found = MgrsTile::of_region(&place).unwrap();
        // By name but for the band, which is that of the square's middle.
        let alike = |t: &MgrsTile| (t.zone(), t.square()) == (tile.zone(), tile.square());
        prop_assert!(found.iter().any(alike), "{} {:?}", tile, found);
    }

    #[test]
    fn strange_names_do_no_harm(text in "\\PC{0,12}", template in "[hv{}:colrwsuth0-9+/*%-]{0,24}") {
        let _ = text.parse::<MgrsTile>();
        if let Ok(name) = template.parse::<TileName>() {
            let _ = name.read(&text, 18);
        }
        let _ = GridSet::find(&text);
    }
}
