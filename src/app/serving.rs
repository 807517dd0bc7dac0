//! What arrives from MySQL while Bascule runs, when mirroring begins and before the flip: accounts, and the global
//! variables that sessions begin with.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::frontend::serve::{Accounts, Serving};
use crate::store::ImportedAccount;

/// Gives `serving` the accounts of its configuration and the imported ones, again each time they change. Ends with
/// the serving sessions.
pub(super) async fn follow_accounts(serving: Arc<Serving>, mut imported: watch::Receiver<Vec<ImportedAccount>>) {
    loop {
        tokio::select! {
            changed = imported.changed() => if changed.is_err() { return },
            () = serving.boundary.cancelled() => return,
        }
        let accounts = Accounts::new(&serving.config.now().accounts, &imported.borrow_and_update());
        serving.accounts.store(Arc::new(accounts));
    }
}

/// Gives `serving` MySQL's global variables, again each time they are read.
pub(super) async fn follow_variables(serving: Arc<Serving>, mut variables: watch::Receiver<BTreeMap<String, String>>) {
    loop {
        serving.inherit(&variables.borrow_and_update());
        tokio::select! {
            changed = variables.changed() => if changed.is_err() { return },
            () = serving.boundary.cancelled() => return,
        }
    }
}
