//! The contract's rules on every backend and wrapper.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use terracube_store::{
    Cached, Directory, Fault, FaultKind, Faulty, Latency, Limited, Measured, Memory, OpenOptions,
    Prefix, Prefixed, ReadOnly, Retry, Session, Store, conformance, create_repository,
    store_conformance,
};

use crate::clouds::{azure, web};
use crate::s3::fresh;
use crate::zip::prepared;

store_conformance!(memory, async { Some((Memory::new(), ())) });
store_conformance!(directory, directory(false));
store_conformance!(directory_with_fsync, directory(true));
store_conformance!(dynamic, async { Some((Arc::new(Memory::new()) as Arc<dyn Store>, ())) });
store_conformance!(prefixed, async {
    Some((Prefixed::new(Memory::new(), Prefix::new("deep/down/").unwrap()), ()))
});
store_conformance!(prefixed_directory, async {
    let (inner, kept) = directory(false).await?;
    Some((Prefixed::new(inner, Prefix::new("deep").unwrap()), kept))
});
store_conformance!(read_only, async {
    let inner = Memory::new();
    conformance::prepare(&inner).await.unwrap();
    Some((ReadOnly::new(inner), ()))
});
store_conformance!(retry, async {
    let every_third = Fault::new(FaultKind::Transient).every_nth(3);
    let inner = Faulty::new(Memory::new()).with(every_third);
    Some((Retry::new(inner).with_pauses(Duration::ZERO, Duration::ZERO), ()))
});
store_conformance!(retry_of_lost_answers, async {
    let every_third = Fault::new(FaultKind::LostAnswer).every_nth(3);
    let inner = Faulty::new(Memory::new()).with(every_third);
    Some((Retry::new(inner).with_pauses(Duration::ZERO, Duration::ZERO), ()))
});
store_conformance!(limited, async { Some((Limited::new(Memory::new(), 1), ())) });
store_conformance!(measured, async { Some((Measured::new(Memory::new()), ())) });
store_conformance!(latency, async {
    let latency = Duration::from_micros(100);
    Some((Latency::new(Memory::new(), latency).with_bytes_per_s(1 << 30), ()))
});
store_conformance!(faulty_without_faults, async { Some((Faulty::new(Memory::new()), ())) });
store_conformance!(cached, async { Some((Cached::in_memory(Memory::new(), 1 << 24), ())) });
store_conformance!(cached_with_little_room, async {
    Some((Cached::in_memory(Memory::new(), 500), ()))
});
store_conformance!(cached_in_a_folder, async {
    let folder = tempfile::tempdir().unwrap();
    let store = Cached::in_folder(Memory::new(), folder.path(), 1 << 24, "memory").unwrap();
    Some((store, folder))
});
store_conformance!(cached_directory, async {
    let (inner, kept) = directory(false).await?;
    Some((Cached::in_memory(inner, 1 << 24), kept))
});
store_conformance!(icechunk_memory, async { session("memory:").await });
store_conformance!(icechunk_directory, async {
    let folder = tempfile::tempdir().unwrap();
    let (store, session) = session(&folder.path().join("a").display().to_string()).await?;
    Some((store, (session, folder)))
});
store_conformance!(icechunk_version, async {
    let repository = create_repository("memory:", &OpenOptions::default()).await.unwrap();
    let session = repository.begin().await.unwrap();
    conformance::prepare(&session.store()).await.unwrap();
    session.commit("prepared").await.unwrap();
    Some((repository.latest().await.unwrap(), repository))
});
store_conformance!(zip_session, async {
    let folder = tempfile::tempdir().unwrap();
    let (store, session) = session(&folder.path().join("a.zip").display().to_string()).await?;
    Some((store, (session, folder)))
});
store_conformance!(zip_of_ours, async {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("a.zip").display().to_string();
    let repository = create_repository(&location, &OpenOptions::default()).await.unwrap();
    let session = repository.begin().await.unwrap();
    conformance::prepare(&session.store()).await.unwrap();
    session.commit("prepared").await.unwrap();
    Some((repository.latest().await.unwrap(), folder))
});
store_conformance!(zip_stored, async { Some(prepared(false).await) });
store_conformance!(zip_deflated, async { Some(prepared(true).await) });
store_conformance!(http, async { Some(web().await) });
store_conformance!(azure, async { azure().await });
store_conformance!(s3, async { bucket("zarr").await });
store_conformance!(s3_icechunk, async { bucket("icechunk").await });

async fn directory(fsync: bool) -> Option<(Directory, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    Some((Directory::new(folder.path()).unwrap().with_fsync(fsync), folder))
}

async fn session(location: &str) -> Option<(Arc<dyn Store>, Box<dyn Session>)> {
    session_with(location, &OpenOptions::default()).await
}

async fn session_with(
    location: &str,
    options: &OpenOptions,
) -> Option<(Arc<dyn Store>, Box<dyn Session>)> {
    let session = create_repository(location, options).await.unwrap().begin().await.unwrap();
    Some((session.store(), session))
}

async fn bucket(format: &str) -> Option<(Arc<dyn Store>, Box<dyn Session>)> {
    let (location, options) = fresh(format)?;
    session_with(&location, &options).await
}
