//! Ctrl-C and SIGTERM: once to stop gently, twice to stop at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use terracube::cube::Stop;

use crate::output;

/// The exit code of a command that was ended at once, as shells give it for SIGINT.
const FORCED: i32 = 130;

/// Listens for the signals. While there is work that can stop gently the first one asks it to;
/// otherwise, and from the second on, the process ends.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    stop: Stop,
    is_gentle: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to listen: from the return on no signal is missed.
    pub(crate) fn listen() -> Self {
        let interrupt = Self { stop: Stop::new(), is_gentle: Arc::new(AtomicBool::new(true)) };
        match Signals::new() {
            Ok(signals) => drop(tokio::spawn(interrupt.clone().serve(signals))),
            Err(cause) => output::note(&format!("warning: cannot listen to Ctrl-C: {cause}")),
        }
        interrupt
    }

    /// The switch that the first signal throws.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// There is nothing more to finish: from now on the first signal ends the process.
    pub(crate) fn nothing_to_finish(&self) {
        self.is_gentle.store(false, Ordering::Relaxed);
    }

    async fn serve(self, mut signals: Signals) {
        loop {
            signals.next().await;
            if self.stop.is_stopped() || !self.is_gentle.load(Ordering::Relaxed) {
                std::process::exit(FORCED);
            }
            self.stop.stop();
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
