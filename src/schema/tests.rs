//! DDL of a table with every carried type, against `tests/golden/schema`; and every refusal.

use super::*;

fn column(name: &str, column_type: ColumnType) -> Column {
    Column {
        name: name.to_owned(),
        column_type,
        type_text: String::new(),
        nullable: true,
        default: ColumnDefault::Null,
        on_update_now: None,
        auto_increment: false,
        generated: None,
        charset: None,
        collation: None,
        comment: String::new(),
        invisible: false,
        explicit_collation: false,
        default_sql: String::new(),
    }
}

fn with_default(name: &str, column_type: ColumnType, default: ColumnDefault) -> Column {
    Column { default, nullable: false, ..column(name, column_type) }
}

fn part(column: &str, prefix: Option<u32>, descending: bool) -> KeyPart {
    KeyPart { column: Some(column.to_owned()), expression: None, sql: String::new(), prefix, descending }
}

fn key(name: &str, kind: KeyKind, parts: Vec<KeyPart>) -> Key {
    Key { name: name.to_owned(), kind, parts, options: KeyOptions::default() }
}

fn table(columns: Vec<Column>) -> Table {
    Table {
        name: TableName { database: "shop".to_owned(), table: "it's".to_owned() },
        columns,
        keys: Vec::new(),
        foreign_keys: Vec::new(),
        charset: "utf8mb4".to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        auto_increment: Some(7),
        comment: "the 'one'".to_owned(),
        engine: "InnoDB".to_owned(),
        has_triggers: false,
        merge: None,
        ..Table::default()
    }
}

fn every_type() -> Vec<Column> {
    let labels = vec!["a".to_owned(), "it's".to_owned()];
    let constant = |text: &str| ColumnDefault::Constant(text.to_owned());
    vec![
        Column { auto_increment: true, nullable: false, ..column("id", ColumnType::Int { unsigned: true }) },
        with_default("flag", ColumnType::TinyInt { unsigned: false, width: Some(1) }, constant("1")),
        column("small", ColumnType::SmallInt { unsigned: true }),
        column("medium", ColumnType::MediumInt { unsigned: false }),
        column("big", ColumnType::BigInt { unsigned: true }),
        with_default("price", ColumnType::Decimal { precision: 10, scale: 2, unsigned: true }, constant("1.50")),
        column("real", ColumnType::Float { unsigned: false }),
        with_default("double", ColumnType::Double { unsigned: false }, constant("1e10")),
        with_default("bits", ColumnType::Bit { bits: 3 }, constant("b'101'")),
        column("bits64", ColumnType::Bit { bits: 64 }),
        column("year", ColumnType::Year),
        with_default("day", ColumnType::Date, constant("2024-01-31")),
        column("time", ColumnType::Time { fraction: 2 }),
        with_default("made", ColumnType::DateTime { fraction: 0 }, ColumnDefault::Now(0)),
        with_default("changed", ColumnType::Timestamp { fraction: 4 }, ColumnDefault::Now(4)),
        with_default("code", ColumnType::Char { length: 10 }, constant("a\\'b")),
        Column { collation: Some("utf8mb4_bin".to_owned()), ..column("name", ColumnType::VarChar { length: 200 }) },
        column("text", ColumnType::Text),
        with_default("fixed", ColumnType::Binary { length: 4 }, constant("0x6162")),
        column("blob", ColumnType::LongBlob),
        column("kind", ColumnType::Enum { labels: labels.clone() }),
        column("tags", ColumnType::Set { labels }),
        with_default("json", ColumnType::Json, ColumnDefault::Expression("json_object()".to_owned())),
    ]
}

#[test]
fn a_table_of_every_type_matches_the_golden_file() {
    let mut table = table(every_type());
    table.keys = vec![
        key("PRIMARY", KeyKind::Primary, vec![part("id", None, false)]),
        key("name", KeyKind::Unique, vec![part("name", Some(20), false), part("code", None, true)]),
        key("blob", KeyKind::Secondary, vec![part("blob", Some(10), false), part("year", None, true)]),
    ];
    table.foreign_keys = vec![ForeignKey {
        name: "fk".to_owned(),
        columns: vec!["big".to_owned()],
        references: TableName { database: "shop".to_owned(), table: "other".to_owned() },
        referenced_columns: vec!["id".to_owned()],
        on_delete: ReferentialAction::Cascade,
        on_update: ReferentialAction::Restrict,
    }];
    let ddl = ddl::table(&table).expect("everything is carried");
    let text: String = ddl.statements().map(|statement| format!("{statement};\n")).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/schema/every_type.sql");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &text).expect("the golden file can be written");
    }
    assert_eq!(text, std::fs::read_to_string(path).expect("the golden file is there"));
}

#[test]
fn an_unsigned_bigint_id_has_an_owned_sequence() {
    let id = Column { auto_increment: true, nullable: false, ..column("id", ColumnType::BigInt { unsigned: true }) };
    let mut table = table(vec![id]);
    table.comment = String::new();
    let ddl = ddl::table(&table).expect("carried");
    assert_eq!(ddl.create.len(), 3, "{:?}", ddl.create);
    assert_eq!(ddl.create[0], "CREATE SEQUENCE \"shop\".\"it's__id__seq\" START WITH 7");
    assert!(ddl.create[1].contains("DEFAULT nextval('\"shop\".\"it''s__id__seq\"'::regclass) NOT NULL"));
    table.auto_increment = Some(u64::MAX);
    assert!(ddl::table(&table).is_err());
}

#[test]
fn what_is_not_carried_is_refused_by_name() {
    let refusal = |column: Column| ddl::table(&table(vec![column])).expect_err("refused").to_string();
    let geometry = ColumnType::Unsupported { name: "vector(3)".to_owned() };
    let shape = Column { type_text: "vector(3)".to_owned(), ..column("g", geometry) };
    assert_eq!(refusal(shape), "shop.it's.g: type vector(3) isn't carried");
    let generated = Some(Generated { expression: "a+1".to_owned(), stored: true, sql: String::new() });
    let int = ColumnType::Int { unsigned: false };
    assert_eq!(
        refusal(Column { generated, ..column("g", int.clone()) }),
        "shop.it's.g: a generated column isn't carried"
    );
    let zero = ColumnDefault::Constant("2024-00-00".to_owned());
    assert_eq!(refusal(with_default("d", ColumnType::Date, zero)), "shop.it's.d: default '2024-00-00' isn't carried");
    let sjis = Some("sjis_japanese_ci".to_owned());
    assert_eq!(
        refusal(Column { collation: sjis, ..column("s", ColumnType::Text) }),
        "shop.it's.s: collation sjis_japanese_ci isn't carried"
    );
    let mut indexed = table(vec![column("a", int)]);
    for kind in [KeyKind::Spatial, KeyKind::Fulltext] {
        indexed.keys = vec![key("f", kind, vec![part("a", None, false)])];
        assert!(ddl::table(&indexed).expect("carried").indexes.is_empty());
    }
}

#[test]
fn an_index_never_refuses_a_row() {
    let mut table = table(vec![
        column("short", ColumnType::VarChar { length: 200 }),
        column("long", ColumnType::VarChar { length: 768 }),
        column("text", ColumnType::Text),
        column("number", ColumnType::BigInt { unsigned: false }),
    ]);
    table.keys = vec![
        key("a", KeyKind::Secondary, vec![part("short", Some(10), false)]),
        key("b", KeyKind::Secondary, vec![part("long", None, false)]),
        key("c", KeyKind::Secondary, vec![part("text", Some(700), false), part("number", None, false)]),
        key("d", KeyKind::Unique, vec![part("text", Some(10), false)]),
    ];
    let ddl = ddl::table(&table).expect("carried");
    let parts = |statement: &String| statement.split_once(" (").map(|(_, parts)| parts.to_owned());
    let found: Vec<_> = ddl.indexes.iter().chain(&ddl.keys).filter_map(parts).collect();
    assert_eq!(
        found,
        [
            "\"short\" NULLS FIRST)",
            "\"left\"(\"long\", 650) NULLS FIRST)",
            "\"left\"(\"text\", 325) NULLS FIRST, \"number\" NULLS FIRST)",
            "\"left\"(\"text\", 10) NULLS FIRST)",
        ]
    );
}

#[test]
fn a_foreign_key_needs_a_unique_target() {
    let int = || column("a", ColumnType::Int { unsigned: false });
    let mut parent = table(vec![int()]);
    parent.keys = vec![key("k", KeyKind::Secondary, vec![part("a", None, false)])];
    let foreign_key = ForeignKey {
        name: "fk".to_owned(),
        columns: vec!["a".to_owned()],
        references: parent.name.clone(),
        referenced_columns: vec!["A".to_owned()],
        on_delete: ReferentialAction::NoAction,
        on_update: ReferentialAction::NoAction,
    };
    let child = table(vec![int()]);
    let mut catalogue = Catalogue::default();
    let check = |catalogue: &Catalogue| {
        ddl::check_foreign_key(catalogue, &child, &foreign_key).map_err(|error| error.what().to_owned())
    };
    assert_eq!(check(&catalogue), Err("a foreign key to shop.it's, which isn't carried,".to_owned()));
    catalogue.apply(&CatalogueChange::PutTable(Arc::new(parent.clone())));
    assert_eq!(check(&catalogue), Err("a foreign key to columns without a unique key".to_owned()));
    parent.keys[0].kind = KeyKind::Unique;
    catalogue.apply(&CatalogueChange::PutTable(Arc::new(parent)));
    assert_eq!(check(&catalogue), Ok(()));
}

#[test]
fn index_names_lead_back_to_keys() {
    let mut table = table(vec![column("a", ColumnType::Int { unsigned: false })]);
    table.name.table = "t".repeat(60);
    table.keys = vec![key("long_key_name", KeyKind::Unique, vec![part("a", None, false)])];
    let index = ddl::index_name(&table.name.table, "long_key_name");
    assert!(index.len() <= 63);
    assert_eq!(ddl::key_of_index(&table, &index).map(|key| key.name.as_str()), Some("long_key_name"));
}
