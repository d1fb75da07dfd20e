//! What the tests share.

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use terracube_source::{
    Access, AccessBuilder, Error, Granule, Opened, Query, Result, RetryPolicy, Source,
};
use terracube_store::{ByteRequest, Key, ReadStore};
use terracube_testbed::{Builder, Server};

/// An access that does not wait long between tries.
pub(crate) fn quick() -> AccessBuilder {
    Access::builder().retry(RetryPolicy::new(4, Duration::from_millis(1), Duration::from_millis(4)))
}

pub(crate) fn access() -> Access {
    quick().build().unwrap()
}

/// A file of which every 4 bytes are different.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    (0u32..).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).take(length).collect()
}

pub(crate) struct File {
    pub(crate) store: std::sync::Arc<dyn ReadStore>,
    pub(crate) key: Key,
}

impl File {
    pub(crate) async fn open(access: &Access, href: &str) -> Self {
        match access.ranged(href).await.unwrap() {
            Opened::Bytes { store, key } => Self { store, key },
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn get(
        &self,
        request: impl Into<ByteRequest>,
    ) -> std::result::Result<Option<Vec<u8>>, Error> {
        let found = self.store.get(&self.key, request.into()).await;
        found.map(|bytes| bytes.map(|bytes| bytes.to_vec())).map_err(unboxed)
    }

    pub(crate) async fn parts(
        &self,
        requests: &[ByteRequest],
    ) -> std::result::Result<Vec<Option<Vec<u8>>>, Error> {
        let requests: Vec<_> = requests.iter().map(|one| (self.key.clone(), *one)).collect();
        let found = self.store.get_partial_values(&requests).await.map_err(unboxed)?;
        Ok(found.into_iter().map(|bytes| bytes.map(|bytes| bytes.to_vec())).collect())
    }
}

/// The error of this crate within one of a store.
pub(crate) fn unboxed(error: terracube_store::Error) -> Error {
    match error {
        terracube_store::Error::Backend { source, .. } => *source.downcast::<Error>().unwrap(),
        source => Error::Store { what: "test".to_owned(), source },
    }
}

pub(crate) async fn search(
    source: &dyn Source,
    access: &Access,
    query: &Query,
) -> Vec<Result<Granule>> {
    source.search(query, access).collect().await
}

/// The ids of what is found, in order.
pub(crate) async fn ids(source: &dyn Source, access: &Access, query: &Query) -> Vec<String> {
    search(source, access, query).await.into_iter().map(|found| found.unwrap().id).collect()
}

/// A server with 24 items in two collections: item `n` of `east` and `west` lies at longitude
/// ±(10 + n × 10) … + 5, latitude 10 … 15, on day n + 1 of January 2020.
pub(crate) fn server() -> Builder {
    let items = |name: &str, sign: f64| {
        (0..12u32)
            .map(|n| {
                let west = sign * (10.0 + f64::from(n) * 10.0);
                item(&format!("{name}-{n:02}"), [west, 10.0, west + 5.0, 15.0], n + 1)
            })
            .collect::<Vec<Value>>()
    };
    let mut builder = Server::builder()
        .collection(collection("east", [10.0, 10.0, 125.0, 15.0]), items("east", 1.0))
        .collection(collection("west", [-120.0, 10.0, -5.0, 15.0]), items("west", -1.0));
    for name in ["east", "west"] {
        for n in 0..12u32 {
            builder = builder.bytes(&format!("{name}/{name}-{n:02}.tif"), noise(1000 + n as usize));
        }
    }
    builder
}

pub(crate) fn collection(id: &str, bbox: [f64; 4]) -> Value {
    json!({
        "type": "Collection", "stac_version": "1.0.0", "id": id, "description": id,
        "license": "CC0-1.0", "links": [],
        "extent": { "spatial": { "bbox": [bbox] },
            "temporal": { "interval": [["2020-01-01T00:00:00Z", null]] } }
    })
}

pub(crate) fn item(id: &str, [w, s, e, n]: [f64; 4], day: u32) -> Value {
    json!({
        "type": "Feature", "stac_version": "1.0.0", "id": id, "bbox": [w, s, e, n],
        "geometry": { "type": "Polygon",
            "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]] },
        "properties": { "datetime": format!("2020-01-{day:02}T12:00:00Z"), "day": day },
        "assets": { "data": { "href": format!("{id}.tif"), "roles": ["data"] } }
    })
}

/// A server that answers its requests, counted from 0, with what this makes of their lines: a whole
/// answer. It gives its URL.
pub(crate) fn answering(answer: impl Fn(usize, &str) -> String + Send + 'static) -> String {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().map_while(std::result::Result::ok).enumerate() {
            let mut stream = stream;
            let lines =
                BufReader::new(stream.try_clone().unwrap()).lines().map_while(|one| one.ok());
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let _ = stream.write_all(answer(n, &head.join("\n")).as_bytes());
        }
    });
    url
}

/// An answer with a body of this type.
pub(crate) fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: \
         {length}\r\n\r\n{body}"
    )
}
