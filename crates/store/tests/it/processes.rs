//! Several processes that commit to one local repository, some of them killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use terracube_store::{
    ArraySpec, IcechunkSpec, OpenOptions, Repository, ZarrArray, create_repository, open_repository,
};

const WRITERS: u64 = 8;
const COMMITS: u64 = 20;
const ELEMENTS: usize = 1024;

#[tokio::test]
async fn every_acknowledged_commit_is_kept_v2() {
    every_acknowledged_commit_is_kept(IcechunkSpec::V2).await;
}

#[tokio::test]
async fn every_acknowledged_commit_is_kept_v1() {
    every_acknowledged_commit_is_kept(IcechunkSpec::V1).await;
}

async fn every_acknowledged_commit_is_kept(icechunk_spec: IcechunkSpec) {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("a.icechunk");
    create(&location, icechunk_spec).await;

    let acknowledged: Vec<u64> = std::thread::scope(|threads| {
        let running: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let location = &location;
                threads.spawn(move || acknowledged_by(writer, location))
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    // three are killed, after 3, 8 and 13 commits
    assert!(acknowledged.len() >= 5 * COMMITS as usize + 3 + 8 + 13);

    assert_eq!(lost(&location, &acknowledged).await, [0; 0]);
}

/// Kills a writer at the n-th of each kind of system call; afterwards all that it acknowledged is
/// there and another can commit.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_writer_may_be_killed_at_any_system_call() {
    if Command::new("strace").arg("--version").output().is_err() {
        assert!(std::env::var("TERRACUBE_TEST_STRICT").is_err(), "strace must be installed");
        println!("skipped: strace is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("a.icechunk");
    create(&location, IcechunkSpec::V2).await;
    let mut row = 0;
    let mut killed = 0;
    let mut acknowledged = Vec::new();
    for (call, first, step) in
        [("rename", 1, 1), ("fsync", 1, 1), ("flock", 1, 1), ("openat", 30, 4), ("write", 5, 2)]
    {
        for when in (0..8).map(|n| first + n * step) {
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let trace = format!("trace={call}");
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject]);
            strace.arg(std::env::current_exe().unwrap());
            let mut child = writer(strace, &location, row, 2);
            let rows = acknowledgements(&mut child, None);
            killed += u32::from(!child.wait().unwrap().success());
            acknowledged.extend(rows);
            row += 2;
        }
        let repository = open_repository(&location.display().to_string(), &OpenOptions::default())
            .await
            .unwrap();
        commit_row(&repository, row).await;
        acknowledged.push(row);
        row += 1;
    }
    assert!(killed > 20, "{killed} were killed");
    assert_eq!(lost(&location, &acknowledged).await, [0; 0]);
}

async fn create(location: &Path, icechunk_spec: IcechunkSpec) {
    let options = OpenOptions { icechunk_spec, ..OpenOptions::default() };
    let repository = create_repository(&location.display().to_string(), &options).await.unwrap();
    let session = repository.begin().await.unwrap();
    let elements = ELEMENTS as u64;
    let spec = ArraySpec::new(vec![WRITERS * COMMITS, elements], vec![1, elements], "uint8");
    ZarrArray::create(session.store(), "a", &spec).await.unwrap();
    session.commit("the array").await.unwrap();
}

/// The acknowledged rows that are not there.
async fn lost(location: &Path, acknowledged: &[u64]) -> Vec<u64> {
    let location = location.display().to_string();
    let repository = open_repository(&location, &OpenOptions::default()).await.unwrap();
    let array = ZarrArray::open(repository.latest().await.unwrap(), "a").await.unwrap();
    let mut lost = Vec::new();
    for row in acknowledged {
        if array.read_chunk(&[*row, 0]).await.unwrap() != value(*row) {
            lost.push(*row);
        }
    }
    lost
}

/// This test binary as a writer of so many rows; `command` may be what runs it.
fn writer(mut command: Command, location: &Path, row: u64, commits: u64) -> Child {
    command
        .args(["processes::a_writer", "--exact", "--ignored", "--nocapture"])
        .env("TERRACUBE_TEST_LOCATION", location)
        .env("TERRACUBE_TEST_ROW", row.to_string())
        .env("TERRACUBE_TEST_COMMITS", commits.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn acknowledged_by(index: u64, location: &Path) -> Vec<u64> {
    let command = Command::new(std::env::current_exe().unwrap());
    let mut child = writer(command, location, index * COMMITS, COMMITS);
    let killed_after = [None, Some(3), None, Some(8), None, None, Some(13), None];
    let rows = acknowledgements(&mut child, killed_after[index as usize]);
    let status = child.wait().unwrap();
    assert_eq!(status.success(), killed_after[index as usize].is_none(), "writer {index}");
    rows
}

/// The rows a child says it committed; after so many it is killed, in the midst of the next.
fn acknowledgements(child: &mut Child, killed_after: Option<usize>) -> Vec<u64> {
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut rows = Vec::new();
    for line in output.lines() {
        let Some(row) = line.unwrap().strip_prefix("committed ").map(|row| row.parse().unwrap())
        else {
            continue;
        };
        rows.push(row);
        if killed_after == Some(rows.len()) {
            child.kill().unwrap();
        }
    }
    rows
}

#[test]
#[ignore = "started by the tests above, as a process of its own"]
fn a_writer() {
    let Ok(location) = std::env::var("TERRACUBE_TEST_LOCATION") else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let (first, commits) = (number("TERRACUBE_TEST_ROW"), number("TERRACUBE_TEST_COMMITS"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let repository = open_repository(&location, &OpenOptions::default()).await.unwrap();
        for row in first..first + commits {
            commit_row(&repository, row).await;
            let mut out = std::io::stdout().lock();
            writeln!(out, "\ncommitted {row}").unwrap();
            out.flush().unwrap();
        }
    });
}

async fn commit_row(repository: &Arc<dyn Repository>, row: u64) {
    let session = repository.begin().await.unwrap();
    let array = ZarrArray::open(session.store(), "a").await.unwrap();
    array.write_chunk(&[row, 0], value(row)).await.unwrap();
    session.commit(&format!("row {row}")).await.unwrap();
}

/// Not compressible to what would lie in the manifest.
fn value(row: u64) -> Vec<u8> {
    let mut state = row + 1;
    (0..ELEMENTS)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect()
}
