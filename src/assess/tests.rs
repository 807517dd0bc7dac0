use std::sync::Arc;

use super::*;
use crate::config::{LEFT_BEHIND, Lane};
use crate::schema::{Column, ColumnDefault, Database, Key, KeyKind, KeyOptions, KeyPart, Table, column_type};
use crate::source::inspect::{AccountRow, Definition, TableSurvey};
use crate::target::SchemaSurvey;

/// A fresh MySQL's.
const MODES: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
                     NO_ENGINE_SUBSTITUTION";

/// Servers of which nothing is to be said but how large they are.
fn clean() -> Inventory {
    let good = [
        ("version", "8.4.3"),
        ("log_bin", "ON"),
        ("gtid_mode", "ON"),
        ("enforce_gtid_consistency", "ON"),
        ("binlog_format", "ROW"),
        ("binlog_row_image", "FULL"),
        ("binlog_expire_logs_seconds", "2592000"),
        ("time_zone", "SYSTEM"),
        ("lower_case_table_names", "0"),
        ("sql_mode", MODES),
        ("transaction_isolation", "REPEATABLE-READ"),
        ("max_allowed_packet", "67108864"),
        ("read_only", "OFF"),
    ];
    let source = SourceSurvey {
        variables: good.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        named_zones: true,
        account: "bascule@%".to_owned(),
        grants: vec![
            "GRANT SELECT, REPLICATION CLIENT, SHOW VIEW, TRIGGER ON *.* TO `bascule`@`%`".to_owned(),
            "GRANT SHOW_ROUTINE ON *.* TO `bascule`@`%`".to_owned(),
        ],
        accounts: Some(Vec::new()),
        ..SourceSurvey::default()
    };
    let target = TargetSurvey {
        version_number: 170_002,
        version: "PostgreSQL 17.2 on x86_64".to_owned(),
        encoding: "UTF8".to_owned(),
        collation: "C.UTF-8".to_owned(),
        max_connections: 200,
        reserved_connections: 3,
        max_prepared_transactions: 10,
        icu: true,
        pgcrypto: true,
        may_create_schemas: true,
        database_bytes: 8 << 20,
        ..TargetSurvey::default()
    };
    let settings = Settings {
        databases: vec!["shop".to_owned()],
        leave_behind: Vec::new(),
        lane: Lane::Statements,
        max_allowed_packet: 64 << 20,
        target_connections: 64,
        target_database: "bascule".to_owned(),
        target_user: "bascule".to_owned(),
    };
    Inventory {
        settings,
        source: Ok(source),
        target: Ok(target),
        rehearsed: Ok(Vec::new()),
        lane_problems: Vec::new(),
        data: None,
    }
}

fn column(name: &str, type_text: &str) -> Column {
    Column {
        name: name.to_owned(),
        column_type: column_type(type_text),
        type_text: type_text.to_owned(),
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

fn key(kind: KeyKind, column: &str) -> Key {
    let part = KeyPart {
        column: Some(column.to_owned()),
        expression: None,
        sql: String::new(),
        prefix: None,
        descending: false,
    };
    Key { name: "k".to_owned(), kind, parts: vec![part], options: KeyOptions::default() }
}

fn table(columns: Vec<Column>, keys: Vec<Key>) -> Table {
    Table {
        name: TableName { database: "shop".to_owned(), table: "t".to_owned() },
        columns,
        keys,
        charset: "utf8mb4".to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        engine: "InnoDB".to_owned(),
        ..Table::default()
    }
}

fn with(table: Table) -> impl Fn(&mut Inventory) {
    move |inventory| {
        let survey = inventory.source.as_mut().expect("a source");
        let known = TableSurvey { name: table.name.clone(), engine: table.engine.clone(), ..TableSurvey::default() };
        survey.tables.push(known);
        let database = survey.catalogue.databases.entry("shop".to_owned()).or_insert_with(Database::default);
        database.tables.insert(table.name.table.clone(), Arc::new(table.clone()));
    }
}

fn variable(name: &'static str, value: &'static str) -> impl Fn(&mut Inventory) {
    move |inventory| {
        let survey = inventory.source.as_mut().expect("a source");
        survey.variables.insert(name.to_owned(), value.to_owned());
    }
}

fn ids(inventory: &Inventory) -> Vec<(Level, &'static str)> {
    let findings = assess(inventory).findings;
    findings.iter().map(|finding| (finding.level, finding.id)).filter(|(_, id)| *id != "target.size").collect()
}

#[track_caller]
fn check(plant: impl Fn(&mut Inventory), expected: &[(Level, &str)]) {
    let mut inventory = clean();
    plant(&mut inventory);
    assert_eq!(ids(&inventory), expected);
    for finding in assess(&inventory).findings {
        let whole = [&finding.subject, &finding.what, &finding.why, &finding.fix].iter().all(|text| !text.is_empty());
        assert!(whole, "{finding:?}");
    }
}

#[test]
fn clean_servers_are_a_go_without_findings() {
    assert_eq!(ids(&clean()), []);
    assert_eq!(assess(&clean()).verdict, Verdict::Go);
}

#[test]
fn each_setting_of_the_source_has_its_finding() {
    use Level::{Bends, Blocker, Note};
    for (name, value, level, id) in [
        ("version", "5.7.44-log", Blocker, "source.version"),
        ("log_bin", "OFF", Blocker, "source.log_bin"),
        ("gtid_mode", "ON_PERMISSIVE", Blocker, "source.gtid_mode"),
        ("enforce_gtid_consistency", "WARN", Blocker, "source.enforce_gtid_consistency"),
        ("binlog_format", "MIXED", Note, "source.binlog_format"),
        ("binlog_row_image", "MINIMAL", Note, "source.binlog_row_image"),
        ("lower_case_table_names", "1", Note, "source.lower_case_table_names"),
        ("collation_server", "latin1_swedish_ci", Bends, "source.variable"),
        ("init_connect", "SET @a = 1", Bends, "source.variable"),
        ("max_allowed_packet", "1073741824", Bends, "source.max_allowed_packet"),
        ("read_only", "ON", Bends, "source.read_only"),
    ] {
        check(variable(name, value), &[(level, id)]);
    }
    check(variable("sql_mode", ""), &[(Note, "source.sql_mode.not_strict")]);
    let padded = [(Bends, "source.sql_mode.pad_char")];
    check(variable("sql_mode", "STRICT_ALL_TABLES,PAD_CHAR_TO_FULL_LENGTH"), &padded);
    check(variable("transaction_isolation", "SERIALIZABLE"), &[(Bends, "source.isolation")]);
    check(variable("time_zone", "+03:00"), &[]);
    check(variable("group_concat_max_len", "100000"), &[]);
    let source = |change: fn(&mut SourceSurvey)| {
        move |inventory: &mut Inventory| change(inventory.source.as_mut().expect("one"))
    };
    check(source(|survey| survey.system_offset_seconds = -16_200), &[(Blocker, "source.time_zone")]);
    check(source(|survey| survey.named_zones = false), &[(Bends, "source.time_zone_tables")]);
    check(source(|survey| survey.accounts = None), &[(Bends, "source.accounts")]);
    check(
        source(|survey| survey.grants = vec!["GRANT SELECT ON `shop`.* TO `b`@`%`".to_owned()]),
        &[
            (Blocker, "source.privilege.replication_client"),
            (Blocker, "source.privilege.trigger"),
            (Bends, "source.privilege.show_routine"),
            (Bends, "source.privilege.show_view"),
        ],
    );
    check(
        source(|survey| {
            survey.accounts = Some(vec![AccountRow {
                user: "old".to_owned(),
                host: "%".to_owned(),
                plugin: "sha256_password".to_owned(),
                authentication: Vec::new(),
                locked: false,
            }]);
        }),
        &[(Bends, "source.account.plugin")],
    );
    let maria = source(|survey| {
        survey.variables.remove("gtid_mode");
        survey.variables.remove("enforce_gtid_consistency");
        survey.variables.insert("version".to_owned(), "10.11.6-MariaDB-log".to_owned());
    });
    let dialect = (Bends, "source.mariadb.sql");
    check(maria, &[(Blocker, "source.mariadb.lane"), dialect]);
    let old = source(|survey| {
        survey.variables.insert("version".to_owned(), "10.5.9-MariaDB".to_owned());
        survey.variables.insert("sql_mode".to_owned(), "STRICT_TRANS_TABLES,ORACLE".to_owned());
    });
    let blockers = ["source.mariadb.lane", "source.sql_mode.foreign", "source.version"].map(|id| (Blocker, id));
    check(old, &[&blockers[..], &[dialect]].concat());
    // What a newer server has dropped is no finding.
    check(source(|survey| drop(survey.variables.remove("binlog_format"))), &[]);
}

#[test]
fn the_lane_of_the_binary_log_needs_more() {
    use Level::{Bends, Blocker};
    let lane = |plant: fn(&mut Inventory)| {
        move |inventory: &mut Inventory| {
            inventory.settings.lane = Lane::Binlog;
            inventory.target.as_mut().expect("a target").may_replicate = true;
            let survey = inventory.source.as_mut().expect("a source");
            survey.grants.push("GRANT REPLICATION SLAVE, RELOAD ON *.* TO `bascule`@`%`".to_owned());
            plant(inventory);
        }
    };
    check(lane(|_| {}), &[]);
    check(lane(|inventory| variable("binlog_format", "MIXED")(inventory)), &[(Bends, "source.binlog_format")]);
    check(
        lane(|inventory| variable("binlog_expire_logs_seconds", "60")(inventory)),
        &[(Bends, "source.binlog_expire")],
    );
    let problems = |inventory: &mut Inventory| {
        let own = "MySQL has binlog_format = MIXED; it needs ROW: SET PERSIST";
        inventory.lane_problems = vec![own.to_owned(), "1 branch of XA is prepared: XA COMMIT it".to_owned()];
    };
    check(lane(problems), &[(Blocker, "source.binlog")]);
    check(
        lane(|inventory| drop(inventory.source.as_mut().expect("a source").grants.pop())),
        &[(Blocker, "source.privilege.replication_slave"), (Bends, "source.privilege.reload")],
    );
    let refused = |inventory: &mut Inventory| inventory.target.as_mut().expect("a target").may_replicate = false;
    check(lane(refused), &[(Blocker, "target.privilege.replication")]);
}

#[test]
fn the_offset_of_the_system_zone_is_said_as_mysql_writes_it() {
    let mut inventory = clean();
    inventory.source.as_mut().expect("a source").system_offset_seconds = -16_200;
    let report = assess(&inventory);
    let finding = report.findings.first().expect("a finding");
    assert!(finding.fix.contains("'-04:30'"), "{finding:?}");
}

#[test]
fn each_fact_of_the_target_has_its_finding() {
    use Level::{Bends, Blocker, Note};
    let target = |change: fn(&mut TargetSurvey)| {
        move |inventory: &mut Inventory| change(inventory.target.as_mut().expect("one"))
    };
    check(target(|survey| survey.version_number = 140_011), &[(Blocker, "target.version")]);
    check(target(|survey| "SQL_ASCII".clone_into(&mut survey.encoding)), &[(Blocker, "target.encoding")]);
    check(target(|survey| survey.icu = false), &[(Blocker, "target.icu")]);
    check(target(|survey| survey.read_only = true), &[(Blocker, "target.read_only")]);
    check(target(|survey| survey.pgcrypto = false), &[(Bends, "target.pgcrypto")]);
    check(target(|survey| survey.max_prepared_transactions = 0), &[(Note, "target.max_prepared_transactions")]);
    check(target(|survey| survey.may_create_schemas = false), &[(Blocker, "target.privilege.create")]);
    check(target(|survey| survey.max_connections = 70), &[(Bends, "target.max_connections")]);
    let schema = |owned| SchemaSurvey { name: "shop".to_owned(), tables: 3, owned };
    check(
        move |inventory| inventory.target.as_mut().expect("one").schemas = vec![schema(false)],
        &[(Blocker, "target.schema.owner")],
    );
    check(
        move |inventory| inventory.target.as_mut().expect("one").schemas = vec![schema(true)],
        &[(Bends, "target.schema.taken")],
    );
    check(target(|survey| survey.mode = Some("postgres".to_owned())), &[(Blocker, "target.mode")]);
    check(|inventory| inventory.target = Err("refused".to_owned()), &[(Blocker, "target.unreachable")]);
    check(|inventory| inventory.source = Err("refused".to_owned()), &[(Blocker, "source.unreachable")]);
}

#[test]
fn each_trait_of_a_table_has_its_finding() {
    use Level::{Bends, Blocker, Note};
    let keyed = |columns: Vec<Column>| {
        let mut columns = columns;
        columns.insert(0, Column { nullable: false, ..column("id", "int") });
        table(columns, vec![key(KeyKind::Primary, "id")])
    };
    let text = |collation: &str| Column { collation: Some(collation.to_owned()), ..column("c", "varchar(9)") };
    check(with(keyed(Vec::new())), &[]);
    check(with(table(vec![column("a", "int")], vec![key(KeyKind::Unique, "a")])), &[(Bends, "table.without_key")]);
    check(with(keyed(vec![column("v", "vector(3)")])), &[(Blocker, "column.type")]);
    check(with(keyed(vec![text("big5_chinese_ci")])), &[(Blocker, "column.collation.refused")]);
    check(with(keyed(vec![text("utf8mb4_general_ci")])), &[(Bends, "column.collation.differs")]);
    let strange = Column { default: ColumnDefault::Expression("rand()".to_owned()), ..column("r", "double") };
    check(with(keyed(vec![strange])), &[(Blocker, "column.default")]);
    check(with(Table { engine: "MyISAM".to_owned(), ..keyed(Vec::new()) }), &[(Bends, "table.engine")]);
    check(with(Table { engine: "MRG_MyISAM".to_owned(), ..keyed(Vec::new()) }), &[(Blocker, "table.engine")]);
    let mut searched = keyed(vec![column("b", "text")]);
    searched.keys.push(key(KeyKind::Fulltext, "b"));
    check(with(searched), &[(Bends, "table.key.without_index")]);
    let mut json = keyed(vec![column("j", "json")]);
    json.keys.push(key(KeyKind::Unique, "j"));
    check(with(json), &[(Blocker, "table.key")]);
    check(with(keyed(vec![column(&"é".repeat(40), "int")])), &[(Note, "name.long")]);
    let partitioned = |inventory: &mut Inventory| {
        with(keyed(Vec::new()))(inventory);
        for known in &mut inventory.source.as_mut().expect("a source").tables {
            known.partitioned_by = Some("RANGE".to_owned());
            known.partitions = 2;
        }
    };
    check(partitioned, &[(Bends, "table.partitions")]);
    let reserved = |inventory: &mut Inventory| {
        inventory
            .source
            .as_mut()
            .expect("a source")
            .impossible
            .push(("mysql".to_owned(), "it is MySQL's own".to_owned()));
    };
    check(reserved, &[(Blocker, "database.refused")]);
}

#[test]
fn what_is_left_behind_blocks_until_it_is_allowed() {
    let definition = |kind: &'static str| Definition {
        kind,
        name: TableName { database: "shop".to_owned(), table: "x".to_owned() },
        text: Err("it can't be read".to_owned()),
        sql_mode: String::new(),
        charset: "utf8mb4".to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        created: 0,
        modified: 0,
    };
    let plant = move |inventory: &mut Inventory| {
        let survey = inventory.source.as_mut().expect("a source");
        survey.triggers.push(definition("trigger"));
        survey.checks.push(definition("check constraint"));
        survey.definitions.push(definition("view"));
        survey.events.push(TableName { database: "shop".to_owned(), table: "ev".to_owned() });
    };
    use Level::{Bends, Blocker};
    check(
        plant,
        &[(Blocker, "check.refused"), (Blocker, "event"), (Blocker, "trigger.refused"), (Bends, "view.refused")],
    );
    let allowed = move |inventory: &mut Inventory| {
        plant(inventory);
        inventory.settings.leave_behind = LEFT_BEHIND.map(str::to_owned).to_vec();
    };
    check(allowed, &[(Bends, "check.refused"), (Bends, "event"), (Bends, "trigger.refused"), (Bends, "view.refused")]);
}

#[test]
fn what_postgresql_itself_refuses_is_told_once() {
    use Level::{Bends, Blocker};
    let failed = |kind, name: &str| Failed { kind, name: name.to_owned(), reason: "42P17".to_owned() };
    let tables = move |inventory: &mut Inventory| {
        inventory.rehearsed =
            Ok(vec![failed("table", "shop.t"), failed("key", "shop.t.PRIMARY"), failed("function", "shop.f")]);
    };
    check(tables, &[(Blocker, "target.refuses"), (Bends, "target.refuses")]);
    check(|inventory| inventory.rehearsed = Err("no".to_owned()), &[(Bends, "target.rehearsal")]);
}

#[test]
fn each_type_is_asked_about_what_it_can_hold() {
    let asked = |column: Column, keys: Vec<Key>| {
        let table = table(vec![column], keys);
        probes(&table).into_iter().map(|probe| probe.class).collect::<Vec<_>>()
    };
    let of = |text: &str| asked(column("c", text), Vec::new());
    assert_eq!(of("int"), []);
    assert_eq!(of("date"), [Class::ZeroDate, Class::PartialDate, Class::YearZero]);
    assert_eq!(of("time(3)"), [Class::LongTime]);
    assert_eq!(of("tinyint(1)"), [Class::NotBoolean]);
    assert_eq!(of("tinyint"), []);
    assert_eq!(of("json"), [Class::NulInMemberName, Class::TooLarge]);
    assert_eq!(of("enum('a')"), [Class::EnumIndexZero]);
    assert_eq!(of("longblob"), [Class::TooLarge]);
    assert_eq!(of("longtext"), [Class::NulInText, Class::TooLarge, Class::NotText]);
    let latin = Column {
        charset: Some("latin1".to_owned()),
        collation: Some("latin1_swedish_ci".to_owned()),
        ..column("c", "varchar(9)")
    };
    assert_eq!(
        asked(latin, vec![key(KeyKind::Unique, "C")]),
        [Class::NulInText, Class::NotText, Class::Utf8InNarrow, Class::TrailingBlank, Class::LettersInKey]
    );
}

#[test]
fn what_a_scan_finds_is_told_with_its_count_and_example() {
    let inventory = |class, type_text: &str| {
        let mut inventory = clean();
        let probe = Probe { class, column: "c".to_owned(), condition: "`c` = 0".to_owned() };
        let found = Found { probe, rows: 3, example: Some("7".to_owned()) };
        let table = table(vec![column("c", type_text)], vec![key(KeyKind::Primary, "c")]);
        let name = table.name.clone();
        with(table)(&mut inventory);
        inventory.data = Some(Data { scanned: Vec::new(), found: vec![(name, found)] });
        let report = assess(&inventory);
        let finding = report.findings.into_iter().find(|finding| finding.id.starts_with("data.")).expect("a finding");
        assert_eq!((finding.rows, finding.example.as_deref()), (Some(3), Some("7")), "{finding:?}");
        (finding.level, finding.id)
    };
    assert_eq!(inventory(Class::ZeroDate, "date"), (Level::Note, "data.zero_date"));
    assert_eq!(inventory(Class::PartialDate, "date"), (Level::Blocker, "data.partial_date"));
    assert_eq!(inventory(Class::EnumIndexZero, "enum('a')"), (Level::Note, "data.enum_zero"));
    assert_eq!(inventory(Class::EnumIndexZero, "enum('a','')"), (Level::Bends, "data.enum_zero"));
    assert_eq!(inventory(Class::NotText, "text"), (Level::Blocker, "data.not_text"));
}

#[test]
fn types_in_use_say_how_they_are_carried() {
    let columns = ["int", "int", "bigint unsigned", "vector(3)", "enum('a')", "enum('b')"];
    let columns = columns.iter().enumerate().map(|(at, text)| column(&format!("c{at}"), text)).collect();
    let mut inventory = clean();
    with(table(columns, Vec::new()))(&mut inventory);
    let types: Vec<_> =
        assess(&inventory).types.into_iter().map(|found| (found.mysql, found.carried, found.columns)).collect();
    let expected = [
        ("bigint unsigned", Carried::Bent, 1),
        ("enum", Carried::Bent, 2),
        ("int", Carried::Exact, 2),
        ("vector(3)", Carried::Refused, 1),
    ];
    assert_eq!(types, expected.map(|(name, carried, columns)| (name.to_owned(), carried, columns)));
}

#[test]
fn the_page_is_whole_and_escapes_what_came_from_the_servers() {
    let mut inventory = clean();
    inventory.settings.databases = vec!["<script>alert('{{types}}')</script>".to_owned()];
    let page = html::page(&assess(&inventory));
    assert!(page.contains("&lt;script&gt;alert(&#39;{{types}}&#39;)&lt;/script&gt;"));
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.contains("<body class=\"go\">"));
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("{{").count(), page.matches("{{types}}").count(), "no placeholder is left");
}
