//! `bascule run`: the proxy itself, until it's told to end.

use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use super::error::CliError;
use crate::admin::ClientError;
use crate::app::{self, AppError, Over, TakeOverError};
use crate::observe;
use crate::route::Mode;

/// What a start does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It takes its place for itself, and sets a mode then.
    Alone(Option<Mode>),
    /// It takes the place of the running one.
    TakeOver,
}

/// Runs until SIGINT or SIGTERM, or until another process takes its place; a second signal ends at once what the first one
/// ends in order.
pub(super) fn run(path: &Path, start: Start) -> Result<(), CliError> {
    let config = super::load(path)?;
    let log = observe::start_log(&config.log);
    let origin = app::Origin { file: Some(path.to_owned()), log };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::failed("can't start", error))?;
    runtime.block_on(async {
        let mut ends = Ends::new()?;
        let running = match start {
            Start::Alone(_) => app::start_from(config, origin).await.map_err(not_started)?,
            Start::TakeOver => app::take_over(config, origin).await.map_err(not_started)?,
        };
        if let Start::Alone(Some(mode)) = start {
            running.operations().set_mode(mode).await.map_err(CliError::from)?;
        }
        let over = loop {
            tokio::select! {
                wish = ends.next_or_reload() => match wish {
                    // It tells the log what became of it.
                    Wish::Reload => drop(running.process().reload().await),
                    Wish::End => break None,
                },
                over = running.over() => break Some(over),
            }
        };
        match over {
            None => info!("told to end; a second signal ends at once"),
            Some(Over::HandedOver) => info!("another process has this one's place; a signal ends at once"),
            Some(Over::Failed) => {
                running.stop().await;
                return Err(CliError::unproven(
                    "Bascule couldn't go on in the place of the one before; the log says why",
                ));
            }
        }
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

/// A start that didn't succeed. What a running Bascule refuses is told as it tells it.
fn not_started(error: AppError) -> CliError {
    match error {
        AppError::TakeOver(TakeOverError::Asked(ClientError::Unreachable { path, .. })) => CliError::refused(format!(
            "no Bascule runs on the admin socket {}: there is nothing to take over",
            path.display()
        ))
        .hint("start it without --take-over"),
        AppError::TakeOver(TakeOverError::Asked(error)) => error.into(),
        error => CliError::failed("Bascule didn't start", error),
    }
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
