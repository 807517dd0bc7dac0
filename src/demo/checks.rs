//! The checks at the end: what must be true of the shop, asked through a new connection and of PostgreSQL itself.

use std::collections::BTreeMap;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};

use super::actions::Order;
use super::load::MONEY;
use super::schema::{DATABASE, ORDERS, decimal};
use super::{DemoError, summary::Check};
use crate::config::Config;
use crate::observe::with_causes;
use crate::target::Client;

/// Orders whose total isn't the sum of their items.
const WRONG_TOTALS: &str = "SELECT COUNT(*) AS wrong FROM orders o JOIN \
     (SELECT order_id, SUM(quantity * unit_price) AS items FROM order_items GROUP BY order_id) s \
     ON s.order_id = o.id WHERE s.items <> o.total";

/// All money of the shop, as the server writes it.
pub(super) async fn money(conn: &mut Conn) -> Result<String, DemoError> {
    let found: Option<Option<String>> = conn.query_first(MONEY).await.map_err(DemoError::mysql("sum up the money"))?;
    Ok(found.flatten().unwrap_or_default())
}

/// The transactions that MySQL has executed.
pub(super) async fn executed_on_mysql(opts: Opts) -> Result<String, DemoError> {
    let failed = DemoError::mysql("ask MySQL what it executed");
    let answer = async {
        let mut conn = Conn::new(opts).await?;
        let found: Option<String> = conn.query_first("SELECT @@GLOBAL.gtid_executed").await?;
        conn.disconnect().await?;
        Ok(found.unwrap_or_default())
    };
    answer.await.map_err(failed)
}

/// What the clients were told, against what is there.
pub(super) async fn shop(opts: Opts, told: &BTreeMap<u64, Order>, money: &str) -> Result<Vec<Check>, DemoError> {
    let mut conn = Conn::new(opts).await.map_err(DemoError::mysql("open a new connection after the flip"))?;
    let ask = DemoError::mysql("check the shop after the flip");
    let answers = async {
        let wrong: Option<u64> = conn.query_first(WRONG_TOTALS).await?;
        let money: Option<Option<String>> = conn.query_first(MONEY).await?;
        let there: Vec<(u64, u32, String, String)> =
            conn.exec("SELECT id, customer_id, total, status FROM orders WHERE id > ? ORDER BY id", (ORDERS,)).await?;
        conn.disconnect().await?;
        Ok((wrong.unwrap_or(u64::MAX), money.flatten().unwrap_or_default(), there))
    };
    let (wrong, found, there) = answers.await.map_err(ask)?;
    let totals = Check::new("order_totals", "every order's total is the sum of its items", wrong == 0);
    let kept = Check::new("money", "no money appeared or vanished", found == money);
    let (missing, surplus) = compare(told, &there);
    let orders = format!("all {} orders that clients were told are committed are there, and no other", told.len());
    let orders = Check::new("acknowledged_orders", orders, missing.is_empty() && surplus.is_empty());
    Ok(vec![
        totals.detail(|| format!("{wrong} orders have another total")),
        kept.detail(|| format!("it was {money} and is {found}")),
        orders.detail(|| {
            format!(
                "{} are missing or different (first: {:?}), {} are surplus (first: {:?})",
                missing.len(),
                missing.first(),
                surplus.len(),
                surplus.first()
            )
        }),
    ])
}

/// Ids that are missing or different, and ids that nobody was told of.
fn compare(told: &BTreeMap<u64, Order>, there: &[(u64, u32, String, String)]) -> (Vec<u64>, Vec<u64>) {
    let there: BTreeMap<u64, (u32, &str, &str)> =
        there.iter().map(|(id, customer, total, status)| (*id, (*customer, total.as_str(), status.as_str()))).collect();
    let same = |id: &u64, order: &Order| {
        let total = decimal(order.total_cents);
        let status = if order.paid { "paid" } else { "new" };
        there.get(id) == Some(&(order.customer, total.as_str(), status))
    };
    let missing = told.iter().filter(|(id, order)| !same(id, order)).map(|(id, _)| *id).collect();
    let surplus = there.keys().filter(|id| !told.contains_key(id)).copied().collect();
    (missing, surplus)
}

/// Asks PostgreSQL itself, not through Bascule, for the number of the new orders.
pub(super) async fn postgres_holds(config: &Config, told: usize) -> Check {
    let question = format!("SELECT count(*) FROM {DATABASE}.orders WHERE id > {ORDERS}");
    let answers = async {
        let mut client = Client::connect(&config.target, "bascule demo").await?;
        client.simple(&question).await
    };
    let count: Result<Option<usize>, _> = answers
        .await
        .map(|answers| answers.first().and_then(|answer| answer.rows.first()).and_then(|row| row.parse_as(0)));
    let held = matches!(count, Ok(Some(count)) if count == told);
    let check = Check::new("postgres_itself", "PostgreSQL itself holds as many new orders", held);
    check.detail(|| match count {
        Ok(count) => format!("it holds {} instead of {told}", count.map_or("none".into(), |count| count.to_string())),
        Err(error) => with_causes(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_changed_and_surplus_orders_are_told_apart() {
        let order = Order { customer: 7, total_cents: 250, paid: false };
        let told = BTreeMap::from([(1, order), (2, order), (3, Order { paid: true, ..order })]);
        let row = |id: u64, status: &str| (id, 7, "2.50".to_owned(), status.to_owned());
        let (missing, surplus) = compare(&told, &[row(1, "new"), row(3, "new"), row(9, "new")]);
        assert_eq!((missing, surplus), (vec![2, 3], vec![9]));
        let (missing, surplus) = compare(&told, &[row(1, "new"), row(2, "new"), row(3, "paid")]);
        assert_eq!((missing, surplus), (vec![], vec![]));
    }
}
