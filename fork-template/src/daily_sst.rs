//! Daily sea-surface temperature from an archive with one COG a day.

use serde::Deserialize;
use terracube::grid::Time;
use terracube::source::prelude::*;

const DAY: i64 = 86_400;

/// An archive of files named `{root}/YYYY-MM-DD.tif`, each of the whole Earth.
#[derive(Debug, Deserialize)]
pub struct DailySst {
    /// The folder or URL of the files.
    pub root: String,
    /// The days there are, as `2024-01-01/2025-01-01`.
    pub days: TimeRange,
}

#[async_trait]
impl Source for DailySst {
    fn search(&self, query: &Query, _: &Access) -> Granules {
        let root = self.root.trim_end_matches('/').to_owned();
        let asked = query.time.unwrap_or(TimeRange::ALL);
        let first = self.days.start.max(asked.start).seconds().div_euclid(DAY);
        let end = self.days.end.min(asked.end).seconds().saturating_add(DAY - 1).div_euclid(DAY);
        granules(query, (first..end).map(move |day| granule(&root, day)))
    }
}

impl Connector for DailySst {
    const NAME: &'static str = "daily-sst";
    const ABOUT: &'static str = "daily sea-surface temperature, one COG a day";
    const KEYS: &'static [&'static str] = &["root", "days"];
}

fn granule(root: &str, day: i64) -> Result<Granule> {
    let bad = |cause: terracube::grid::Error| Error::Query {
        source_name: DailySst::NAME.to_owned(),
        reason: cause.to_string(),
    };
    let start = Time::from_seconds(day * DAY).map_err(bad)?;
    let end = Time::from_seconds((day + 1) * DAY).map_err(bad)?;
    let date = start.date();
    let asset = Asset::new("sst", format!("{root}/{date}.tif"));
    let time = TimeRange::new(start, end).map_err(bad)?;
    Ok(Granule::new(format!("sst-{date}"), time).with_asset(asset))
}
