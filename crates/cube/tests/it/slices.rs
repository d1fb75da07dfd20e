//! Which slice of a file each time step is made of.

use serde_json::{Value, json};
use terracube_cube::{Band, Loaded, PatchState, Schema};
use terracube_grid::{GeoBox, TimeAxis};
use terracube_raster::{DType, MosaicRule};

use crate::archive::utm;
use crate::shots::filled;
use crate::whole::{days, schema, serve_all};

fn grid() -> GeoBox {
    utm(0, 0, 20, 30)
}

/// `days.nc` with other text or numbers of the same length.
fn days_with(changes: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut file = days();
    for (from, to) in changes {
        assert_eq!(from.len(), to.len());
        let at = file.windows(from.len()).position(|bytes| bytes == *from).expect("it is there");
        file[at..at + to.len()].copy_from_slice(to);
    }
    file
}

/// `days.nc` with these hours since 2020-06-01 instead of 12, 36 and 60.
fn days_at(hours: [f64; 3]) -> Vec<u8> {
    let [a, b, c] = [12.0_f64, 36.0, 60.0].map(f64::to_be_bytes);
    let all = [a, b, c].concat();
    days_with(&[(&all, &hours.map(f64::to_be_bytes).concat())])
}

fn seen(start: &str, end: &str) -> Value {
    json!({"datetime": null, "start_datetime": start, "end_datetime": end})
}

fn three_days() -> Value {
    seen("2020-06-01T00:00:00Z", "2020-06-03T23:59:59Z")
}

fn place(axis: &str) -> Schema {
    let band = Band::new("place", DType::F32).asset("file").variable("place");
    schema(&grid(), vec![band]).time(toml::from_str::<TimeAxis>(axis).unwrap())
}

/// The slice that each step holds, told by its pixel in row 7 and column 9.
fn slices(loaded: &Loaded) -> Vec<Option<usize>> {
    let slice = |value: f64| ((value - 7009.0) / 100_000.0) as usize;
    loaded.bands[0].rasters.iter().map(|raster| raster.value(9, 7).map(slice)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn instants_are_matched_exactly_and_the_end_of_a_range_belongs_to_it() {
    let ends_at_its_last = seen("2020-06-01T12:00:00Z", "2020-06-03T12:00:00Z");
    let server = serve_all(&grid(), vec![("a.nc".into(), days(), ends_at_its_last)]);
    let times = "times = [\"2020-06-01T12:00:00Z\", \"2020-06-02T12:00:00Z\", \
                 \"2020-06-02T18:00:00Z\", \"2020-06-03T12:00:00Z\"]\ngroup = \"instant\"";
    let (_, report, loaded) = filled(&place(times), &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(slices(&loaded), [Some(0), Some(1), None, Some(2)]);

    let hours = "start = \"2020-06-03T11:00:00Z\"\nend = \"2020-06-03T14:00:00Z\"\nstep = \"PT1H\"";
    let (_, _, loaded) = filled(&place(hours), &server).await;
    assert_eq!(slices(&loaded), [None, Some(2), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_whose_times_are_not_understood_are_refused() {
    let axis = "start = \"2020-06-01\"\nend = \"2020-06-05\"\nstep = \"day\"";
    let units = b"hours since 2020-06-01";
    for (wrong, why) in [
        (b"months since 2020-06-1", "months and years are of no fixed length"),
        (b"hours since 2020-06-xx", "is not understood"),
    ] {
        let file = days_with(&[(units, wrong)]);
        let server = serve_all(&grid(), vec![("a.nc".into(), file, three_days())]);
        let mut without_time = place(axis);
        without_time.time = None;
        let mut third = without_time.clone();
        third.bands[0].asset_band = 3;
        let (_, report, loaded) = filled(&third, &server).await;
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        assert_eq!(slices(&loaded), [Some(2)]);
        for schema in [place(axis), without_time] {
            let (cube, report, _) = filled(&schema, &server).await;
            let reason = &report.failed[0].reason;
            assert!(reason.contains("dimension `time`") && reason.contains(why), "{reason}");
            let state = cube.state().await.unwrap();
            let settled = state.patches().iter().filter(|(_, s)| *s == PatchState::Filled);
            assert_eq!(settled.count(), 0);
        }
    }
    let zoned = days_with(&[(units, b"h since 2020-6-1 0 GMT")]);
    let server = serve_all(&grid(), vec![("a.nc".into(), zoned, three_days())]);
    let (_, report, loaded) = filled(&place(axis), &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(slices(&loaded), [Some(0), Some(1), Some(2), None]);
}

/// As MUR's: a day each from 21:00 to 21:00, of 12:00.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_one_instant_is_of_the_step_of_its_instant() {
    let file = |name: &str, hour: f64, start: &str, end: &str| {
        (name.to_owned(), days_at([hour; 3]), seen(start, end))
    };
    let server = serve_all(
        &grid(),
        vec![
            file("a.nc", 12.0, "2020-05-31T21:00:00Z", "2020-06-01T21:00:00Z"),
            file("b.nc", 36.0, "2020-06-01T21:00:00Z", "2020-06-02T21:00:00Z"),
            file("c.nc", 108.0, "2020-06-04T21:00:00Z", "2020-06-05T21:00:00Z"),
        ],
    );
    let mut counted = place("start = \"2020-06-01\"\nend = \"2020-06-05\"\nstep = \"day\"");
    counted.bands[0].dtype = DType::U8;
    counted.bands[0] = counted.bands[0].clone().nodata(0.0).mosaic(MosaicRule::Count);
    let (_, report, loaded) = filled(&counted, &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let counts: Vec<_> = loaded.bands[0].rasters.iter().map(|r| r.value(3, 3)).collect();
    assert_eq!(counts, [Some(1.0), Some(1.0), None, None]);

    // Within the step its clock does not matter; over several one that contradicts is not believed.
    let server = serve_all(
        &grid(),
        vec![
            file("a.nc", -9e6, "2020-06-01T03:00:00Z", "2020-06-01T04:00:00Z"),
            file("b.nc", -9e6, "2020-06-02T23:00:00Z", "2020-06-03T01:00:00Z"),
        ],
    );
    let (_, _, loaded) = filled(&counted, &server).await;
    let counts: Vec<_> = loaded.bands[0].rasters.iter().map(|r| r.value(3, 3)).collect();
    assert_eq!(counts, [Some(1.0), Some(1.0), None, None]);

    // Steps that were made of the files' own times.
    let times = "times = [\"2020-06-01T03:00:00Z\", \"2020-06-02T23:00:00Z\"]\ngroup = \"instant\"";
    counted.time = Some(toml::from_str(times).unwrap());
    let (_, report, _) = filled(&counted, &server).await;
    assert_eq!((report.failed.len(), report.empty), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn solar_days_count_for_files_seen_over_a_range() {
    let days = |longitude: &str| {
        let text = format!(
            "start = \"2020-06-01\"\nend = \"2020-06-04\"\ngroup = \"solar_day\"\nlongitude = {longitude}"
        );
        place(&text)
    };
    // At 15° E the sun is an hour ahead of UTC.
    let late = seen("2020-06-01T23:20:00Z", "2020-06-01T23:25:00Z");
    let server = serve_all(&grid(), vec![("a.nc".into(), days_at([23.375; 3]), late)]);
    let (_, report, loaded) = filled(&days("\"granule\""), &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(slices(&loaded), [None, Some(0), None]);
    // At 170° W it is 11 hours behind.
    let early = seen("2020-06-02T02:00:00Z", "2020-06-02T02:05:00Z");
    let server = serve_all(&grid(), vec![("a.nc".into(), days_at([26.031_25; 3]), early)]);
    let (_, _, loaded) = filled(&days("-170.0"), &server).await;
    assert_eq!(slices(&loaded), [Some(0), None, None]);
    let nights = seen("2020-06-01T02:00:00Z", "2020-06-03T02:00:00Z");
    let server = serve_all(&grid(), vec![("a.nc".into(), days_at([2.0, 26.0, 50.0]), nights)]);
    let (_, _, loaded) = filled(&days("-170.0"), &server).await;
    assert_eq!(slices(&loaded), [Some(1), Some(2), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_library_takes_for_missing_leaves_the_declared_nodata_its_say() {
    let server = serve_all(&grid(), vec![("a.nc".into(), days(), three_days())]);
    let mut schema = place("start = \"2020-06-01\"\nend = \"2020-06-02\"\nstep = \"day\"");
    schema.bands[0].source_nodata = Some(5.0);
    let (_, report, loaded) = filled(&schema, &server).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let raster = &loaded.bands[0].rasters[0];
    assert_eq!((raster.value(5, 0), raster.value(6, 0)), (None, Some(6.0)));
}
