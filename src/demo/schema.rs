//! The demo's shop: its tables and its first rows.
//!
//! The rows are a function of a fixed seed, so two demos start from the same shop. They are written straight to MySQL,
//! before Bascule is there, as the data of a company that has been in business for a while. The types are those that
//! applications use: unsigned and signed keys, decimals, dates with and without fractions, enums, JSON, and text in
//! several scripts.

use std::fmt::Write;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The shop's database, on both sides.
pub(super) const DATABASE: &str = "shop";
/// The application's own account.
pub(super) const USER: &str = "shop";
/// Its password: of this demo's throwaway servers only, so it may be printed.
pub(super) const PASSWORD: &str = "bascule-demo";

pub(super) const CUSTOMERS: u32 = 6_000;
pub(super) const PRODUCTS: u32 = 1_200;
pub(super) const ORDERS: u32 = 10_000;
const SEED: u64 = 0xBA5C_01E5;
const ROWS_PER_INSERT: usize = 1_000;

/// Names of people, so that text in several scripts takes part in everything.
pub(super) const NAMES: [&str; 12] = [
    "Ada Lovelace",
    "Zoë Müller",
    "Владимир Иванов",
    "田中 花子",
    "محمد علي",
    "Σωκράτης Παππάς",
    "राज कुमार",
    "김민준",
    "Nguyễn Thị Hoa",
    "O'Brien, Siobhán",
    "דוד לוי",
    "Smiley 😀 Emoji",
];
/// ISO codes of the customers' countries.
pub(super) const COUNTRIES: [&str; 8] = ["SE", "DE", "JP", "BR", "IN", "EG", "KR", "GR"];
/// The values of `products.category`.
pub(super) const CATEGORIES: [&str; 5] = ["books", "music", "garden", "kitchen", "toys"];
/// The values of `payments.method`.
pub(super) const METHODS: [&str; 3] = ["card", "transfer", "voucher"];

const TABLES: [&str; 5] = [
    "CREATE TABLE customers (
        id INT UNSIGNED NOT NULL AUTO_INCREMENT,
        email VARCHAR(120) NOT NULL,
        name VARCHAR(80) NOT NULL,
        country CHAR(2) NOT NULL DEFAULT 'SE',
        balance DECIMAL(12,2) NOT NULL DEFAULT 0.00,
        preferences JSON NULL,
        notes TEXT NULL,
        active TINYINT(1) NOT NULL DEFAULT 1,
        last_seen DATETIME NULL,
        created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
        updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
        PRIMARY KEY (id),
        UNIQUE KEY customers_email (email),
        KEY customers_country (country, name)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE products (
        id INT NOT NULL AUTO_INCREMENT,
        sku VARCHAR(20) NOT NULL,
        name VARCHAR(120) NOT NULL,
        category ENUM('books','music','garden','kitchen','toys') NOT NULL DEFAULT 'books',
        description TEXT NULL,
        price DECIMAL(10,2) NOT NULL,
        stock INT NOT NULL DEFAULT 0,
        weight_kg DOUBLE NULL,
        attributes JSON NULL,
        updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
        PRIMARY KEY (id),
        UNIQUE KEY products_sku (sku),
        KEY products_category (category)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE orders (
        id BIGINT NOT NULL AUTO_INCREMENT,
        customer_id INT UNSIGNED NOT NULL,
        status ENUM('new','paid','shipped','cancelled') NOT NULL DEFAULT 'new',
        total DECIMAL(12,2) NOT NULL DEFAULT 0.00,
        note VARCHAR(200) NULL,
        placed_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
        updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
        PRIMARY KEY (id),
        KEY orders_customer (customer_id, placed_at),
        CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE order_items (
        id BIGINT NOT NULL AUTO_INCREMENT,
        order_id BIGINT NOT NULL,
        product_id INT NOT NULL,
        quantity SMALLINT UNSIGNED NOT NULL,
        unit_price DECIMAL(10,2) NOT NULL,
        PRIMARY KEY (id),
        KEY order_items_order (order_id),
        KEY order_items_product (product_id),
        CONSTRAINT order_items_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
        CONSTRAINT order_items_product FOREIGN KEY (product_id) REFERENCES products (id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE payments (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        order_id BIGINT NOT NULL,
        customer_id INT UNSIGNED NOT NULL,
        amount DECIMAL(12,2) NOT NULL,
        method ENUM('card','transfer','voucher') NOT NULL,
        details JSON NULL,
        paid_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        KEY payments_order (order_id),
        KEY payments_customer (customer_id),
        CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id),
        CONSTRAINT payments_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
];

/// Creates the database, the application's account, the tables and the first rows. Returns the number of rows.
pub(super) async fn create(conn: &mut Conn) -> Result<u64, mysql_async::Error> {
    conn.query_drop(format!("CREATE DATABASE {DATABASE} DEFAULT CHARACTER SET utf8mb4")).await?;
    conn.query_drop(format!("CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")).await?;
    conn.query_drop(format!("GRANT ALL ON {DATABASE}.* TO '{USER}'@'%'")).await?;
    conn.query_drop(format!("USE {DATABASE}")).await?;
    for table in TABLES {
        conn.query_drop(table).await?;
    }
    let mut rows = 0;
    let mut random = StdRng::seed_from_u64(SEED);
    for (head, values) in [customers(&mut random), products(&mut random)] {
        rows += insert(conn, head, &values).await?;
    }
    for (head, values) in sales(&mut random) {
        rows += insert(conn, head, &values).await?;
    }
    Ok(rows)
}

/// Cents as MySQL writes a decimal of scale 2.
pub(super) fn decimal(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// The price in cents of a product that the shop starts with.
pub(super) fn price_of(product: u32) -> i64 {
    199 + i64::from(product % 97) * 53
}

/// The head of an INSERT and the tuples that follow it.
type Rows = (&'static str, Vec<String>);

async fn insert(conn: &mut Conn, head: &str, values: &[String]) -> Result<u64, mysql_async::Error> {
    for chunk in values.chunks(ROWS_PER_INSERT) {
        conn.query_drop(format!("{head} VALUES {}", chunk.join(","))).await?;
    }
    Ok(values.len() as u64)
}

fn customers(random: &mut StdRng) -> Rows {
    let row = |id: u32| {
        let name = pick(&NAMES, random).replace('\'', "''");
        let country = pick(&COUNTRIES, random);
        let balance = decimal(random.gen_range(50_000..200_000));
        let visits: u32 = random.gen_range(0..500);
        let preferences = match id % 5 {
            0 => "NULL".to_owned(),
            _ => format!("'{{\"visits\": {visits}, \"newsletter\": {}, \"theme\": \"dark\"}}'", id.is_multiple_of(2)),
        };
        let day = random.gen_range(1..=28);
        format!(
            "({id},'customer{id}@shop.example','{name}','{country}',{balance},{preferences},'{name} · №{id}',\
             '2024-03-{day:02} 10:15:{:02}')",
            id % 60
        )
    };
    let head = "INSERT INTO customers (id, email, name, country, balance, preferences, notes, created_at)";
    (head, (1..=CUSTOMERS).map(row).collect())
}

fn products(random: &mut StdRng) -> Rows {
    let row = |id: u32| {
        let category = pick(&CATEGORIES, random);
        let maker = pick(&NAMES, random).replace('\'', "''");
        let weight = f64::from(random.gen_range(1_u32..4_000)) / 128.0;
        format!(
            "({id},'{}','{category} {id} by {maker}','{category}','Made with care ✓',{},100000,{weight},\
             '{{\"colour\": \"blå\", \"sizes\": [{}, {}]}}')",
            sku(id),
            decimal(price_of(id)),
            id % 7,
            id % 11
        )
    };
    let head = "INSERT INTO products (id, sku, name, category, description, price, stock, weight_kg, attributes)";
    (head, (1..=PRODUCTS).map(row).collect())
}

/// The article number of a product.
pub(super) fn sku(product: u32) -> String {
    format!("SKU-{product:05}")
}

/// Orders with their items, and payments for those that are paid.
fn sales(random: &mut StdRng) -> [Rows; 3] {
    let (mut orders, mut items, mut payments) = (Vec::new(), Vec::new(), Vec::new());
    for order in 1..=ORDERS {
        let customer = random.gen_range(1..=CUSTOMERS);
        let mut total = 0;
        for _ in 0..random.gen_range(1..=4) {
            let (product, quantity) = (random.gen_range(1..=PRODUCTS), random.gen_range(1..=5_i64));
            total += quantity * price_of(product);
            items.push(format!("({order},{product},{quantity},{})", decimal(price_of(product))));
        }
        let total = decimal(total);
        let paid = order % 2 == 0;
        let status = if paid { "paid" } else { "shipped" };
        let mut time = String::new();
        write!(time, "2025-{:02}-{:02} 08:{:02}:00", order % 12 + 1, order % 28 + 1, order % 60)
            .expect("a String takes all");
        orders.push(format!("({order},{customer},'{status}',{total},'{time}')"));
        if paid {
            let method = pick(&METHODS, random);
            payments.push(format!("({order},{customer},{total},'{method}','{{\"ok\": true}}','{time}.250')"));
        }
    }
    [
        ("INSERT INTO orders (id, customer_id, status, total, placed_at)", orders),
        ("INSERT INTO order_items (order_id, product_id, quantity, unit_price)", items),
        ("INSERT INTO payments (order_id, customer_id, amount, method, details, paid_at)", payments),
    ]
}

/// One of `choices`.
pub(super) fn pick<'a>(choices: &[&'a str], random: &mut StdRng) -> &'a str {
    choices.get(random.gen_range(0..choices.len())).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_as_mysql_writes_them() {
        for (cents, text) in [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123_456, "1234.56"), (-100, "-1.00")] {
            assert_eq!(decimal(cents), text);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_shop() {
        let shop = || sales(&mut StdRng::seed_from_u64(SEED)).map(|(_, rows)| rows);
        assert_eq!(shop(), shop());
        assert!(shop().iter().all(|rows| rows.len() >= 5_000));
    }
}
