//! A bucket whose answers are lost after it has done what was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use terracube_store::{
    ArraySpec, ByteRequest, Error, IcechunkSpec, Key, OpenOptions, ZarrArray, create_repository,
    open_repository,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::s3::fresh;

/// What is put in place of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Instead {
    /// The connection is cut.
    Cut,
    /// 503, upon which clients try again.
    Unavailable,
}

/// Stands before the bucket and loses answers to `PUT`s.
struct Lossy {
    endpoint: String,
    lost: Arc<AtomicU64>,
}

impl Lossy {
    /// Loses every `nth` answer to a `PUT` of a path that ends so.
    async fn start(upstream: &str, ending: &'static str, nth: u64, instead: Instead) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let (seen, lost) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&lost);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (upstream, seen, lost) = (upstream.clone(), seen.clone(), counted.clone());
                tokio::spawn(async move {
                    serve(client, &upstream, |request| {
                        let path = request.split(' ').nth(1).unwrap_or_default();
                        let path = path.split('?').next().unwrap_or_default();
                        let is_meant = request.starts_with("PUT ") && path.ends_with(ending);
                        let is_due =
                            is_meant && (seen.fetch_add(1, Ordering::SeqCst) + 1) % nth == 0;
                        if is_due {
                            lost.fetch_add(1, Ordering::SeqCst);
                        }
                        is_due.then_some(instead)
                    })
                    .await
                });
            }
        });
        Self { endpoint, lost }
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::SeqCst)
    }
}

/// One request, one answer, and the connection ends.
async fn serve(
    mut client: TcpStream,
    upstream: &str,
    lose: impl Fn(&str) -> Option<Instead>,
) -> Option<()> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&request[..head]).into_owned();
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse::<usize>().unwrap());
    while request.len() < head + length {
        client.read_buf(&mut request).await.ok()?;
    }
    let mut server = TcpStream::connect(upstream).await.ok()?;
    let closing = text.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(closing.as_bytes()).await.ok()?;
    server.write_all(&request[head..]).await.ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.ok()?;
    match lose(&text) {
        Some(Instead::Cut) => return None,
        Some(Instead::Unavailable) => {
            answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into();
        }
        None => {}
    }
    client.write_all(&answer).await.ok()?;
    client.shutdown().await.ok()
}

fn through(options: &OpenOptions, lossy: &Lossy) -> OpenOptions {
    let mut options = options.clone();
    options.s3.endpoint = Some(lossy.endpoint.clone());
    options.s3.patience = Some(Duration::from_secs(1));
    options
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_created_object_is_ours_though_the_answer_was_lost() {
    for instead in [Instead::Cut, Instead::Unavailable] {
        let Some((location, options)) = fresh("zarr") else { return };
        let endpoint = options.s3.endpoint.clone().unwrap();
        let lossy = Lossy::start(&endpoint, "/mine", 1, instead).await;
        let repository = create_repository(&location, &through(&options, &lossy)).await.unwrap();
        let session = repository.begin().await.unwrap();
        let (store, key) = (session.store(), Key::new("mine").unwrap());
        let created = store.set_if_not_exists(&key, "ours".into()).await;
        if instead == Instead::Unavailable {
            // the client tries until it gives up; each answer is lost
            assert!(lossy.lost() > 1);
        }
        assert!(created.unwrap(), "{instead:?}");
        let repository = create_repository(&location, &options).await.unwrap();
        let session = repository.begin().await.unwrap();
        let store = session.store();
        assert!(!store.set_if_not_exists(&key, "ours".into()).await.unwrap(), "{instead:?}");
        assert_eq!(store.get(&key, ByteRequest::All).await.unwrap().unwrap(), "ours");
        assert!(lossy.lost() >= 1, "{instead:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_whose_answer_is_lost_are_neither_lost_nor_doubled() {
    for (spec, ending) in [(IcechunkSpec::V2, "/repo"), (IcechunkSpec::V1, "/ref.json")] {
        for instead in [Instead::Cut, Instead::Unavailable] {
            let Some((location, mut options)) = fresh("icechunk") else { return };
            options.icechunk_spec = spec;
            let repository = create_repository(&location, &options).await.unwrap();
            let session = repository.begin().await.unwrap();
            let array = ArraySpec::new(vec![12, 1024], vec![1, 1024], "uint8");
            let array = ZarrArray::create(session.store(), "a", &array).await.unwrap();
            session.commit("the array").await.unwrap();

            let endpoint = options.s3.endpoint.clone().unwrap();
            let lossy = Lossy::start(&endpoint, ending, 2, instead).await;
            let options = through(&options, &lossy);
            let writers: Vec<_> = (0..2_u64)
                .map(|writer| {
                    let (location, options, array) =
                        (location.clone(), options.clone(), array.clone());
                    tokio::spawn(async move {
                        let repository = open_repository(&location, &options).await.unwrap();
                        for row in 6 * writer..6 * writer + 6 {
                            let session = repository.begin().await.unwrap();
                            let array = array.with_store(session.store());
                            array.write_chunk(&[row, 0], vec![row as u8 + 1; 1024]).await.unwrap();
                            let version = session.commit(&format!("row {row}")).await.unwrap();
                            assert!(repository.at(&version).await.is_ok());
                        }
                    })
                })
                .collect();
            for writer in writers {
                writer.await.unwrap();
            }
            assert!(lossy.lost() >= 4, "{} answers were lost", lossy.lost());
            let array = array.with_store(repository.latest().await.unwrap());
            for row in 0..12 {
                assert_eq!(array.read_chunk(&[row, 0]).await.unwrap(), vec![row as u8 + 1; 1024]);
            }
            let mut messages: Vec<_> = repository
                .history(100)
                .await
                .unwrap()
                .into_iter()
                .map(|commit| commit.message)
                .filter(|message| message.starts_with("row"))
                .collect();
            messages.sort();
            let mut expected: Vec<_> = (0..12).map(|row| format!("row {row}")).collect();
            expected.sort();
            assert_eq!(messages, expected, "{spec:?} {instead:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_and_deleted_counts_though_the_answer_was_lost() {
    for instead in [Instead::Cut, Instead::Unavailable] {
        let Some((location, options)) = fresh("icechunk") else { return };
        let endpoint = options.s3.endpoint.clone().unwrap();
        // every answer to a write of the object with all references
        let lossy = Lossy::start(&endpoint, "/repo", 1, instead).await;
        let lost = through(&options, &lossy);
        let repository = create_repository(&location, &lost).await.unwrap();
        let versions = repository.versions().unwrap();
        let version = versions.branch("main").await.unwrap();
        versions.create_branch("draft", &version).await.unwrap();
        versions.create_tag("v1", &version).await.unwrap();
        versions.create_tag("v2", &version).await.unwrap();
        versions.delete_tag("v2").await.unwrap();
        assert!(lossy.lost() >= 5, "{instead:?}: {}", lossy.lost());

        let seen = open_repository(&location, &options).await.unwrap();
        let seen = seen.versions().unwrap();
        assert_eq!(seen.branch("draft").await.unwrap(), version, "{instead:?}");
        assert_eq!(seen.tags().await.unwrap(), ["v1"], "{instead:?}");
        assert_eq!(seen.tag("v1").await.unwrap(), version, "{instead:?}");
        versions.delete_branch("draft").await.unwrap();
        assert_eq!(seen.branches().await.unwrap(), ["main"], "{instead:?}");

        // what was there before is still told from what was made just now
        let again = create_repository(&location, &lost).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{instead:?}");
        let again = versions.create_tag("v1", &version).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{instead:?}");
        let gone = versions.delete_branch("draft").await;
        assert!(matches!(gone, Err(Error::NotFound { .. })), "{instead:?}");
    }
}
