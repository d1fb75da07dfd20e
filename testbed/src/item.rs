//! A STAC item with what a search asks of it.

use geo::{Geometry, Intersects, Rect};
use jiff::Timestamp;
use serde_json::Value;

/// An item as it was given, its hrefs untouched.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) collection: String,
    pub(crate) document: Value,
    geometry: Option<Geometry>,
    times: Option<(Timestamp, Timestamp)>,
}

impl Item {
    /// Reads a GeoJSON feature; the item becomes one of `collection`.
    pub(crate) fn read(mut document: Value, collection: &str) -> Result<Self, String> {
        let id =
            document["id"].as_str().ok_or("an item needs an `id` that is a string")?.to_owned();
        if !document["assets"].is_object() {
            return Err(format!("item `{id}` needs an object `assets`"));
        }
        document["collection"] = collection.into();
        Ok(Self {
            geometry: match &document["geometry"] {
                Value::Null => None,
                geometry => Some(read_geometry(geometry).map_err(|e| format!("item `{id}`: {e}"))?),
            },
            times: read_times(&document["properties"]).map_err(|e| format!("item `{id}`: {e}"))?,
            id,
            collection: collection.to_owned(),
            document,
        })
    }

    pub(crate) fn intersects(&self, area: &Geometry) -> bool {
        self.geometry.as_ref().is_some_and(|geometry| geometry.intersects(area))
    }

    /// Whether the item's time or span of time meets the closed interval.
    pub(crate) fn is_within(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> bool {
        self.times.is_some_and(|(start, end)| {
            from.is_none_or(|from| end >= from) && to.is_none_or(|to| start <= to)
        })
    }

    /// The value of a queryable: a property, or `id` and `collection`.
    pub(crate) fn property(&self, name: &str) -> &Value {
        match name {
            "id" | "collection" => &self.document[name],
            _ => &self.document["properties"][name.strip_prefix("properties.").unwrap_or(name)],
        }
    }

    /// The document with every relative asset href changed by `rewrite`.
    pub(crate) fn with_hrefs(&self, rewrite: impl Fn(&str) -> String) -> Value {
        let mut document = self.document.clone();
        if let Some(assets) = document["assets"].as_object_mut() {
            for asset in assets.values_mut() {
                if let Some(href) = asset["href"].as_str().filter(|href| is_relative(href)) {
                    asset["href"] = rewrite(href).into();
                }
            }
        }
        document
    }
}

/// A GeoJSON geometry in longitude and latitude, degrees.
pub(crate) fn read_geometry(value: &Value) -> Result<Geometry, String> {
    let geometry = serde_json::from_value::<geojson::Geometry>(value.clone())
        .map_err(|cause| format!("not a GeoJSON geometry: {cause}"))?;
    Geometry::try_from(geometry).map_err(|cause| format!("not a GeoJSON geometry: {cause}"))
}

/// The area of a STAC bbox of 4 or 6 numbers; west > east crosses 180°.
pub(crate) fn read_bbox(numbers: &[f64]) -> Result<Geometry, String> {
    let [west, south, east, north] = match *numbers {
        [west, south, east, north] => [west, south, east, north],
        [west, south, _, east, north, _] => [west, south, east, north],
        _ => return Err(format!("a bbox has 4 or 6 numbers, not {}", numbers.len())),
    };
    if south > north {
        return Err(format!("bbox: south {south} is above north {north}"));
    }
    let part = |west, east| Rect::new((west, south), (east, north)).to_polygon();
    Ok(if west <= east {
        Geometry::Polygon(part(west, east))
    } else {
        Geometry::MultiPolygon(vec![part(west, 180.0), part(-180.0, east)].into())
    })
}

fn is_relative(href: &str) -> bool {
    url::Url::parse(href) == Err(url::ParseError::RelativeUrlWithoutBase)
}

fn read_times(properties: &Value) -> Result<Option<(Timestamp, Timestamp)>, String> {
    let read = |name: &str| match properties[name].as_str() {
        None => Ok(None),
        Some(text) => text
            .parse::<Timestamp>()
            .map(Some)
            .map_err(|cause| format!("`{name}` is not an RFC 3339 time: {cause}")),
    };
    let span = (read("start_datetime")?, read("end_datetime")?);
    Ok(match (span, read("datetime")?) {
        ((Some(start), Some(end)), _) => Some((start, end)),
        (_, Some(time)) => Some((time, time)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_triangle_does_not_meet_the_corner_of_its_bbox() {
        let item = Item::read(
            json!({"id": "a", "assets": {}, "properties": {"datetime": "2020-01-01T00:00:00Z"},
                "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [0, 10], [0, 0]]]}}),
            "c",
        )
        .unwrap();
        assert!(item.intersects(&read_bbox(&[1.0, 1.0, 2.0, 2.0]).unwrap()));
        assert!(!item.intersects(&read_bbox(&[8.0, 8.0, 9.0, 9.0]).unwrap()));
        assert!(item.intersects(&read_bbox(&[170.0, -1.0, 1.0, 1.0]).unwrap()));
        assert!(!item.intersects(&read_bbox(&[170.0, -1.0, -170.0, 1.0]).unwrap()));
    }

    #[test]
    fn an_href_with_a_scheme_or_a_root_stays_relative_only_without_scheme() {
        assert!(is_relative("data/a.tif"));
        assert!(is_relative("../a.tif"));
        assert!(!is_relative("https://example.org/a.tif"));
        assert!(!is_relative("s3://bucket/a.tif"));
    }
}
