//! Tests of the time axis against reference values and properties.

use proptest::prelude::*;
use terracube_grid::{Lookup, Time, TimeAxis, TimeRange};

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

#[test]
fn times_are_read_in_many_forms() {
    for (text, seconds) in [
        ("2020-02-29T12:00:00Z", 1_582_977_600),
        ("2020-02-29T12:00:00", 1_582_977_600),
        ("2020-02-29T13:00:00+01:00", 1_582_977_600),
        ("2020-02-29 12:00:00Z", 1_582_977_600),
        ("2020-02-29", 1_582_934_400),
        ("2020-02", 1_580_515_200),
        ("2020", 1_577_836_800),
        ("1969-12-31T23:59:59Z", -1),
    ] {
        assert_eq!(time(text).seconds(), seconds, "{text}");
    }
    for text in ["", "2020-13", "2020-02-30", "yesterday", "20", "2020-2-3-4", "20200"] {
        let error = Time::parse(text).unwrap_err();
        assert!(error.to_string().contains("expected 2020"), "{error}");
    }
    assert_eq!(time("2020-02-29T12:00:00.25Z").micros(), 1_582_977_600_250_000);
    assert_eq!(Time::from_seconds(-1).unwrap().to_string(), "1969-12-31T23:59:59Z");
}

#[test]
fn ranges_are_half_open() {
    let january = TimeRange::parse("2020-01-01/2020-02-01").unwrap();
    assert_eq!(january, TimeRange::parse("2020-01").unwrap());
    assert!(
        january.contains(time("2020-01-31T23:59:59Z")) && !january.contains(time("2020-02-01"))
    );
    let open = TimeRange::parse("2020-01-01/..").unwrap();
    assert_eq!(open.end, Time::MAX);
    assert_eq!(open.to_string(), "2020-01-01T00:00:00Z/..");
    assert_eq!(open.to_string().parse::<TimeRange>().unwrap(), open);
    assert_eq!(TimeRange::parse("..").unwrap(), TimeRange::ALL);
    assert!(TimeRange::parse("2021/2020").is_err());
    assert!(!january.overlaps(&TimeRange::parse("2020-02").unwrap()));
    let moment = TimeRange::parse("2020-01-15T00:00:00Z").unwrap();
    assert!(january.overlaps(&moment) && moment.overlaps(&january));
}

#[test]
fn months_follow_the_calendar() {
    let axis = TimeAxis::regular(time("2019-12-31"), time("2020-06-01"), "P1M").unwrap();
    let dates: Vec<String> = axis.steps().iter().map(|s| s.start.date()).collect();
    assert_eq!(
        dates,
        ["2019-12-31", "2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31"]
    );
    let axis = TimeAxis::regular(time("2020"), time("2021"), "P1M").unwrap();
    let labels: Vec<String> = axis.steps().into_iter().map(|s| s.label).collect();
    assert_eq!((labels.len(), labels[1].as_str()), (12, "2020-02"));
    assert_eq!(
        TimeAxis::regular(time("2000"), time("2020"), "P1Y").unwrap().step(3).unwrap().label,
        "2003"
    );
    assert_eq!(
        TimeAxis::regular(time("2000"), time("2020"), "P8D").unwrap().step(1).unwrap().label,
        "2000-01-09"
    );
    let hours = TimeAxis::regular(time("2000"), time("2000-01-02"), "PT6H").unwrap();
    assert_eq!((hours.len(), hours.step(1).unwrap().label.as_str()), (4, "2000-01-01T06:00:00Z"));
}

#[test]
fn lookups() {
    let axis =
        TimeAxis::explicit(vec![time("2020-01-01"), time("2020-01-11"), time("2020-01-21")], None)
            .unwrap();
    let at = |text: &str, how| axis.index_of(time(text), how);
    assert_eq!(at("2020-01-11", Lookup::Exact), Some(1));
    assert_eq!(at("2020-01-12", Lookup::Exact), None);
    assert_eq!(at("2020-01-12", Lookup::Pad), Some(1));
    assert_eq!(at("2020-01-12", Lookup::Backfill), Some(2));
    assert_eq!(at("2020-01-12", Lookup::Nearest), Some(1));
    assert_eq!(at("2020-01-16", Lookup::Nearest), Some(1));
    assert_eq!(at("2020-01-17", Lookup::Nearest), Some(2));
    assert_eq!(at("2019-01-01", Lookup::Pad), None);
    assert_eq!(at("2019-01-01", Lookup::Nearest), Some(0));
    assert_eq!(at("2029-01-01", Lookup::Nearest), Some(2));
    assert_eq!(at("2029-01-01", Lookup::Backfill), None);
    assert_eq!(axis.cell_of(time("2020-01-30T23:00:00Z")), Some(2));
    assert_eq!(axis.cell_of(time("2020-01-31")), None);
    assert_eq!(axis.range().to_interval(), "2020-01-01T00:00:00Z/2020-01-31T00:00:00Z");
}

#[test]
fn ranges_select_cells() {
    let axis = TimeAxis::regular(time("2020"), time("2021"), "P1M").unwrap();
    let select = |text: &str| axis.range_of(&TimeRange::parse(text).unwrap());
    assert_eq!(select("2020-02"), 1..2);
    assert_eq!(select("2020-01-31/2020-02-02"), 0..2);
    assert_eq!(select(".."), 0..12);
    assert_eq!(select("2019"), 0..0);
    assert_eq!(select("2021"), 12..12);
    assert_eq!(select("../2020-03-01"), 0..2);
}

#[test]
fn declared_in_two_ways() {
    let regular = r#"{"start":"2020-01-01T00:00:00Z","end":"2021-01-01T00:00:00Z","step":"P10D"}"#;
    let axis: TimeAxis = serde_json::from_str(regular).unwrap();
    assert_eq!(axis.len(), 37);
    assert_eq!(serde_json::to_string(&axis).unwrap(), regular);
    let explicit: TimeAxis =
        serde_json::from_str(r#"{"times":["2020-01-01","2020-02-01"]}"#).unwrap();
    assert_eq!(explicit.len(), 2);
    let text = serde_json::to_string(&explicit).unwrap();
    assert_eq!(serde_json::from_str::<TimeAxis>(&text).unwrap(), explicit);
    for bad in [
        r#"{"times":[]}"#,
        r#"{"times":["2020","2020"]}"#,
        r#"{"start":"2020","end":"2021"}"#,
        r#"{"start":"2020","end":"2021","step":"P0D"}"#,
        r#"{"start":"2020","end":"2021","step":"-P1D"}"#,
        r#"{"start":"2020","end":"2021","step":"monthly"}"#,
        r#"{"start":"2021","end":"2020","step":"P1D"}"#,
        r#"{"start":"1900","end":"2100","step":"PT0.001S"}"#,
        r#"{"times":["2020"],"steps":"P1D"}"#,
    ] {
        assert!(serde_json::from_str::<TimeAxis>(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn lookups_agree_with_a_search(step in 0usize..5, offset in -100i64..1000, hour in 0i64..24) {
        let axis = TimeAxis::regular(time("2020-01-31"), time("2022-03-05"), ["P1D", "P8D", "P1M", "P1Y", "PT7H"][step]).unwrap();
        let t = Time::from_seconds(time("2020-01-01").seconds() + offset * 86_400 + hour * 3600).unwrap();
        let steps = axis.steps();
        prop_assert_eq!(steps.len(), axis.len());
        prop_assert!(steps.windows(2).all(|w| w[0].end == w[1].start && w[0].start < w[0].end));
        prop_assert_eq!(axis.cell_of(t), steps.iter().position(|s| s.range().contains(t)));
        prop_assert_eq!(axis.index_of(t, Lookup::Pad), steps.iter().rposition(|s| s.start <= t));
        prop_assert_eq!(axis.index_of(t, Lookup::Backfill), steps.iter().position(|s| s.start >= t));
        let nearest = (0..steps.len()).min_by_key(|i| (steps[*i].start.micros() - t.micros()).abs());
        prop_assert_eq!(axis.index_of(t, Lookup::Nearest), nearest);
        let range = TimeRange::new(t, Time::from_seconds(t.seconds() + 40 * 86_400).unwrap()).unwrap();
        let found: Vec<usize> = (0..steps.len()).filter(|i| steps[*i].range().overlaps(&range)).collect();
        prop_assert_eq!(axis.range_of(&range).collect::<Vec<_>>(), found);
    }
}
