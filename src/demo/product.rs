//! The product as the demo sees it: an address for the clients and the operator's vocabulary.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use super::DemoError;
use super::schema::{DATABASE, PASSWORD, USER};
use crate::admin::Operations;
use crate::config::{Config, Lane};
use crate::sandbox::Servers;

/// The database in PostgreSQL that holds everything; Bascule finds it empty.
pub(super) const TARGET_DATABASE: &str = "bascule";

/// A Bascule that runs in this process.
pub struct Product {
    /// Where clients connect.
    pub address: SocketAddr,
    /// What an operator can do.
    pub operations: Arc<dyn Operations>,
    /// Ends it in order.
    pub stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The text of the configuration that the demo runs with. It's also what `--keep` leaves for the command line.
pub(super) fn configuration(servers: &Servers, folder: &Path, lane: Lane) -> String {
    let path = |name: &str| format!("{:?}", folder.join(name).to_string_lossy());
    format!(
        "[listen]\naddress = \"127.0.0.1:0\"\n\n\
         [source]\nhost = \"127.0.0.1\"\nport = {mysql}\nuser = \"root\"\npassword = \"\"\ndatabases = [\"{DATABASE}\"]\n\n\
         [target]\nhost = \"127.0.0.1\"\nport = {postgres}\nuser = \"postgres\"\npassword = \"\"\n\
         database = \"{TARGET_DATABASE}\"\n\n\
         [mirror]\nsource = \"{lane}\"\n\n\
         [spool]\ndirectory = {spool}\n\n\
         [verify]\nshare = 100\n\n\
         [admin]\nsocket = {socket}\n\n\
         [[accounts]]\nuser = \"{USER}\"\npassword = \"{PASSWORD}\"\n\n\
         [log]\nlevel = \"warn\"\n",
        mysql = servers.mysql.port(),
        postgres = servers.postgres.port(),
        lane = lane.name(),
        spool = path("spool"),
        socket = path("admin.sock"),
    )
}

/// Checks the configuration. The machine's environment isn't asked: these servers are the demo's own.
pub(super) fn checked(text: &str, folder: &Path) -> Result<Config, DemoError> {
    Config::parse(text, folder, &|_| None).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        DemoError::Configuration(problems.join("; "))
    })
}
