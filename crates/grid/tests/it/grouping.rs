//! Tests of grouping: periods as pandas counts them, solar days as odc-stac does, properties.

use proptest::prelude::*;
use terracube_grid::{Grouping, Region, SolarLongitude, Time, TimeAxis, TimeRange};

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn axis(toml_as_json: &str) -> TimeAxis {
    serde_json::from_str(toml_as_json).unwrap()
}

#[test]
fn periods_begin_where_those_of_pandas_do() {
    for line in include_str!("data/periods.tsv").lines() {
        let mut fields = line.split('\t');
        let (step, start, end) =
            (fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap());
        let axis = TimeAxis::regular(time(start), time(end), step).unwrap();
        assert_eq!(axis.len(), fields.next().unwrap().parse::<usize>().unwrap(), "{line}");
        for field in fields {
            let (index, begin) = field.split_once('=').unwrap();
            let found = axis.step(index.parse().unwrap()).unwrap();
            assert_eq!(found.start, time(begin), "{line}");
        }
    }
}

#[test]
fn solar_days_are_those_of_odc_stac() {
    let axis = axis(r#"{"start":"2020-02-20","end":"2020-03-10","group":"solar_day"}"#);
    assert_eq!(axis.grouping(), Grouping::SolarDay(SolarLongitude::Granule));
    for line in include_str!("data/solar_days.tsv").lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let longitude: f64 = fields[1].parse().unwrap();
        let step = axis.step_of(time(fields[0]), Some(longitude)).unwrap();
        assert_eq!(axis.step(step).unwrap().label, fields[2], "{line}");
    }
}

#[test]
fn periods_have_short_names() {
    let labels = |step: &str| {
        let axis = TimeAxis::regular(time("2020-02-15"), time("2021"), step).unwrap();
        (axis.step(0).unwrap().label, axis.step(2).unwrap().label)
    };
    for (step, first, third) in [
        ("day", "2020-02-15", "2020-02-17"),
        ("dekad", "2020-02-11", "2020-03-01"),
        ("month", "2020-02", "2020-04"),
        ("season", "2019-12", "2020-06"),
    ] {
        assert_eq!(labels(step), (first.to_owned(), third.to_owned()), "{step}");
    }
    let years = TimeAxis::regular(time("2020-02-15"), time("2022"), "year").unwrap();
    assert_eq!(years.step(1).unwrap().label, "2021");
}

#[test]
fn instants_take_their_own_time_only() {
    let axis =
        axis(r#"{"times":["2020-01-01T10:00:00Z","2020-01-01T10:00:25Z"],"group":"instant"}"#);
    assert_eq!(axis.step_of(time("2020-01-01T10:00:00Z"), None), Some(0));
    assert_eq!(axis.step_of(time("2020-01-01T10:00:01Z"), None), None);
    assert_eq!(axis.step_of(time("2020-01-01T10:00:25Z"), Some(150.0)), Some(1));
    let step = axis.step(1).unwrap();
    assert_eq!(step.start, step.end, "a moment has no length");
    assert_eq!(axis.range_of(&TimeRange::parse("2020-01-01").unwrap()), 0..2);
    assert_eq!(axis.range_of(&TimeRange::parse("2020-01-02").unwrap()), 2..2);
    assert!(axis.search_range(1..2).contains(step.start));
}

#[test]
fn listed_days_leave_the_others_out() {
    for group in ["utc_day", "solar_day"] {
        let axis = axis(&format!(r#"{{"times":["2020-01-01","2020-01-11"],"group":"{group}"}}"#));
        assert_eq!(axis.step_of(time("2020-01-01T23:59:59Z"), Some(0.0)), Some(0));
        assert_eq!(axis.step_of(time("2020-01-02"), Some(0.0)), None);
        assert_eq!(axis.step_of(time("2020-01-11T12:00:00Z"), Some(0.0)), Some(1));
    }
}

#[test]
fn steps_of_a_source_are_its_groups() {
    let sought =
        axis(r#"{"times":"source","start":"2020-01-01","end":"2020-01-03","group":"solar_day"}"#);
    assert!(sought.is_empty() && sought.is_sought().is_some());
    // Alaska: 21:25 UTC and 00:10 UTC of the next day are one day, and what is of the day before
    // the range is not asked for.
    let granules = [
        (time("2020-01-01T21:25:00Z"), Some(-139.0)),
        (time("2020-01-02T00:10:00Z"), Some(-139.0)),
        (time("2020-01-01T02:00:00Z"), Some(-139.0)),
    ];
    let found = sought.found(granules).unwrap();
    assert_eq!(found, axis(r#"{"times":["2020-01-01"],"end":"2020-01-02","group":"solar_day"}"#));
    assert_eq!(found.step_of(granules[1].0, granules[1].1), Some(0));
    assert!(sought.found([]).unwrap_err().to_string().contains("nothing"));
    let text = serde_json::to_string(&sought).unwrap();
    assert_eq!(axis(&text), sought);
}

#[test]
fn what_does_not_go_together_is_said() {
    for (bad, word) in [
        (r#"{"start":"2020","end":"2021","step":"month","group":"instant"}"#, "list of times"),
        (r#"{"start":"2020","end":"2021","step":"month","group":"utc_day"}"#, "steps of a day"),
        (r#"{"start":"2020","end":"2021","step":"day","group":"sun"}"#, "period, instant"),
        (r#"{"start":"2020","end":"2021","step":"decade"}"#, "day, dekad, month"),
        (r#"{"times":["2020-01-01T05:00:00Z"],"group":"utc_day"}"#, "midnight"),
        (r#"{"times":"source","start":"2020","end":"2021"}"#, "need a group"),
        (r#"{"start":"2020","end":"2021","step":"day","longitude":12.0}"#, "solar_day"),
    ] {
        let error = serde_json::from_str::<TimeAxis>(bad).unwrap_err().to_string();
        assert!(error.contains(word), "{bad}: {error}");
    }
}

#[test]
fn declarations_come_back_as_they_were() {
    for text in [
        r#"{"start":"2020-01-01T00:00:00Z","end":"2021-01-01T00:00:00Z","step":"dekad"}"#,
        r#"{"start":"2020-01-01T00:00:00Z","end":"2021-01-01T00:00:00Z","step":"day","group":"solar_day","longitude":"granule"}"#,
        r#"{"start":"2020-01-01T00:00:00Z","end":"2021-01-01T00:00:00Z","step":"month","group":"solar_day","longitude":12.5}"#,
    ] {
        assert_eq!(serde_json::to_string(&axis(text)).unwrap(), text);
    }
}

#[test]
fn the_middle_of_a_footprint_across_180_is_there() {
    let split = serde_json::json!({"type": "MultiPolygon", "coordinates": [
        [[[179, 0], [180, 0], [180, 1], [179, 1], [179, 0]]],
        [[[-180, 0], [-179.5, 0], [-179.5, 1], [-180, 1], [-180, 0]]]]});
    let middle = Region::from_geojson(&split).unwrap().middle_longitude().unwrap();
    assert!((middle - 179.75).abs() < 1e-9, "{middle}");
    let fiji = Region::from_bbox(176.0, -20.0, -178.0, -12.0).unwrap();
    assert!((fiji.middle_longitude().unwrap() - 179.0).abs() < 1e-9);
    let europe = Region::from_bbox(-10.0, 40.0, 30.0, 60.0).unwrap();
    assert!((europe.middle_longitude().unwrap() - 10.0).abs() < 1e-9);
}

proptest! {
    /// Whatever the step: every moment of the range is in exactly one cell, which holds it; and it
    /// is found by a search over that step's range, wherever on Earth it was seen.
    #[test]
    fn every_moment_has_one_step(
        step in 0usize..7, seconds in 0i64..63_072_000, longitude in -180.0f64..180.0,
    ) {
        let name = ["day", "dekad", "month", "season", "year", "P8D", "PT5H"][step];
        let (start, end) = (time("2019-11-05"), time("2021-11-04"));
        let moment = Time::from_seconds(start.seconds() + seconds).unwrap();
        let periods = TimeAxis::regular(start, end, name).unwrap();
        let found = periods.step_of(moment, Some(longitude));
        prop_assert_eq!(found, periods.steps().iter().position(|s| s.range().contains(moment)));
        prop_assert!(found.is_some());
        let days = periods.grouped(Grouping::SolarDay(SolarLongitude::Granule)).unwrap();
        if let Some(step) = days.step_of(moment, Some(longitude)) {
            prop_assert!(days.search_range(step..step + 1).contains(moment));
        }
    }

    /// Dekads and seasons are made of whole months.
    #[test]
    fn periods_nest(year in 1900i16..2100, day in 0i64..365) {
        let start = time(&format!("{year}-01-01"));
        let at = Time::from_seconds(start.seconds() + day * 86_400).unwrap();
        let end = Time::from_seconds(at.seconds() + 1).unwrap();
        let first = |step| TimeAxis::regular(at, end, step).unwrap().step(0).unwrap();
        let (dekad, month, season, whole) = (first("dekad"), first("month"), first("season"), first("year"));
        for (inner, outer) in [(&dekad, &month), (&month, &season), (&month, &whole)] {
            prop_assert!(outer.start <= inner.start && inner.end <= outer.end);
        }
        prop_assert!([1, 11, 21].contains(&dekad.start.ymd().2));
        prop_assert!(season.start.ymd().1 % 3 == 0);
    }
}
