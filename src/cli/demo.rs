//! `bascule demo`: the whole road on throwaway servers.

use super::error::CliError;
use crate::config::{Config, Log};
use crate::demo::{self, DemoOptions, Product};
use crate::{app, observe};

/// Plays the demo; a check that didn't hold is a failure.
pub(super) fn run(options: DemoOptions) -> Result<(), CliError> {
    observe::start_log(&Log { level: "warn".into(), json: false });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::failed("can't start", error))?;
    let played = runtime.block_on(demo::run(options, start));
    let summary = played.map_err(|error| CliError::failed("the demo couldn't be played to its end", error))?;
    if summary.held() { Ok(()) } else { Err(CliError::unproven("a check of the demo did not hold")) }
}

/// Bascule in this process, as the demo wants it.
async fn start(config: Config) -> Result<Product, String> {
    let running = app::start(config).await.map_err(|error| observe::with_causes(&error))?;
    let (address, operations) = (running.address(), running.operations());
    Ok(Product { address, operations, stop: Box::pin(running.stop()) })
}
