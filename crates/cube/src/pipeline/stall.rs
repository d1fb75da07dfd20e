//! Saying that a fill waits for its store.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::emit;
use crate::Event;

/// A store that does not answer for so long is told of, and again after each so long.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Waits for what a store does, and tells when that takes long.
pub(super) async fn told<T>(
    events: &mpsc::Sender<Event>,
    doing: &'static str,
    work: impl Future<Output = T>,
) -> T {
    let (began, mut work) = (Instant::now(), pin!(work));
    loop {
        match timeout(TOLD_EVERY, &mut work).await {
            Ok(done) => return done,
            Err(_) => {
                let seconds = began.elapsed().as_secs();
                emit(events, Event::Stalled { doing, seconds }).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_is_told_of_until_it_answers() {
        let (sender, mut receiver) = mpsc::channel(8);
        let answer = told(&sender, "write", async {
            tokio::time::sleep(Duration::from_secs(25)).await;
            7
        });
        assert_eq!(answer.await, 7);
        drop(sender);
        for expected in [10, 20] {
            let stalled = Event::Stalled { doing: "write", seconds: expected };
            assert_eq!(receiver.recv().await, Some(stalled));
        }
        assert_eq!(receiver.recv().await, None);
    }
}
