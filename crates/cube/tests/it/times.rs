//! Grouping by time, and numbers of several scales, through a whole cube.

use serde_json::json;
use terracube_cube::{Band, Error, Harmonise, PatchState, Request, Schema};
use terracube_grid::{Affine, Crs, GeoBox, TimeAxis};
use terracube_raster::DType;

use crate::archive::{source, utm};
use crate::shots::{self, Shot, filled, u16s};

fn red() -> Band {
    Band::new("red", DType::U16).nodata(0.0)
}

fn schema(geobox: &GeoBox, band: Band) -> Schema {
    let b = geobox.bounds();
    Schema::new("shots", geobox.crs.clone(), [b.min_x, b.min_y, b.max_x, b.max_y], 10.0)
        .band(band)
        .chunks(32, 32)
}

fn axis(toml: &str) -> TimeAxis {
    toml::from_str(toml).unwrap()
}

fn shot(id: &str, datetime: &'static str, geobox: &GeoBox, value: u16) -> Shot {
    Shot::new(id, datetime).layer("red", geobox, Some(0.0), u16s(geobox, |_, _| value))
}

/// UTM zone 60, whose east edge is the antimeridian: solar time is 11 hours ahead of UTC.
fn fiji() -> GeoBox {
    let affine = Affine { a: 10.0, b: 0.0, c: 700_000.0, d: 0.0, e: -10.0, f: 8_000_000.0 };
    GeoBox::new(Crs::epsg(32760).unwrap(), affine, 32, 32).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_overpass_across_midnight_is_one_solar_day() {
    let grid = fiji();
    let server = shots::serve(&[
        shot("early", "2020-06-01T22:20:00Z", &grid, 1),
        shot("late", "2020-06-02T00:10:00Z", &grid, 2),
        shot("before", "2020-06-01T12:50:00Z", &grid, 3),
    ]);
    let declared = |group: &str| {
        let text = format!("start = \"2020-06-01\"\nend = \"2020-06-04\"\ngroup = \"{group}\"");
        schema(&grid, red()).time(axis(&text))
    };
    for (group, expected) in [
        // The sun is at 9:20 and 11:10 on June 2, and at 23:50 on June 1.
        ("solar_day", [Some(3.0), Some(1.0), None]),
        ("utc_day", [Some(3.0), Some(2.0), None]),
    ] {
        let (cube, report, loaded) = filled(&declared(group), &server).await;
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let found: Vec<_> =
            loaded.bands[0].rasters.iter().map(|raster| raster.value(3, 3)).collect();
        assert_eq!(found, expected, "{group}");
        assert_eq!(cube.schema().time, declared(group).time);
    }
    // Only one day is asked for, whose granules are of two days UTC.
    let cube = shots::cube(&declared("solar_day"), &server).await;
    let day = terracube_grid::TimeRange::parse("2020-06-02").unwrap();
    let plan = cube.plan(&Request::all().time(day)).await.unwrap();
    assert_eq!(plan.groups(), [(1, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_may_be_asked_of_the_source() {
    let grid = fiji();
    let server = shots::serve(&[
        shot("a", "2020-06-01T22:20:00Z", &grid, 1),
        shot("b", "2020-06-02T00:10:00Z", &grid, 2),
        shot("c", "2020-06-09T22:20:00Z", &grid, 3),
        shot("elsewhere", "2020-06-05T22:20:00Z", &utm(0, 0, 32, 32), 4),
    ]);
    let (found, access) = source(&server);
    for (group, days) in [
        ("solar_day", vec!["2020-06-02", "2020-06-10"]),
        ("utc_day", vec!["2020-06-01", "2020-06-02", "2020-06-09"]),
        ("instant", vec!["2020-06-01T22:20:00Z", "2020-06-02T00:10:00Z", "2020-06-09T22:20:00Z"]),
    ] {
        let text = format!(
            "times = \"source\"\nstart = \"2020-06-01\"\nend = \"2020-07-01\"\ngroup = \"{group}\""
        );
        let declared = schema(&grid, red()).time(axis(&text));
        let error = terracube_cube::Cube::create(
            std::sync::Arc::new(terracube_store::Unversioned::new(terracube_store::Memory::new())),
            &declared,
        )
        .await
        .unwrap_err();
        assert!(matches!(error, Error::TimesUnknown { .. }), "{error}");
        let known = declared.with_times_of(&*found, &access).await.unwrap();
        let (cube, report, loaded) = filled(&known, &server).await;
        let labels: Vec<_> = cube.steps().iter().map(|step| step.label.clone()).collect();
        assert_eq!(labels, days, "{group}");
        assert_eq!((report.filled, report.empty), (days.len(), 0), "no step is empty");
        assert_eq!(loaded.bands[0].rasters[days.len() - 1].value(0, 0), Some(3.0));
    }
}

/// Two Sentinel-2 granules of one reflectance, 0.25, before and since baseline 04.00.
fn sentinel_2() -> Vec<Shot> {
    let grid = utm(0, 0, 32, 32);
    let shot = |id: &str, day, baseline: &str, offset: f64, value: u16| {
        let says = json!({"raster:bands": [{"nodata": 0, "scale": 0.0001, "offset": offset}]});
        let pixels = u16s(&grid, |col, _| match col {
            0 => 0,
            1 => 900,
            _ => value,
        });
        Shot::new(id, day).says(json!({"s2:processing_baseline": baseline})).layer_that_says(
            "red",
            &grid,
            Some(0.0),
            pixels,
            says,
        )
    };
    vec![
        shot("old", "2021-06-01T10:00:00Z", "03.01", 0.0, 2500),
        shot("new", "2022-06-01T10:00:00Z", "04.00", -0.1, 3500),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn granules_of_two_offsets_are_refused_unless_harmonised() {
    let server = shots::serve(&sentinel_2());
    let grid = utm(0, 0, 32, 32);
    let years = axis("start = \"2021\"\nend = \"2023\"\nstep = \"year\"");
    let refused = |band: Band| {
        let (years, grid, server) = (years.clone(), grid.clone(), &server);
        async move {
            let cube = shots::cube(&schema(&grid, band).time(years), server).await;
            cube.plan(&Request::all()).await.unwrap_err().to_string()
        }
    };
    let error = refused(red()).await;
    assert!(
        error.contains("granule `new` says scale 0.0001 and offset -0.1, but granule `old` says scale 0.0001 and offset 0"),
        "{error}"
    );
    let error = refused(red().scale_offset(1e-4, 0.0)).await;
    assert!(error.contains("granule `new`") && error.contains("the cube declares"), "{error}");

    for (how, offset, stored) in [
        (Harmonise::Sentinel2, 0.0, [2500.0, 2500.0]),
        (Harmonise::Item, 0.0, [2500.0, 2500.0]),
        (Harmonise::Item, -0.1, [3500.0, 3500.0]),
        (Harmonise::AsStored, 0.0, [2500.0, 3500.0]),
    ] {
        let band = red().scale_offset(1e-4, offset).harmonise(how);
        let (cube, report, loaded) =
            filled(&schema(&grid, band).time(years.clone()), &server).await;
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let rasters = &loaded.bands[0].rasters;
        assert_eq!([0, 1].map(|i| rasters[i].value(9, 9).unwrap()), stored, "{how:?}");
        assert_eq!(rasters[1].value(0, 0), None, "what is nodata stays so");
        if offset == 0.0 && how != Harmonise::AsStored {
            assert_eq!(
                rasters[1].value(1, 0),
                Some(1.0),
                "below 0 is the least number, not nodata"
            );
        }
        let state = cube.state().await.unwrap();
        assert!(state.patches().iter().all(|(_, state)| *state == PatchState::Filled));
        let patch = terracube_cube::Patch { time: 1, row: 0, col: 0 };
        let provenance = cube.provenance(patch).await.unwrap().unwrap();
        let expected: &[&str] = if stored[1] == 2500.0 { &["red × 1 − 1000"] } else { &[] };
        assert_eq!(provenance.granules[0].harmonised, expected, "{how:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_scale_for_all_is_stored_as_it_is_with_a_warning() {
    let mut both = sentinel_2();
    both.truncate(1);
    let server = shots::serve(&both);
    let cube = shots::cube(&schema(&utm(0, 0, 32, 32), red()), &server).await;
    let plan = cube.plan(&Request::all()).await.unwrap();
    assert!(plan.warnings[0].contains("says scale 0.0001 and offset 0"), "{:?}", plan.warnings);
}
