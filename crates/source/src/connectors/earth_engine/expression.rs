//! Expressions: what the server computes, as the graphs that its own client sends.

use serde_json::{Value, json};
use terracube_grid::{Region, TimeRange};

use super::Method;

/// The pixels of an image, `nodata` where it has none.
pub(super) fn image(id: &str, nodata: f64) -> Value {
    graph(&unmasked(&call("Image.load", json!({ "id": constant(json!(id)) })), nodata))
}

/// What `method` makes of the images of a collection, `nodata` where there are none.
pub(super) fn composite(
    id: &str,
    time: &TimeRange,
    region: &Region,
    method: Method,
    nodata: Option<f64>,
) -> Value {
    let all = call("ImageCollection.load", json!({ "id": constant(json!(id)) }));
    let range = call(
        "DateRange",
        json!({
            "start": constant(json!(time.start.to_string())),
            "end": constant(json!(time.end.to_string())),
        }),
    );
    let in_time = call(
        "Filter.dateRangeContains",
        json!({ "leftValue": range, "rightField": constant(json!("system:time_start")) }),
    );
    let in_region = call(
        "Filter.intersects",
        json!({
            "leftField": constant(json!(".all")),
            "rightValue": call("Feature", json!({ "geometry": geometry(region) })),
        }),
    );
    let filtered = [in_time, in_region].into_iter().fold(all, |all, filter| {
        call("Collection.filter", json!({ "collection": all, "filter": filter }))
    });
    let made = call(method.function(), json!({ "collection": filtered }));
    graph(&match nodata {
        Some(nodata) => unmasked(&made, nodata),
        None => made,
    })
}

fn geometry(region: &Region) -> Value {
    let json = region.to_geojson();
    let name = if json["type"] == "Polygon" { "Polygon" } else { "MultiPolygon" };
    call(
        &format!("GeometryConstructors.{name}"),
        json!({
            "coordinates": constant(json["coordinates"].clone()),
            // Edges are straight in degrees, as everywhere here.
            "geodesic": constant(json!(false)),
        }),
    )
}

fn unmasked(image: &Value, nodata: f64) -> Value {
    let value = call("Image.constant", json!({ "value": constant(number(nodata)) }));
    call("Image.unmask", json!({ "input": image, "value": value }))
}

/// A whole number without a point.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

fn call(function: &str, arguments: Value) -> Value {
    json!({ "functionInvocationValue": { "functionName": function, "arguments": arguments } })
}

fn constant(value: Value) -> Value {
    json!({ "constantValue": value })
}

fn graph(result: &Value) -> Value {
    json!({ "result": "0", "values": { "0": result } })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What earthengine-api 1.7.50 makes: `ee.serializer.encode(image, for_cloud_api=True)` of
    /// `ImageCollection(…).filterDate(…).filterBounds(Geometry(…, None, False))` with `.mosaic()`
    /// and `.median()`, and of `Image("projects/p/assets/i").unmask(-1)`.
    const EXPECTED: &str = include_str!("../../../tests/data/earth-engine-expressions.json");

    /// A graph with what it refers to put in its place, and lists of constants as constants.
    fn plain(value: &Value, values: &Value) -> Value {
        if let Some(name) = value["valueReference"].as_str() {
            return plain(&values[name], values);
        }
        if let Some(all) = value["arrayValue"]["values"].as_array() {
            let all = all.iter().map(|one| plain(one, values)["constantValue"].clone());
            return constant(all.collect());
        }
        match value {
            Value::Object(all) => Value::Object(
                all.iter().map(|(key, value)| (key.clone(), plain(value, values))).collect(),
            ),
            other => other.clone(),
        }
    }

    fn same(made: &Value, name: &str) {
        let expected: Value = serde_json::from_str(EXPECTED).unwrap();
        let whole = |graph: &Value| plain(&graph["values"]["0"], &graph["values"]);
        assert_eq!(whole(made), whole(&expected[name]), "{name}");
    }

    #[test]
    fn graphs_are_those_of_googles_client() {
        let time = TimeRange::parse("2020-06").unwrap();
        let region = Region::from_bbox(12.0, 78.0, 13.0, 79.0).unwrap();
        let of = |method| composite("COPERNICUS/S2_SR_HARMONIZED", &time, &region, method, None);
        same(&of(Method::Mosaic), "mosaic");
        same(&of(Method::Median), "median");
        same(&image("projects/p/assets/i", -1.0), "unmasked");
    }
}
