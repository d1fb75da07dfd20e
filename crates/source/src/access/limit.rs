//! How many requests at one time and per second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

use super::Limits;

/// One semaphore for each host, by scheme, name and port.
#[derive(Debug)]
pub(crate) struct HostLimits {
    concurrent: usize,
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Debug)]
struct Host {
    permits: Arc<Semaphore>,
    /// It asked to be left alone until then.
    paused: Option<Instant>,
}

/// The limits of one provider.
#[derive(Debug)]
pub(crate) struct ProviderLimit {
    concurrent: Option<Arc<Semaphore>>,
    interval: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

/// The right to have a request under way, given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Permit(
    #[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>,
);

impl HostLimits {
    pub(crate) fn new(concurrent: usize) -> Self {
        Self { concurrent: concurrent.max(1), hosts: Mutex::default() }
    }

    pub(crate) async fn acquire(&self, url: &Url) -> Permit {
        let permits = self.with(url, |host| Arc::clone(&host.permits));
        let permit = acquire(permits).await;
        while let Some(until) = self.with(url, |host| host.paused)
            && until > Instant::now()
        {
            tokio::time::sleep_until(until).await;
        }
        permit
    }

    /// Lets nobody ask a host for so long.
    pub(crate) fn pause(&self, url: &Url, wait: Duration) {
        let until = Instant::now() + wait;
        self.with(url, |host| host.paused = host.paused.max(Some(until)));
    }

    fn with<T>(&self, url: &Url, look: impl FnOnce(&mut Host) -> T) -> T {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Host { permits: Arc::new(Semaphore::new(self.concurrent)), paused: None };
        look(hosts.entry(super::host::origin_of(url)).or_insert_with(new))
    }
}

impl ProviderLimit {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            concurrent: limits.concurrent.map(|n| Arc::new(Semaphore::new(n.max(1)))),
            interval: limits
                .per_second
                .filter(|rate| rate.is_finite() && *rate > 0.0)
                .and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok()),
            next: Mutex::default(),
        }
    }

    pub(crate) async fn acquire(&self) -> Permit {
        let permit = match &self.concurrent {
            Some(semaphore) => acquire(Arc::clone(semaphore)).await,
            None => Permit::default(),
        };
        if let Some(interval) = self.interval {
            let turn = {
                let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                let turn = next.unwrap_or_else(Instant::now).max(Instant::now());
                *next = Some(turn + interval);
                turn
            };
            tokio::time::sleep_until(turn).await;
        }
        permit
    }
}

async fn acquire(semaphore: Arc<Semaphore>) -> Permit {
    // Never closed, so it can't fail.
    Permit(semaphore.acquire_owned().await.ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asks_for_patience_is_left_alone_and_others_are_not() {
        let hosts = HostLimits::new(4);
        let [busy, other] =
            ["https://a.example/x", "https://b.example/x"].map(|url| Url::parse(url).unwrap());
        let start = Instant::now();
        hosts.pause(&busy, Duration::from_secs(20));
        hosts.pause(&busy, Duration::from_secs(5));
        drop(hosts.acquire(&other).await);
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(hosts.acquire(&busy).await);
        assert_eq!(start.elapsed().as_secs(), 20);
        drop(hosts.acquire(&busy).await);
        assert_eq!(start.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_per_second_are_spaced() {
        let limit = ProviderLimit::new(&Limits { concurrent: None, per_second: Some(2.0) });
        let start = Instant::now();
        let mut turns = Vec::new();
        for _ in 0..4 {
            let _permit = limit.acquire().await;
            turns.push(start.elapsed().as_millis() / 10 * 10);
        }
        assert_eq!(turns, [0, 500, 1000, 1500]);
    }
}
