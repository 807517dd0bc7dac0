use super::*;

const MINIMAL: &str = "[target]\nhost = \"pg\"\nuser = \"u\"\ndatabase = \"d\"\n";

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(text, Path::new("/base"), &|_| None)
}

fn problems(text: &str) -> Vec<String> {
    parse(text).expect_err("problems").iter().map(ToString::to_string).collect()
}

#[test]
fn the_documented_file_parses_and_shows_the_defaults() {
    let text = include_str!("../../../proxy.toml");
    let documented = parse(text).expect("proxy.toml is valid");
    assert!(documented.source.is_some());
    let minimal = parse(MINIMAL).expect("valid");
    assert_eq!(format!("{:?}", documented.listen), format!("{:?}", minimal.listen));
    assert_eq!(format!("{:?}", documented.mirror), format!("{:?}", minimal.mirror));
    assert_eq!(format!("{:?}", documented.spool), format!("{:?}", minimal.spool));
    assert_eq!(format!("{:?}", documented.cutover), format!("{:?}", minimal.cutover));
    assert_eq!(format!("{:?}", documented.admin), format!("{:?}", minimal.admin));
    assert_eq!(format!("{:?}", documented.log), format!("{:?}", minimal.log));
    assert_eq!(documented.target.port, minimal.target.port);
    assert_eq!(documented.target.max_connections, minimal.target.max_connections);
}

#[test]
fn every_example_in_the_documented_file_is_valid_too() {
    let text = include_str!("../../../proxy.toml");
    let examples: String = text
        .lines()
        .map(|line| match line.strip_prefix("#") {
            Some(example) if example.starts_with('[') || example.starts_with(char::is_lowercase) => example,
            Some(_) | None => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let found = parse(&examples).expect_err("examples name files that don't exist here");
    for problem in found {
        let expected = ["password_file", "stands beside", "must be \"files\"", "has no meaning"];
        assert!(expected.iter().any(|word| problem.to_string().contains(word)), "{problem}");
    }
}

#[test]
fn all_problems_come_at_once_with_lines_and_hints() {
    let text = "[listen]\naddress = \"here\"\nthread = 2\n[spool]\nlimit_bytes = -1\nsync = \"maybe\"\n\
                [target]\nhost = 5\nport = 70000\ndatabase = \"d\"\n[targte]\n";
    assert_eq!(
        problems(text),
        [
            "line 2: listen.address: must be an IP address and a port, such as \"0.0.0.0:3307\"",
            "line 3: listen.thread: is not a known key; did you mean \"threads\"?",
            "line 5: spool.limit_bytes: must be a whole number from 1048576 to 1125899906842624 (default 10737418240)",
            "line 6: spool.sync: must be one of \"fsync\", \"async\"",
            "line 8: target.host: must be a text in quotes, not an integer",
            "line 9: target.port: must be a whole number from 1 to 65535 (default 5432)",
            "line 11: targte: is not a known key; did you mean \"target\"?",
            "target.user: is missing: a role that may create schemas in the database",
        ]
    );
}

#[test]
fn an_empty_file_says_what_is_needed() {
    let all = problems("").join("\n");
    assert!(all.contains("target.host: is missing"), "{all}");
    assert!(problems("[target\nhost = 1").join("\n").contains("line 1: syntax"));
}

#[test]
fn passwords_come_from_the_environment_first_and_are_never_shown() {
    let text = format!("{MINIMAL}password = \"hunter2\"\n[[accounts]]\nuser = \"app\"\npassword = \"hunter3\"\n");
    let config = parse(&text).expect("valid");
    assert_eq!(config.target.password.expose(), "hunter2");
    assert!(!format!("{config:?}").contains("hunter"), "{config:?}");
    let environment = |name: &str| (name == TARGET_PASSWORD).then(|| "from outside".to_owned());
    let config = Config::parse(&text, Path::new("/"), &environment).expect("valid");
    assert_eq!(config.target.password.expose(), "from outside");

    let broken = format!("{MINIMAL}password = \"hunter2\nport = \"hunter4\"\ntls = \"hunter5\"\n");
    assert!(!problems(&broken).join("\n").contains("hunter"));
    let bad = format!("{MINIMAL}port = \"hunter4\"\ntls = \"hunter5\"\n");
    assert!(!problems(&bad).join("\n").contains("hunter"));
}

#[test]
fn a_password_file_is_read_to_the_end_of_its_first_line() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), "hunter2\n").expect("written");
    let text = format!("{MINIMAL}password_file = \"secret\"\n");
    let config = Config::parse(&text, folder.path(), &|_| None).expect("valid");
    assert_eq!(config.target.password.expose(), "hunter2");
    assert!(problems(&text).join("\n").contains("target.password_file: can't be read"));
}

#[test]
fn an_account_needs_exactly_one_secret() {
    let account = |rest: &str| parse(&format!("{MINIMAL}[[accounts]]\nuser = \"a\"\n{rest}"));
    assert!(account("password = \"\"\n").is_ok(), "an empty password, written so");
    assert!(account("").is_err(), "an empty password by accident");
    assert!(account("password = \"x\"\nauthentication_string = \"y\"\n").is_err());
    let native = account("plugin = \"mysql_native_password\"\nauthentication_string = \"*00\"\n").expect("valid");
    assert!(matches!(
        native.accounts.first().map(|account| &account.secret),
        Some(AccountSecret::AuthenticationString { plugin, .. }) if plugin == "mysql_native_password"
    ));
}

#[test]
fn relative_paths_start_at_the_file() {
    let config = parse(&format!("{MINIMAL}[spool]\ndirectory = \"s\"\n[admin]\nsocket = \"/run/b.sock\"\n"));
    let config = config.expect("valid");
    assert_eq!(config.spool.directory, Path::new("/base/s"));
    assert_eq!(config.admin.socket, Path::new("/run/b.sock"));
}

#[test]
fn tls_of_the_door_is_refused_where_its_keys_contradict_each_other() {
    let cases = [
        (
            "tls_client_certificates = \"required\"",
            "line 2: listen.tls_client_certificates: needs tls_client_ca: the PEM file of the authorities that sign \
             clients' certificates",
        ),
        (
            "tls_client_ca = \"ca.pem\"",
            "line 2: listen.tls_client_ca: has no meaning unless tls_client_certificates = \"optional\" or \"required\"",
        ),
        (
            "tls = \"off\"\ntls_client_certificates = \"optional\"\ntls_client_ca = \"ca.pem\"",
            "line 2: listen.tls: is \"off\", and clients show certificates inside TLS only",
        ),
        ("tls_min_version = \"1.1\"", "line 2: listen.tls_min_version: must be one of \"1.2\", \"1.3\""),
    ];
    for (lines, expected) in cases {
        assert_eq!(problems(&format!("[listen]\n{lines}\n{MINIMAL}")), [expected]);
    }
}

#[test]
fn sockets_and_load_balancers_of_the_door_are_refused_by_name() {
    let long = format!("socket = \"/{}\"", "x".repeat(110));
    let cases = [
        (&*long, "line 2: listen.socket: is too long: 111 bytes with its folder, at most 103"),
        ("socket_mode = \"0770\"", "line 2: listen.socket_mode: has no meaning without socket"),
        (
            "socket = \"s\"\nsocket_mode = \"rwx\"",
            "line 3: listen.socket_mode: must be permissions in octal, such as \"0770\"",
        ),
        (
            "proxy_protocol_from = [\"10.0.0.0/8\", \"balancer\"]",
            "line 2: listen.proxy_protocol_from: \"balancer\" isn't a network, such as \"10.0.0.0/8\" or \"2001:db8::1\"",
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(problems(&format!("[listen]\n{lines}\n{MINIMAL}")), [expected]);
    }
    let config = parse(&format!("[listen]\nsocket = \"s\"\nsocket_mode = \"0770\"\n{MINIMAL}")).expect("valid");
    let socket = config.listen.socket.expect("a socket");
    assert_eq!((socket.path.as_path(), socket.mode), (Path::new("/base/s"), 0o770));
}

#[test]
fn a_certificate_for_mysql_needs_its_key_and_tls() {
    let with = |lines: &str| format!("{MINIMAL}[source]\nhost = \"m\"\nuser = \"u\"\ndatabases = [\"d\"]\n{lines}\n");
    let both = "tls_certificate = \"c.pem\"\ntls_key = \"/k.pem\"";
    let config = parse(&with(&format!("tls = \"required\"\n{both}"))).expect("valid");
    let shown = config.source.expect("a source").tls_certificate.expect("a certificate");
    assert_eq!((shown.certificate, shown.key), ("/base/c.pem".into(), "/k.pem".into()));
    for (lines, expected) in [
        (both, "source.tls_certificate: has no meaning unless tls = \"required\" or \"verify\""),
        (
            "tls = \"required\"\ntls_certificate = \"c.pem\"",
            "source.tls_certificate: needs tls_key: the PEM file of its private key",
        ),
        (
            "tls = \"required\"\ntls_key = \"k.pem\"",
            "source.tls_key: needs tls_certificate: the PEM file of the certificate that it belongs to",
        ),
    ] {
        let found = problems(&with(lines));
        assert!(found.len() == 1 && found[0].ends_with(expected), "{found:?}");
    }
}
