//! `bascule run`: the proxy itself, until it's told to end.

use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use super::error::CliError;
use crate::app;
use crate::observe;
use crate::route::Mode;

/// Runs until SIGINT or SIGTERM; a second one ends at once what the first one ends in order.
pub(super) fn run(path: &Path, mode: Option<Mode>) -> Result<(), CliError> {
    let config = super::load(path)?;
    let log = observe::start_log(&config.log);
    let origin = app::Origin { file: Some(path.to_owned()), log };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::failed("can't start", error))?;
    runtime.block_on(async {
        let mut ends = Ends::new()?;
        let running =
            app::start_from(config, origin).await.map_err(|error| CliError::failed("Bascule didn't start", error))?;
        if let Some(mode) = mode {
            running.operations().set_mode(mode).await.map_err(CliError::from)?;
        }
        while ends.next_or_reload().await == Wish::Reload {
            // It tells the log what became of it.
            let _ = running.process().reload().await;
        }
        info!("told to end; a second signal ends at once");
        tokio::select! {
            () = running.stop() => info!("ended"),
            () = ends.next() => {
                warn!("ended at once; what clients were doing is cut off");
                return Err(CliError::unproven("Bascule was ended at once, by a second signal"));
            }
        }
        Ok(())
    })
}

/// The signals that end the program, and the one that has it read its configuration again.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    End,
    Reload,
}

impl Ends {
    fn new() -> Result<Self, CliError> {
        let failed = |error| CliError::failed("can't listen for signals", error);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            hang_up: signal(SignalKind::hangup()).map_err(failed)?,
        })
    }

    /// The next one, or SIGHUP.
    async fn next_or_reload(&mut self) -> Wish {
        tokio::select! {
            _ = self.interrupt.recv() => Wish::End,
            _ = self.terminate.recv() => Wish::End,
            _ = self.hang_up.recv() => Wish::Reload,
        }
    }

    /// The next one that ends.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
