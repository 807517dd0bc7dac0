//! Global variables of the source, which sessions go on to begin with when MySQL is gone.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::StoreError;

pub(super) async fn put(client: &mut Client, values: &BTreeMap<String, String>) -> Result<(), StoreError> {
    let transaction = client.transaction().await?;
    transaction.execute("DELETE FROM bascule.source_variable", &[]).await?;
    for (name, value) in values {
        let sql = "INSERT INTO bascule.source_variable (name, value) VALUES ($1, $2)";
        transaction.execute(sql, &[name, value]).await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn load(client: &Client) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = client.query("SELECT name, value FROM bascule.source_variable", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
