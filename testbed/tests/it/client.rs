//! A plain HTTP client and made-up items.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// An answer read whole, or as far as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended before its declared length.
    pub(crate) is_cut: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) fn get(url: &str) -> Answer {
    get_with(url, &[])
}

pub(crate) fn get_with(url: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = agent().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(request.call().unwrap())
}

pub(crate) fn head(url: &str) -> Answer {
    read(agent().head(url).call().unwrap())
}

pub(crate) fn post(url: &str, body: &Value) -> Answer {
    let request = agent().post(url).header("content-type", "application/json");
    read(request.send(body.to_string()).unwrap())
}

/// A square item of one degree whose lower left is at (`west`, 0), on day `day` of January 2020.
pub(crate) fn square(id: &str, west: f64, day: u32) -> Value {
    let east = west + 1.0;
    json!({
        "type": "Feature", "stac_version": "1.0.0", "id": id,
        "geometry": {"type": "Polygon",
            "coordinates": [[[west, 0.0], [east, 0.0], [east, 1.0], [west, 1.0], [west, 0.0]]]},
        "bbox": [west, 0.0, east, 1.0],
        "properties": {"datetime": format!("2020-01-{day:02}T12:00:00Z"), "eo:cloud_cover": west},
        "assets": {"data": {"href": format!("data/{id}.tif")}},
    })
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    config.build().into()
}

fn read(response: ureq::http::Response<ureq::Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let mut bytes = Vec::new();
    let end = std::io::Read::read_to_end(&mut body.into_reader(), &mut bytes);
    let headers = parts.headers.iter();
    Answer {
        status: parts.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: bytes,
        is_cut: end.is_err(),
    }
}
