//! Accounts imported from MySQL, so that clients can log in when MySQL is gone. The stored strings are MySQL's own
//! salted hashes, never passwords; they're kept from logs all the same.

use tokio_postgres::Client;

use super::StoreError;
use crate::config::Secret;

/// A row of `mysql.user`.
#[derive(Clone)]
pub struct ImportedAccount {
    pub user: String,
    /// MySQL's host pattern.
    pub host: String,
    /// `caching_sha2_password` or `mysql_native_password`.
    pub plugin: String,
    /// MySQL's `authentication_string`: bytes, since caching_sha2_password's salt is binary.
    pub authentication_string: Vec<u8>,
}

impl std::fmt::Debug for ImportedAccount {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}@{} ({})", self.user, self.host, self.plugin)
    }
}

impl ImportedAccount {
    /// The authentication string in the configuration's own type. MySQL's salts are seven-bit, so `None` means that
    /// it isn't one of MySQL's.
    #[must_use]
    pub fn secret(&self) -> Option<Secret> {
        std::str::from_utf8(&self.authentication_string).ok().map(Secret::new)
    }
}

pub(super) async fn put(client: &mut Client, accounts: &[ImportedAccount]) -> Result<(), StoreError> {
    let transaction = client.transaction().await?;
    transaction.execute("DELETE FROM bascule.account", &[]).await?;
    for account in accounts {
        let sql = "INSERT INTO bascule.account (username, host, plugin, authentication_string)
                   VALUES ($1, $2, $3, encode($4, 'hex'))";
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&account.user, &account.host, &account.plugin, &account.authentication_string];
        transaction.execute(sql, &values).await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn load(client: &Client) -> Result<Vec<ImportedAccount>, StoreError> {
    let sql = "SELECT username, host, plugin, decode(authentication_string, 'hex') FROM bascule.account ORDER BY 1, 2";
    let rows = client.query(sql, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| ImportedAccount {
            user: row.get(0),
            host: row.get(1),
            plugin: row.get(2),
            authentication_string: row.get(3),
        })
        .collect())
}
