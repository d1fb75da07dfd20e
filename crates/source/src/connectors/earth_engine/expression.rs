//! Expressions: what the server computes, as the graphs that its own client sends.

use serde_json::{Value, json};
use terracube_grid::{Region, TimeRange};

use super::{DataType, Method};

/// The pixels of an image, `nodata` where it has none.
pub(super) fn image(id: &str, nodata: f64) -> Value {
    graph(&unmasked(&call("Image.load", json!({ "id": constant(json!(id)) })), nodata))
}

/// What `method` makes of the images of a collection, `nodata` where there are none. Of no images at
/// all the server would make one without bands; it is told to make one of these `bands` instead,
/// masked throughout.
pub(super) fn composite(
    id: &str,
    time: &TimeRange,
    region: &Region,
    method: Method,
    bands: &[String],
    dtype: Option<DataType>,
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
    let count = call("Collection.size", json!({ "collection": filtered }));
    let nothing = masked(bands, dtype);
    // Only of none: a band that the images do not have stays an error.
    let cases = json!({ "condition": count, "trueCase": made, "falseCase": nothing });
    let made = call("If", cases);
    graph(&match nodata {
        Some(nodata) => unmasked(&made, nodata),
        None => made,
    })
}

/// An image of these bands without a single pixel that counts.
fn masked(bands: &[String], dtype: Option<DataType>) -> Value {
    let zeros = call("Image.constant", json!({ "value": constant(json!(vec![0; bands.len()])) }));
    let named = call("Image.rename", json!({ "input": zeros, "names": constant(json!(bands)) }));
    let mask = call("Image.constant", json!({ "value": constant(json!(0)) }));
    let masked = call("Image.updateMask", json!({ "image": named, "mask": mask }));
    match dtype {
        Some(dtype) => call(dtype.cast(), json!({ "value": masked })),
        None => masked,
    }
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
    // Outside the footprint too: what stays masked there would arrive as 0.
    let same_footprint = constant(json!(false));
    let arguments = json!({ "input": image, "value": value, "sameFootprint": same_footprint });
    call("Image.unmask", arguments)
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
    /// and `.median()`, of `Image("projects/p/assets/i").unmask(-1, False)`, and of
    /// `Image(Algorithms.If(c.size(), c.median(), masked)).unmask(Image.constant(65535), False)`
    /// with `masked` as `Image.constant([0, 0]).rename(["B4", "B8"])
    /// .updateMask(Image.constant(0)).toUint16()`.
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
        let bands = ["B4", "B8"].map(str::to_owned);
        let of = |method, nodata| {
            let dtype = Some(DataType::Uint16);
            let id = "COPERNICUS/S2_SR_HARMONIZED";
            composite(id, &time, &region, method, &bands, dtype, nodata)
        };
        for (method, name) in [(Method::Mosaic, "mosaic"), (Method::Median, "median")] {
            let mut made = of(method, None);
            let call = &mut made["values"]["0"]["functionInvocationValue"];
            let of_some = call["arguments"]["trueCase"].take();
            same(&graph(&of_some), name);
        }
        same(&of(Method::Median, Some(65535.0)), "guarded");
        same(&image("projects/p/assets/i", -1.0), "unmasked");
    }
}
