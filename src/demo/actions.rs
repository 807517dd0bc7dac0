//! What the shop's clients do: the mix of statements that the demo sends.
//!
//! Two invariants run through all of it, and readers check them in single statements at any moment: an order's total
//! is the sum of its items, and money is only moved, so that all balances and all payments together stay the same.
//! A client remembers the orders that it was told are committed; at the end exactly these must be there.

use std::collections::BTreeMap;
use std::fmt::Write;

use rand::Rng;
use rand::rngs::StdRng;

use super::client::{Answer, Client, server_code};
use super::schema::{COUNTRIES, CUSTOMERS, METHODS, NAMES, PRODUCTS, decimal, pick, price_of, sku};

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    PlaceOrder,
    Pay,
    Transfer,
    Cancel,
    Restock,
    Visit,
    SignUp,
    SignUpTwice,
    Browse,
    History,
    Report,
}

/// The mix, in shares of 100.
const MIX: [(Action, u32); 11] = [
    (Action::PlaceOrder, 16),
    (Action::Pay, 12),
    (Action::Transfer, 12),
    (Action::Cancel, 3),
    (Action::Restock, 8),
    (Action::Visit, 8),
    (Action::SignUp, 4),
    (Action::SignUpTwice, 2),
    (Action::Browse, 18),
    (Action::History, 12),
    (Action::Report, 5),
];

impl Action {
    pub(super) fn choose(random: &mut StdRng) -> Self {
        let mut ticket = random.gen_range(0..MIX.iter().map(|(_, share)| share).sum());
        for (action, share) in MIX {
            if ticket < share {
                return action;
            }
            ticket -= share;
        }
        Self::Browse
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PlaceOrder => "place an order",
            Self::Pay => "pay an order",
            Self::Transfer => "transfer money",
            Self::Cancel => "cancel an order",
            Self::Restock => "restock a product",
            Self::Visit => "record a visit",
            Self::SignUp => "sign up",
            Self::SignUpTwice => "sign up twice",
            Self::Browse => "browse products",
            Self::History => "read an order history",
            Self::Report => "read a report",
        }
    }
}

/// An order that the server said is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) customer: u32,
    pub(super) total_cents: i64,
    pub(super) paid: bool,
}

/// A customer of the demo at work.
pub(super) struct Worker {
    number: u32,
    random: StdRng,
    signed_up: u32,
    orders: BTreeMap<u64, Order>,
}

impl Worker {
    pub(super) fn new(number: u32, random: StdRng) -> Self {
        Self { number, random, signed_up: 0, orders: BTreeMap::new() }
    }

    /// Chooses what's next.
    pub(super) fn next(&mut self) -> Action {
        Action::choose(&mut self.random)
    }

    /// A pause such as people make.
    pub(super) fn think_millis(&mut self) -> u64 {
        self.random.gen_range(2..28)
    }

    /// The orders that must be there in the end.
    pub(super) fn into_orders(self) -> BTreeMap<u64, Order> {
        self.orders
    }

    /// Does one action. Nothing is remembered of an attempt that failed.
    pub(super) async fn act(&mut self, client: &mut Client, action: Action) -> Answer<()> {
        match action {
            Action::PlaceOrder => self.place_order(client).await,
            Action::Pay => self.pay(client).await,
            Action::Transfer => self.transfer(client).await,
            Action::Cancel => self.cancel(client).await,
            Action::Restock => self.restock(client).await,
            Action::Visit => self.visit(client).await,
            Action::SignUp => self.sign_up(client).await,
            Action::SignUpTwice => self.sign_up_twice(client).await,
            Action::Browse => self.browse(client).await,
            Action::History => self.history(client).await,
            Action::Report => self.report(client).await,
        }
    }

    async fn place_order(&mut self, client: &mut Client) -> Answer<()> {
        let customer = self.random.gen_range(1..=CUSTOMERS);
        client.run("START TRANSACTION").await?;
        let note = pick(&NAMES, &mut self.random);
        client.execute("INSERT INTO orders (customer_id, note) VALUES (?, ?)", (customer, note)).await?;
        let order = client.inserted();
        let mut total = self.add_items(client, order).await?;
        if self.random.gen_ratio(1, 6) {
            client.run("SAVEPOINT extras").await?;
            let more = self.add_items(client, order).await?;
            if self.random.gen_ratio(1, 2) {
                client.run("ROLLBACK TO SAVEPOINT extras").await?;
            } else {
                client.run("RELEASE SAVEPOINT extras").await?;
                total += more;
            }
        }
        client.execute("UPDATE orders SET total = ? WHERE id = ?", (decimal(total), order)).await?;
        if self.random.gen_ratio(1, 8) {
            client.run("ROLLBACK").await?;
            return Ok(());
        }
        client.run("COMMIT").await?;
        client.stats().transaction();
        self.orders.insert(order, Order { customer, total_cents: total, paid: false });
        Ok(())
    }

    /// Several rows by one INSERT, and the stock of each product; returns what they cost.
    async fn add_items(&mut self, client: &mut Client, order: u64) -> Answer<i64> {
        // In the order of the keys, as careful applications do; it keeps deadlocks rare, not impossible.
        let count = self.random.gen_range(1..=3);
        let mut products: Vec<u32> = (0..count).map(|_| self.random.gen_range(1..=PRODUCTS)).collect();
        products.sort_unstable();
        let (mut total, mut values) = (0, String::new());
        for product in &products {
            let quantity = self.random.gen_range(1..=4_i64);
            total += quantity * price_of(*product);
            let comma = if values.is_empty() { "" } else { ", " };
            write!(values, "{comma}({order}, {product}, {quantity}, {})", decimal(price_of(*product)))
                .expect("a String takes all");
        }
        client
            .run(format!("INSERT INTO order_items (order_id, product_id, quantity, unit_price) VALUES {values}"))
            .await?;
        for product in products {
            client
                .execute("UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ?", (1, product, 1))
                .await?;
        }
        Ok(total)
    }

    async fn pay(&mut self, client: &mut Client) -> Answer<()> {
        let Some((id, order)) = self.orders.iter().find(|(_, order)| !order.paid).map(|(id, order)| (*id, *order))
        else {
            return self.browse(client).await;
        };
        let method = pick(&METHODS, &mut self.random);
        let amount = decimal(order.total_cents);
        client.run("BEGIN").await?;
        let taken = client.execute("UPDATE orders SET status = 'paid' WHERE id = ? AND status = 'new'", (id,)).await?;
        if taken != 1 {
            client.run("ROLLBACK").await?;
            client.stats().violation(format!("order {id} was committed and is open, but {taken} rows were paid"));
            return Ok(());
        }
        client.execute("UPDATE customers SET balance = balance - ? WHERE id = ?", (&amount, order.customer)).await?;
        client
            .execute(
                "INSERT INTO payments (order_id, customer_id, amount, method, details, paid_at) \
                 VALUES (?, ?, ?, ?, ?, NOW(3))",
                (id, order.customer, &amount, method, format!("{{\"by\": \"client {}\"}}", self.number)),
            )
            .await?;
        client.run("COMMIT").await?;
        client.stats().transaction();
        self.orders.insert(id, Order { paid: true, ..order });
        Ok(())
    }

    async fn transfer(&mut self, client: &mut Client) -> Answer<()> {
        let (one, other) = (self.random.gen_range(1..=CUSTOMERS), self.random.gen_range(1..=CUSTOMERS));
        if one == other {
            return Ok(());
        }
        let (from, to) = (one.min(other), one.max(other));
        let amount = decimal(self.random.gen_range(-2_000..2_000));
        client.run("START TRANSACTION").await?;
        let found: Vec<(u32, String)> = client
            .fetch("SELECT id, balance FROM customers WHERE id IN (?, ?) ORDER BY id FOR UPDATE", (from, to))
            .await?;
        if found.len() != 2 {
            client.stats().violation(format!("customers {from} and {to} exist, but {} rows came", found.len()));
        }
        client.run(format!("UPDATE customers SET balance = balance - {amount} WHERE id = {from}")).await?;
        client.run(format!("UPDATE customers SET balance = balance + {amount} WHERE id = {to}")).await?;
        let rolled_back = self.random.gen_ratio(1, 10);
        client.run(if rolled_back { "ROLLBACK" } else { "COMMIT" }).await?;
        if !rolled_back {
            client.stats().transaction();
        }
        Ok(())
    }

    /// Deletes an open order; its items go with it by the foreign key.
    async fn cancel(&mut self, client: &mut Client) -> Answer<()> {
        let Some(id) = self.orders.iter().rev().find(|(_, order)| !order.paid).map(|(id, _)| *id) else {
            return self.browse(client).await;
        };
        let gone = client.execute("DELETE FROM orders WHERE id = ?", (id,)).await?;
        if gone != 1 {
            client.stats().violation(format!("order {id} was committed, but {gone} rows were deleted"));
        }
        client.stats().transaction();
        self.orders.remove(&id);
        Ok(())
    }

    /// One in seven is a new product, the others are there already.
    async fn restock(&mut self, client: &mut Client) -> Answer<()> {
        let product = self.random.gen_range(1..=PRODUCTS + PRODUCTS / 6);
        client
            .execute(
                "INSERT INTO products (sku, name, category, price, stock) VALUES (?, ?, ?, ?, ?) \
                 ON DUPLICATE KEY UPDATE stock = stock + VALUES(stock)",
                (sku(product), format!("nouveauté {product}"), "toys", decimal(price_of(product)), 25),
            )
            .await?;
        client.stats().transaction();
        Ok(())
    }

    async fn visit(&mut self, client: &mut Client) -> Answer<()> {
        let customer = self.random.gen_range(1..=CUSTOMERS);
        if self.random.gen_ratio(1, 2) {
            client.run(format!("UPDATE customers SET last_seen = NOW() WHERE id = {customer}")).await?;
        } else {
            let preferences = format!("{{\"visits\": {}, \"theme\": \"light\"}}", self.random.gen_range(0..900));
            client
                .execute("UPDATE customers SET preferences = ?, active = ? WHERE id = ?", (preferences, true, customer))
                .await?;
        }
        client.stats().transaction();
        Ok(())
    }

    async fn sign_up(&mut self, client: &mut Client) -> Answer<()> {
        let email = format!("new{}.{}@shop.example", self.number, self.signed_up + 1);
        let name = pick(&NAMES, &mut self.random);
        let country = pick(&COUNTRIES, &mut self.random);
        client.execute("INSERT INTO customers (email, name, country) VALUES (?, ?, ?)", (email, name, country)).await?;
        self.signed_up += 1;
        client.stats().transaction();
        let told = client.inserted();
        let asked: Vec<u64> = client.rows("SELECT LAST_INSERT_ID()").await?;
        if told == 0 || asked.first() != Some(&told) {
            client.stats().violation(format!("LAST_INSERT_ID() is {asked:?} after an insert that gave {told}"));
        }
        Ok(())
    }

    /// The e-mail is taken: the error, and its number, are what the application relies on.
    async fn sign_up_twice(&mut self, client: &mut Client) -> Answer<()> {
        let email = format!("customer{}@shop.example", self.random.gen_range(1..=CUSTOMERS));
        let answer = client.execute("INSERT INTO customers (email, name) VALUES (?, ?)", (&email, "again")).await;
        match answer {
            Err(error) if server_code(&error) == Some(1062) => Ok(()),
            Err(error) => Err(error),
            Ok(rows) => {
                client.stats().violation(format!("{email} was there, but {rows} rows were inserted"));
                Ok(())
            }
        }
    }

    async fn browse(&mut self, client: &mut Client) -> Answer<()> {
        let product = self.random.gen_range(1..=PRODUCTS);
        let found: Vec<(String, String, String)> =
            client.fetch("SELECT sku, name, price FROM products WHERE id = ?", (product,)).await?;
        let wanted = (sku(product), decimal(price_of(product)));
        if found.first().map(|(sku, _, price)| (sku.clone(), price.clone())) != Some(wanted) {
            client.stats().violation(format!("product {product} reads as {found:?}"));
        }
        let country = pick(&COUNTRIES, &mut self.random);
        let listed: Vec<(u32, String)> = client
            .rows(format!("SELECT id, name FROM customers WHERE country = '{country}' ORDER BY id LIMIT 10"))
            .await?;
        if listed.len() != 10 {
            client.stats().violation(format!("{} customers of {country} instead of 10", listed.len()));
        }
        Ok(())
    }

    /// A join with an aggregate, and the invariant that each order is the sum of its items.
    async fn history(&mut self, client: &mut Client) -> Answer<()> {
        let customer = self.random.gen_range(1..=CUSTOMERS);
        let orders: Vec<(u64, String, String)> = client
            .fetch(
                "SELECT o.id, o.total, SUM(i.quantity * i.unit_price) AS items FROM orders o \
                 JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = ? GROUP BY o.id, o.total ORDER BY o.id",
                (customer,),
            )
            .await?;
        for (id, total, items) in orders {
            if total != items {
                client.stats().violation(format!("order {id} has the total {total}, but its items sum up to {items}"));
            }
        }
        Ok(())
    }

    async fn report(&mut self, client: &mut Client) -> Answer<()> {
        let from = self.random.gen_range(1..=CUSTOMERS);
        let _best: Vec<(u32, String, u64, String)> = client
            .rows(format!(
                "SELECT c.id, c.name, COUNT(*) AS orders, SUM(o.total) AS spent FROM customers c \
                 JOIN orders o ON o.customer_id = c.id WHERE c.id BETWEEN {from} AND {} AND o.status <> 'cancelled' \
                 GROUP BY c.id, c.name HAVING COUNT(*) > 1 ORDER BY spent DESC, c.id LIMIT 10",
                from + 200
            ))
            .await?;
        Ok(())
    }
}
